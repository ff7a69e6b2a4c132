/* An INVITE of ours: look the host up, have the dataplane let the answers in, send, and take what comes back. */
#include "call/shard.h"
#include "policy/guard.h"

#include <errno.h>

/* The look-up's answer comes on a later turn, but a refusal does not: it must not reach the call from inside leg_dial.
 */
static void fail_soon(struct leg *leg, int status, const char *reason)
{
	leg_say_reason(leg, status, reason);
	leg_set_deadline(leg, 0);
}

void leg_dial_failed(struct leg *leg)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	leg_ended(leg);
	call_leg_failed(call, leg, leg->final_status, leg->reason);
}

static void failed(struct leg *leg, int status, const char *reason)
{
	leg_say_reason(leg, status, reason);
	leg_dial_failed(leg);
}

void leg_dial(struct leg *leg, const struct sip_uri *uri, const char *headers)
{
	struct shard *shard = leg->shard;
	leg->ours = true;
	leg->state = LEG_STATE_RESOLVING;
	snprintf(leg->invite_headers, sizeof(leg->invite_headers), "%s", headers ? headers : "");
	snprintf(leg->host, sizeof(leg->host), "%s", uri->host);
	char token[25];
	env_random_token(shard->env, token, 24);
	snprintf(leg->call_id, sizeof(leg->call_id), "0-%s", token);
	shard_tag_add(shard, leg);
	int r = resolver_ask(shard->resolver, leg->id, uri);
	if (r == -ENOTSUP)
		fail_soon(leg, 503, "only SIP over UDP is spoken here: leave out sips: and ;transport=");
	else if (r < 0)
		fail_soon(leg, 503, "its host cannot be looked up");
}

/* The first address that policy allows and that the kernel can reach, by the network that the leg must use if any. */
static int choose(struct leg *leg, const struct xf_sockaddr *addrs, unsigned count, char *why, size_t why_size)
{
	const struct config *config = leg->shard->config;
	const struct seam *seam = leg->shard->env->seam;
	const struct call *call = shard_call(leg->shard, leg->call);
	bool guarded = leg->kind == LEG_TARGET && leg->provider == XF_NONE;
	snprintf(why, why_size, "no route to any address of it");
	for (unsigned i = 0; i < count; i++) {
		struct seam_route route;
		struct verdict verdict = {.allowed = true};
		if (guarded)
			guard_address(config, leg->by_operator ? XF_NONE : call->agent, &addrs[i].addr, leg->host,
				      &verdict);
		if (!verdict.allowed) {
			snprintf(why, why_size, "%s", verdict.reason);
			leg->by_peer = true; /* what the look-up told us is not for the one who named the host */
			continue;
		}
		if (seam->route(seam->arg, &addrs[i].addr, &route) < 0 ||
		    (leg->network != XF_NONE && route.network != leg->network))
			continue;
		if (config->networks[route.network].sip.addr.family != addrs[i].addr.family)
			continue;
		leg->network = route.network;
		leg->hop = addrs[i];
		return 0;
	}
	return -ENETUNREACH;
}

static void send_invite(struct leg *leg)
{
	char text[SDP_MAX];
	struct leg_request request = {.method = SIP_INVITE, .headers = leg->invite_headers};
	int n = leg_sdp_text(leg, true, text, sizeof(text));
	if (n < 0) {
		failed(leg, 500, "SDP too large");
		return;
	}
	request.content_type = "application/sdp";
	request.body = text;
	request.body_len = (size_t)n;
	leg->invite_cseq = leg->local_cseq + 1;
	if (leg_send(leg, &request, &leg->invite) < 0) {
		failed(leg, 500, "INVITE too large");
		return;
	}
	char hop[XF_SOCKADDR_STRLEN], quoted[256];
	leg->state = LEG_STATE_CALLING;
	leg_event(leg, LOG_LEVEL_INFO, "event=invite to=%s uri=%s", xf_sockaddr_format(&leg->hop, hop),
		  log_quote(quoted, sizeof(quoted), leg->remote_target));
}

/* From of a leg whose network only the look-up told: our address there. */
static void name_ourselves(struct leg *leg)
{
	char host[XF_SOCKADDR_STRLEN], user[CALL_NUMBER_MAX * 3];
	snprintf(leg->local, sizeof(leg->local), "<sip:%s@%s>", sip_user_escape(user, sizeof(user), leg->local_user),
		 shard_own_address(leg->shard->config, leg->network, host));
}

static void admit_then_invite(struct leg *leg)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	struct sdp_codec codecs[SDP_CODEC_MAX];
	int r = leg_open_media(leg);
	if (r < 0) {
		failed(leg, 503, r == -ENOSPC ? "no media port is free" : "the dataplane is not connected");
		return;
	}
	if (!*leg->local)
		name_ourselves(leg);
	leg_make_offer(leg, codecs, call_offer_codecs(call, codecs));
	leg->state = LEG_STATE_ADMITTING;
	r = leg_admit(leg, &leg->hop.addr);
	if (r == 0)
		send_invite(leg);
	else if (r != -EINPROGRESS)
		failed(leg, 503, "the dataplane cannot let its answers in");
}

void leg_resolved(struct leg *leg, const struct xf_sockaddr *addrs, unsigned count, const char *why)
{
	char text[256];
	if (leg->state == LEG_STATE_RESOLVING) {
		if (count == 0) {
			snprintf(text, sizeof(text), "host %.100s: %.120s", leg->host, why ? why : "not found");
			failed(leg, 404, text);
		} else if (choose(leg, addrs, count, text, sizeof(text)) < 0) {
			failed(leg, 403, text);
		} else {
			admit_then_invite(leg);
		}
		return;
	}
	/* The next hop inside a dialog that names it by name; if it cannot be found we stay with where answers come
	 * from. */
	for (unsigned i = 0; i < count; i++) {
		int r = leg_move_hop(leg, &addrs[i]);
		if (r == -EINPROGRESS)
			return;
		if (r == 0)
			break;
	}
	if (leg->ack_pending)
		leg_send_ack(leg);
}

