/* Timers on a clock that is handed in. Equal deadlines fire in the order in which they were set, so a history replays
 * the same. Intrusive: the timer lives in what it times. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	uint64_t deadline_ns;
	uint64_t order;
	size_t place; /* 1 + index in the heap; 0: not set */
	void (*expired)(void *arg, struct timer *timer);
	void *arg;
};

struct timers {
	struct timer **heap;
	size_t count, room;
	uint64_t order;
};

void timers_init(struct timers *timers);
void timers_fini(struct timers *timers); /* timers still set are forgotten */

/* Sets or moves. 0 or -ENOMEM (a timer that was set stays as it was). */
int timer_set(struct timers *timers, struct timer *timer, uint64_t deadline_ns);
void timer_stop(struct timers *timers, struct timer *timer);
static inline bool timer_is_set(const struct timer *timer)
{
	return timer->place != 0;
}

/* Earliest deadline; UINT64_MAX: none. */
uint64_t timers_next(const struct timers *timers);
/* Fires all that are due at now_ns, those that are set meanwhile included. Returns how many. */
size_t timers_run(struct timers *timers, uint64_t now_ns);
