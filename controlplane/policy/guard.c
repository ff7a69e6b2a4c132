#include "policy/guard.h"

#include <stdio.h>
#include <string.h>
#include "policy/source.h"

struct guard_range {
	const char *block;
	const char *what;
};

/* Where no call can go. 240/4 holds the broadcast address and is otherwise reserved. */
static const struct guard_range guard_never[] = {
    {"0.0.0.0/8", "no destination"}, {"224.0.0.0/4", "multicast"}, {"240.0.0.0/4", "broadcast or reserved"},
    {"ff00::/8", "multicast"},	     {"::/128", "no destination"},
};

/* Inside, and the forms of IPv6 that carry an IPv4 address which could be. */
static const struct guard_range guard_inside[] = {
    {"10.0.0.0/8", "private"},	    {"172.16.0.0/12", "private"},     {"192.168.0.0/16", "private"},
    {"100.64.0.0/10", "private"},   {"127.0.0.0/8", "loopback"},      {"169.254.0.0/16", "link-local"},
    {"::1/128", "loopback"},	    {"fe80::/10", "link-local"},      {"fc00::/7", "private"},
    {"64:ff9b::/96", "translated"}, {"64:ff9b:1::/48", "translated"}, {"2002::/16", "translated"},
    {"::/96", "translated"},
};

static const struct guard_range *guard_in(const struct guard_range *ranges, size_t count, const struct xf_addr *addr,
					  struct xf_prefix *block)
{
	for (size_t i = 0; i < count; i++)
		if (xf_prefix_parse(block, ranges[i].block) == 0 && xf_prefix_contains(block, addr))
			return &ranges[i];
	return NULL;
}

bool guard_is_ours(const struct config *config, const struct xf_addr *addr)
{
	for (uint32_t i = 0; i < config->network_count; i++) {
		const struct config_network *n = &config->networks[i];
		if (xf_addr_eq(&n->sip.addr, addr) || xf_addr_eq(&n->advertise, addr))
			return true;
		for (uint32_t k = 0; k < n->media_count; k++)
			if (xf_addr_eq(&n->media[k], addr))
				return true;
	}
	for (uint32_t i = 0; i < config->port_count; i++)
		for (uint32_t k = 0; k < config->ports[i].address_count; k++)
			if (xf_addr_eq(&config->ports[i].addresses[k].addr, addr))
				return true;
	return false;
}

