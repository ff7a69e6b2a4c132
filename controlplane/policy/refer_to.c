#include "policy/refer_to.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "policy/guard.h"

#define PLAN_PREFIX "plan-"

bool refer_to_read_plan(struct destination *d, const struct config *config, uint32_t agent, bool by_operator,
			const char *name, struct verdict *verdict)
{
	const struct config_agent *a = &config->agents[agent];

	*d = (struct destination){.kind = DESTINATION_PLAN, .plan = XF_NONE};
	/* A plan of another owner does not exist for this one. */
	for (uint32_t i = 0; i < config->plan_count; i++)
		if (strcmp(config->plans[i].name, name) == 0 && strcmp(config->plans[i].owner, a->owner) == 0)
			d->plan = i;
	if (d->plan == XF_NONE)
		return verdict_refuse(verdict, 403, "there is no plan %.64s%s%.64s: add it to plans", name,
				      a->owner[0] ? " of owner " : "", a->owner);
	for (uint32_t i = 0; i < a->may.plan_count; i++)
		if (a->may.plans[i] == d->plan)
			return verdict_allow(verdict);
	if (by_operator)
		return verdict_allow(verdict);
	d->plan = XF_NONE;
	return verdict_refuse(verdict, 403, "agent %.64s may not use plan %.64s: add it to its may.plans", a->name,
			      name);
}

/* A peer's name in its URI, or its only address: a block of several could hold a PBX beside it. */
static bool refer_to_is_peer(const struct config_uri *uri, const struct xf_prefix *sources, uint32_t count,
			     const char *host, const struct xf_addr *addr)
{
	if (strcasecmp(uri->host, host) == 0)
		return true;
	for (uint32_t i = 0; addr && i < count; i++)
		if (sources[i].prefix_len == (addr->family == 4 ? 32 : 128) && xf_addr_eq(&sources[i].addr, addr))
			return true;
	return false;
}

/* Ours, the agent's, or a provider's of the agent's owner. */
static bool refer_to_is_known_host(const struct config *config, uint32_t agent, const char *host)
{
	const struct config_agent *a = &config->agents[agent];
	struct xf_addr parsed, *addr = xf_addr_parse(&parsed, host) == 0 ? &parsed : NULL;
	char trimmed[256];

	snprintf(trimmed, sizeof(trimmed), "%s", host);
	size_t len = strlen(trimmed);
	if (len && trimmed[len - 1] == '.')
		trimmed[len - 1] = 0;
	if (addr && guard_is_ours(config, addr))
		return true;
	if (refer_to_is_peer(&a->uri, a->sources, a->source_count, trimmed, addr))
		return true;
	for (uint32_t i = 0; i < config->provider_count; i++) {
		const struct config_provider *p = &config->providers[i];
		if (strcmp(p->owner, a->owner) == 0 &&
		    refer_to_is_peer(&p->trunk, p->sources, p->source_count, trimmed, addr))
			return true;
	}
	return false;
}

/* Of a number its parameters go (RFC 3966), but not those that would change which number it is. */
static bool refer_to_number(struct destination *d, const char *text, struct verdict *verdict)
{
	size_t len = strcspn(text, ";");

	if (strcasestr(text + len, ";ext=") || strcasestr(text + len, ";isub="))
		return verdict_refuse(verdict, 400, "'%.64s' has an extension: give the number alone", text);
	if (text[0] != '+' && strcasestr(text + len, ";phone-context="))
		return verdict_refuse(verdict, 400,
				      "'%.64s' is local to a context: write it with + and the country code", text);
	if (len == 0 || len > E164_TEXT_MAX)
		return verdict_refuse(verdict, 400,
				      "'%.64s' is no telephone number: write it with + and the country code", text);
	d->kind = DESTINATION_NUMBER;
	memcpy(d->number, text, len);
	d->number[len] = 0;
	return verdict_allow(verdict);
}

static bool refer_to_sip(struct destination *d, const struct refer_uri *uri, struct verdict *verdict)
{
	if (!uri->host[0] || strlen(uri->host) >= sizeof(d->host) || strlen(uri->user) >= sizeof(d->user))
		return verdict_refuse(verdict, 400, "a SIP URI without a host or with too long a part: sip:user@host");
	d->kind = DESTINATION_SIP;
	snprintf(d->user, sizeof(d->user), "%s", uri->user);
	snprintf(d->host, sizeof(d->host), "%s", uri->host);
	d->port = uri->port;
	return verdict_allow(verdict);
}

/* The user part is a number; parameters behind it (RFC 3261 19.1.6) do not count. */
static bool refer_to_is_number(const char *user)
{
	char number[E164_TEXT_MAX + 1];
	size_t len = strcspn(user, ";");

	if (len > E164_TEXT_MAX)
		return false;
	memcpy(number, user, len);
	number[len] = 0;
	return e164_is_spelling(number);
}

static bool refer_to_no_transport(struct verdict *verdict)
{
	return verdict_refuse(verdict, 400, "only SIP over UDP is spoken here: leave out sips: and ;transport=");
}

