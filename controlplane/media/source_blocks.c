#include "media/source_blocks.h"

static void source_blocks_add(struct source_blocks *sources, const struct xf_prefix *blocks, uint32_t count,
			      uint32_t peer, enum xf_role role)
{
	for (uint32_t i = 0; i < count; i++)
		sources->source[sources->count++] =
		    (struct xf_source){.block = blocks[i], .peer = (uint16_t)peer, .role = (uint8_t)role};
}

int source_blocks_init(struct source_blocks *sources, const struct config *config)
{
	uint64_t count = 0;
	*sources = (struct source_blocks){0};
	for (uint32_t i = 0; i < config->provider_count; i++)
		count += config->providers[i].source_count;
	for (uint32_t i = 0; i < config->agent_count; i++)
		count += config->agents[i].source_count;
	if (count > XF_MAX_SOURCES || config_peer_count(config) > XF_MAX_PEERS)
		return -E2BIG;
	sources->source = calloc(count + 1, sizeof(*sources->source));
	if (!sources->source)
		return -ENOMEM;
	for (uint32_t i = 0; i < config->provider_count; i++)
		source_blocks_add(sources, config->providers[i].sources, config->providers[i].source_count,
				  config_peer_of_provider(config, i), XF_ROLE_PROVIDER);
	for (uint32_t i = 0; i < config->agent_count; i++)
		source_blocks_add(sources, config->agents[i].sources, config->agents[i].source_count,
				  config_peer_of_agent(config, i), XF_ROLE_AGENT);
	return 0;
}

void source_blocks_fini(struct source_blocks *sources)
{
	free(sources->source);
	*sources = (struct source_blocks){0};
}

bool source_blocks_contain(const struct source_blocks *sources, const struct xf_addr *addr)
{
	for (uint32_t i = 0; i < sources->count; i++)
		if (xf_prefix_contains(&sources->source[i].block, addr))
			return true;
	return false;
}
