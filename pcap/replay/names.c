#include "names.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include "parties.h"

#define DNS_A	    1
#define DNS_CNAME   5
#define DNS_AAAA    28
#define DNS_RECORDS 64

void names_fini(struct names *names)
{
	free(names->items);
	strmap_fini(&names->of);
	*names = (struct names){0};
}

const struct name *names_find(const struct names *names, const char *host)
{
	char lower[sizeof(names->items->host)];
	size_t len = 0;
	for (; host[len] && len < sizeof(lower); len++)
		lower[len] = (char)tolower((unsigned char)host[len]);
	uint32_t known = strmap_get(&names->of, lower, len);
	return known == STRMAP_NONE ? NULL : &names->items[known];
}

static bool is_address(struct sip_text_span host)
{
	char buf[XF_ADDR_STRLEN];
	struct xf_addr addr;
	if (host.len == 0 || host.at[0] == '[')
		return true;
	if (host.len >= sizeof(buf))
		return false;
	memcpy(buf, host.at, host.len);
	buf[host.len] = 0;
	return xf_addr_parse(&addr, buf) == 0;
}

static struct name *make(struct names *names, const char *host)
{
	struct name *found = (struct name *)names_find(names, host);
	if (found)
		return found;
	if (names->count == names->room) {
		uint32_t room = names->room ? names->room * 2 : 16;
		struct name *items = realloc(names->items, room * sizeof(*items));
		if (!items)
			return NULL;
		names->items = items;
		names->room = room;
	}
	if (strmap_set(&names->of, host, strlen(host), names->count) < 0)
		return NULL;
	found = &names->items[names->count++];
	*found = (struct name){0};
	snprintf(found->host, sizeof(found->host), "%s", host);
	return found;
}

int names_add(struct names *names, struct sip_text_span host, const struct xf_addr *addr, enum name_source source)
{
	char lower[sizeof(names->items->host)];
	if (!host.at || is_address(host) || host.len >= sizeof(lower))
		return 0;
	for (size_t i = 0; i < host.len; i++)
		lower[i] = (char)tolower((unsigned char)host.at[i]);
	lower[host.len] = 0;
	struct name *name = make(names, lower);
	if (!name)
		return -ENOMEM;
	if (source < name->source && name->count)
		return 0;
	if (source > name->source) {
		name->source = (uint8_t)source;
		name->count = 0;
	}
	for (unsigned i = 0; i < name->count; i++)
		if (xf_addr_eq(&name->addrs[i], addr))
			return 0;
	if (name->count < NAMES_ADDRS)
		name->addrs[name->count++] = *addr;
	return 0;
}

/* ---- DNS */

struct dns {
	const uint8_t *data;
	size_t len;
};

