#include "stale.h"

#include <string.h>
#include "log.h"

static const char *stale_name(const struct config *config, uint32_t peer)
{
	return peer < config->provider_count ? config->providers[peer].name
					     : config->agents[peer - config->provider_count].name;
}

/* Providers and agents have names of their own. NULL: there is none of this kind and name. */
static const struct config_limits *stale_find(const struct config *config, bool provider, const char *name)
{
	for (uint32_t peer = 0; peer < config_peer_count(config); peer++)
		if ((peer < config->provider_count) == provider && strcmp(stale_name(config, peer), name) == 0)
			return config_peer_limits(config, peer);
	return NULL;
}

static bool stale_rate(const struct config_rate *a, const struct config_rate *b)
{
	return a->per_second != b->per_second || a->burst != b->burst;
}

static bool stale_differ(const struct config_limits *a, const struct config_limits *b)
{
	return stale_rate(&a->packets, &b->packets) || stale_rate(&a->invites, &b->invites) ||
	       stale_rate(&a->requests, &b->requests) || stale_rate(&a->dialogs, &b->dialogs) ||
	       stale_rate(&a->responses, &b->responses);
}

static unsigned stale_warn(const char *kind, const char *name)
{
	log_warning("limits-not-reloaded", "%s=%s effect=\"the former limits stay until the dataplane is restarted\"",
		    kind, name);
	return 1;
}

/* The peers of `config`: whose limits in `other` differ, or who is not there; of the latter only, if they have been
 * compared already. */
static unsigned stale_peers(const struct config *config, const struct config *other, bool compared)
{
	unsigned n = 0;

	for (uint32_t peer = 0; peer < config_peer_count(config); peer++) {
		bool provider = peer < config->provider_count;
		const struct config_limits *limits = stale_find(other, provider, stale_name(config, peer));
		if (!limits || (!compared && stale_differ(limits, config_peer_limits(config, peer))))
			n += stale_warn(provider ? "provider" : "agent", stale_name(config, peer));
	}
	return n;
}

unsigned stale_limits(const struct config *running, const struct config *read)
{
	unsigned n = stale_peers(running, read, false) + stale_peers(read, running, true);

	if (stale_differ(&running->screen.targets, &read->screen.targets))
		n += stale_warn("screen", "targets");
	if (stale_rate(&running->screen.ceiling, &read->screen.ceiling))
		n += stale_warn("screen", "ceiling");
	return n;
}
