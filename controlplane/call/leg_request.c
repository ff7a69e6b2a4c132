/* Their requests inside a dialog (RFC 3261 12.2.2). Each is answered at the leg; what the call must know it is told. */
#include "call/shard.h"

#include <errno.h>

/* 0, or the status of what must be refused before the method is looked at. */
static int in_order(struct leg *leg, const struct sip_message *request)
{
	if (leg->remote_cseq && request->cseq <= leg->remote_cseq)
		return 500; /* RFC 3261 12.2.2: out of order */
	leg->remote_cseq = request->cseq;
	return 0;
}

static int reply_ok(struct leg *leg, sip_txn txn, const char *headers, const char *body, size_t len)
{
	char contact[128];
	struct sip_reply ok = {.status = 200,
			       .to_tag = leg->local_tag,
			       .contact = leg_contact(leg, contact, sizeof(contact)),
			       .headers = headers,
			       .content_type = body ? "application/sdp" : NULL,
			       .body = body,
			       .body_len = len};
	return sip_respond(leg->shard->sip, txn, &ok);
}

static void take_target(struct leg *leg, const struct sip_message *request)
{
	/* The 2xx to our INVITE names the target; until then all that we may still send is that INVITE with
	 * credentials, and it goes where policy let the first one go. */
	if (leg->ours && leg->state < LEG_STATE_CONNECTED)
		return;
	if (!leg_can_reach(&request->contact.uri) || strcmp(leg->remote_target, request->contact.uri.text) == 0)
		return;
	snprintf(leg->remote_target, sizeof(leg->remote_target), "%s", request->contact.uri.text);
	leg_find_hop(leg);
}

static void bye(struct leg *leg, sip_txn txn)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	reply_ok(leg, txn, NULL, NULL, 0);
	switch (leg->state) {
	case LEG_STATE_CALLING:
	case LEG_STATE_RINGING:
		if (leg->ours)
			return; /* the called side has no right to it: its final answer is what counts */
		leg_release(leg, 487, "hung up");
		break;
	case LEG_STATE_CONNECTED:
		snprintf(leg->reason, sizeof(leg->reason), "hung up");
		leg_ended(leg);
		break;
	default:
		/* Our own BYE is under way: both are answered, and that one's answer ends the leg. Or it waits for an
		 * ACK that will not come. */
		if (leg->awaiting_ack)
			leg_ended(leg);
		return;
	}
	call_leg_gone(call, leg, NULL);
}

/* A new offer: answered from the leg's own state, at once; a hold pauses the patch and goes no further. */
static void new_offer(struct leg *leg, sip_txn txn, const struct sip_message *request)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	char why[160] = "", text[SDP_MAX], headers[256] = "";
	bool offer = leg_has_sdp(request);
	if (request->body_len && !offer) {
		shard_reply(leg->shard, txn, 415, "only application/sdp is understood");
		return;
	}
	if (offer) {
		int status = leg_take_offer(leg, request, why, sizeof(why));
		if (status) {
			shard_reply(leg->shard, txn, status, why);
			return;
		}
	} else if (request->method == SIP_INVITE) {
		leg_make_reoffer(leg);
	}
	int n = leg_sdp_text(leg, !offer, text, sizeof(text));
	if (n < 0) {
		shard_reply(leg->shard, txn, 500, NULL);
		return;
	}
	if (request->method == SIP_INVITE) {
		leg->awaiting_ack = txn;
		leg->ack_cseq = request->cseq;
	}
	sip_headers_add(headers, sizeof(headers), "Allow", "%s", inbound_allow);
	if (request->method == SIP_UPDATE && !offer)
		reply_ok(leg, txn, headers, NULL, 0);
	else if (reply_ok(leg, txn, headers, text, (size_t)n) < 0)
		leg->awaiting_ack = 0; /* nothing went out that could be acknowledged */
	if (offer) {
		leg_event(leg, LOG_LEVEL_INFO, "event=re-offer direction=%u", leg->remote_sdp.direction);
		call_patch(call, false, 0, NULL);
	}
}

