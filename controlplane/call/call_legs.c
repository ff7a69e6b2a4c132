/* What legs tell their call, and what follows for the other legs. */
#include "call/shard.h"
#include "xfergate/fault.h"

static unsigned callers_codecs(const struct call *call, struct sdp_codec *codecs)
{
	const struct leg *caller = shard_leg(call->shard, call->caller_leg);
	/* One whose late answer is still to come has been offered the codec that it will have. */
	if (caller && (caller->agreed || caller->offered)) {
		memcpy(codecs, caller->local_sdp.codecs, sizeof(caller->local_sdp.codecs));
		return caller->local_sdp.codec_count;
	}
	if (caller && caller->remote_sdp.codec_count) {
		memcpy(codecs, caller->remote_sdp.codecs, sizeof(caller->remote_sdp.codecs));
		return caller->remote_sdp.codec_count;
	}
	return leg_default_codecs(codecs);
}

unsigned call_offer_codecs(const struct call *call, struct sdp_codec *codecs)
{
	return codecs_with_both_laws(codecs, callers_codecs(call, codecs));
}

/* By the codec that `other` will send: of two laws that its answer has, the first. */
static int answer_as(struct leg *caller, const struct leg *other)
{
	struct sdp_codec codecs[SDP_CODEC_MAX];
	memcpy(codecs, other->local_sdp.codecs, sizeof(codecs));
	return leg_make_answer(caller, codecs, codecs_one_audio(codecs, other->local_sdp.codec_count, false));
}

static void offer_as(struct leg *caller, const struct leg *other)
{
	struct sdp_codec codecs[SDP_CODEC_MAX];
	memcpy(codecs, other->local_sdp.codecs, sizeof(codecs));
	leg_make_offer(caller, codecs, codecs_with_both_laws(codecs, other->local_sdp.codec_count));
}

/* Whatever the caller is told before it is connected. media: `other` is heard from now on. */
void call_tell_caller(struct call *call, struct leg *other, int status, bool media)
{
	struct leg *caller = shard_get_leg(call->shard, call->caller_leg);
	char text[SDP_MAX], contact[128];
	if (!caller || caller->state > LEG_STATE_RINGING || !caller->invite)
		return;
	if (media && !caller->agreed && caller->remote_sdp.codec_count && answer_as(caller, other))
		media = false;
	const char *tag = XF_FAULT("two-tags") ? other->local_tag : caller->local_tag;
	struct sip_reply reply = {
	    .status = status, .to_tag = tag, .contact = leg_contact(caller, contact, sizeof(contact))};
	if (media && caller->agreed) {
		int n = leg_sdp_text(caller, false, text, sizeof(text));
		if (n > 0) {
			reply.status = 183;
			reply.content_type = "application/sdp";
			reply.body = text;
			reply.body_len = (size_t)n;
		}
	}
	caller->state = LEG_STATE_RINGING;
	sip_respond(call->shard->sip, caller->invite, &reply);
}

static void offer_own(struct leg *caller)
{
	struct sdp_codec codecs[SDP_CODEC_MAX];
	leg_make_offer(caller, codecs, leg_default_codecs(codecs));
}

static int answer_own(struct leg *caller)
{
	struct sdp_codec codecs[SDP_CODEC_MAX];
	const struct sdp *offer = &caller->remote_sdp;
	return leg_make_answer(caller, codecs, codecs_own(codecs, offer->codecs, offer->codec_count));
}

