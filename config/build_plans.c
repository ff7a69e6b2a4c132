#include "reader.h"

#include <stdlib.h>
#include <string.h>
#include "value.h"

static const struct value_range ring_range = {.min = 1000, .max = 600000};

static uint32_t build_ring(struct reader *r, const char *path, const char *text)
{
	struct value_range range = ring_range;

	range.missing = r->config->ring_ms;
	return value_time(r, path, text, range);
}

/* Complains about a key that means nothing for this type of target. */
static void build_useless(struct reader *r, const char *prefix, const char *key, const char *value, const char *types)
{
	if (value)
		reader_reject(r, reader_at(r, "%s.%s", prefix, key), "of no use here; only for type %s", types);
}

static char *build_caller_id(struct reader *r, const char *path, const char *text)
{
	if (text && strcmp(text, "dialled") != 0)
		return value_number(r, path, text);
	return reader_copy(r, text);
}

static void build_number_destination(struct reader *r, const char *prefix, const struct raw_target *raw,
				     const struct config_target *t)
{
	const char *path = reader_at(r, "%s.destination", prefix);
	struct e164 number;
	char why[E164_WHY_MAX];

	if (!raw->destination || (raw->region && !e164_region_known(raw->region)))
		return;
	/* Without a region of its own it is read by that of the agent or of the number that was called, later. */
	if (!raw->region && !strchr(raw->destination, '+')) {
		if (!e164_is_spelling(raw->destination))
			reader_reject(r, path,
				      "'%.80s' is no telephone number; digits, best with + and the country code",
				      raw->destination);
		return;
	}
	enum e164_result result = e164_parse(&number, raw->destination, t->region);
	if (result != E164_OK)
		reader_reject(r, path, "'%.80s' %s; a number like +12025550143", raw->destination,
			      e164_explain(why, sizeof(why), result, &number));
	else if (!number.valid && t->provider != XF_NONE &&
		 r->config->providers[t->provider].validity == CONFIG_VALIDITY_STRICT)
		reader_reject(r, path,
			      "'%.80s' is not known to the numbering data, and provider %s has validity: strict; "
			      "a valid number, or validity: possible",
			      raw->destination, r->config->providers[t->provider].name);
	else if (!number.valid)
		reader_warn(r, path, "'%.80s' is possible, but not known to the numbering data (%s)", raw->destination,
			    e164_data_version());
}

static void build_need_destination(struct reader *r, const char *prefix, const struct raw_target *raw, const char *what)
{
	const char *path = reader_at(r, "%s.destination", prefix);

	if (!raw->destination && !reader_has(r, path))
		reader_reject(r, path, "is missing; %s", what);
}

static void build_announcement(struct reader *r, const char *prefix, const struct raw_target *raw,
			       struct config_target *t)
{
	const struct value_range times = {.min = 100, .max = 600000};

	if (t->type != CONFIG_TARGET_ANNOUNCEMENT) {
		build_useless(r, prefix, "sound", raw->sound, "announcement");
		build_useless(r, prefix, "time", raw->time, "announcement");
		return;
	}
	const char *path = reader_at(r, "%s.sound", prefix);
	if (!raw->sound && !reader_has(r, path))
		reader_reject(r, path, "is missing; the name of a sound");
	t->sound = find_sound(r, path, raw->sound);
	if (!t->sound)
		t->sound = reader_copy(r, "");
	t->play_ms = value_time(r, reader_at(r, "%s.time", prefix), raw->time, times);
}

static void build_target(struct reader *r, const char *prefix, const struct raw_target *raw, const char *owner,
			 struct config_target *t)
{
	t->network = t->provider = XF_NONE;
	t->type = raw->type ? (uint8_t)*raw->type : CONFIG_TARGET_HANGUP;
	t->ring_ms = build_ring(r, reader_at(r, "%s.ring-time", prefix), raw->ring_time);
	if (!raw->type)
		return;
	if (t->type == CONFIG_TARGET_NUMBER) {
		build_need_destination(r, prefix, raw, "a telephone number");
		build_useless(r, prefix, "network", raw->network, "sip");
		t->region = value_region(r, reader_at(r, "%s.region", prefix), raw->region);
		t->provider = find_provider(r, reader_at(r, "%s.provider", prefix), raw->provider, owner);
		build_number_destination(r, prefix, raw, t);
	} else {
		build_useless(r, prefix, "region", raw->region, "number");
		build_useless(r, prefix, "provider", raw->provider, "number");
	}
	if (t->type == CONFIG_TARGET_SIP) {
		build_need_destination(r, prefix, raw, "a SIP URI, sip:user@host");
		t->network = find_network(r, reader_at(r, "%s.network", prefix), raw->network);
		t->uri = value_uri(r, reader_at(r, "%s.destination", prefix), raw->destination);
	}
	build_announcement(r, prefix, raw, t);
	if (t->type == CONFIG_TARGET_NUMBER || t->type == CONFIG_TARGET_SIP) {
		t->destination = reader_copy(r, raw->destination ? raw->destination : "");
		t->caller_id = build_caller_id(r, reader_at(r, "%s.caller-id", prefix), raw->caller_id);
		return;
	}
	build_useless(r, prefix, "destination", raw->destination, "number and sip");
	build_useless(r, prefix, "caller-id", raw->caller_id, "number and sip");
	build_useless(r, prefix, "network", raw->network, "sip");
	if (t->type == CONFIG_TARGET_HANGUP || t->type == CONFIG_TARGET_ANNOUNCEMENT)
		build_useless(r, prefix, "ring-time", raw->ring_time, "number, sip and agent");
}

