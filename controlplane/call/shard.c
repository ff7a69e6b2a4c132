#include "call/shard.h"
#include "policy/source.h"

#include <errno.h>
#include <stdlib.h>

struct call *shard_get_call(struct shard *shard, uint64_t id)
{
	return pool_get(&shard->calls, id);
}

struct leg *shard_get_leg(struct shard *shard, uint64_t id)
{
	return pool_get(&shard->legs, id);
}

struct transfer *shard_get_transfer(struct shard *shard, uint64_t id)
{
	return pool_get(&shard->transfers, id);
}

/* FNV-1a: tags are ours and random, so nobody outside can aim at one bucket. */
static struct leg **bucket(struct shard *shard, const char *tag)
{
	uint32_t h = 2166136261u;
	for (const char *p = tag; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return &shard->by_tag[h % SHARD_TAG_BUCKETS];
}

void shard_tag_add(struct shard *shard, struct leg *leg)
{
	struct leg **head = bucket(shard, leg->local_tag);
	leg->hash_next = *head;
	*head = leg;
}

void shard_tag_del(struct shard *shard, struct leg *leg)
{
	for (struct leg **at = bucket(shard, leg->local_tag); *at; at = &(*at)->hash_next) {
		if (*at == leg) {
			*at = leg->hash_next;
			return;
		}
	}
}

struct leg *shard_by_tag(struct shard *shard, const char *local_tag, const char *call_id)
{
	for (struct leg *leg = *bucket(shard, local_tag); leg; leg = leg->hash_next)
		if (strcmp(leg->local_tag, local_tag) == 0 && strcmp(leg->call_id, call_id) == 0)
			return leg;
	return NULL;
}

void shard_reply(struct shard *shard, sip_txn txn, int status, const char *why)
{
	char headers[512] = "";
	if (why && *why) {
		char text[384];
		log_quote(text, sizeof(text), why);
		sip_headers_add(headers, sizeof(headers), "Warning", "399 xfergate %s", text);
	}
	if (status == 405)
		sip_headers_add(headers, sizeof(headers), "Allow", "%s", inbound_allow);
	if (status == 503)
		sip_headers_add(headers, sizeof(headers), "Retry-After", "10");
	/* The stack's tag, or the one of the answers before: all answers to a request have the same. */
	struct sip_reply reply = {.status = status, .headers = headers};
	sip_respond(shard->sip, txn, &reply);
}

/* ---- from the SIP stack */

static void outside_dialog(struct shard *shard, sip_txn txn, const struct sip_message *request,
			   const struct sip_hop *from)
{
	switch (request->method) {
	case SIP_INVITE:
		inbound_invite(shard, txn, request, from);
		return;
	case SIP_OPTIONS: {
		if (!inbound_require_nothing(shard, txn, request))
			return;
		char headers[256] = "", tag[17];
		sip_headers_add(headers, sizeof(headers), "Allow", "%s", inbound_allow);
		sip_headers_add(headers, sizeof(headers), "Accept", "application/sdp");
		env_random_token(shard->env, tag, 16);
		struct sip_reply ok = {.status = shard->stopping ? 503 : 200, .to_tag = tag, .headers = headers};
		sip_respond(shard->sip, txn, &ok);
		return;
	}
	case SIP_BYE:
	case SIP_NOTIFY:
	case SIP_UPDATE:
	case SIP_PRACK:
	case SIP_INFO:
		shard_reply(shard, txn, 481, NULL);
		return;
	case SIP_REFER:
		shard_reply(shard, txn, 403, "a REFER is taken inside the agent's dialog only");
		return;
	case SIP_SUBSCRIBE:
		shard_reply(shard, txn, 403, "nothing to subscribe to outside a REFER");
		return;
	default:
		shard_reply(shard, txn, 405, NULL);
	}
}

static void on_request(void *arg, sip_txn txn, const struct sip_message *request, const struct sip_hop *from)
{
	struct shard *shard = arg;
	struct source_match source;
	if (!*request->to.tag) {
		/* A target may answer, and ask inside its dialogs; nothing else. */
		if (!source_find(shard->config, &from->remote.addr, &source)) {
			shard_reply(shard, txn, 403, NULL);
			return;
		}
		outside_dialog(shard, txn, request, from);
		return;
	}
	struct leg *leg = shard_by_tag(shard, request->to.tag, request->call_id);
	/* One answer for a dialog that is not there and one that is somebody else's: a forged packet learns nothing. */
	if (!leg || !*leg->remote_tag || strcmp(leg->remote_tag, request->from.tag) != 0 ||
	    !leg_accepts_from(leg, from)) {
		shard_reply(shard, txn, 481, NULL);
		return;
	}
	sip_own(shard->sip, txn, leg->id);
	leg_request_received(leg, txn, request, from);
}

static void on_cancelled(void *arg, sip_txn invite, uint64_t owner)
{
	struct leg *leg = shard_get_leg(arg, owner);
	if (!leg || leg->invite != invite || leg->ours || leg->state >= LEG_STATE_CONNECTED)
		return;
	leg_event(leg, LOG_LEVEL_INFO, "event=cancelled");
	struct call *call = shard_get_call(leg->shard, leg->call);
	leg_release(leg, 487, "cancelled");
	call_leg_gone(call, leg, "caller cancelled");
}

static void on_ack(void *arg, const struct sip_message *ack, const struct sip_hop *from)
{
	struct leg *leg = shard_by_tag(arg, ack->to.tag, ack->call_id);
	if (leg && strcmp(leg->remote_tag, ack->from.tag) == 0 && leg_accepts_from(leg, from))
		leg_ack_received(leg, ack);
}

static void bye_response(struct leg *leg, sip_txn txn, const struct sip_message *response)
{
	char why[128];
	if (response->status < 200 || txn != leg->bye)
		return;
	if ((response->status == 401 || response->status == 407) &&
	    leg_authenticate(leg, &leg->bye, response, why, sizeof(why)) == 0)
		return;
	leg->bye = 0;
	leg_ended(leg);
}

static void on_response(void *arg, sip_txn txn, uint64_t owner, const struct sip_message *response,
			const struct sip_hop *from)
{
	struct leg *leg = shard_get_leg(arg, owner);
	if (!leg)
		return;
	switch (response->method) {
	case SIP_INVITE:
		leg_invite_response(leg, txn, response, from);
		return;
	case SIP_BYE:
		bye_response(leg, txn, response);
		return;
	case SIP_NOTIFY:
		refer_notify_response(leg, txn, response);
		return;
	default:
		return;
	}
}

static void on_failed(void *arg, sip_txn txn, uint64_t owner, enum sip_failure failure)
{
	struct leg *leg = shard_get_leg(arg, owner);
	char why[64];
	if (failure == SIP_FAILURE_UNACKED && leg && leg->awaiting_ack == txn) {
		leg->awaiting_ack = 0;
		leg_event(leg, LOG_LEVEL_WARNING, "event=no-ack answer=\"200 (INVITE)\"");
		if (leg->state == LEG_STATE_ENDING) {
			leg_bye(leg);
			return;
		}
		struct call *call = shard_get_call(leg->shard, leg->call);
		snprintf(why, sizeof(why), "the %s did not acknowledge our 200 to its INVITE",
			 leg_kind_name(leg->kind));
		call_leg_lost(call, leg, 408, why);
		return;
	}
	if (!leg)
		return;
	if (txn == leg->invite) {
		leg_invite_failed(leg, txn);
	} else if (txn == leg->bye) {
		leg->bye = 0;
		leg_ended(leg);
	} else {
		refer_notify_failed(leg, txn);
	}
}

/* ---- from the media */

static struct leg *owner_leg(struct shard **shard, uint64_t owner)
{
	return *shard ? shard_get_leg(*shard, owner) : NULL;
}

static void on_patched(void *arg, uint64_t cookie, int result, uint64_t dataplane_ns)
{
	struct shard *shard = *(struct shard **)arg;
	struct leg *leg = shard ? shard_get_leg(shard, cookie) : NULL;
	struct call *call = leg ? shard_get_call(shard, leg->call) : NULL;
	struct transfer *transfer = call ? shard_get_transfer(shard, call->transfer) : NULL;
	bool announced = transfer && transfer->state == TRANSFER_ANNOUNCING && leg->id == call->caller_leg;
	if (!transfer || (!announced && transfer->target_leg != leg->id))
		return; /* of an attempt that was given up */
	struct transfer_event event = {result < 0 ? TRANSFER_EVENT_PATCH_REFUSED : TRANSFER_EVENT_PATCHED};
	transfer_handle(transfer, &event);
}

static void prompt_ended(struct leg *leg)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	struct transfer *transfer = shard_get_transfer(leg->shard, call->transfer);
	struct transfer_event played = {TRANSFER_EVENT_PLAYED};
	if (transfer && transfer->state == TRANSFER_ANNOUNCING && call->caller_leg == leg->id)
		transfer_handle(transfer, &played);
}