/* By the codec that `other` took; NULL: for what the gateway plays. 0, or a SIP status and why: no codec in common. */
static int answer_caller(struct call *call, struct leg *other, char *why, size_t why_size)
{
	struct leg *caller = shard_get_leg(call->shard, call->caller_leg);
	char text[SDP_MAX], contact[128], headers[256] = "";
	bool late = !caller->remote_sdp.codec_count;
	if (late && other) {
		offer_as(caller, other);
	} else if (late) {
		offer_own(caller);
	} else if (!caller->agreed) {
		int status = other ? answer_as(caller, other) : answer_own(caller);
		if (status) {
			snprintf(why, why_size, "caller and %s have no codec in common",
				 other ? leg_kind_name(other->kind) : "the gateway's sounds");
			return status;
		}
	}
	int n = leg_sdp_text(caller, late, text, sizeof(text));
	if (n < 0) {
		snprintf(why, why_size, "SDP too large");
		return 500;
	}
	sip_headers_add(headers, sizeof(headers), "Allow", "%s", inbound_allow);
	struct sip_reply ok = {.status = 200,
			       .to_tag = caller->local_tag,
			       .contact = leg_contact(caller, contact, sizeof(contact)),
			       .headers = headers,
			       .content_type = "application/sdp",
			       .body = text,
			       .body_len = (size_t)n};
	if (sip_respond(call->shard->sip, caller->invite, &ok) < 0) {
		snprintf(why, why_size, "our answer does not fit");
		return 513;
	}
	caller->awaiting_ack = caller->invite;
	caller->ack_cseq = caller->invite_cseq;
	caller->invite = 0;
	caller->state = LEG_STATE_CONNECTED;
	leg_watch(caller, false);
	caller->answered_ns = call->answered_ns = call->shard->env->now_ns;
	call->shard->counts.calls_answered++;
	leg_event(caller, LOG_LEVEL_INFO, "event=answered");
	call_start_timer(call);
	return 0;
}

int call_answer_caller(struct call *call, struct leg *other, char *why, size_t why_size)
{
	return answer_caller(call, other, why, why_size);
}

int call_answer_caller_alone(struct call *call, char *why, size_t why_size)
{
	return answer_caller(call, NULL, why, why_size);
}

static void to_transfer(struct call *call, struct leg *leg, enum transfer_event_type type, int status,
			const char *reason)
{
	struct transfer *transfer = shard_get_transfer(call->shard, call->transfer);
	struct transfer_event event = {type, status, reason};
	if (transfer && transfer->target_leg == leg->id)
		transfer_handle(transfer, &event);
}

void call_leg_progress(struct call *call, struct leg *leg, int status, bool media)
{
	call_note(call, leg->kind == LEG_TARGET ? CALL_EVENT_TARGET_PROGRESS : CALL_EVENT_AGENT_PROGRESS);
	leg_event(leg, LOG_LEVEL_INFO, "event=progress status=%d media=%s", status, media ? "yes" : "no");
	if (leg->kind == LEG_TARGET)
		to_transfer(call, leg, TRANSFER_EVENT_PROGRESS, status, NULL);
	call_tell_caller(call, leg, status, media);
	call_patch(call, leg->kind == LEG_TARGET, 0, NULL);
}

void call_leg_answered(struct call *call, struct leg *leg)
{
	char why[128];
	call_note(call, leg->kind == LEG_TARGET ? CALL_EVENT_TARGET_ANSWERED : CALL_EVENT_AGENT_ANSWERED);
	if (leg->kind == LEG_TARGET) {
		to_transfer(call, leg, TRANSFER_EVENT_ANSWERED, 200, NULL);
		return;
	}
	if (call->state != CALL_ARRIVING) {
		leg_release(leg, 487, "not wanted any more");
		return;
	}
	int status = call_answer_caller(call, leg, why, sizeof(why));
	if (status) {
		call_end(call, status, why);
		return;
	}
	call_set_state(call, CALL_AGENT);
	call_patch(call, false, 0, NULL);
}

static bool start_plan(struct call *call, uint32_t plan, enum transfer_origin origin)
{
	char why[TRANSFER_REASON_MAX], quoted[TRANSFER_REASON_MAX + 32];
	struct transfer *transfer = plan == XF_NONE ? NULL : transfer_create(call, origin);
	if (!transfer)
		return false;
	int status = transfer_plan_set(transfer, plan, why, sizeof(why));
	if (status) {
		log_event(call->shard->env, LOG_LEVEL_ERROR, "call=%s event=plan-refused plan=%s status=%d reason=%s",
			  call->text_id, call->shard->config->plans[plan].name, status,
			  log_quote(quoted, sizeof(quoted), why));
		call->shard->counts.transfers_refused++;
		transfer_discard(transfer);
		return false;
	}
	transfer_start(transfer);
	return true;
}

