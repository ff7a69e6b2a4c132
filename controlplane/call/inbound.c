/* A new call: an INVITE outside any dialog, from a provider's block. */
#include "call/shard.h"
#include "policy/number.h"
#include "policy/route.h"
#include "policy/source.h"

#include <errno.h>

const char inbound_allow[] = "INVITE, ACK, BYE, CANCEL, OPTIONS, REFER, UPDATE, INFO";

bool inbound_require_nothing(struct shard *shard, sip_txn txn, const struct sip_message *request)
{
	char headers[512] = "", tag[17];
	bool required = false;
	for (unsigned i = 0; i < request->header_count; i++) {
		if (strcasecmp(request->headers[i].name, "Require") != 0)
			continue;
		required = true;
		sip_headers_add(headers, sizeof(headers), "Unsupported", "%.200s", request->headers[i].value);
	}
	if (!required)
		return true;
	env_random_token(shard->env, tag, 16);
	struct sip_reply bad = {.status = 420, .to_tag = tag, .headers = headers};
	sip_respond(shard->sip, txn, &bad);
	return false;
}

/* RFC 3261 20.1: no Accept header means application/sdp; an empty one, nothing. */
static bool accepts_sdp(const struct sip_message *invite)
{
	unsigned count = 0;
	sip_message_header(invite, "Accept", &count);
	for (unsigned i = 0; count && i < invite->header_count; i++) {
		const struct sip_header *header = &invite->headers[i];
		if (strcasecmp(header->name, "Accept") == 0 &&
		    (strcasestr(header->value, "application/sdp") || strstr(header->value, "*/*") ||
		     strcasestr(header->value, "application/*")))
			return true;
	}
	return count == 0;
}

static void refuse(struct shard *shard, sip_txn txn, int status, const char *why)
{
	char quoted[320];
	shard->counts.calls_refused++;
	log_event(shard->env, LOG_LEVEL_WARNING, "event=call-refused status=%d reason=%s", status,
		  log_quote(quoted, sizeof(quoted), why));
	shard_reply(shard, txn, status, why);
}

/* From, as E.164 where it is a number, else as it came. */
static void caller_number(struct call *call, const struct config_provider *provider, const struct sip_message *invite)
{
	struct number number;
	struct verdict verdict;
	const char *user = invite->from.uri.user;
	if (number_read_inbound(&number, user, provider, CONFIG_VALIDITY_POSSIBLE, &verdict))
		snprintf(call->caller_number, sizeof(call->caller_number), "%s", number.e164.text);
	else
		snprintf(call->caller_number, sizeof(call->caller_number), "%.63s", *user ? user : "anonymous");
}

static struct leg *caller_leg(struct call *call, sip_txn txn, const struct sip_message *invite,
			      const struct sip_hop *from)
{
	struct leg *leg = leg_create(call, LEG_CALLER);
	if (!leg)
		return NULL;
	call->caller_leg = leg->id;
	leg->state = LEG_STATE_CALLING;
	leg->network = from->network;
	leg->hop = from->remote;
	leg->provider = call->provider;
	leg->remote_cseq = leg->invite_cseq = invite->cseq;
	leg->invite = txn;
	sip_own(call->shard->sip, txn, leg->id);
	traffic_adopt(call->shard, leg);
	leg->dialog = true;
	snprintf(leg->call_id, sizeof(leg->call_id), "%s", invite->call_id);
	snprintf(leg->remote_tag, sizeof(leg->remote_tag), "%s", invite->from.tag);
	snprintf(leg->local, sizeof(leg->local), "%s", invite->to.text);
	snprintf(leg->remote, sizeof(leg->remote), "<%.500s>", invite->from.uri.text);
	snprintf(leg->remote_target, sizeof(leg->remote_target), "%s", invite->contact.uri.text);
	size_t at = 0;
	for (unsigned i = 0; i < invite->record_route_count; i++)
		at += (size_t)snprintf(leg->route_set + at, sizeof(leg->route_set) - at, "%s%s", at ? ", " : "",
				       invite->record_route[i]);
	shard_tag_add(call->shard, leg);
	return leg;
}

/* RFC 3261 12.1.1 limits what a dialog can be made of; ours are those of struct leg. */
static const char *fits(const struct sip_message *invite)
{
	size_t routes = 0;
	if (!*invite->contact.text || invite->contact_count != 1)
		return "INVITE needs exactly one Contact";
	if (!leg_can_reach(&invite->contact.uri))
		return "Contact is no SIP URI that requests can be sent to";
	if (!*invite->from.tag)
		return "From has no tag";
	if (strlen(invite->call_id) >= sizeof(((struct leg *)0)->call_id) ||
	    strlen(invite->from.tag) >= sizeof(((struct leg *)0)->remote_tag) ||
	    strlen(invite->to.text) >= sizeof(((struct leg *)0)->local))
		return "Call-ID, From tag or To is too long";
	for (unsigned i = 0; i < invite->record_route_count; i++)
		routes += strlen(invite->record_route[i]) + 2;
	return routes < LEG_ROUTE_MAX ? NULL : "Record-Route is too long";
}

