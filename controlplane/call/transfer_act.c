/* What the cells of the transfer's table do. */
#include "call/shard.h"
#include "policy/number.h"
#include "xfergate/fault.h"

/* The leg of the attempt goes its own way; the transfer has no target until the next one. */
static void drop_target(struct transfer *transfer)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	struct leg *leg = shard_get_leg(shard, transfer->target_leg);
	transfer->target_leg = 0;
	call->target_leg = 0;
	if (transfer->state == TRANSFER_ANNOUNCING)
		transfer->state = TRANSFER_DIALLING;
	if (leg && leg->state == LEG_STATE_ENDED)
		leg_set_deadline(leg, 0);
	call_patch(call, false, 0, NULL);
}

static void record(struct transfer *transfer, int status, const char *reason)
{
	struct transfer_attempt *attempt = &transfer->attempts[transfer->attempt];
	char quoted[TRANSFER_REASON_MAX + 32];
	const struct leg *leg = shard_leg(transfer->shard, transfer->target_leg);
	attempt->status = status;
	attempt->by_peer = leg && leg->by_peer;
	attempt->ended_ns = transfer->shard->env->now_ns;
	snprintf(attempt->reason, sizeof(attempt->reason), "%s", reason ? reason : "");
	if (transfer->state == TRANSFER_ANNOUNCING)
		log_event(transfer->shard->env, LOG_LEVEL_INFO,
			  "call=%s transfer=%s event=announcement-ended number=%u sound=%s seconds=%.1f reason=%s",
			  transfer->call_text_id, transfer->text_id, transfer->attempt + 1, attempt->destination,
			  (double)(attempt->ended_ns - attempt->started_ns) / 1e9,
			  log_quote(quoted, sizeof(quoted), attempt->reason));
	if (status >= 300)
		log_event(transfer->shard->env, LOG_LEVEL_WARNING,
			  "transfer=%s event=attempt-failed number=%u status=%d reason=%s", transfer->text_id,
			  transfer->attempt + 1, status, log_quote(quoted, sizeof(quoted), attempt->reason));
}

/* "attempt 1: 486 Busy Here; attempt 2: 408 no answer in 3 s". What a target said may name anything of its side, so
 * the agent hears the usual words for it. */