static void on_media_event(void *arg, uint64_t owner, const struct xf_link_event *event)
{
	struct leg *leg = owner_leg(arg, owner);
	uint32_t type = event->event;
	char why[64];
	if (!leg)
		return;
	if (type == XF_EVENT_DIGIT) {
		leg_key_pressed(leg, event->digit, event->duration_ms);
		return;
	}
	char source[XF_SOCKADDR_STRLEN] = "-";
	if (event->source.addr.family)
		xf_sockaddr_format(&event->source, source);
	leg_event(leg, type == XF_EVENT_WRONG_SOURCE ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "event=%s source=%s",
		  xf_link_event_name(type), source);
	if (type == XF_EVENT_PROMPT_ENDED) {
		prompt_ended(leg);
		return;
	}
	if (type != XF_EVENT_MEDIA_TIMEOUT || !leg_fell_silent(leg, event->duration_ms))
		return;
	struct call *call = shard_get_call(leg->shard, leg->call);
	/* Waits for its BYE while caller and target talk, or to be asked again while the caller hears an announcement.
	 */
	if (call->agent_leg == leg->id && (call->target_leg || call->transfer))
		return;
	snprintf(why, sizeof(why), "no media from the %s", leg_kind_name(leg->kind));
	call_leg_lost(call, leg, 408, why);
}