static void call_agent(struct call *call, const struct sip_message *invite)
{
	static const char *const passed[] = {"User-to-User", "Priority", "Subject"};
	struct shard *shard = call->shard;
	const struct config_agent *agent = &shard->config->agents[call->agent];
	const struct config_route *route = &shard->config->routes[call->route];
	struct sip_uri uri;
	char headers[LEG_HEADERS_MAX] = "", host[SIP_HOST_MAX + 2];
	struct leg *leg = leg_create(call, LEG_AGENT);
	if (!leg) {
		call_end(call, 500, "out of memory");
		return;
	}
	call->agent_leg = leg->id;
	leg->network = agent->network;
	leg->agent = call->agent;
	sip_uri_parse(&uri, agent->uri.text, strlen(agent->uri.text));
	snprintf(leg->local_user, sizeof(leg->local_user), "%s", call->caller_number);
	snprintf(leg->remote, sizeof(leg->remote), "<sip:%s@%s>", call->dialled_number,
		 sip_host_format(host, sizeof(host), uri.host));
	snprintf(leg->remote_target, sizeof(leg->remote_target), "%s", agent->uri.text);
	sip_headers_add(headers, sizeof(headers), "Allow", "%s", inbound_allow);
	sip_headers_add(headers, sizeof(headers), "X-Xfergate-Call", "%s", call->text_id);
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++) {
		const char *value = sip_message_header(invite, passed[i], NULL);
		if (value)
			sip_headers_add(headers, sizeof(headers), passed[i], "%.300s", value);
	}
	leg_set_deadline(leg, route->ring_ms * NS_PER_MS);
	leg_dial(leg, &uri, headers);
}

void inbound_invite(struct shard *shard, sip_txn txn, const struct sip_message *invite, const struct sip_hop *from)
{
	const struct config *config = shard->config;
	struct source_match source;
	struct number number;
	struct verdict verdict;
	char why[256] = "";
	const char *bad = fits(invite);
	if (!source_find(config, &from->remote.addr, &source) || source.role != XF_ROLE_PROVIDER) {
		refuse(shard, txn, 403, "calls are taken from providers only");
		return;
	}
	const struct config_provider *provider = &config->providers[source.index];
	if (bad) {
		refuse(shard, txn, 400, bad);
		return;
	}
	if (!inbound_require_nothing(shard, txn, invite))
		return;
	if (invite->body_len && !leg_has_sdp(invite)) {
		refuse(shard, txn, 415, "only application/sdp is understood");
		return;
	}
	if (!accepts_sdp(invite)) {
		refuse(shard, txn, 406, "Accept does not name application/sdp, and nothing else is spoken");
		return;
	}
	if (shard->stopping || !media_ready(shard->media) || shard->calls.count >= config->calls_max) {
		refuse(shard, txn, 503,
		       shard->stopping		    ? "the gateway is being stopped"
		       : !media_ready(shard->media) ? "the dataplane is not connected"
						    : "as many calls as sip.max-calls allows are up");
		return;
	}
	if (!number_read_inbound(&number, invite->ruri.user, provider, provider->validity, &verdict)) {
		refuse(shard, txn, 404, verdict.reason);
		return;
	}
	uint32_t route = route_find(config, source.index, number.e164.text);
	if (route == XF_NONE) {
		snprintf(why, sizeof(why), "no route for %s from provider %s: add it to routes", number.e164.text,
			 provider->name);
		refuse(shard, txn, 404, why);
		return;
	}
	struct call *call = call_create(shard);
	if (!call) {
		refuse(shard, txn, 500, "out of memory");
		return;
	}
	call->provider = source.index;
	call->route = route;
	call->max_forwards =
	    (uint8_t)(invite->max_forwards < 0 || invite->max_forwards > 70 ? 69 : invite->max_forwards - 1);
	call->agent = config->routes[route].agent;
	snprintf(call->owner, sizeof(call->owner), "%s", config->agents[call->agent].owner);
	snprintf(call->dialled_number, sizeof(call->dialled_number), "%s", number.e164.text);
	snprintf(call->region, sizeof(call->region), "%s",
		 config->ringback_region ? config->ringback_region : number.e164.country);
	caller_number(call, provider, invite);
	struct leg *leg = caller_leg(call, txn, invite, from);
	if (!leg) {
		shard_reply(shard, txn, 500, "out of memory");
		call_settle(call);
		return;
	}
	char quoted[96], shown[XF_SOCKADDR_STRLEN];
	leg_event(leg, LOG_LEVEL_INFO, "event=invite from=%s caller=%s dialled=%s provider=%s agent=%s",
		  xf_sockaddr_format(&from->remote, shown), log_quote(quoted, sizeof(quoted), call->caller_number),
		  call->dialled_number, provider->name, config->agents[call->agent].name);
	int status = leg_has_sdp(invite) ? leg_take_offer(leg, invite, why, sizeof(why)) : 0;
	if (status == 0 && leg_open_media(leg) < 0) {
		status = 503;
		snprintf(why, sizeof(why), "no media port is free");
	}
	if (status) {
		call_end(call, status, why);
		return;
	}
	leg_find_hop(leg);
	call_agent(call, invite);
}
