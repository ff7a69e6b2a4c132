/* The source table as the configuration says it: which address blocks may talk to us, as whose. */
#pragma once

#include "xfergate/config.h"
#include "xfergate/source.h"

struct source_blocks {
	struct xf_source *source;
	uint32_t count;
};

/* Peers are numbered providers first, then agents: a provider by its index, an agent by provider_count + its index.
 * 0, -ENOMEM, -E2BIG (more than XF_MAX_SOURCES or XF_MAX_PEERS). */
int source_blocks_init(struct source_blocks *sources, const struct config *config);
void source_blocks_fini(struct source_blocks *sources);
bool source_blocks_contain(const struct source_blocks *sources, const struct xf_addr *addr);
