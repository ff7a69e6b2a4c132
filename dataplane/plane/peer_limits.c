#include "peer_limits.h"

#include <errno.h>
#include <stdlib.h>

/* What has no limit has the greatest that makes sense: with a ceiling, the ceiling itself. */
static struct buckets_rate peer_limits_rate(const struct config_rate *rate, const struct config_rate *ceiling)
{
	struct buckets_rate most = {BUCKETS_MAX_PER_S, BUCKETS_MAX_BURST};

	if (rate->per_second)
		return (struct buckets_rate){rate->per_second, rate->burst};
	if (ceiling->per_second)
		most.per_s = ceiling->per_second;
	if (ceiling->per_second && ceiling->burst < most.burst)
		most.burst = ceiling->burst;
	return most;
}

static bool peer_limits_any(const struct config_limits *limits)
{
	return limits->packets.per_second || limits->invites.per_second || limits->requests.per_second ||
	       limits->dialogs.per_second || limits->responses.per_second;
}

static void peer_limits_add(struct buckets_config *plan, struct buckets_peer *peers, const struct config *config,
			    uint32_t peer)
{
	const struct config_rate *ceiling = &config->screen.ceiling;
	const struct config_limits *limits = config_peer_limits(config, peer);

	if (!ceiling->per_second && !peer_limits_any(limits))
		return;
	peers[plan->count++] = (struct buckets_peer){
	    .peer = (uint16_t)peer,
	    .packets = limits->packets.per_second ? peer_limits_rate(&limits->packets, ceiling)
						  : (struct buckets_rate){BUCKETS_MAX_PER_S, BUCKETS_MAX_BURST},
	    .classes = {[BUCKETS_INVITE] = peer_limits_rate(&limits->invites, ceiling),
			[BUCKETS_REQUEST] = peer_limits_rate(&limits->requests, ceiling),
			[BUCKETS_DIALOG] = peer_limits_rate(&limits->dialogs, ceiling),
			[BUCKETS_RESPONSE] = peer_limits_rate(&limits->responses, ceiling)},
	};
}

int peer_limits_plan(struct buckets_plan **out, const struct config *config, unsigned worker, unsigned workers)
{
	const struct config_rate *ceiling = &config->screen.ceiling;
	uint32_t count = config_peer_count(config);
	struct buckets_peer *peers = calloc(count + 1, sizeof(*peers));
	struct buckets_config plan = {.ceiling = {ceiling->per_second, ceiling->burst}, .peers = peers};
	int r = peers ? 0 : -ENOMEM;

	*out = NULL;
	for (uint32_t peer = 0; peer < count && r == 0; peer++)
		peer_limits_add(&plan, peers, config, peer);
	if (r == 0)
		peer_limits_add(&plan, peers, config, XF_PEER_TARGETS);
	if (r == 0 && plan.count > 0)
		r = buckets_plan_create(out, &plan, worker, workers);
	free(peers);
	return r;
}
