#include "xfergate/config.h"

#include "xfergate/e164.h"

static const char *print_owner(const char *owner)
{
	return owner[0] ? owner : "-";
}

static void print_planes(const struct config *c, FILE *out)
{
	char text[XF_SOCKADDR_STRLEN];

	for (uint32_t i = 0; i < c->port_count; i++) {
		fprintf(out, "port %s: device %s, TAP %s, mtu %u", c->ports[i].name, c->ports[i].device,
			c->ports[i].tap, c->ports[i].mtu);
		if (c->ports[i].vlan)
			fprintf(out, ", VLAN %u", c->ports[i].vlan);
		for (uint32_t k = 0; k < c->ports[i].member_count; k++)
			fprintf(out, "%s%s", k ? " " : ", members ", c->ports[i].members[k]);
		for (uint32_t k = 0; k < c->ports[i].address_count; k++)
			fprintf(out, "%s%s", k ? " " : ", addresses ",
				xf_prefix_format(&c->ports[i].addresses[k], text));
		fputc('\n', out);
	}
	for (uint32_t i = 0; i < c->network_count; i++) {
		const struct config_network *n = &c->networks[i];
		fprintf(out, "network %s: port %s, SIP %s, media", n->name, c->ports[n->port].name,
			xf_sockaddr_format(&n->sip, text));
		for (uint32_t k = 0; k < n->media_count; k++)
			fprintf(out, " %s", xf_addr_format(&n->media[k], text));
		fprintf(out, ", DSCP %u of media, %u of SIP", n->media_dscp, n->sip_dscp);
		if (n->advertise.family)
			fprintf(out, ", seen from outside as %s", xf_addr_format(&n->advertise, text));
		fputc('\n', out);
	}
	fprintf(out, "media: ports %u-%u on each address\n", c->media_port_first, c->media_port_last);
	fprintf(out, "control socket: %s\n", c->api_socket);
}

static void print_rate(const char *name, const struct config_rate *rate, FILE *out)
{
	if (rate->per_second)
		fprintf(out, ", %s %u/s (%u at once)", name, rate->per_second, rate->burst);
}

static void print_limits(const char *whose, const char *name, const struct config_limits *limits, FILE *out)
{
	if (!limits->packets.per_second && !limits->invites.per_second && !limits->requests.per_second &&
	    !limits->dialogs.per_second && !limits->responses.per_second)
		return;
	fprintf(out, "limits of %s%s%s", whose, *name ? " " : "", name);
	print_rate("packets", &limits->packets, out);
	print_rate("invites", &limits->invites, out);
	print_rate("requests", &limits->requests, out);
	print_rate("dialogs", &limits->dialogs, out);
	print_rate("responses", &limits->responses, out);
	fputc('\n', out);
}

static void print_screen(const struct config *c, FILE *out)
{
	fprintf(out, "screen: signatures %s, malformed messages are %s",
		c->screen.signatures ? c->screen.signatures : "none",
		c->screen.malformed_drop ? "dropped" : "answered");
	print_rate("all peers", &c->screen.ceiling, out);
	fputc('\n', out);
	for (uint32_t i = 0; i < c->provider_count; i++)
		print_limits("provider", c->providers[i].name, &c->providers[i].limits, out);
	for (uint32_t i = 0; i < c->agent_count; i++)
		print_limits("agent", c->agents[i].name, &c->agents[i].limits, out);
	print_limits("targets", "", &c->screen.targets, out);
}

static void print_number(const struct config *c, const struct config_number *n, FILE *out)
{
	fprintf(out, "number %s: owner %s, %s, %s, authorised at", n->number, print_owner(n->owner),
		n->verified ? "verified by the operator" : "not verified", n->active ? "active" : "not active");
	for (uint32_t i = 0; i < n->provider_count; i++)
		fprintf(out, " %s", c->providers[n->providers[i]].name);
	fprintf(out, "%s\n", n->provider_count ? "" : " no provider");
}

