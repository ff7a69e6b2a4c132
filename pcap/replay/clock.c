#include "clock.h"

#define CLOCK_LEAP_NS 1000000000u
#define CLOCK_STRAYS  16 /* so many packets of a later time are strays if the time before them comes back */

uint64_t clock_next(struct clock *c, uint64_t ns, uint64_t *back_ns)
{
	*back_ns = 0;
	if (!c->begun) {
		*c = (struct clock){.begun = true, .last_ns = ns, .high_ns = ns, .since_jump = CLOCK_STRAYS};
		return c->out_ns = ns;
	}
	bool back = ns < c->last_ns;
	if (!back && ns - c->last_ns > CLOCK_LEAP_NS) {
		c->jump_ns = c->last_ns;
		c->jump_behind_ns = c->behind_ns;
		c->since_jump = 0;
	} else if (c->since_jump < CLOCK_STRAYS) {
		c->since_jump++;
	}
	if (back && c->since_jump < CLOCK_STRAYS && ns >= c->jump_ns) {
		c->behind_ns = c->jump_behind_ns;
		c->last_ns = ns;
		return c->out_ns = ns + c->behind_ns;
	}
	bool highest = ns >= c->high_ns;
	if (highest && ns + c->high_behind_ns >= c->out_ns)
		c->behind_ns = c->high_behind_ns;
	if (ns + c->behind_ns < c->out_ns) {
		*back_ns = back ? c->last_ns - ns : 0;
		c->behind_ns = c->out_ns - ns;
	}
	if (highest) {
		c->high_ns = ns;
		c->high_behind_ns = c->behind_ns;
	}
	c->last_ns = ns;
	return c->out_ns = ns + c->behind_ns;
}
