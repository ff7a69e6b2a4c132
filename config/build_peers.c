#include "reader.h"

#include <stdlib.h>
#include <string.h>
#include "value.h"

static uint32_t build_sources(struct reader *r, const char *prefix, char **raw, uint32_t count, struct xf_prefix **out)
{
	*out = reader_alloc(r, count, sizeof(**out));
	for (uint32_t i = 0; *out && i < count; i++)
		(*out)[i] = value_prefix(r, reader_at(r, "%s.sources[%u]", prefix, i), raw[i]);
	return *out ? count : 0;
}

static char *build_owner(struct reader *r, const char *prefix, const char *owner)
{
	return value_name(r, reader_at(r, "%s.owner", prefix), owner, 63);
}

static void build_provider(struct reader *r, uint32_t i)
{
	const struct raw_provider *raw = &r->raw->providers[i];
	struct config_provider *p = &r->config->providers[i];
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "providers[%u]", i);
	p->name = value_name(r, reader_at(r, "%s.name", prefix), raw->name, 63);
	p->owner = build_owner(r, prefix, raw->owner);
	p->network = find_network(r, reader_at(r, "%s.network", prefix), raw->network);
	p->region = value_region(r, reader_at(r, "%s.region", prefix), raw->region ? raw->region : NULL);
	if (!p->region)
		p->region = reader_copy(r, "");
	p->trunk = value_uri(r, reader_at(r, "%s.trunk", prefix), raw->trunk);
	p->source_count = build_sources(r, prefix, raw->sources, raw->sources_count, &p->sources);
	secret_read(r, prefix, &raw->credentials, &p->credentials);
	p->number_format = (uint8_t)raw->number_format;
	p->validity = (uint8_t)raw->validity;
	p->strict_source = raw->media_source == RAW_MEDIA_STRICT;
	snprintf(prefix, sizeof(prefix), "providers[%u].limits", i);
	build_limits(r, prefix, &raw->limits, &p->limits);
	snprintf(prefix, sizeof(prefix), "providers[%u]", i);
	p->cost_per_minute = raw->cost_per_minute;
	p->currency = reader_copy(r, raw->currency ? raw->currency : "");
	bool iso =
	    raw->currency && strlen(raw->currency) == 3 && strspn(raw->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
	if (raw->currency && !iso)
		reader_reject(r, reader_at(r, "%s.currency", prefix),
			      "'%.20s' is no currency; three capital letters of ISO 4217, like USD", raw->currency);
	if (raw->cost_per_minute > 0 && !raw->currency)
		reader_reject(r, reader_at(r, "%s.cost-per-minute", prefix), "without a currency; currency: USD, say");
}

void build_providers(struct reader *r)
{
	r->config->providers = reader_alloc(r, r->raw->providers_count, sizeof(*r->config->providers));
	r->config->provider_count = r->config->providers ? r->raw->providers_count : 0;
	for (uint32_t i = 0; i < r->config->provider_count; i++)
		build_provider(r, i);
}

static void build_number(struct reader *r, uint32_t i)
{
	const struct raw_number *raw = &r->raw->numbers[i];
	struct config_number *n = &r->config->numbers[i];
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "numbers[%u]", i);
	n->number = value_number(r, reader_at(r, "%s.number", prefix), raw->number);
	n->owner = build_owner(r, prefix, raw->owner);
	n->verified = raw->verified;
	n->active = raw->active ? *raw->active : true;
	n->providers = reader_alloc(r, raw->providers_count, sizeof(*n->providers));
	for (uint32_t k = 0; n->providers && k < raw->providers_count; k++) {
		uint32_t found = find_provider(r, reader_at(r, "%s.providers[%u]", prefix, k), raw->providers[k],
					       reader_owner(raw->owner));
		if (found != XF_NONE)
			n->providers[n->provider_count++] = found;
	}
	for (uint32_t k = 0; r->raw->numbers[i].number && n->number && n->number[0] && k < i; k++)
		if (r->config->numbers[k].number && strcmp(r->config->numbers[k].number, n->number) == 0) {
			unsigned line = document_find(&r->doc, reader_at(r, "numbers[%u].number", k), NULL, NULL);
			reader_reject(r, reader_at(r, "%s.number", prefix),
				      "%s is already registered, in line %u; each number once", n->number, line);
			break;
		}
}

void build_numbers(struct reader *r)
{
	r->config->numbers = reader_alloc(r, r->raw->numbers_count, sizeof(*r->config->numbers));
	r->config->number_count = r->config->numbers ? r->raw->numbers_count : 0;
	for (uint32_t i = 0; i < r->config->number_count; i++)
		build_number(r, i);
}

static void build_prefix(struct reader *r, const char *path, const char *text)
{
	size_t digits = text[0] == '+' ? strspn(text + 1, "0123456789") : 0;

	if (!digits || digits > 15 || text[1 + digits] || text[1] == '0')
		reader_reject(r, path, "'%.40s' is no prefix; + and the first digits of numbers, like \"+1202\"", text);
}

static void build_domain(struct reader *r, const char *path, const char *text)
{
	struct xf_prefix p;
	const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;

	int block = xf_prefix_parse(&p, text);

	if (block == -EDOM || block == -ERANGE)
		value_prefix(r, path, text); /* has the words for these */
	else if (block < 0 && (!value_is_host(name) || (name != text && xf_prefix_parse(&p, name) == 0)))
		reader_reject(r, path,
			      "'%.80s' is no domain; write a host name like pbx.example.com, *.example.com, or an "
			      "address block like 192.0.2.0/24",
			      text);
}