static void print_agent(const struct config *c, const struct config_agent *a, FILE *out)
{
	fprintf(out, "agent %s: owner %s, network %s, %s, %u source%s, caller ID %s; may use", a->name,
		print_owner(a->owner), c->networks[a->network].name, a->uri.text, a->source_count,
		a->source_count == 1 ? "" : "s", a->caller_id ? a->caller_id : "none");
	for (uint32_t i = 0; i < a->may.plan_count; i++)
		fprintf(out, " plan-%s", c->plans[a->may.plans[i]].name);
	for (uint32_t i = 0; i < a->may.prefix_count; i++)
		fprintf(out, " %s", a->may.prefixes[i]);
	for (uint32_t i = 0; i < a->may.country_count; i++)
		fprintf(out, " %s", a->may.countries[i]);
	for (uint32_t i = 0; i < a->may.domain_count; i++)
		fprintf(out, " %s", a->may.domains[i]);
	if (!a->may.plan_count && !a->may.prefix_count && !a->may.country_count && !a->may.domain_count)
		fputs(" nothing", out);
	fputc('\n', out);
}

static void print_route(const struct config *c, const struct config_route *r, FILE *out)
{
	fprintf(out, "route %s: provider %s, agent %s, rings %u s; if it fails ", r->number,
		r->provider == XF_NONE ? "any" : c->providers[r->provider].name, c->agents[r->agent].name,
		r->ring_ms / 1000);
	if (r->fails_plan != XF_NONE)
		fprintf(out, "plan-%s", c->plans[r->fails_plan].name);
	else if (r->fails_code)
		fprintf(out, "%u", r->fails_code);
	else
		fputs("its own code", out);
	fprintf(out, "; if it is lost %s%s\n", r->lost_plan == XF_NONE ? "" : "plan-",
		r->lost_plan == XF_NONE ? "hang-up" : c->plans[r->lost_plan].name);
}

static void print_plan(const struct config_plan *p, FILE *out)
{
	static const char *const types[] = {"number", "sip", "agent", "hang-up", "announcement"};

	fprintf(out, "plan %s: owner %s", p->name, print_owner(p->owner));
	for (uint32_t i = 0; i < p->target_count; i++) {
		const struct config_target *t = &p->targets[i];
		fprintf(out, "%s %s", i ? ", then" : ",", types[t->type]);
		if (t->destination)
			fprintf(out, " %s (%u s)", t->destination, t->ring_ms / 1000);
		if (t->sound)
			fprintf(out, " %s", t->sound);
	}
	fputc('\n', out);
}

static void print_sounds(const struct config *c, FILE *out)
{
	fprintf(out, "tones: of %s; on hold %s\n",
		c->ringback_region ? c->ringback_region : "the dialled number's country",
		c->hold_music ? c->hold_music : "nothing");
	for (uint32_t i = 0; i < c->sound_count; i++) {
		fprintf(out, "sound %s: %s, ", c->sounds[i].name, c->sounds[i].file);
		if (c->sounds[i].times)
			fprintf(out, "%u times\n", c->sounds[i].times);
		else
			fputs("over and over\n", out);
	}
}

void config_print(const struct config *c, FILE *out)
{
	print_planes(c, out);
	print_screen(c, out);
	for (uint32_t i = 0; i < c->provider_count; i++) {
		const struct config_provider *p = &c->providers[i];
		fprintf(out, "provider %s: owner %s, network %s, %s, region %s, %u source%s, %s credentials\n", p->name,
			print_owner(p->owner), c->networks[p->network].name, p->trunk.text, p->region, p->source_count,
			p->source_count == 1 ? "" : "s", p->credentials.username ? "with" : "no");
	}
	for (uint32_t i = 0; i < c->number_count; i++)
		print_number(c, &c->numbers[i], out);
	for (uint32_t i = 0; i < c->agent_count; i++)
		print_agent(c, &c->agents[i], out);
	for (uint32_t i = 0; i < c->route_count; i++)
		print_route(c, &c->routes[i], out);
	print_sounds(c, out);
	for (uint32_t i = 0; i < c->plan_count; i++)
		print_plan(&c->plans[i], out);
	for (uint32_t i = 0; i < c->sip_server_count; i++)
		fprintf(out, "SIP server %s: owner %s, %s credentials\n", c->sip_servers[i].host,
			print_owner(c->sip_servers[i].owner), c->sip_servers[i].credentials.username ? "with" : "no");
	fprintf(out, "numbering data: %s\n", e164_data_version());
}
