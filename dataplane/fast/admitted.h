/* The inside of the admitted addresses, for source.c (look-up) and admitted.c (the main thread's part). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <rte_hash.h>

struct admitted {
	struct rte_hash *hash; /* key: struct xf_addr; no data */
	uint32_t count;	       /* main thread's; the hash also counts those that wait for their grace period */
	bool reclaimed;	       /* by the hash itself after a grace period; else at once */
};

/* For the rte_hash: called in the loop too, so it is part of the loop's library. key: struct xf_addr. */
uint32_t admitted_hash(const void *key, uint32_t len, uint32_t seed);