static void on_admitted(void *arg, uint64_t waiter, int result)
{
	struct leg *leg = owner_leg(arg, waiter);
	if (leg)
		leg_admitted(leg, result);
}

static void on_refused(void *arg, uint64_t owner, struct xf_endpoint_id id, int result)
{
	struct leg *leg = owner_leg(arg, owner);
	char why[64];
	if (!leg)
		return;
	leg_event(leg, LOG_LEVEL_ERROR, "event=endpoint-refused error=%s", strerrordesc_np(-result));
	if (leg->endpoint.index != id.index || leg->state >= LEG_STATE_CANCELLING)
		return;
	struct call *call = shard_get_call(leg->shard, leg->call);
	snprintf(why, sizeof(why), "the dataplane refused the %s's endpoint", leg_kind_name(leg->kind));
	call_leg_lost(call, leg, 500, why);
}

static void on_link(void *arg, bool up)
{
	struct shard *shard = *(struct shard **)arg;
	if (shard)
		log_event(shard->env, up ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "event=link state=%s",
			  up ? "up" : "down");
}

static void on_copied(void *arg, uint64_t owner, const struct media_copy *copy)
{
	struct shard *shard = *(struct shard **)arg;
	if (shard)
		traffic_copied(shard, owner, copy);
}

struct media_user shard_media_user(struct shard **shard)
{
	return (struct media_user){.arg = shard,
				   .patched = on_patched,
				   .event = on_media_event,
				   .admitted = on_admitted,
				   .refused = on_refused,
				   .link_changed = on_link,
				   .copied = on_copied};
}

static void on_resolved(void *arg, uint64_t owner, const struct xf_sockaddr *addrs, unsigned count, const char *why)
{
	struct leg *leg = shard_get_leg(arg, owner);
	if (leg)
		leg_resolved(leg, addrs, count, why);
}

/* A peer of the configuration is known on its own network only: at another one's socket it would be told that
 * network's addresses. */