static void build_plan(struct reader *r, uint32_t i)
{
	const struct raw_plan *raw = &r->raw->plans[i];
	struct config_plan *p = &r->config->plans[i];
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "plans[%u]", i);
	p->name = value_name(r, reader_at(r, "%s.name", prefix), raw->name, 63);
	p->owner = value_name(r, reader_at(r, "%s.owner", prefix), raw->owner, 63);
	build_target(r, prefix, &raw->target, reader_owner(raw->owner), &p->targets[0]);
	p->target_count = 1;
	for (uint32_t k = 0; k < raw->fallbacks_count && p->target_count < CONFIG_TARGETS_MAX; k++) {
		const struct config_target *before = &p->targets[p->target_count - 1];
		bool hung_up =
		    before->type == CONFIG_TARGET_HANGUP && (k == 0 ? raw->target.type : raw->fallbacks[k - 1].type);
		snprintf(prefix, sizeof(prefix), "plans[%u].fallbacks[%u]", i, k);
		if (hung_up)
			reader_reject(r, reader_at(r, "%s.type", prefix),
				      "behind hang-up, never reached; hang-up comes last");
		build_target(r, prefix, &raw->fallbacks[k], reader_owner(raw->owner), &p->targets[p->target_count++]);
	}
}

void build_plans(struct reader *r)
{
	r->config->plans = reader_alloc(r, r->raw->plans_count, sizeof(*r->config->plans));
	r->config->plan_count = r->config->plans ? r->raw->plans_count : 0;
	for (uint32_t i = 0; i < r->config->plan_count; i++)
		build_plan(r, i);
}

static uint32_t build_route_plan(struct reader *r, const char *path, const char *text, const char *owner)
{
	return find_plan(r, path, text + strlen("plan-"), owner);
}

static void build_agent_fails(struct reader *r, const char *path, const char *text, const char *owner,
			      struct config_route *route)
{
	if (!text)
		return;
	if (strncmp(text, "plan-", 5) == 0)
		route->fails_plan = build_route_plan(r, path, text, owner);
	else if (strlen(text) == 3 && strspn(text, "0123456789") == 3 && text[0] >= '4' && text[0] <= '6')
		route->fails_code = (uint16_t)atoi(text);
	else
		reader_reject(r, path, "'%.80s' is not known; a SIP code from 400 to 699, or plan-NAME", text);
}

static void build_agent_lost(struct reader *r, const char *path, const char *text, const char *owner,
			     struct config_route *route)
{
	if (!text || strcmp(text, "hang-up") == 0)
		return;
	if (strncmp(text, "plan-", 5) == 0)
		route->lost_plan = build_route_plan(r, path, text, owner);
	else
		reader_reject(r, path, "'%.80s' is not known; hang-up, or plan-NAME", text);
}

/* Numbers, agents, providers and plans meet only within one owner; a route's is its agent's. */
static void build_route(struct reader *r, uint32_t i)
{
	const struct raw_route *raw = &r->raw->routes[i];
	struct config_route *route = &r->config->routes[i];
	char prefix[32], ours[READER_OWNER_MAX], theirs[READER_OWNER_MAX];

	snprintf(prefix, sizeof(prefix), "routes[%u]", i);
	route->fails_plan = route->lost_plan = XF_NONE;
	route->agent = find_agent(r, reader_at(r, "%s.agent", prefix), raw->agent, NULL);
	const char *owner = route->agent == XF_NONE ? NULL : reader_owner(r->raw->agents[route->agent].owner);
	route->provider = find_provider(r, reader_at(r, "%s.provider", prefix), raw->provider, owner);
	route->ring_ms = build_ring(r, reader_at(r, "%s.ring-time", prefix), raw->ring_time);
	build_agent_fails(r, reader_at(r, "%s.agent-fails", prefix), raw->agent_fails, owner, route);
	build_agent_lost(r, reader_at(r, "%s.agent-lost", prefix), raw->agent_lost, owner, route);
	if (raw->number && strcmp(raw->number, "*") == 0) {
		route->number = reader_copy(r, "*");
		return;
	}
	route->number = value_number(r, reader_at(r, "%s.number", prefix), raw->number);
	uint32_t number = route->number ? find_number(r->config, route->number) : XF_NONE;
	if (number != XF_NONE && owner && strcmp(r->config->numbers[number].owner, owner) != 0)
		reader_reject(r, reader_at(r, "%s.number", prefix),
			      "%s belongs to %s, agent '%s' to %s; both of the same owner", route->number,
			      reader_owner_words(theirs, r->config->numbers[number].owner), raw->agent,
			      reader_owner_words(ours, owner));
}

static void build_route_doubles(struct reader *r, uint32_t i)
{
	const struct config_route *a = &r->config->routes[i];

	for (uint32_t j = 0; j < i; j++) {
		const struct config_route *b = &r->config->routes[j];
		/* An unknown provider is no provider, and complained about. */
		bool named = r->raw->routes[i].provider || r->raw->routes[j].provider;
		if (!a->number || !b->number || !a->number[0] || strcmp(a->number, b->number) != 0)
			continue;
		if (a->provider != b->provider || (named && a->provider == XF_NONE))
			continue;
		unsigned line = document_find(&r->doc, reader_at(r, "routes[%u].number", j), NULL, NULL);
		reader_reject(r, reader_at(r, "routes[%u].number", i),
			      "%s already has a route for %s, in line %u; one route each", a->number,
			      named ? r->raw->routes[i].provider : "any provider", line);
		return;
	}
}

void build_routes(struct reader *r)
{
	r->config->routes = reader_alloc(r, r->raw->routes_count, sizeof(*r->config->routes));
	r->config->route_count = r->config->routes ? r->raw->routes_count : 0;
	for (uint32_t i = 0; i < r->config->route_count; i++) {
		build_route(r, i);
		build_route_doubles(r, i);
	}
}
