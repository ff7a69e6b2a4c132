#include "call/shard.h"
#include "policy/source.h"
#include "xfergate/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

void leg_event(const struct leg *leg, enum log_level level, const char *format, ...)
{
	char text[640];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	const struct call *call = shard_call(leg->shard, leg->call);
	log_event(leg->shard->env, level, "call=%s leg=%s %s", call ? call->text_id : "-", leg_kind_name(leg->kind),
		  text);
}

/* Frees an ended leg, unless a transfer still reports in its dialog; transfer_done tries again. */
static void try_free(struct leg *leg)
{
	struct shard *shard = leg->shard;
	struct call *call = shard_get_call(shard, leg->call);
	struct transfer *transfer = call ? shard_get_transfer(shard, call->transfer) : NULL;
	if (transfer && (transfer->refer_leg == leg->id || transfer->target_leg == leg->id))
		return;
	for (unsigned i = 0; i < leg->admitted_count && !XF_FAULT("address-kept"); i++)
		media_release_address(shard->media, &leg->admitted[i]);
	timer_stop(&shard->env->timers, &leg->deadline);
	resolver_forget(shard->resolver, leg->id);
	shard_tag_del(shard, leg);
	traffic_leg_gone(shard, leg);
	pool_remove(&shard->legs, leg->id);
	if (call) {
		if (call->caller_leg == leg->id)
			call->caller_leg = 0;
		if (call->agent_leg == leg->id)
			call->agent_leg = 0;
		if (call->target_leg == leg->id)
			call->target_leg = 0;
	}
	explicit_bzero(&leg->challenge, sizeof(leg->challenge));
	if (!XF_FAULT("leg-kept"))
		free(leg);
	if (call) {
		call->leg_count--;
		call_settle(call);
	}
}

static void deadline(void *arg, struct timer *timer)
{
	struct leg *leg = arg;
	struct call *call = shard_get_call(leg->shard, leg->call);
	switch (leg->state) {
	case LEG_STATE_RESOLVING:
		if (leg->final_status) {
			leg_dial_failed(leg);
			return;
		}
		call_leg_ringing_too_long(call, leg);
		return;
	case LEG_STATE_ADMITTING:
	case LEG_STATE_CALLING:
	case LEG_STATE_RINGING:
		call_leg_ringing_too_long(call, leg);
		return;
	case LEG_STATE_CONNECTED:
		return;
	case LEG_STATE_CANCELLING:
	case LEG_STATE_ENDING:
		leg_event(leg, LOG_LEVEL_WARNING, "event=forgotten state=%s", leg_state_name(leg->state));
		leg_ended(leg);
		return;
	case LEG_STATE_ENDED:
		try_free(leg);
		return;
	}
}

struct leg *leg_create(struct call *call, enum leg_kind kind)
{
	struct shard *shard = call->shard;
	struct leg *leg = calloc(1, sizeof(*leg));
	if (!leg)
		return NULL;
	leg->id = pool_add(&shard->legs, leg);
	if (!leg->id) {
		free(leg);
		return NULL;
	}
	call->leg_count++;
	leg->call = call->id;
	leg->kind = (uint8_t)kind;
	leg->number = ++call->legs_of_kind[kind];
	leg->provider = leg->agent = leg->sip_server = XF_NONE;
	leg->endpoint.index = leg->feed.index = XF_ENDPOINT_NONE;
	leg->started_ns = shard->env->now_ns;
	leg->shard = shard;
	leg->deadline.expired = deadline;
	leg->deadline.arg = leg;
	env_random_token(shard->env, leg->local_tag, 16);
	leg->local_cseq = (uint32_t)(env_random64(shard->env) & 0xffff) + 1;
	return leg;
}

int leg_open_media(struct leg *leg)
{
	int r = media_open(leg->shard->media, leg->network, leg->call, leg->id, &leg->endpoint);
	if (r == 0)
		traffic_leg_media(leg);
	return r;
}

void leg_set_deadline(struct leg *leg, uint64_t ns_from_now)
{
	timer_set(&leg->shard->env->timers, &leg->deadline, leg->shard->env->now_ns + ns_from_now);
}

int leg_admit(struct leg *leg, const struct xf_addr *addr)
{
	for (unsigned i = 0; i < leg->admitted_count; i++)
		if (xf_addr_eq(&leg->admitted[i], addr))
			return 0;
	if (leg->admitted_count == LEG_ADMITTED_MAX)
		return -ENOSPC;
	int r = media_admit_address(leg->shard->media, addr, leg->id);
	if (r == 0 || r == -EINPROGRESS)
		leg->admitted[leg->admitted_count++] = *addr;
	return r;
}

static void give_back(struct leg *leg)
{
	struct call *call = shard_get_call(leg->shard, leg->call);
	if (leg->endpoint.index == XF_ENDPOINT_NONE)
		return;
	struct xf_endpoint_id closed = leg->endpoint;
	leg->endpoint.index = XF_ENDPOINT_NONE;
	leg->agreed = false;
	/* First the others stop hearing it, then it closes: a receiver never names an endpoint that is gone. */
	if (call)
		call_patch(call, false, 0, NULL);
	if (!(XF_FAULT("endpoint-kept-after-cancel") && leg->state == LEG_STATE_CANCELLING))
		media_close(leg->shard->media, closed);
}

