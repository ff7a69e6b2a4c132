#include "call/shard.h"

#include <stdlib.h>

static void too_long(void *arg, struct timer *timer)
{
	call_note(arg, CALL_EVENT_TOO_LONG);
	call_end(arg, 408, "longest call time reached");
}

struct call *call_create(struct shard *shard)
{
	struct call *call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	call->id = pool_add(&shard->calls, call);
	if (!call->id) {
		free(call);
		return NULL;
	}
	call->text_id[0] = 'c';
	call->text_id[1] = '-';
	env_random_token(shard->env, call->text_id + 2, 8);
	call->shard = shard;
	call->started_ns = shard->env->now_ns;
	call->deadline.expired = too_long;
	call->deadline.arg = call;
	shard->counts.calls_total++;
	return call;
}

void call_start_timer(struct call *call)
{
	uint32_t limit = call->shard->config->call_max_ms;
	if (limit)
		timer_set(&call->shard->env->timers, &call->deadline, call->shard->env->now_ns + limit * NS_PER_MS);
}

void call_set_state(struct call *call, enum call_state state)
{
	if (call->state == state)
		return;
	log_event(call->shard->env, LOG_LEVEL_INFO, "call=%s event=state from=%s to=%s", call->text_id,
		  call_state_name(call->state), call_state_name(state));
	call->state = (uint8_t)state;
}

void call_settle(struct call *call)
{
	struct shard *shard = call->shard;
	if (call->transfer || call->leg_count)
		return;
	timer_stop(&shard->env->timers, &call->deadline);
	log_event(shard->env, LOG_LEVEL_INFO, "call=%s event=gone seconds=%.1f", call->text_id,
		  (double)(shard->env->now_ns - call->started_ns) / 1e9);
	pool_remove(&shard->calls, call->id);
	if (shard->user.call_gone)
		shard->user.call_gone(shard->user.arg, call->id);
	free(call->trace);
	free(call);
}

void call_end(struct call *call, int status, const char *reason)
{
	struct shard *shard = call->shard;
	struct transfer *transfer = shard_get_transfer(shard, call->transfer);
	struct leg *leg;
	if (call->state == CALL_ENDING)
		return;
	call_set_state(call, CALL_ENDING);
	call->status = status;
	snprintf(call->reason, sizeof(call->reason), "%s", reason);
	timer_stop(&shard->env->timers, &call->deadline);
	if ((leg = shard_get_leg(shard, call->caller_leg)))
		leg_release(leg, status, reason);
	if (transfer) {
		struct transfer_event gone = {TRANSFER_EVENT_CALLER_GONE, status, reason};
		transfer_handle(transfer, &gone);
	}
	if ((leg = shard_get_leg(shard, call->target_leg)))
		leg_release(leg, status, reason);
	/* While a final NOTIFY awaits its answer the transfer releases the agent's leg. */
	transfer = shard_get_transfer(shard, call->transfer);
	if ((leg = shard_get_leg(shard, call->agent_leg)) && !(transfer && transfer->refer_leg == leg->id))
		leg_release(leg, status, reason);
	call_settle(call);
}
