#include "parties.h"

#include <ctype.h>
#include "policy/source.h"

uint32_t parties_network(const struct config *config, const struct xf_addr *addr)
{
	for (uint32_t n = 0; n < config->network_count; n++) {
		const struct config_network *network = &config->networks[n];
		if (xf_addr_eq(&network->sip.addr, addr) ||
		    (network->advertise.family && xf_addr_eq(&network->advertise, addr)))
			return n;
		for (uint32_t m = 0; m < network->media_count; m++)
			if (xf_addr_eq(&network->media[m], addr))
				return n;
	}
	return XF_NONE;
}

uint32_t parties_find(const struct parties *parties, const struct xf_addr *recorded)
{
	for (uint32_t i = 0; i < parties->count; i++)
		if (xf_addr_eq(&parties->named[i].recorded, recorded))
			return i;
	return PARTY_NONE;
}

const struct party *parties_named(const struct parties *parties, const char *name)
{
	for (uint32_t i = 0; i < parties->count; i++)
		if (strcmp(parties->named[i].name, name) == 0)
			return &parties->named[i];
	return NULL;
}

struct xf_sockaddr parties_gateway_shown(const struct config *config, uint32_t network)
{
	struct xf_sockaddr shown = config->networks[network].sip;
	if (config->networks[network].advertise.family)
		shown.addr = config->networks[network].advertise;
	return shown;
}

bool parties_same_peer(const struct config *config, const struct xf_addr *a, const struct xf_addr *b)
{
	struct source_match first, second;
	if (xf_addr_eq(a, b))
		return true;
	return source_find(config, a, &first) && source_find(config, b, &second) && first.role == second.role &&
	       first.index == second.index;
}

struct xf_addr parties_in_block(const struct config *config, const struct xf_prefix *block, unsigned nth)
{
	unsigned host_bits = (block->addr.family == 4 ? 32 : 128) - block->prefix_len;
	unsigned count = host_bits >= 8 ? 255 : 1u << host_bits;
	struct xf_addr addr = block->addr, last = addr;
	for (unsigned i = host_bits > 1 ? 1 : 0; i < count; i++) {
		addr.bytes[addr.family == 4 ? 3 : 15] = (uint8_t)(block->addr.bytes[addr.family == 4 ? 3 : 15] + i);
		if (parties_network(config, &addr) != XF_NONE)
			continue;
		last = addr;
		if (nth-- == 0)
			break;
	}
	return last;
}

static uint32_t network_of(const struct config *config, bool agent, uint32_t index)
{
	return agent ? config->agents[index].network : config->providers[index].network;
}

/* "carrier, bot": who has sources, as far as there is room. */
static void list_peers(const struct config *config, char *text, size_t size)
{
	size_t n = 0;
	*text = 0;
	for (uint32_t i = 0; i < config->provider_count + config->agent_count && n < size; i++) {
		bool provider = i < config->provider_count;
		const struct config_agent *agent = provider ? NULL : &config->agents[i - config->provider_count];
		if (provider ? config->providers[i].source_count : agent->source_count)
			n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : "",
					      provider ? config->providers[i].name : agent->name);
	}
}

/* From the first address of the block of that provider or agent. */
static int show_from_block(struct parties *parties, struct party *party, const char *peer, char why[static PARTIES_WHY])
{
	const struct config *config = parties->config;
	const struct xf_prefix *block = NULL;
	for (uint32_t i = 0; i < config->provider_count && !block; i++)
		if (strcmp(config->providers[i].name, peer) == 0 && config->providers[i].source_count) {
			block = config->providers[i].sources;
			party->agent = false;
			party->index = i;
		}
	for (uint32_t i = 0; i < config->agent_count && !block; i++)
		if (strcmp(config->agents[i].name, peer) == 0 && config->agents[i].source_count) {
			block = config->agents[i].sources;
			party->agent = true;
			party->index = i;
		}
	if (!block) {
		char peers[256];
		list_peers(config, peers, sizeof(peers));
		snprintf(why, PARTIES_WHY,
			 "--as: the configuration has no provider or agent '%.64s' with sources, from which %s could "
			 "talk to the gateway; it has %s",
			 peer, party->name, *peers ? peers : "none");
		return -EINVAL;
	}
	/* parties of one block stand side by side */
	unsigned nth = 0;
	for (uint32_t i = 0; i < parties->count; i++)
		nth += parties->named[i].agent == party->agent && parties->named[i].index == party->index;
	party->shown = parties_in_block(config, block, nth);
	return 0;
}

