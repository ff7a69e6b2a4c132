/* Who of those that nobody knows is dropped most: the addresses outside the source table whose SIP and fragments are
 * refused, each IPv4 address by itself, IPv6 by the /64, which is commonly one host's.
 *
 * A space-saving sketch (Metwally, Agrawal, El Abbadi 2005): so many places, whatever comes. A new address takes the
 * place of the one with the fewest drops, and its count with it. So of N drops in all
 *   - every address with more than N / STRANGERS of them has a place;
 *   - an address with a place had at most `drops`, and at least `drops` - `error`.
 *
 * The search costs the same for every address: there is no hash that could be attacked.
 *
 * The worker writes, at a drop and never else; any thread reads, place by place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "xfergate/addr.h"

#define STRANGERS	    64
#define STRANGERS_PREFIX_V6 64

/* Of a worker. */
struct strangers {
	_Alignas(16) uint64_t keys[STRANGERS];
	uint64_t drops[STRANGERS]; /* 0: nobody has had the place */
	uint64_t errors[STRANGERS];
	uint32_t lives[STRANGERS]; /* of the place; odd: being given to another */
	/* The worker's alone: no place has fewer drops than `least`, and none before `next` has as few. */
	uint64_t least;
	uint32_t next;
};

/* Who has a place. */
struct stranger {
	struct xf_prefix block; /* /32 or /64 */
	uint64_t drops, error;
	uint32_t life; /* another number than before: the place was given to another */
};

/* One drop. Owner's core. */
void strangers_count(struct strangers *strangers, const struct xf_addr *addr);
/* place < STRANGERS. False: nobody has it; or it was being given to another all the time, or its worker sleeps in the
 * midst of that. Any thread. */
bool strangers_read(const struct strangers *strangers, unsigned place, struct stranger *out);
/* Drops that an address without a place had at most. Any thread. */
uint64_t strangers_floor(const struct strangers *strangers);