void leg_ended(struct leg *leg)
{
	if (leg->state == LEG_STATE_ENDED)
		return;
	leg->state = LEG_STATE_ENDED;
	leg->ack_pending = false;
	sip_acked(leg->shard->sip, leg->awaiting_ack); /* its BYE says that it has our answer */
	leg->awaiting_ack = 0;
	give_back(leg);
	double seconds = leg->answered_ns ? (double)(leg->shard->env->now_ns - leg->answered_ns) / 1e9 : 0;
	char cost[64] = "", quoted[160];
	if (leg->kind == LEG_TARGET && leg->provider != XF_NONE) {
		const struct config_provider *p = &leg->shard->config->providers[leg->provider];
		if (*p->currency)
			snprintf(cost, sizeof(cost), " cost=%.4f currency=%s", seconds / 60 * p->cost_per_minute,
				 p->currency);
	}
	leg_event(leg, LOG_LEVEL_INFO, "event=ended status=%d reason=%s talked_s=%.1f%s", leg->final_status,
		  log_quote(quoted, sizeof(quoted), leg->reason), seconds, cost);
	leg_set_deadline(leg, 0);
}

void leg_say_reason(struct leg *leg, int status, const char *reason)
{
	if (!leg->final_status)
		leg->final_status = status;
	if (!*leg->reason && reason)
		snprintf(leg->reason, sizeof(leg->reason), "%.*s", (int)sizeof(leg->reason) - 1, reason);
}

/* What a transaction and its 2xx's wait at most, and a little more: the stack's own time-outs come first. */
static uint64_t longer_than_any_transaction(const struct leg *leg)
{
	return 64 * leg->shard->config->t1_ms * NS_PER_MS + 8 * NS_PER_S;
}

void leg_bye(struct leg *leg)
{
	char headers[256] = "", quoted[160];
	if (leg->final_status >= 300)
		sip_headers_add(headers, sizeof(headers), "Reason", "SIP;cause=%d;text=%s", leg->final_status,
				log_quote(quoted, sizeof(quoted), leg->reason));
	struct leg_request request = {.method = SIP_BYE, .headers = headers};
	leg->state = LEG_STATE_ENDING;
	give_back(leg);
	leg_set_deadline(leg, longer_than_any_transaction(leg));
	/* RFC 3261 15: the called side hears first that we have its answer, and the calling side is first heard to have
	 * ours; a BYE that overtakes our 200 would leave it in a call with nobody. */
	if (leg->ack_pending)
		leg_send_ack(leg);
	if (leg->awaiting_ack && !leg->ours && leg->ack_cseq == leg->invite_cseq)
		return;
	sip_acked(leg->shard->sip, leg->awaiting_ack);
	leg->awaiting_ack = 0;
	if (leg_send(leg, &request, &leg->bye) < 0)
		leg_ended(leg);
}

void leg_release(struct leg *leg, int status, const char *reason)
{
	leg_say_reason(leg, status, reason);
	switch (leg->state) {
	case LEG_STATE_RESOLVING:
	case LEG_STATE_ADMITTING:
		resolver_forget(leg->shard->resolver, leg->id);
		leg_ended(leg);
		return;
	case LEG_STATE_CALLING:
	case LEG_STATE_RINGING:
		if (!leg->ours) {
			sip_txn invite = leg->invite;
			leg->invite = 0;
			shard_reply(leg->shard, invite, status, status == 487 ? NULL : reason);
			leg_ended(leg);
			return;
		}
		leg->state = LEG_STATE_CANCELLING;
		give_back(leg);
		leg_set_deadline(leg, 2 * longer_than_any_transaction(leg));
		sip_cancel(leg->shard->sip, leg->invite, NULL);
		return;
	case LEG_STATE_CONNECTED:
		leg_bye(leg);
		return;
	default:
		return;
	}
}

bool leg_lists(const struct leg *leg, const struct xf_addr *addr)
{
	const struct config *config = leg->shard->config;
	return (leg->provider != XF_NONE && source_is(config, addr, XF_ROLE_PROVIDER, leg->provider)) ||
	       (leg->agent != XF_NONE && source_is(config, addr, XF_ROLE_AGENT, leg->agent));
}

/* A provider's or agent's leg takes requests from that peer's blocks only; a target's from the addresses that were
 * admitted for it. */
bool leg_accepts_from(const struct leg *leg, const struct sip_hop *from)
{
	if (from->network != leg->network)
		return false;
	if (leg_lists(leg, &from->remote.addr))
		return true;
	for (unsigned i = 0; i < leg->admitted_count; i++)
		if (xf_addr_eq(&leg->admitted[i], &from->remote.addr))
			return true;
	return false;
}
