/* Who is who in a capture: which addresses are the gateway's, which are a party's, and under which address a party
 * shows itself to the gateway.
 *
 * Without --as the gateway of the configuration is in the capture: what goes to its addresses goes in, what comes from
 * them came out. With --as somebody else (or nobody) was the middle: what a named party sent goes in, what it received
 * came out.
 */
#pragma once

#include <stdbool.h>
#include "xfergate/config.h"

#define PARTY_NONE  UINT32_MAX
#define PARTIES_MAX 32
#define PARTIES_WHY 512

struct party {
	char name[32]; /* "caller" */
	struct xf_addr recorded;
	struct xf_addr shown; /* to the gateway */
	uint32_t network; /* of the gateway, that it talks to; XF_NONE: it is in no sources, and may only be called */
	bool agent;	  /* of the configuration, else provider */
	uint32_t index;	  /* XF_NONE as network */
};

struct parties {
	const struct config *config;
	bool as;	  /* --as was given */
	const char *dial; /* user part of opening requests of parties; NULL: as recorded */
	struct party named[PARTIES_MAX];
	uint32_t count;
};

/* as: "caller=192.0.2.20,callee=198.51.100.7@bot", or NULL. 0, or -EINVAL and `why`. */
int parties_init(struct parties *parties, const struct config *config, const char *as, char why[static PARTIES_WHY]);

/* Says why a party without a network cannot call. */
void parties_stranger(const struct party *party, char why[static PARTIES_WHY]);

/* Network of the configuration that has this SIP, media or advertised address; XF_NONE: it is not the gateway's. */
uint32_t parties_network(const struct config *config, const struct xf_addr *addr);
/* Index of the named party with this address in the capture; PARTY_NONE. */
uint32_t parties_find(const struct parties *parties, const struct xf_addr *recorded);
const struct party *parties_named(const struct parties *parties, const char *name); /* NULL: none */
/* How messages to the gateway's network name it: its advertised address, or its own. */
struct xf_sockaddr parties_gateway_shown(const struct config *config, uint32_t network);
/* The nth address (from 0) of a block that can be a host's: not the block's own, nor the gateway's. A block that is too
 * small gives its last one. */
struct xf_addr parties_in_block(const struct config *config, const struct xf_prefix *block, unsigned nth);
/* Same provider or agent, or the same address. */
bool parties_same_peer(const struct config *config, const struct xf_addr *a, const struct xf_addr *b);