/* Reads a name at *at, compression followed, and moves *at behind it. */
static bool dns_name(const struct dns *dns, size_t *at, char *out, size_t size)
{
	size_t p = *at, n = 0;
	bool jumped = false;
	for (unsigned jumps = 0; jumps < 32;) {
		if (p >= dns->len)
			return false;
		uint8_t len = dns->data[p];
		if ((len & 0xc0) == 0xc0) {
			if (p + 1 >= dns->len)
				return false;
			if (!jumped)
				*at = p + 2;
			jumped = true;
			jumps++;
			p = (size_t)(len & 0x3f) << 8 | dns->data[p + 1];
			continue;
		}
		if (len == 0) {
			if (!jumped)
				*at = p + 1;
			out[n] = 0;
			return true;
		}
		if (len > 63 || p + 1 + len > dns->len || n + len + 2 > size)
			return false;
		if (n)
			out[n++] = '.';
		memcpy(out + n, dns->data + p + 1, len);
		n += len;
		p += 1u + len;
	}
	return false;
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

struct dns_alias {
	char from[256], to[256];
};

/* The name that was asked for, from the one that an address record has. */
static const char *dns_asked(const struct dns_alias *aliases, unsigned count, const char *name)
{
	for (unsigned turn = 0; turn < count; turn++)
		for (unsigned i = 0; i < count; i++)
			if (strcasecmp(aliases[i].to, name) == 0 && strcasecmp(aliases[i].from, name) != 0)
				name = aliases[i].from;
	return name;
}

static int dns_answer(struct names *names, const struct dns *dns, size_t *at, struct dns_alias *aliases,
		      unsigned *count)
{
	char owner[256];
	struct xf_addr addr;
	if (!dns_name(dns, at, owner, sizeof(owner)) || *at + 10 > dns->len)
		return -EBADMSG;
	uint16_t type = be16(dns->data + *at), len = be16(dns->data + *at + 8);
	size_t data = *at + 10;
	if (data + len > dns->len)
		return -EBADMSG;
	*at = data + len;
	if (type == DNS_CNAME && *count < 8) {
		struct dns_alias *alias = &aliases[(*count)++];
		memcpy(alias->from, owner, sizeof(owner));
		return dns_name(dns, &data, alias->to, sizeof(alias->to)) ? 0 : -EBADMSG;
	}
	if (type == DNS_A && len == 4)
		addr = xf_addr_v4(dns->data + data);
	else if (type == DNS_AAAA && len == 16)
		addr = xf_addr_v6(dns->data + data);
	else
		return 0;
	const char *asked = dns_asked(aliases, *count, owner);
	if (asked != owner && names_add(names, (struct sip_text_span){asked, strlen(asked)}, &addr, NAME_DNS) < 0)
		return -ENOMEM;
	return names_add(names, (struct sip_text_span){owner, strlen(owner)}, &addr, NAME_DNS);
}

int names_add_dns(struct names *names, const void *data, size_t len)
{
	struct dns dns = {.data = data, .len = len};
	struct dns_alias aliases[8];
	char name[256];
	unsigned alias_count = 0;
	size_t at = 12;
	if (len < 12 || (dns.data[2] & 0xf8) != 0x80 || (dns.data[3] & 0x0f) != 0)
		return 0;
	uint16_t questions = be16(dns.data + 4), answers = be16(dns.data + 6);
	for (unsigned i = 0; i < questions; i++) {
		if (!dns_name(&dns, &at, name, sizeof(name)) || at + 4 > len)
			return 0;
		at += 4;
	}
	for (unsigned i = 0; i < answers && i < DNS_RECORDS; i++) {
		int r = dns_answer(names, &dns, &at, aliases, &alias_count);
		if (r < 0)
			return r == -ENOMEM ? r : 0;
	}
	return 0;
}

int names_add_user(struct names *names, const char *text)
{
	const char *equals = strchr(text, '=');
	struct xf_addr addr;
	struct sip_text_span host = {text, equals ? (size_t)(equals - text) : 0};
	if (!equals || host.len == 0 || host.len > 255 || is_address(host) || xf_addr_parse(&addr, equals + 1) < 0)
		return -EINVAL;
	return names_add(names, host, &addr, NAME_USER);
}

static int guess(struct names *names, const struct config *config, const char *host, const struct xf_prefix *sources,
		 uint32_t count)
{
	if (count == 0 || names_find(names, host))
		return 0;
	struct xf_addr addr = parties_in_block(config, sources, 0);
	return names_add(names, (struct sip_text_span){host, strlen(host)}, &addr, NAME_GUESSED);
}

int names_guess(struct names *names, const struct config *config)
{
	int r = 0;
	for (uint32_t i = 0; i < config->provider_count && r == 0; i++)
		r = guess(names, config, config->providers[i].trunk.host, config->providers[i].sources,
			  config->providers[i].source_count);
	for (uint32_t i = 0; i < config->agent_count && r == 0; i++)
		r = guess(names, config, config->agents[i].uri.host, config->agents[i].sources,
			  config->agents[i].source_count);
	return r;
}