/* Copies a list of texts after `judge` has looked at each. */
static uint32_t build_texts(struct reader *r, const char *prefix, const char *key, char **raw, uint32_t count,
			    char ***out, void (*judge)(struct reader *r, const char *path, const char *text))
{
	*out = reader_alloc(r, count, sizeof(**out));
	for (uint32_t i = 0; *out && i < count; i++) {
		judge(r, reader_at(r, "%s.may.%s[%u]", prefix, key, i), raw[i]);
		(*out)[i] = reader_copy(r, raw[i]);
	}
	return *out ? count : 0;
}

static void build_country(struct reader *r, const char *path, const char *text)
{
	if (!e164_region_known(text))
		reader_reject(r, path, "'%.20s' is no country; two capital letters of ISO 3166, like US or GB", text);
}

static void build_may(struct reader *r, const char *prefix, const struct raw_agent *raw, struct config_may *may)
{
	may->prefix_count = build_texts(r, prefix, "prefixes", raw->may.prefixes, raw->may.prefixes_count,
					&may->prefixes, build_prefix);
	may->country_count = build_texts(r, prefix, "countries", raw->may.countries, raw->may.countries_count,
					 &may->countries, build_country);
	may->domain_count =
	    build_texts(r, prefix, "domains", raw->may.domains, raw->may.domains_count, &may->domains, build_domain);
	may->plans = reader_alloc(r, raw->may.plans_count, sizeof(*may->plans));
	for (uint32_t i = 0; may->plans && i < raw->may.plans_count; i++) {
		uint32_t found = find_plan(r, reader_at(r, "%s.may.plans[%u]", prefix, i), raw->may.plans[i],
					   reader_owner(raw->owner));
		if (found != XF_NONE)
			may->plans[may->plan_count++] = found;
	}
}

static void build_agent(struct reader *r, uint32_t i)
{
	const struct raw_agent *raw = &r->raw->agents[i];
	struct config_agent *a = &r->config->agents[i];
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "agents[%u]", i);
	a->name = value_name(r, reader_at(r, "%s.name", prefix), raw->name, 63);
	a->owner = build_owner(r, prefix, raw->owner);
	a->network = find_network(r, reader_at(r, "%s.network", prefix), raw->network);
	a->uri = value_uri(r, reader_at(r, "%s.uri", prefix), raw->uri);
	a->source_count = build_sources(r, prefix, raw->sources, raw->sources_count, &a->sources);
	secret_read(r, prefix, &raw->credentials, &a->credentials);
	a->region = value_region(r, reader_at(r, "%s.region", prefix), raw->region);
	if (raw->caller_id && strcmp(raw->caller_id, "dialled") != 0)
		a->caller_id = value_number(r, reader_at(r, "%s.caller-id", prefix), raw->caller_id);
	else
		a->caller_id = reader_copy(r, raw->caller_id);
	a->provider = find_provider(r, reader_at(r, "%s.provider", prefix), raw->provider, reader_owner(raw->owner));
	a->strict_source = raw->media_source == RAW_MEDIA_STRICT;
	a->refer_accept_code = raw->refer_accept_code ? (uint16_t)*raw->refer_accept_code : 202;
	if (raw->refer_accept_code && *raw->refer_accept_code != 200 && *raw->refer_accept_code != 202)
		reader_reject(r, reader_at(r, "%s.refer-accept-code", prefix),
			      "'%u' does not accept a REFER; 202 (RFC 3515) or 200 (RFC 7647)",
			      *raw->refer_accept_code);
	build_may(r, prefix, raw, &a->may);
	snprintf(prefix, sizeof(prefix), "agents[%u].limits", i);
	build_limits(r, prefix, &raw->limits, &a->limits);
}

void build_agents(struct reader *r)
{
	r->config->agents = reader_alloc(r, r->raw->agents_count, sizeof(*r->config->agents));
	r->config->agent_count = r->config->agents ? r->raw->agents_count : 0;
	for (uint32_t i = 0; i < r->config->agent_count; i++)
		build_agent(r, i);
}

static void build_sip_server(struct reader *r, uint32_t i)
{
	const struct raw_sip_server *raw = &r->raw->sip_servers[i];
	struct config_sip_server *s = &r->config->sip_servers[i];
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "sip-servers[%u]", i);
	s->host = reader_copy(r, raw->host ? raw->host : "");
	s->owner = build_owner(r, prefix, raw->owner);
	if (raw->host && !value_is_host(raw->host))
		reader_reject(r, reader_at(r, "%s.host", prefix),
			      "'%.80s' is no host; the name or address in the SIP URI", raw->host);
	s->network = find_network(r, reader_at(r, "%s.network", prefix), raw->network);
	secret_read(r, prefix, &raw->credentials, &s->credentials);
	for (uint32_t k = 0; raw->host && k < i; k++) {
		const struct raw_sip_server *other = &r->raw->sip_servers[k];
		if (other->host && strcasecmp(other->host, raw->host) == 0 &&
		    strcmp(reader_owner(other->owner), reader_owner(raw->owner)) == 0) {
			reader_reject(r, reader_at(r, "%s.host", prefix),
				      "'%.80s' stands twice; each host once an owner", raw->host);
			break;
		}
	}
}

void build_sip_servers(struct reader *r)
{
	r->config->sip_servers = reader_alloc(r, r->raw->sip_servers_count, sizeof(*r->config->sip_servers));
	r->config->sip_server_count = r->config->sip_servers ? r->raw->sip_servers_count : 0;
	for (uint32_t i = 0; i < r->config->sip_server_count; i++)
		build_sip_server(r, i);
}