static void reasons(const struct transfer *transfer, bool to_agent, char *buf, size_t size)
{
	size_t at = 0;
	buf[0] = 0;
	for (unsigned i = 0; i < transfer->attempt_count; i++) {
		const struct transfer_attempt *a = &transfer->attempts[i];
		if (!a->status)
			continue;
		int n = snprintf(buf + at, size - at, "%sattempt %u: %d %s", at ? "; " : "", i + 1, a->status,
				 to_agent && a->by_peer && !XF_FAULT("targets-words-told") ? sip_reason(a->status)
											   : a->reason);
		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

static int last_status(const struct transfer *transfer)
{
	int status = 480;
	for (unsigned i = 0; i < transfer->attempt_count; i++)
		if (transfer->attempts[i].status && transfer->attempts[i].type != CONFIG_TARGET_ANNOUNCEMENT)
			status = transfer->attempts[i].status;
	return status;
}

/* All has failed: back to the agent if it is still there, and wanted. */
static void give_up(struct transfer *transfer, bool to_agent)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	struct leg *agent = shard_get_leg(shard, call->agent_leg);
	char why[TRANSFER_REASON_MAX], told[TRANSFER_REASON_MAX];
	int status = last_status(transfer);
	reasons(transfer, false, why, sizeof(why));
	reasons(transfer, true, told, sizeof(told));
	if (to_agent && agent && agent->state == LEG_STATE_CONNECTED) {
		call_set_state(call, CALL_AGENT);
		leg_watch(agent, true); /* what it did not say meanwhile nobody has minded */
		transfer_finish(transfer, TRANSFER_RESULT_RETURNED, status, why, told);
		return;
	}
	const struct config_route *route = &shard->config->routes[call->route];
	int code = transfer->origin == TRANSFER_FROM_AGENT_FAILS && route->fails_code ? route->fails_code
										      : call_callers_status(status);
	transfer_finish(transfer, TRANSFER_RESULT_HUNG_UP, status, why, told);
	call_end(call, code, "no target answered");
}

/* ---- dialling */

static void number_leg(struct leg *leg, const struct transfer_attempt *attempt, struct sip_uri *uri)
{
	const struct config_provider *provider = &leg->shard->config->providers[attempt->provider];
	const char *number = number_format(attempt->destination, provider);
	char host[SIP_HOST_MAX + 2], port[8] = "";
	leg->provider = attempt->provider;
	leg->network = provider->network;
	sip_host_format(host, sizeof(host), provider->trunk.host);
	if (provider->trunk.port)
		snprintf(port, sizeof(port), ":%u", provider->trunk.port);
	snprintf(leg->remote_target, sizeof(leg->remote_target), "sip:%s@%s%s", number, host, port);
	snprintf(leg->remote, sizeof(leg->remote), "<sip:%s@%s>", number, host);
	snprintf(leg->local, sizeof(leg->local), "<sip:%s@%s>", number_format(attempt->caller_id, provider), host);
	sip_uri_parse(uri, leg->remote_target, strlen(leg->remote_target));
}

static int sip_leg(struct leg *leg, const struct call *call, const struct transfer_attempt *attempt,
		   struct sip_uri *uri)
{
	const struct config *config = leg->shard->config;
	int r = sip_uri_parse(uri, attempt->destination, strlen(attempt->destination));
	if (r < 0)
		return r;
	leg->network = attempt->network;
	for (uint32_t i = 0; i < config->sip_server_count; i++) {
		const struct config_sip_server *server = &config->sip_servers[i];
		if (strcasecmp(server->host, uri->host) != 0 || strcmp(server->owner, call->owner) != 0)
			continue;
		leg->sip_server = i;
		if (leg->network == XF_NONE)
			leg->network = server->network;
		break;
	}
	snprintf(leg->remote_target, sizeof(leg->remote_target), "%s", uri->text);
	snprintf(leg->remote, sizeof(leg->remote), "<%s>", uri->text);
	snprintf(leg->local_user, sizeof(leg->local_user), "%s",
		 *attempt->caller_id ? attempt->caller_id : call->caller_number);
	return 0;
}

static void dial(struct transfer *transfer)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	struct transfer_attempt *attempt = &transfer->attempts[transfer->attempt];
	struct leg *leg = leg_create(call, LEG_TARGET);
	struct transfer_event failed = {TRANSFER_EVENT_FAILED, 500, "out of memory"};
	struct sip_uri uri;
	char headers[LEG_HEADERS_MAX] = "";
	transfer->state = TRANSFER_DIALLING;
	attempt->started_ns = shard->env->now_ns;
	if (!leg) {
		transfer_handle(transfer, &failed);
		return;
	}
	transfer->target_leg = call->target_leg = leg->id;
	leg->by_operator = transfer->origin != TRANSFER_FROM_REFER || transfer->plan != XF_NONE;
	if (attempt->type == CONFIG_TARGET_NUMBER)
		number_leg(leg, attempt, &uri);
	else if (sip_leg(leg, call, attempt, &uri) < 0) {
		leg_ended(leg);
		failed = (struct transfer_event){TRANSFER_EVENT_FAILED, 400, "not a SIP URI"};
		transfer_handle(transfer, &failed);
		return;
	}
	sip_headers_add(headers, sizeof(headers), "Allow", "%s", inbound_allow);
	if (!XF_FAULT("no-ring-time"))
		timer_set(&shard->env->timers, &transfer->deadline, shard->env->now_ns + attempt->ring_ms * NS_PER_MS);
	leg_dial(leg, &uri, headers);
}

static bool agent_gone(const struct transfer *transfer)
{
	const struct call *call = shard_call(transfer->shard, transfer->call);
	const struct leg *agent = shard_leg(transfer->shard, call->agent_leg);
	return !agent || agent->state != LEG_STATE_CONNECTED;
}

void transfer_try(struct transfer *transfer)
{
	if (transfer->attempt >= transfer->attempt_count) {
		give_up(transfer, true);
		return;
	}
	switch (transfer->attempts[transfer->attempt].type) {
	case CONFIG_TARGET_AGENT:
		if (agent_gone(transfer) && transfer->attempt + 1 < transfer->attempt_count)
			transfer_next(transfer, 0, "the agent is gone");
		else
			give_up(transfer, true);
		return;
	case CONFIG_TARGET_HANGUP:
		give_up(transfer, false);
		return;
	case CONFIG_TARGET_ANNOUNCEMENT:
		transfer_announce(transfer);
		return;
	default:
		dial(transfer);
	}
}

