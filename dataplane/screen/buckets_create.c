#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "screen/buckets_set.h"

#define PER_S_UNITS 1000 /* a token a second, as buckets_limit.rate */

static bool rate_valid(const struct buckets_rate *rate, uint32_t most_burst)
{
	return rate->per_s >= 1 && rate->per_s <= BUCKETS_MAX_PER_S && rate->burst >= 1 && rate->burst <= most_burst;
}

static bool peer_valid(const struct buckets_peer *peer)
{
	bool valid = peer->peer < BUCKETS_PEERS && rate_valid(&peer->packets, BUCKETS_MAX_BURST);
	for (unsigned i = 0; i < BUCKETS_CLASS_COUNT; i++)
		valid = valid && rate_valid(&peer->classes[i], BUCKETS_MAX_BURST);
	return valid;
}

static bool config_valid(const struct buckets_config *config, unsigned worker, unsigned workers)
{
	bool seen[BUCKETS_PEERS] = {false};
	if (workers < 1 || workers > BUCKETS_MAX_WORKER || worker >= workers || config->count < 1 ||
	    config->count > BUCKETS_PEERS)
		return false;
	if ((config->ceiling.per_s || config->ceiling.burst) && (!rate_valid(&config->ceiling, 2 * BUCKETS_MAX_BURST) ||
								 config->ceiling.burst < 2 * (config->count + workers)))
		return false;
	for (uint32_t i = 0; i < config->count; i++) {
		const struct buckets_peer *peer = &config->peers[i];
		if (!peer_valid(peer) || seen[peer->peer])
			return false;
		seen[peer->peer] = true;
	}
	return true;
}

static struct buckets_limit limit(const struct buckets_rate *rate)
{
	return (struct buckets_limit){(uint64_t)rate->per_s * PER_S_UNITS, rate->burst * BUCKETS_TOKEN};
}

/* All classes of a peer. */
static struct buckets_limit peer_sum(const struct buckets_peer *peer)
{
	struct buckets_limit sum = {0};
	for (unsigned i = 0; i < BUCKETS_CLASS_COUNT; i++) {
		sum.rate += limit(&peer->classes[i]).rate;
		sum.cap += limit(&peer->classes[i]).cap;
	}
	return sum;
}

static uint64_t part(uint64_t whole, uint64_t mine, uint64_t all)
{
	uint64_t scaled = (uint64_t)((unsigned __int128)whole * mine / all);
	return scaled < mine ? scaled : mine;
}

/* Of the half of the ceiling's burst that is for shares each peer has one token, so that it is never shut out, and of
 * the rest a part like that of the rate. */
static struct buckets_limit share(const struct buckets_config *config, const struct buckets_peer *peer,
				  uint64_t all_rate)
{
	struct buckets_limit sum = peer_sum(peer), ceiling = limit(&config->ceiling);
	uint64_t rest = ceiling.cap / 2 - config->count * BUCKETS_TOKEN;
	uint64_t burst = (uint64_t)((unsigned __int128)rest * sum.rate / all_rate) + BUCKETS_TOKEN;
	return (struct buckets_limit){part(ceiling.rate, sum.rate, all_rate), burst < sum.cap ? burst : sum.cap};
}

/* A share of all that the peer may send needs nothing left: its classes' own buckets keep them apart. */
static void peer_left(struct buckets_limits *limits, const struct buckets_peer *peer)
{
	struct buckets_limit sum = peer_sum(peer);
	if (limits->share.rate == sum.rate && limits->share.cap == sum.cap)
		return;
	for (unsigned i = 0; i < BUCKETS_RESPONSE; i++)
		limits->left[i] = (limits->share.cap - BUCKETS_TOKEN) >> (i + 1);
}

/* What the shares leave is divided evenly among the workers. */
static void plan_fill(struct buckets_plan *plan, const struct buckets_config *config, unsigned worker, unsigned workers)
{
	uint64_t all_rate = 0, shares = 0, mine = 0;
	plan->unbounded = config->ceiling.per_s == 0;
	for (uint32_t i = 0; i < config->count; i++)
		all_rate += peer_sum(&config->peers[i]).rate;
	for (uint32_t i = 0; i < config->count; i++) {
		const struct buckets_peer *peer = &config->peers[i];
		struct buckets_limit of = plan->unbounded ? peer_sum(peer) : share(config, peer, all_rate);
		shares += of.rate;
		if (buckets_owner(peer->peer, workers) != worker)
			continue;
		struct buckets_limits *limits = &plan->peers[peer->peer];
		limits->known = true;
		limits->packets = limit(&peer->packets);
		for (unsigned class = 0; class < BUCKETS_CLASS_COUNT; class ++)
			limits->classes[class] = limit(&peer->classes[class]);
		limits->share = of;
		peer_left(limits, peer);
		mine += of.rate;
	}
	if (plan->unbounded)
		return;
	struct buckets_limit ceiling = limit(&config->ceiling);
	plan->ceiling.rate = mine + (ceiling.rate - shares) / workers;
	plan->ceiling.cap = ceiling.cap / 2 / workers;
}

int buckets_plan_create(struct buckets_plan **out, const struct buckets_config *config, unsigned worker,
			unsigned workers)
{
	*out = NULL;
	if (!config_valid(config, worker, workers))
		return -EINVAL;
	struct buckets_plan *plan = calloc(1, sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	plan_fill(plan, config, worker, workers);
	*out = plan;
	return 0;
}

void buckets_plan_destroy(struct buckets_plan *plan)
{
	free(plan);
}

int buckets_create(struct buckets **out, const struct buckets_plan *plan)
{
	*out = aligned_alloc(64, (sizeof(**out) + 63) / 64 * 64);
	if (!*out)
		return -ENOMEM;
	memset(*out, 0, sizeof(**out));
	(*out)->plan = plan;
	(*out)->time_ns = (*out)->ceiling_ns = 1;
	(*out)->ceiling = (int64_t)plan->ceiling.cap;
	return 0;
}

void buckets_destroy(struct buckets *buckets)
{
	free(buckets);
}
