/* The inside of the buckets, for the file that builds plans and the one that takes tokens. */
#pragma once

#include "screen/buckets.h"

/* A level of a bucket counts in token × ns × 1/1000: a rate in thousandths of a token a second, times nanoseconds.
 * Levels are exact, without any division, and the greatest burst (2^20 tokens, 2^60 units) fits in 64 bits. */
#define BUCKETS_TOKEN 1000000000000ull

struct buckets_limit {
	uint64_t rate; /* 1/1000 token a second, which is units a nanosecond */
	uint64_t cap;  /* units */
};

/* Of one peer. */
struct buckets_limits {
	struct buckets_limit packets, classes[BUCKETS_CLASS_COUNT], share;
	uint64_t left[BUCKETS_CLASS_COUNT]; /* units of the share that a message of this class leaves to others */
	bool known;			    /* has buckets on this worker */
};

struct buckets_plan {
	struct buckets_limit ceiling; /* this worker's part; half its burst, the shares have the other half */
	bool unbounded;		      /* there is no ceiling, and no share of it */
	struct buckets_limits peers[BUCKETS_PEERS];
};

/* Of one peer: a cache line. All written by the owner worker. */
struct buckets_levels {
	uint64_t packets_ns; /* when the level was right, in buckets.time_ns; 0: never, it is full */
	uint64_t messages_ns;
	uint64_t packets, classes[BUCKETS_CLASS_COUNT], share;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct buckets_levels) == 64, "one cache line a peer");

struct buckets {
	const struct buckets_plan *plan;
	uint64_t time_ns; /* never goes back; begins at 1: a level at 0 was never filled */
	uint64_t now_ns;  /* what the last call was told */
	uint64_t back_ns; /* how far the clock went back, as long as it has not passed that time again */
	uint64_t ceiling_ns;
	int64_t ceiling; /* below 0: shares passed while there was no room beyond them */
	bool begun;
	struct buckets_levels peers[BUCKETS_PEERS];
};
