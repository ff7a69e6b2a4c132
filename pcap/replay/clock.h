/* The clock of a capture. It may be put back on the way, or captures of other days stand one behind the other: what
 * follows goes on where the time was, so that a message never enters before those that stand before it. A few packets
 * of a wrong time, early or late, do not move the others.
 *
 * Both readings of a capture ask for the same times, and get the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct clock {
	bool begun;
	uint64_t last_ns, out_ns;	  /* of the packet before: recorded, given */
	uint64_t behind_ns;		  /* given = recorded + behind */
	uint64_t high_ns, high_behind_ns; /* the latest recorded time */
	uint64_t jump_ns, jump_behind_ns; /* before the last leap ahead */
	unsigned since_jump;		  /* packets; of interest while it is small */
};

/* The time that counts for the next packet. *back_ns: how far the clock is put back with it; 0: it is not. */
uint64_t clock_next(struct clock *clock, uint64_t recorded_ns, uint64_t *back_ns);
