/* Token buckets: how much SIP a peer may send, and all together.
 *
 * Each peer has a bucket of packets, taken from before a packet is parsed, and one a class of message, taken from
 * after. When its own bucket is empty a message takes from those of the classes that are shed before it: a peer that
 * sends too much of everything loses new INVITEs first, then other requests without a To tag, then requests inside
 * dialogs, and responses last.
 *
 * The ceiling is for all peers together. Each peer has a share of it in proportion to the sum of its classes' rates:
 * the whole sum, if the ceiling has room for everybody's. What a peer sends within its share passes whatever the others
 * do; what it sends beyond passes while the others leave room. Only what passes the peer's own buckets is charged to
 * the ceiling, so that what a flood loses there costs nobody anything. Within a share that is less than the peer's sum,
 * an INVITE leaves half of the burst to the others, another request without To tag a quarter, one with it an eighth. In
 * any time t there pass at most ceiling.per_s × t + ceiling.burst messages.
 *
 * All buckets of a peer belong to one worker (buckets_owner). Each worker has a `struct buckets` of its own, written by
 * it alone, and the part of the ceiling that its peers have a share in. What is configured is a plan: built aside,
 * never changed, swapped whole; the tokens stay.
 *
 * Time comes in, in nanoseconds. While it stands still or goes back, no bucket fills; afterwards they fill with the
 * time that passes from there. A step forward that undoes a step back is no time that passed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "xfergate/source.h"

/* Whom messages without a peer belong to: addresses that must authenticate, and those admitted because we called them.
 */
#define BUCKETS_OPEN	 XF_MAX_PEERS
#define BUCKETS_ADMITTED (XF_MAX_PEERS + 1)
#define BUCKETS_PEERS	 (XF_MAX_PEERS + 2)

#define BUCKETS_MAX_PER_S  10000000
#define BUCKETS_MAX_BURST  1000000
#define BUCKETS_MAX_WORKER 256

/* X(symbol, "name", "what falls into it"): shed in this order. PACKET is apart: before anything is parsed. */
#define BUCKETS_CLASSES(X)                                                                                             \
	X(INVITE, "invite", "INVITE without To tag")                                                                   \
	X(REQUEST, "request", "other request without To tag")                                                          \
	X(DIALOG, "dialog", "request with To tag")                                                                     \
	X(RESPONSE, "response", "response")

enum buckets_class {
#define X(symbol, name, text) BUCKETS_##symbol,
	BUCKETS_CLASSES(X)
#undef X
	    BUCKETS_CLASS_COUNT,
	BUCKETS_PACKET = BUCKETS_CLASS_COUNT
};

static inline const char *buckets_class_name(unsigned class)
{
	static const char *const names[] = {
#define X(symbol, name, text) name,
	    BUCKETS_CLASSES(X)
#undef X
		"packet"};
	return class <= BUCKETS_PACKET ? names[class] : "unknown";
}

enum buckets_verdict {
	BUCKETS_PASS,
	BUCKETS_OVER_PACKETS, /* more packets than the peer may send */
	BUCKETS_OVER_CLASS,   /* more messages of this class */
	BUCKETS_OVER_CEILING, /* more than all together may, and than the peer's share of that */
	BUCKETS_NO_PEER	      /* not in the plan, or another worker's */
};

struct buckets_rate {
	uint32_t per_s; /* 1..BUCKETS_MAX_PER_S */
	uint32_t burst; /* 1..BUCKETS_MAX_BURST: what passes at once after a silence */
};

struct buckets_peer {
	uint16_t peer; /* 0..BUCKETS_PEERS - 1 */
	struct buckets_rate packets;
	struct buckets_rate classes[BUCKETS_CLASS_COUNT]; /* by enum buckets_class */
};

struct buckets_config {
	/* burst: at least 2 × (peers + workers), at most 2 × BUCKETS_MAX_BURST; from 2 × the sum of all bursts on, what
	 * the peers' rates allow never waits for room. Both 0: there is none */
	struct buckets_rate ceiling;
	const struct buckets_peer *peers;
	uint32_t count; /* 1..BUCKETS_PEERS */
};

struct buckets_plan;
struct buckets;

/* The worker that owns a peer's buckets. */
static inline unsigned buckets_owner(unsigned peer, unsigned workers)
{
	return peer % workers;
}

/* Any thread but a worker: the plan of one worker of `workers` (1..BUCKETS_MAX_WORKER). 0; -EINVAL: a rate, burst, peer
 * or worker out of range, a peer twice, a ceiling too small for so many peers and workers; -ENOMEM. */
int buckets_plan_create(struct buckets_plan **out, const struct buckets_config *config, unsigned worker,
			unsigned workers);
/* Any thread, when its worker has given it back. NULL is fine. */
void buckets_plan_destroy(struct buckets_plan *plan);

/* Main thread, before its worker starts; all buckets begin full. The plan stays the caller's. 0 or -ENOMEM. */
int buckets_create(struct buckets **out, const struct buckets_plan *plan);
/* Main thread, after its worker has ended. NULL is fine; the plan is not destroyed. */
void buckets_destroy(struct buckets *buckets);

/* Below: the owner worker. They read no clock and neither allocate, lock, log nor wait. */

/* Goes on with this plan and gives the old one back. A bucket keeps its tokens, but for those that no longer fit; a
 * peer that was never heard begins full. */
const struct buckets_plan *buckets_configure(struct buckets *buckets, const struct buckets_plan *plan);

/* One packet (BUCKETS_PACKET) or message of a peer at this time. What is refused costs no token. */
enum buckets_verdict buckets_take(struct buckets *buckets, unsigned peer, enum buckets_class class, uint64_t now_ns);