/* The broadcast address of a network that a port of ours is in. */
static bool guard_is_broadcast(const struct config *config, const struct xf_addr *addr)
{
	for (uint32_t i = 0; addr->family == 4 && i < config->port_count; i++)
		for (uint32_t k = 0; k < config->ports[i].address_count; k++) {
			const struct xf_prefix *own = &config->ports[i].addresses[k];
			struct xf_addr last = own->addr;
			if (own->addr.family != 4 || own->prefix_len > 30)
				continue;
			for (unsigned bit = own->prefix_len; bit < 32; bit++)
				last.bytes[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
			if (xf_addr_eq(&last, addr))
				return true;
		}
	return false;
}

/* Listed by an entry that lies wholly within `within`; NULL: by any block. */
static bool guard_listed(const struct config_may *may, const struct xf_addr *addr, const struct xf_prefix *within)
{
	for (uint32_t i = 0; i < may->domain_count; i++) {
		struct xf_prefix p;
		if (xf_prefix_parse(&p, may->domains[i]) < 0 || !xf_prefix_contains(&p, addr))
			continue;
		if (!within || (p.prefix_len >= within->prefix_len && xf_prefix_contains(within, &p.addr)))
			return true;
	}
	return false;
}

bool guard_number(const struct config *config, uint32_t agent, const struct e164 *number, struct verdict *verdict)
{
	if (agent == XF_NONE)
		return verdict_allow(verdict);
	const struct config_agent *a = &config->agents[agent];
	for (uint32_t i = 0; i < a->may.prefix_count; i++)
		if (strncmp(number->text, a->may.prefixes[i], strlen(a->may.prefixes[i])) == 0)
			return verdict_allow(verdict);
	for (uint32_t i = 0; number->country[0] && i < a->may.country_count; i++)
		if (strcmp(number->country, a->may.countries[i]) == 0)
			return verdict_allow(verdict);
	if (!number->country[0])
		return verdict_refuse(
		    verdict, 403,
		    "agent %.64s may not call %s, whose country is not known: add a prefix to its may.prefixes",
		    a->name, number->text);
	return verdict_refuse(
	    verdict, 403, "agent %.64s may not call %s: add a prefix to its may.prefixes, or %s to its may.countries",
	    a->name, number->text, number->country);
}

static size_t guard_host_len(const char *host)
{
	size_t len = strlen(host);

	return len && host[len - 1] == '.' ? len - 1 : len;
}

/* "*.example.com" matches what is below example.com, not itself. A name is never taken for a block. */
static bool guard_host_matches(const char *entry, const char *host)
{
	size_t len = guard_host_len(host), entry_len = guard_host_len(entry);

	if (strncmp(entry, "*.", 2) != 0)
		return entry_len == len && strncasecmp(entry, host, len) == 0;
	entry++;
	entry_len--;
	return len > entry_len && host[0] != '.' && strncasecmp(entry, host + len - entry_len, entry_len) == 0;
}

/* A trunk that knows us by our address would place any call, with any caller ID, for a URI that leads to it. */
static bool guard_is_provider(const struct config *config, const struct xf_addr *addr)
{
	struct source_match source;
	struct xf_addr trunk;

	for (uint32_t i = 0; i < config->provider_count; i++)
		if (xf_addr_parse(&trunk, config->providers[i].trunk.host) == 0 && xf_addr_eq(&trunk, addr))
			return true;
	return source_find(config, addr, &source) && source.role == XF_ROLE_PROVIDER;
}

static bool guard_is_trunk(const struct config *config, const char *host)
{
	size_t len = guard_host_len(host);

	for (uint32_t i = 0; i < config->provider_count; i++) {
		const char *trunk = config->providers[i].trunk.host;
		if (guard_host_len(trunk) == len && strncasecmp(trunk, host, len) == 0)
			return true;
	}
	return false;
}

/* at: " is at ADDRESS, which", or "" for a name. Which provider's it is may be another owner's affair. */
static bool guard_refuse_provider(struct verdict *verdict, const char *host, const char *at)
{
	return verdict_refuse(verdict, 403,
			      "%.80s%s is a provider's: transfer to a number or to a plan with one, so that its caller "
			      "ID is checked",
			      host, at);
}

bool guard_host(const struct config *config, uint32_t agent, const char *host, struct verdict *verdict)
{
	struct xf_addr addr;
	const struct config_agent *a = agent == XF_NONE ? NULL : &config->agents[agent];

	if (xf_addr_parse(&addr, host) == 0) {
		if (!guard_address(config, agent, &addr, host, verdict))
			return false;
		if (!a || guard_listed(&a->may, &addr, NULL))
			return verdict_allow(verdict);
	} else {
		bool allowed = !a;
		for (uint32_t i = 0; !allowed && i < a->may.domain_count; i++)
			allowed = guard_host_matches(a->may.domains[i], host);
		if (allowed && guard_is_trunk(config, host))
			return guard_refuse_provider(verdict, host, "");
		if (allowed)
			return verdict_allow(verdict);
	}
	return verdict_refuse(verdict, 403, "agent %.64s may not call SIP host %.80s: add it to its may.domains",
			      a->name, host);
}

bool guard_hop(const struct config *config, const struct xf_addr *addr, const struct xf_addr *peer)
{
	struct xf_prefix block;
	if (guard_in(guard_never, sizeof(guard_never) / sizeof(guard_never[0]), addr, &block) ||
	    guard_is_broadcast(config, addr) || guard_is_ours(config, addr))
		return false;
	const struct guard_range *there =
	    guard_in(guard_inside, sizeof(guard_inside) / sizeof(guard_inside[0]), addr, &block);
	const struct guard_range *here =
	    guard_in(guard_inside, sizeof(guard_inside) / sizeof(guard_inside[0]), peer, &block);
	return !there || (here && strcmp(there->what, here->what) == 0);
}

/* Who is bound by no list can still not call ourselves. */
static bool guard_operator(const struct xf_addr *addr, bool ours, const char *host, struct verdict *verdict)
{
	char text[XF_ADDR_STRLEN];
	struct xf_prefix block;
	const struct guard_range *range =
	    guard_in(guard_inside, sizeof(guard_inside) / sizeof(guard_inside[0]), addr, &block);
	bool loopback = range && strcmp(range->what, "loopback") == 0;

	if (!ours && !loopback)
		return verdict_allow(verdict);
	return verdict_refuse(verdict, 403, "%.80s is at %s, which is %s: name another destination", host,
			      xf_addr_format(addr, text),
			      ours ? "our own address" : "a loopback address of this machine");
}

bool guard_address(const struct config *config, uint32_t agent, const struct xf_addr *addr, const char *host,
		   struct verdict *verdict)
{
	char text[XF_ADDR_STRLEN], at[XF_ADDR_STRLEN + 16];
	struct xf_prefix block;
	const struct guard_range *range =
	    guard_in(guard_never, sizeof(guard_never) / sizeof(guard_never[0]), addr, &block);
	bool ours = guard_is_ours(config, addr);
	const char *what = ours ? "our own" : NULL; /* kind of address that must be listed */

	xf_addr_format(addr, text);
	if (range || guard_is_broadcast(config, addr))
		return verdict_refuse(verdict, 403, "%.80s is at %s, which is %s: no call can go there", host, text,
				      range ? range->what : "broadcast");
	if (!ours && guard_is_provider(config, addr)) {
		snprintf(at, sizeof(at), " is at %s, which", text);
		return guard_refuse_provider(verdict, host, at);
	}
	if (agent == XF_NONE)
		return guard_operator(addr, ours, host, verdict);
	if (ours) {
		block = (struct xf_prefix){.addr = *addr, .prefix_len = addr->family == 4 ? 32 : 128};
	} else {
		range = guard_in(guard_inside, sizeof(guard_inside) / sizeof(guard_inside[0]), addr, &block);
		what = range ? range->what : NULL;
	}
	if (!what || guard_listed(&config->agents[agent].may, addr, &block))
		return verdict_allow(verdict);
	return verdict_refuse(verdict, 403,
			      "agent %.64s may not call %.80s at %s (%s address): add %s to its may.domains",
			      config->agents[agent].name, host, text, what, text);
}
