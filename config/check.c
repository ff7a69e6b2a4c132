#include "reader.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfergate/endpoint.h"
#include "xfergate/source.h"

/* A source block and whose it is. */
struct check_block {
	struct xf_prefix block;
	bool agent;
	uint32_t peer, entry;
};

static int check_compare(const void *a, const void *b)
{
	const struct check_block *x = a, *y = b;
	int order = memcmp(&x->block, &y->block, sizeof(x->block));

	if (order)
		return order;
	if (x->agent != y->agent)
		return x->agent ? 1 : -1;
	return x->peer < y->peer ? -1 : x->peer > y->peer;
}

static void check_add(struct check_block *list, uint32_t *count, bool agent, uint32_t peer,
		      const struct xf_prefix *sources, uint32_t source_count)
{
	for (uint32_t i = 0; i < source_count; i++)
		if (sources[i].addr.family)
			list[(*count)++] = (struct check_block){sources[i], agent, peer, i};
}

static const char *check_peer_name(const struct reader *r, const struct check_block *b)
{
	return b->agent ? r->config->agents[b->peer].name : r->config->providers[b->peer].name;
}

static const char *check_at(struct reader *r, const struct check_block *b)
{
	return reader_at(r, "%s[%u].sources[%u]", b->agent ? "agents" : "providers", b->peer, b->entry);
}

/* The longest prefix decides whom an address belongs to, so only equal blocks leave a doubt. */
static void check_blocks(struct reader *r, const struct check_block *list, uint32_t count)
{
	char text[XF_SOCKADDR_STRLEN];

	for (uint32_t i = 0; i < count; i++) {
		const struct check_block *b = &list[i], *a = i ? &list[i - 1] : b;
		if (b->block.prefix_len == 0)
			reader_warn(r, check_at(r, b), "%s admits everyone", xf_prefix_format(&b->block, text));
		if (i == 0 || memcmp(&a->block, &b->block, sizeof(a->block)) != 0 ||
		    (a->agent == b->agent && a->peer == b->peer))
			continue;
		reader_reject(r, check_at(r, b),
			      "%s is also a source of %s '%s', so a packet from there could be of either; "
			      "a block of %s '%s' alone",
			      xf_prefix_format(&b->block, text), a->agent ? "agent" : "provider", check_peer_name(r, a),
			      b->agent ? "agent" : "provider", check_peer_name(r, b));
	}
}

void check_sources(struct reader *r)
{
	const struct config *c = r->config;
	uint32_t total = 0, count = 0;

	for (uint32_t i = 0; i < c->provider_count; i++)
		total += c->providers[i].source_count;
	for (uint32_t i = 0; i < c->agent_count; i++)
		total += c->agents[i].source_count;
	if (total > XF_MAX_SOURCES)
		reader_reject(r, c->agent_count ? "agents" : "providers",
			      "%u source blocks of providers and agents together; at most %u", total, XF_MAX_SOURCES);
	if (c->provider_count + c->agent_count > XF_MAX_PEERS)
		reader_reject(r, "agents", "%u providers and agents together; at most %u",
			      c->provider_count + c->agent_count, XF_MAX_PEERS);
	struct check_block *list = reader_alloc(r, total, sizeof(*list));
	if (!list)
		return;
	for (uint32_t i = 0; i < c->provider_count; i++)
		check_add(list, &count, false, i, c->providers[i].sources, c->providers[i].source_count);
	for (uint32_t i = 0; i < c->agent_count; i++)
		check_add(list, &count, true, i, c->agents[i].sources, c->agents[i].source_count);
	qsort(list, count, sizeof(*list), check_compare);
	check_blocks(r, list, count);
	free(list);
}

/* Whether an earlier network has this media address, or the same one does in an earlier entry. */
static bool check_media_taken(const struct config *c, uint32_t n, uint32_t k, uint32_t *whose)
{
	for (*whose = 0; *whose <= n; (*whose)++) {
		const struct config_network *other = &c->networks[*whose];
		uint32_t end = *whose == n ? k : other->media_count;
		for (uint32_t i = 0; i < end; i++)
			if (xf_addr_eq(&other->media[i], &c->networks[n].media[k]))
				return true;
	}
	return false;
}

