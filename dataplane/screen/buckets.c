#include <stddef.h>
#include "screen/buckets_set.h"

/* Time that has passed since the last call, as far as the clock can be believed. */
static uint64_t buckets_elapsed(struct buckets *b, uint64_t now_ns)
{
	if (!b->begun || now_ns == b->now_ns) {
		b->begun = true;
		b->now_ns = now_ns;
		return 0;
	}
	if (now_ns < b->now_ns) {
		b->back_ns += b->now_ns - now_ns;
		b->now_ns = now_ns;
		return 0;
	}
	uint64_t step = now_ns - b->now_ns;
	b->now_ns = now_ns;
	if (step >= b->back_ns) {
		/* Over all of the step back at once: the clock was put right again. */
		step -= b->back_ns;
		b->back_ns = 0;
	} else {
		b->back_ns -= step;
	}
	return step;
}

static uint64_t bucket_fill(uint64_t level, const struct buckets_limit *limit, uint64_t elapsed_ns)
{
	unsigned __int128 full = (unsigned __int128)elapsed_ns * limit->rate + level;
	return full > limit->cap ? limit->cap : (uint64_t)full;
}

static void buckets_fill_messages(struct buckets *b, struct buckets_levels *levels, const struct buckets_limits *limits)
{
	bool fresh = levels->messages_ns == 0;
	uint64_t elapsed = b->time_ns - levels->messages_ns;
	for (unsigned i = 0; i < BUCKETS_CLASS_COUNT; i++)
		levels->classes[i] =
		    fresh ? limits->classes[i].cap : bucket_fill(levels->classes[i], &limits->classes[i], elapsed);
	levels->share = fresh ? limits->share.cap : bucket_fill(levels->share, &limits->share, elapsed);
	levels->messages_ns = b->time_ns;
}

static void buckets_fill_ceiling(struct buckets *b)
{
	const struct buckets_limit *limit = &b->plan->ceiling;
	__int128 full = (__int128)(b->time_ns - b->ceiling_ns) * limit->rate + b->ceiling;
	b->ceiling_ns = b->time_ns;
	if (full > (__int128)limit->cap)
		full = limit->cap;
	b->ceiling = (int64_t)full;
}

static enum buckets_verdict buckets_take_packet(struct buckets *b, struct buckets_levels *levels,
						const struct buckets_limits *limits)
{
	levels->packets = levels->packets_ns == 0
			      ? limits->packets.cap
			      : bucket_fill(levels->packets, &limits->packets, b->time_ns - levels->packets_ns);
	levels->packets_ns = b->time_ns;
	if (levels->packets < BUCKETS_TOKEN)
		return BUCKETS_OVER_PACKETS;
	levels->packets -= BUCKETS_TOKEN;
	return BUCKETS_PASS;
}

/* The class's own bucket, else the nearest of those shed before it; NULL: all empty. */
static uint64_t *buckets_class_level(struct buckets_levels *levels, unsigned class)
{
	for (unsigned i = class + 1; i-- > 0;)
		if (levels->classes[i] >= BUCKETS_TOKEN)
			return &levels->classes[i];
	return NULL;
}

static enum buckets_verdict buckets_take_message(struct buckets *b, struct buckets_levels *levels,
						 const struct buckets_limits *limits, unsigned class)
{
	buckets_fill_messages(b, levels, limits);
	uint64_t *level = buckets_class_level(levels, class);
	if (!level)
		return BUCKETS_OVER_CLASS;
	if (b->plan->unbounded) {
		*level -= BUCKETS_TOKEN;
		return BUCKETS_PASS;
	}
	buckets_fill_ceiling(b);
	if (levels->share >= BUCKETS_TOKEN + limits->left[class])
		levels->share -= BUCKETS_TOKEN;
	else if (b->ceiling < (int64_t)BUCKETS_TOKEN)
		return BUCKETS_OVER_CEILING;
	b->ceiling -= (int64_t)BUCKETS_TOKEN;
	*level -= BUCKETS_TOKEN;
	return BUCKETS_PASS;
}

enum buckets_verdict buckets_take(struct buckets *buckets, unsigned peer, enum buckets_class class, uint64_t now_ns)
{
	buckets->time_ns += buckets_elapsed(buckets, now_ns);
	if (peer >= BUCKETS_PEERS || !buckets->plan->peers[peer].known || (unsigned)class > BUCKETS_PACKET)
		return BUCKETS_NO_PEER;
	struct buckets_levels *levels = &buckets->peers[peer];
	const struct buckets_limits *limits = &buckets->plan->peers[peer];
	if (class == BUCKETS_PACKET)
		return buckets_take_packet(buckets, levels, limits);
	return buckets_take_message(buckets, levels, limits, class);
}

const struct buckets_plan *buckets_configure(struct buckets *buckets, const struct buckets_plan *plan)
{
	const struct buckets_plan *old = buckets->plan;
	buckets->plan = plan;
	/* What the old plan's shares took beyond the new one's room is forgotten. */
	int64_t least = -(int64_t)plan->ceiling.cap;
	if (buckets->ceiling < least)
		buckets->ceiling = least;
	return old;
}