void leg_admitted(struct leg *leg, int result)
{
	if (leg->state == LEG_STATE_ADMITTING) {
		if (result < 0)
			failed(leg, 503, "the dataplane cannot let its answers in");
		else
			send_invite(leg);
		return;
	}
	if (result == 0 && leg->next_hop.addr.family)
		leg->hop = leg->next_hop;
	leg->next_hop = (struct xf_sockaddr){0};
	if (leg->ack_pending)
		leg_send_ack(leg);
}

/* ---- answers */

static void provisional(struct leg *leg, const struct sip_message *response)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	char why[128];
	bool media = false;
	/* 199 ends an early dialog (RFC 6228): that branch's, not the caller's. */
	if (response->status == 100 || response->status == 199 ||
	    (leg->state != LEG_STATE_CALLING && leg->state != LEG_STATE_RINGING))
		return;
	leg->state = LEG_STATE_RINGING;
	/* RFC 3261 12.1: a tag begins an early dialog, SDP or not. Of several the one that is heard speaks, else the
	 * last. */
	if (*response->to.tag && (!leg->agreed || !*leg->remote_tag))
		leg_take_tag(leg, response->to.tag);
	/* They share the endpoint: the first SDP is heard, the 2xx's counts. */
	if (leg_has_sdp(response) && !leg->agreed)
		media = leg_take_answer(leg, response, why, sizeof(why)) == 0;
	call_leg_progress(call, leg, response->status, media);
}

/* Another branch of a forked INVITE has answered too (RFC 3261 13.2.2.4): acknowledged and ended, unseen by the call.
 */
static void end_fork(struct leg *leg, const struct sip_message *response)
{
	struct leg other = *leg;
	struct leg_request request = {.method = SIP_BYE};
	sip_txn txn;
	leg_dialog_from_response(&other, response);
	leg_send_ack(&other);
	leg_send(&other, &request, &txn);
	sip_disown(leg->shard->sip, txn);
	leg->local_cseq = other.local_cseq; /* its 2xx may come again, and no number or nonce count is used twice */
	leg->nonce_count = other.nonce_count;
	leg_event(leg, LOG_LEVEL_INFO, "event=second-answer action=ended");
}

static void answered(struct leg *leg, const struct sip_message *response)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	char why[128] = "";
	bool wanted = leg->state == LEG_STATE_CALLING || leg->state == LEG_STATE_RINGING;
	int status = 0;
	if (leg->dialog) {
		if (strcmp(response->to.tag, leg->remote_tag) != 0)
			end_fork(leg, response);
		else /* repeated: it has waited long enough, and goes to where the answer came from if it must */
			leg_send_ack(leg);
		return;
	}
	/* Of another early dialog than the one whose media we heard: its own SDP counts now. */
	if (leg->agreed && strcmp(response->to.tag, leg->remote_tag) != 0)
		leg->offered = true;
	leg_dialog_from_response(leg, response);
	leg->ack_pending = true;
	if (wanted && (!leg->agreed || leg->offered)) {
		if (leg_has_sdp(response))
			status = leg_take_answer(leg, response, why, sizeof(why));
		else
			status = 488, snprintf(why, sizeof(why), "answered without SDP");
	}
	leg->state = LEG_STATE_CONNECTED;
	leg->answered_ns = leg->shard->env->now_ns;
	timer_stop(&leg->shard->env->timers, &leg->deadline);
	leg_find_hop(leg);
	if (!wanted) { /* it crossed our CANCEL */
		leg_release(leg, 487, "answered after it was cancelled");
		return;
	}
	if (status) {
		leg_release(leg, status, why);
		call_leg_failed(call, leg, status, why);
		return;
	}
	leg_event(leg, LOG_LEVEL_INFO, "event=answered");
	leg_watch(leg, false);
	call_leg_answered(call, leg);
}

static void refused(struct leg *leg, int status, const char *reason)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	bool cancelled = leg->state == LEG_STATE_CANCELLING;
	leg->invite = 0;
	leg_say_reason(leg, status, reason);
	leg_ended(leg);
	if (!cancelled)
		call_leg_failed(call, leg, status, reason);
}

void leg_invite_response(struct leg *leg, sip_txn txn, const struct sip_message *response, const struct sip_hop *from)
{
	char why[160];
	if (txn != leg->invite)
		return;
	leg->by_peer = response->status >= 300 && !leg->final_status;
	if (response->status < 200) {
		provisional(leg, response);
	} else if (response->status < 300) {
		answered(leg, response);
	} else if ((response->status == 401 || response->status == 407) && leg->state != LEG_STATE_CANCELLING) {
		if (leg_authenticate(leg, &leg->invite, response, why, sizeof(why)) == 0) {
			leg->state = LEG_STATE_CALLING;
			leg_take_tag(leg, ""); /* the challenge ended the early dialogs of the INVITE before */
			return;
		}
		char text[256];
		snprintf(text, sizeof(text), "%d %.60s: %.150s", response->status, response->reason, why);
		refused(leg, response->status, text);
	} else {
		refused(leg, response->status, response->reason);
	}
}

void leg_invite_failed(struct leg *leg, sip_txn txn)
{
	refused(leg, 408, "no answer to the INVITE");
}