static void reinvite(struct leg *leg, sip_txn txn, const struct sip_message *request)
{
	bool early = leg->state == LEG_STATE_CALLING || leg->state == LEG_STATE_RINGING;
	if (leg->ours && (early || leg->ack_pending)) {
		shard_reply(leg->shard, txn, 491, "an INVITE of ours is under way in this dialog");
		return;
	}
	if (early || leg->awaiting_ack) {
		struct sip_reply reply = {.status = 500, .headers = "Retry-After: 1\r\n"};
		sip_respond(leg->shard->sip, txn, &reply);
		return;
	}
	take_target(leg, request);
	new_offer(leg, txn, request);
}

void leg_request_received(struct leg *leg, sip_txn txn, const struct sip_message *request, const struct sip_hop *from)
{
	int status = in_order(leg, request);
	if (status) {
		shard_reply(leg->shard, txn, status, "CSeq is not above the last one of this dialog");
		return;
	}
	if (leg->state == LEG_STATE_ENDED || (leg->state >= LEG_STATE_CANCELLING && request->method != SIP_BYE)) {
		shard_reply(leg->shard, txn, 481, NULL);
		return;
	}
	if (request->method != SIP_BYE && !inbound_require_nothing(leg->shard, txn, request))
		return;
	switch (request->method) {
	case SIP_BYE:
		bye(leg, txn);
		return;
	case SIP_INVITE:
		reinvite(leg, txn, request);
		return;
	case SIP_UPDATE:
		if (leg_has_sdp(request) && (leg->offered || !leg->agreed || leg->awaiting_ack)) {
			shard_reply(leg->shard, txn, leg->offered ? 491 : 500, "an offer of this dialog is under way");
			return;
		}
		take_target(leg, request);
		new_offer(leg, txn, request);
		return;
	case SIP_OPTIONS: {
		char headers[256] = "";
		sip_headers_add(headers, sizeof(headers), "Allow", "%s", inbound_allow);
		reply_ok(leg, txn, headers, NULL, 0);
		return;
	}
	case SIP_REFER:
		refer_received(leg, txn, request);
		return;
	case SIP_INFO:
		if (request->body_len)
			shard_reply(leg->shard, txn, 415, "no INFO package is understood");
		else
			reply_ok(leg, txn, NULL, NULL, 0);
		return;
	case SIP_NOTIFY:
	case SIP_PRACK:
		shard_reply(leg->shard, txn, 481, NULL);
		return;
	case SIP_SUBSCRIBE:
		shard_reply(leg->shard, txn, 403, "the subscription of a REFER lasts as long as its transfer");
		return;
	default:
		shard_reply(leg->shard, txn, 405, NULL);
	}
}

void leg_ack_received(struct leg *leg, const struct sip_message *ack)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	char why[128];
	if (!leg->awaiting_ack || ack->cseq != leg->ack_cseq)
		return; /* a late copy of an earlier one */
	sip_acked(leg->shard->sip, leg->awaiting_ack);
	leg->awaiting_ack = 0;
	if (leg->state == LEG_STATE_ENDING) {
		leg_bye(leg);
		return;
	}
	if (!leg->offered)
		return;
	/* They offered late: our 2xx had the offer, so the ACK has the answer (RFC 3261 13.2.1). */
	if (leg_has_sdp(ack) && leg_take_answer(leg, ack, why, sizeof(why)) == 0) {
		call_patch(call, false, 0, NULL);
		return;
	}
	leg->offered = false;
	if (leg->agreed)
		return; /* a late re-offer without an answer: what was agreed stays */
	snprintf(why, sizeof(why), "no usable SDP in the %s's ACK", leg_kind_name(leg->kind));
	call_leg_lost(call, leg, 488, why);
}
