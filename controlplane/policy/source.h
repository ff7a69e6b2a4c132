/* Which peer an address belongs to. */
#pragma once

#include <stdbool.h>
#include "xfergate/config.h"
#include "xfergate/source.h"

struct source_match {
	uint8_t role;	/* enum xf_role: XF_ROLE_PROVIDER or XF_ROLE_AGENT */
	uint32_t index; /* of the provider or agent */
};

/* The longest source block that holds the address wins; the configuration has no two equal ones of different peers. */
bool source_find(const struct config *config, const struct xf_addr *addr, struct source_match *match);

/* A request inside a dialog must come from a block of the peer that owns the leg. */
bool source_is(const struct config *config, const struct xf_addr *addr, uint8_t role, uint32_t index);
