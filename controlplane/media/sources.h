/* The source table as the configuration says it: which address blocks may talk to us, as whose. */
#pragma once

#include "xfergate/config.h"
#include "xfergate/source.h"

struct sources {
	struct xf_source *source;
	uint32_t count;
};

/* Peers are numbered providers first, then agents: a provider by its index, an agent by provider_count + its index.
 * 0, -ENOMEM, -E2BIG (more than XF_MAX_SOURCES or XF_MAX_PEERS). */
int sources_init(struct sources *sources, const struct config *config);
void sources_fini(struct sources *sources);
bool sources_contain(const struct sources *sources, const struct xf_addr *addr);