static bool is_known(const struct shard *shard, uint32_t network, const struct xf_addr *addr)
{
	const struct config *config = shard->config;
	struct source_match source;
	if (!source_find(config, addr, &source))
		return media_admits(shard->media, addr);
	return network == (source.role == XF_ROLE_PROVIDER ? config->providers[source.index].network
							   : config->agents[source.index].network);
}

/* Who is nobody's gets no answer. The dataplane has screened by the same table; this is for the time in between, when
 * it still lets in what was withdrawn here. */
void shard_datagram(struct shard *shard, uint32_t network, const struct xf_sockaddr *from, const void *data, size_t len)
{
	struct sip_hop hop = {network, *from};
	if (!is_known(shard, network, &from->addr)) {
		shard->counts.unknown_sources++;
		return;
	}
	sip_stack_receive(shard->sip, &hop, data, len);
	traffic_settle(shard);
}

void shard_resolved(struct shard *shard, uint64_t query, const struct xf_addr *addrs, unsigned count, const char *why)
{
	resolver_answered(shard->resolver, query, addrs, count, why);
}

/* ---- life */

const char *shard_own_address(const struct config *config, uint32_t network, char buf[static XF_SOCKADDR_STRLEN])
{
	struct xf_sockaddr shown = config->networks[network].sip;
	if (config->networks[network].advertise.family)
		shown.addr = config->networks[network].advertise;
	return xf_sockaddr_format(&shown, buf);
}

static struct sip_network *name_networks(const struct config *config)
{
	struct sip_network *networks = calloc(config->network_count, sizeof(*networks));
	for (uint32_t i = 0; networks && i < config->network_count; i++) {
		char text[XF_SOCKADDR_STRLEN];
		snprintf(networks[i].sent_by, sizeof(networks[i].sent_by), "%s", shard_own_address(config, i, text));
	}
	return networks;
}

int shard_create(struct shard **out, struct env *env, const struct config *config, struct media *media,
		 const struct shard_user *user)
{
	struct shard *shard = calloc(1, sizeof(*shard));
	struct sip_network *networks = name_networks(config);
	struct sip_user sip_user = {.arg = shard,
				    .traffic = traffic_passed,
				    .request = on_request,
				    .cancelled = on_cancelled,
				    .ack = on_ack,
				    .response = on_response,
				    .failed = on_failed};
	int r = -ENOMEM;
	if (!shard || !networks)
		goto err;
	shard->env = env;
	shard->config = config;
	shard->media = media;
	shard->user = *user;
	r = sip_stack_create(&shard->sip, env, &sip_user, networks, config->network_count, config->t1_ms,
			     config->user_agent);
	if (r < 0)
		goto err;
	r = resolver_create(&shard->resolver, env, on_resolved, shard);
	if (r < 0)
		goto err;
	free(networks);
	*out = shard;
	return 0;
err:
	free(networks);
	shard_destroy(shard);
	return r;
}

void shard_destroy(struct shard *shard)
{
	uint32_t at;
	void *object;
	if (!shard)
		return;
	for (at = 0; (object = pool_walk(&shard->transfers, &at));) {
		timer_stop(&shard->env->timers, &((struct transfer *)object)->deadline);
		free(object);
	}
	for (at = 0; (object = pool_walk(&shard->legs, &at));) {
		timer_stop(&shard->env->timers, &((struct leg *)object)->deadline);
		free(object);
	}
	for (at = 0; (object = pool_walk(&shard->calls, &at));) {
		timer_stop(&shard->env->timers, &((struct call *)object)->deadline);
		free(((struct call *)object)->trace);
		free(object);
	}
	for (unsigned i = 0; i < SHARD_FINISHED_MAX; i++)
		free(shard->finished[i]);
	resolver_destroy(shard->resolver);
	sip_stack_destroy(shard->sip);
	pool_fini(&shard->transfers);
	pool_fini(&shard->legs);
	pool_fini(&shard->calls);
	free(shard);
}

void shard_stop(struct shard *shard)
{
	uint32_t at = 0;
	struct call *call;
	shard->stopping = true;
	while ((call = pool_walk(&shard->calls, &at)))
		call_end(call, 503, "gateway stops");
}

bool shard_stopped(const struct shard *shard)
{
	return shard->stopping && shard->calls.count == 0;
}