bool refer_to_read(struct destination *d, const struct config *config, uint32_t agent, bool by_operator,
		   const struct refer_uri *uri, struct verdict *verdict)
{
	bool sip = strcasecmp(uri->scheme, "sip") == 0;

	*d = (struct destination){.plan = XF_NONE};
	if (uri->method[0] && strcmp(uri->method, "INVITE") != 0)
		return verdict_refuse(verdict, 400, "method %.32s is not called: only INVITE, or none", uri->method);
	if (strcasecmp(uri->scheme, "tel") == 0)
		return refer_to_number(d, uri->user, verdict);
	if (strcasecmp(uri->scheme, "sips") == 0)
		return refer_to_no_transport(verdict);
	if (!sip)
		return verdict_refuse(verdict, 400, "scheme %.32s is not called: sip: or tel:", uri->scheme);
	if (strncasecmp(uri->user, PLAN_PREFIX, strlen(PLAN_PREFIX)) == 0)
		return refer_to_read_plan(d, config, agent, by_operator, uri->user + strlen(PLAN_PREFIX), verdict);
	if (uri->user_phone)
		return refer_to_number(d, uri->user, verdict);
	if (refer_to_is_number(uri->user) && refer_to_is_known_host(config, agent, uri->host))
		return refer_to_number(d, uri->user, verdict);
	return refer_to_sip(d, uri, verdict);
}

/* A name, an IPv4 address, or (in_brackets) an IPv6 address. */
static bool refer_to_is_host(const char *host, bool in_brackets)
{
	struct xf_addr addr;

	if (in_brackets)
		return xf_addr_parse(&addr, host) == 0 && strchr(host, ':');
	for (const char *p = host; *p; p++)
		if (!(*p >= '0' && *p <= '9') && !(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !strchr("._-", *p))
			return false;
	return host[0] && host[0] != '.' && host[0] != '-' && strlen(host) <= 253;
}

/* Unescaped; what is no part of it is escaped when it is written. */
static bool refer_to_is_user(const char *user)
{
	for (const char *p = user; *p; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f || strchr(":<>\"\\", *p))
			return false;
	return user[0] && strlen(user) < 128;
}

/* Splits "user@host:port;parameters?headers" for an operator. False: not that. */
static bool refer_to_split(const char *text, char user[static 128], char host[static 256], struct refer_uri *uri)
{
	char rest[384];
	size_t len = strcspn(text, "?");

	if (len >= sizeof(rest))
		return false;
	memcpy(rest, text, len);
	rest[len] = 0;
	char *at = strrchr(rest, '@'), *h = at ? at + 1 : rest, *parameters = strchr(h, ';'), *port;
	if (at)
		*at = 0;
	if (at && !refer_to_is_user(rest))
		return false;
	snprintf(user, 128, "%.127s", at ? rest : "");
	if (parameters)
		*parameters++ = 0;
	uri->user_phone = parameters && strcasecmp(parameters, "user=phone") == 0;
	if (parameters && !uri->user_phone && strcasecmp(parameters, "transport=udp") != 0)
		return false;
	bool in_brackets = *h == '[';
	if (in_brackets) {
		char *end = strchr(++h, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		*end = 0;
		port = end[1] ? end + 2 : NULL;
	} else {
		port = strchr(h, ':');
		if (port)
			*port++ = 0;
	}
	size_t digits = port ? strspn(port, "0123456789") : 0;
	unsigned long value = port && digits && digits <= 5 && !port[digits] ? strtoul(port, NULL, 10) : 0;
	if ((port && (value == 0 || value > 65535)) || !refer_to_is_host(h, in_brackets))
		return false;
	snprintf(host, 256, "%.255s", h);
	uri->port = (uint16_t)value;
	return true;
}

/* sips:, or a ;transport= other than udp. */
static bool refer_to_is_other_transport(const char *text)
{
	const char *transport = strcasestr(text, ";transport="), *headers = strchr(text, '?');

	if (strncasecmp(text, "sips:", 5) == 0)
		return true;
	if (!transport || strncasecmp(text, "sip:", 4) != 0 || (headers && headers < transport))
		return false;
	transport += strlen(";transport=");
	return strcspn(transport, ";?") != 3 || strncasecmp(transport, "udp", 3) != 0;
}

bool refer_to_read_text(struct destination *d, const struct config *config, uint32_t agent, const char *text,
			struct verdict *verdict)
{
	char user[128] = "", host[256] = "";
	struct refer_uri uri = {.scheme = "sip", .user = user, .host = host, .method = ""};

	*d = (struct destination){.plan = XF_NONE};
	if (strncasecmp(text, "tel:", 4) == 0)
		return refer_to_number(d, text + 4, verdict);
	if (e164_is_spelling(text))
		return refer_to_number(d, text, verdict);
	if (refer_to_is_other_transport(text))
		return refer_to_no_transport(verdict);
	if (strncasecmp(text, "sip:", 4) != 0 || !refer_to_split(text + 4, user, host, &uri))
		return verdict_refuse(
		    verdict, 400, "'%.80s' is no destination: a telephone number, tel:NUMBER or sip:user@host", text);
	return refer_to_read(d, config, agent, true, &uri, verdict);
}
