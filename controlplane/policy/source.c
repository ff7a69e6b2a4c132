#include "policy/source.h"

/* Longest prefix of the list that holds the address, or -1. */
static int source_longest(const struct xf_prefix *sources, uint32_t count, const struct xf_addr *addr)
{
	int longest = -1;

	for (uint32_t i = 0; i < count; i++)
		if (xf_prefix_contains(&sources[i], addr) && sources[i].prefix_len > longest)
			longest = sources[i].prefix_len;
	return longest;
}

bool source_find(const struct config *config, const struct xf_addr *addr, struct source_match *match)
{
	int longest = -1;

	for (uint32_t i = 0; i < config->provider_count; i++) {
		int len = source_longest(config->providers[i].sources, config->providers[i].source_count, addr);
		if (len > longest) {
			longest = len;
			*match = (struct source_match){.role = XF_ROLE_PROVIDER, .index = i};
		}
	}
	for (uint32_t i = 0; i < config->agent_count; i++) {
		int len = source_longest(config->agents[i].sources, config->agents[i].source_count, addr);
		if (len > longest) {
			longest = len;
			*match = (struct source_match){.role = XF_ROLE_AGENT, .index = i};
		}
	}
	return longest >= 0;
}

bool source_is(const struct config *config, const struct xf_addr *addr, uint8_t role, uint32_t index)
{
	struct source_match match;

	return source_find(config, addr, &match) && match.role == role && match.index == index;
}