static int show(struct parties *parties, struct party *party, const char *peer, char why[static PARTIES_WHY])
{
	struct source_match match;
	int r = 0;
	if (peer) {
		r = show_from_block(parties, party, peer, why);
	} else if (source_find(parties->config, &party->recorded, &match)) {
		party->shown = party->recorded;
		party->agent = match.role == XF_ROLE_AGENT;
		party->index = match.index;
	} else {
		/* it may only be called: parties_stranger */
		party->shown = party->recorded;
		return 0;
	}
	if (r == 0)
		party->network = network_of(parties->config, party->agent, party->index);
	return r;
}

void parties_stranger(const struct party *party, char why[static PARTIES_WHY])
{
	char shown[XF_ADDR_STRLEN];
	xf_addr_format(&party->recorded, shown);
	snprintf(why, PARTIES_WHY,
		 "--as: %s %s calls, but is in no `sources` of the configuration, so the gateway would not listen to "
		 "it; add %s "
		 "to the sources of a provider or agent, or say under which of them it is to talk: --as %s=%s@NAME",
		 party->name, shown, shown, party->name, shown);
}

static int add(struct parties *parties, char *item, char why[static PARTIES_WHY])
{
	char *equals = strchr(item, '='), *peer = equals ? strchr(equals, '@') : NULL;
	if (!equals || equals == item || (size_t)(equals - item) >= sizeof(parties->named[0].name)) {
		snprintf(why, PARTIES_WHY, "--as: '%.64s' is not NAME=IP, as in caller=192.0.2.20", item);
		return -EINVAL;
	}
	if (parties->count == PARTIES_MAX) {
		snprintf(why, PARTIES_WHY, "--as: more than %u parties", PARTIES_MAX);
		return -EINVAL;
	}
	*equals = 0;
	if (peer)
		*peer++ = 0;
	struct party *party = &parties->named[parties->count];
	*party = (struct party){.network = XF_NONE, .index = XF_NONE};
	for (const char *p = item; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_') {
			snprintf(why, PARTIES_WHY, "--as: '%.64s' is no name of letters, digits and '-'", item);
			return -EINVAL;
		}
	snprintf(party->name, sizeof(party->name), "%s", item);
	if (xf_addr_parse(&party->recorded, equals + 1) < 0) {
		snprintf(why, PARTIES_WHY, "--as: '%.64s' of %s is no IP address", equals + 1, item);
		return -EINVAL;
	}
	if (parties_named(parties, item) || parties_find(parties, &party->recorded) != PARTY_NONE) {
		snprintf(why, PARTIES_WHY, "--as: %s or its address is given twice", item);
		return -EINVAL;
	}
	int r = show(parties, party, peer, why);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < parties->count; i++) {
		char shown[XF_ADDR_STRLEN];
		if (!xf_addr_eq(&parties->named[i].shown, &party->shown))
			continue;
		snprintf(why, PARTIES_WHY,
			 "--as: %s and %s would both talk to the gateway from %s: the first block in the sources of "
			 "their peer has no other address",
			 parties->named[i].name, party->name, xf_addr_format(&party->shown, shown));
		return -EINVAL;
	}
	parties->count++;
	return 0;
}

int parties_init(struct parties *parties, const struct config *config, const char *as, char why[static PARTIES_WHY])
{
	*parties = (struct parties){.config = config, .as = as != NULL};
	if (!as)
		return 0;
	char *copy = strdup(as), *rest = copy, *item;
	int r = copy ? 0 : -ENOMEM;
	if (!copy)
		snprintf(why, PARTIES_WHY, "out of memory");
	while (r == 0 && (item = strsep(&rest, ",")))
		r = add(parties, item, why);
	free(copy);
	return r;
}