int call_callers_status(int status)
{
	bool ours = status < 400 || status == 401 || status == 403 || status == 407 || status == 482 || status == 483;
	return ours ? 480 : status;
}

static void agent_fails(struct call *call, int status)
{
	const struct config_route *route = &call->shard->config->routes[call->route];
	if (XF_FAULT("impossible-cell"))
		call_note(call, CALL_EVENT_AGENT_LOST);
	if (call->state != CALL_ARRIVING || start_plan(call, route->fails_plan, TRANSFER_FROM_AGENT_FAILS))
		return;
	call_end(call, route->fails_code ? route->fails_code : call_callers_status(status), "the agent did not answer");
}

void call_leg_failed(struct call *call, struct leg *leg, int status, const char *reason)
{
	char quoted[192];
	call_note(call, leg->kind == LEG_TARGET ? CALL_EVENT_TARGET_FAILED : CALL_EVENT_AGENT_FAILED);
	leg_event(leg, LOG_LEVEL_WARNING, "event=failed status=%d reason=%s", status,
		  log_quote(quoted, sizeof(quoted), reason));
	if (leg->kind == LEG_TARGET)
		to_transfer(call, leg, TRANSFER_EVENT_FAILED, status, reason);
	else
		agent_fails(call, status);
}

void call_leg_ringing_too_long(struct call *call, struct leg *leg)
{
	if (leg->kind != LEG_AGENT)
		return;
	call_note(call, CALL_EVENT_AGENT_RINGS_TOO_LONG);
	leg_release(leg, 408, "the agent did not answer in its ring time");
	call_leg_failed(call, leg, 408, "the agent did not answer in its ring time");
}

void call_agent_lost(struct call *call, const char *reason)
{
	call_note(call, CALL_EVENT_AGENT_LOST);
	if (XF_FAULT("caller-left-when-agent-leaves"))
		return;
	if (!start_plan(call, call->shard->config->routes[call->route].lost_plan, TRANSFER_FROM_AGENT_LOST))
		call_end(call, 480, reason ? reason : "agent hung up");
}

static void agent_gone(struct call *call, struct leg *leg, const char *reason)
{
	struct transfer *transfer = shard_get_transfer(call->shard, call->transfer);
	struct transfer_event event = {TRANSFER_EVENT_AGENT_GONE};
	if (transfer) {
		transfer_handle(transfer, &event);
		return;
	}
	if (call->state == CALL_ARRIVING)
		agent_fails(call, 480);
	else if (call->state == CALL_AGENT)
		call_agent_lost(call, reason);
}

void call_leg_gone(struct call *call, struct leg *leg, const char *reason)
{
	const struct transfer *transfer = shard_get_transfer(call->shard, call->transfer);
	call_note(call, leg->kind == LEG_CALLER	 ? CALL_EVENT_CALLER_GONE
			: leg->kind == LEG_AGENT ? CALL_EVENT_AGENT_GONE
						 : CALL_EVENT_TARGET_GONE);
	switch (leg->kind) {
	case LEG_CALLER:
		call_end(call, 487, reason ? reason : "hung up");
		return;
	case LEG_AGENT:
		agent_gone(call, leg, reason);
		return;
	default:
		/* Also when the caller never had an agent, and the call is not TRANSFERRING. */
		if (transfer && transfer->state < TRANSFER_REPORTING)
			to_transfer(call, leg, TRANSFER_EVENT_FAILED, 480, reason ? reason : "hung up");
		else if (call->target_leg == leg->id)
			call_end(call, 480, reason ? reason : "target hung up");
	}
}

void call_leg_lost(struct call *call, struct leg *leg, int status, const char *reason)
{
	leg_release(leg, status, reason);
	call_leg_gone(call, leg, reason);
}