void check_media(struct reader *r)
{
	const struct config *c = r->config;
	char text[XF_SOCKADDR_STRLEN];
	uint32_t total = 0, whose;

	for (uint32_t n = 0; n < c->network_count; n++) {
		const struct config_network *network = &c->networks[n];
		total += network->media_count;
		for (uint32_t k = 0; k < network->media_count; k++)
			if (network->media[k].family && check_media_taken(c, n, k, &whose))
				reader_reject(r, reader_at(r, "networks[%u].media[%u]", n, k),
					      "%s is already a media address of network %s; each address once",
					      xf_addr_format(&network->media[k], text), c->networks[whose].name);
		for (uint32_t m = 0; m < n && network->sip.addr.family; m++)
			if (xf_sockaddr_eq(&network->sip, &c->networks[m].sip))
				reader_reject(r, reader_at(r, "networks[%u].sip", n),
					      "%s is already that of network %s; a socket of its own",
					      xf_sockaddr_format(&network->sip, text), c->networks[m].name);
	}
	if (total > XF_MAX_MEDIA_ADDRS)
		reader_reject(r, "networks", "%u media addresses of all networks together; at most %u", total,
			      XF_MAX_MEDIA_ADDRS);
}

static bool check_authorised(const struct config_number *n, uint32_t provider)
{
	for (uint32_t i = 0; i < n->provider_count; i++)
		if (n->providers[i] == provider)
			return true;
	return provider == XF_NONE;
}

/* What makes the call fail later is an error if it never can come right, a warning if it is a matter of state. */
static void check_caller_id(struct reader *r, const char *path, const char *caller_id, const char *owner,
			    uint32_t provider)
{
	const struct config *c = r->config;
	char ours[READER_OWNER_MAX], theirs[READER_OWNER_MAX];

	if (!caller_id || !caller_id[0] || strcmp(caller_id, "dialled") == 0)
		return;
	uint32_t i = find_number(c, caller_id);
	if (i == XF_NONE) {
		reader_reject(r, path, "%s is not registered; a number of numbers[] with %s, or dialled", caller_id,
			      reader_owner_words(ours, owner));
		return;
	}
	const struct config_number *n = &c->numbers[i];
	if (strcmp(n->owner, owner) != 0)
		reader_reject(r, path, "%s belongs to %s, this to %s; a number of the same owner", caller_id,
			      reader_owner_words(theirs, n->owner), reader_owner_words(ours, owner));
	else if (!n->verified)
		reader_warn(r, path,
			    "%s is not verified, calls with it will be refused; numbers[%u].verified: operator",
			    caller_id, i);
	else if (!n->active)
		reader_warn(r, path, "%s is not active, calls with it will be refused; numbers[%u].active: true",
			    caller_id, i);
	else if (!check_authorised(n, provider))
		reader_warn(r, path,
			    "%s is not authorised at provider %s, calls with it will be refused; add it to "
			    "numbers[%u].providers",
			    caller_id, c->providers[provider].name, i);
}

void check_caller_ids(struct reader *r)
{
	const struct config *c = r->config;

	for (uint32_t i = 0; i < c->agent_count; i++)
		check_caller_id(r, reader_at(r, "agents[%u].caller-id", i), c->agents[i].caller_id, c->agents[i].owner,
				c->agents[i].provider);
	for (uint32_t i = 0; i < c->plan_count; i++)
		for (uint32_t k = 0; k < c->plans[i].target_count; k++) {
			const struct config_target *t = &c->plans[i].targets[k];
			const char *path = k ? reader_at(r, "plans[%u].fallbacks[%u].caller-id", i, k - 1)
					     : reader_at(r, "plans[%u].caller-id", i);
			check_caller_id(r, path, t->caller_id, c->plans[i].owner, t->provider);
		}
}

void check_accounts(struct reader *r)
{
	const struct config *c = r->config;

	if (c->screen.signatures && access(c->screen.signatures, R_OK) < 0)
		reader_warn(r, "screen.signatures", "'%.80s' cannot be read on this machine: %s; a file of rules",
			    c->screen.signatures, strerror(errno));

	errno = 0;
	if (c->user[0] && !getpwnam(c->user) && (errno == 0 || errno == ENOENT))
		reader_warn(r, "control.user",
			    "there is no user '%s' on this machine; useradd --system %s, or the name of another",
			    c->user, c->user);
	errno = 0;
	if (c->group[0] && !getgrnam(c->group) && (errno == 0 || errno == ENOENT))
		reader_warn(r, "control.group",
			    "there is no group '%s' on this machine; groupadd --system %s, or the name of another",
			    c->group, c->group);
}