/* ---- cells */

void transfer_act_progress(struct transfer *transfer, const struct transfer_event *event)
{
	transfer->state = TRANSFER_RINGING;
	if (XF_FAULT("agent-released-at-180")) {
		struct call *call = shard_get_call(transfer->shard, transfer->call);
		struct leg *agent = shard_get_leg(transfer->shard, call->agent_leg);
		if (agent)
			leg_release(agent, 200, "transferred");
	}
	if (transfer->refer_leg && transfer->notified != event->status)
		refer_notify(transfer, event->status, NULL, false);
}

void transfer_next(struct transfer *transfer, int status, const char *reason)
{
	record(transfer, status, reason);
	timer_stop(&transfer->shard->env->timers, &transfer->deadline);
	drop_target(transfer);
	transfer->attempt++;
	transfer_try(transfer);
}

void transfer_act_next(struct transfer *transfer, const struct transfer_event *event)
{
	transfer_next(transfer, event->status, event->reason);
}

void transfer_act_ring_time(struct transfer *transfer, const struct transfer_event *event)
{
	struct leg *leg = shard_get_leg(transfer->shard, transfer->target_leg);
	char why[64];
	snprintf(why, sizeof(why), "no answer in %.0f s", transfer->attempts[transfer->attempt].ring_ms / 1000.0);
	if (leg)
		leg_release(leg, 408, why);
	struct transfer_event next = {TRANSFER_EVENT_FAILED, 408, why};
	transfer_act_next(transfer, &next);
}

static void fail_answered(struct transfer *transfer, int status, const char *why)
{
	struct leg *leg = shard_get_leg(transfer->shard, transfer->target_leg);
	struct transfer_event next = {TRANSFER_EVENT_FAILED, status, why};
	if (leg)
		leg_release(leg, status, why);
	transfer_act_next(transfer, &next);
}

void transfer_act_answered(struct transfer *transfer, const struct transfer_event *event)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	struct leg *leg = shard_get_leg(shard, transfer->target_leg);
	struct leg *caller = shard_get_leg(shard, call->caller_leg);
	char why[128];
	bool changed;
	timer_stop(&shard->env->timers, &transfer->deadline);
	if (caller->state <= LEG_STATE_RINGING) {
		int status = call_answer_caller(call, leg, why, sizeof(why));
		if (status) {
			fail_answered(transfer, status, why);
			return;
		}
	}
	transfer->state = TRANSFER_CONNECTING;
	timer_set(&shard->env->timers, &transfer->deadline, shard->env->now_ns + TRANSFER_PATCH_NS);
	struct transfer_event patched = {TRANSFER_EVENT_PATCHED};
	if (call_patch(call, true, leg->id, &changed) < 0)
		patched.type = TRANSFER_EVENT_PATCH_REFUSED;
	else if (changed)
		return;
	transfer_handle(transfer, &patched);
}

void transfer_act_connected(struct transfer *transfer, const struct transfer_event *event)
{
	struct call *call = shard_get_call(transfer->shard, transfer->call);
	record(transfer, 200, "connected");
	call_set_state(call, CALL_TARGET);
	transfer_finish(transfer, TRANSFER_RESULT_CONNECTED, 200, NULL, NULL);
}

void transfer_act_patch_refused(struct transfer *transfer, const struct transfer_event *event)
{
	fail_answered(transfer, 500, "the dataplane could not connect caller and target");
}

void transfer_act_abandon(struct transfer *transfer, const struct transfer_event *event)
{
	struct leg *leg = shard_get_leg(transfer->shard, transfer->target_leg);
	/* 487 says that the caller left, and nothing else does. */
	enum transfer_result result = event->status == 487 ? TRANSFER_RESULT_CALLER_GONE : TRANSFER_RESULT_STOPPED;
	record(transfer, event->status, event->reason);
	if (leg)
		leg_release(leg, event->status, event->reason);
	drop_target(transfer);
	transfer_finish(transfer, result, event->status, event->reason, event->reason);
}

void transfer_act_reported(struct transfer *transfer, const struct transfer_event *event)
{
	transfer_done(transfer);
}
