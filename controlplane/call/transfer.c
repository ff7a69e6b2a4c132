/* The transfer's state machine: which event does what in which state. A cell without an action is one that changes
 * nothing (IGNORED) or that cannot be reached (NEVER), and says so in the log if it is. */
#include "call/shard.h"

#include <stdlib.h>

typedef void (*transfer_action)(struct transfer *transfer, const struct transfer_event *event);

static void ignored(struct transfer *transfer, const struct transfer_event *event)
{
}

/* A patch's outcome is told to the transfer whose target it is of, or whose announcement, so only to one that waits for
 * it; likewise the end of a sound. The answer to a NOTIFY that tells of progress only is not told. */
#define IGNORED ignored
#define NEVER	NULL

static const transfer_action table[TRANSFER_STATE_COUNT][TRANSFER_EVENT_COUNT] = {
    [TRANSFER_DIALLING] =
	{
	    [TRANSFER_EVENT_PROGRESS] = transfer_act_progress,
	    [TRANSFER_EVENT_ANSWERED] = transfer_act_answered,
	    [TRANSFER_EVENT_FAILED] = transfer_act_next,
	    [TRANSFER_EVENT_RING_TIME] = transfer_act_ring_time,
	    [TRANSFER_EVENT_PATCHED] = NEVER,
	    [TRANSFER_EVENT_PATCH_REFUSED] = NEVER,
	    [TRANSFER_EVENT_CALLER_GONE] = transfer_act_abandon,
	    [TRANSFER_EVENT_AGENT_GONE] = IGNORED, /* the transfer goes on without it */
	    [TRANSFER_EVENT_REPORTED] = NEVER,
	    [TRANSFER_EVENT_REPORT_TIME] = NEVER,
	    [TRANSFER_EVENT_PLAYED] = NEVER,
	},
    [TRANSFER_RINGING] =
	{
	    [TRANSFER_EVENT_PROGRESS] = transfer_act_progress,
	    [TRANSFER_EVENT_ANSWERED] = transfer_act_answered,
	    [TRANSFER_EVENT_FAILED] = transfer_act_next,
	    [TRANSFER_EVENT_RING_TIME] = transfer_act_ring_time,
	    [TRANSFER_EVENT_PATCHED] = NEVER,
	    [TRANSFER_EVENT_PATCH_REFUSED] = NEVER,
	    [TRANSFER_EVENT_CALLER_GONE] = transfer_act_abandon,
	    [TRANSFER_EVENT_AGENT_GONE] = IGNORED,
	    [TRANSFER_EVENT_REPORTED] = NEVER,
	    [TRANSFER_EVENT_REPORT_TIME] = NEVER,
	    [TRANSFER_EVENT_PLAYED] = NEVER,
	},
    [TRANSFER_CONNECTING] =
	{
	    [TRANSFER_EVENT_PROGRESS] = NEVER,
	    [TRANSFER_EVENT_ANSWERED] = NEVER,
	    [TRANSFER_EVENT_FAILED] = transfer_act_next, /* it hung up at once */
	    [TRANSFER_EVENT_RING_TIME] = transfer_act_patch_refused,
	    [TRANSFER_EVENT_PATCHED] = transfer_act_connected,
	    [TRANSFER_EVENT_PATCH_REFUSED] = transfer_act_patch_refused,
	    [TRANSFER_EVENT_CALLER_GONE] = transfer_act_abandon,
	    [TRANSFER_EVENT_AGENT_GONE] = IGNORED,
	    [TRANSFER_EVENT_REPORTED] = NEVER,
	    [TRANSFER_EVENT_REPORT_TIME] = NEVER,
	    [TRANSFER_EVENT_PLAYED] = NEVER,
	},
    [TRANSFER_ANNOUNCING] =
	{
	    [TRANSFER_EVENT_PROGRESS] = NEVER, /* nobody is called */
	    [TRANSFER_EVENT_ANSWERED] = NEVER,
	    [TRANSFER_EVENT_FAILED] = NEVER,
	    [TRANSFER_EVENT_RING_TIME] = transfer_act_played, /* it has no end, or nobody told of it */
	    [TRANSFER_EVENT_PATCHED] = IGNORED,
	    [TRANSFER_EVENT_PATCH_REFUSED] = transfer_act_not_played,
	    [TRANSFER_EVENT_CALLER_GONE] = transfer_act_abandon,
	    [TRANSFER_EVENT_AGENT_GONE] = IGNORED,
	    [TRANSFER_EVENT_REPORTED] = NEVER,
	    [TRANSFER_EVENT_REPORT_TIME] = NEVER,
	    [TRANSFER_EVENT_PLAYED] = transfer_act_played,
	},
    [TRANSFER_REPORTING] =
	{
	    [TRANSFER_EVENT_PROGRESS] = NEVER,
	    [TRANSFER_EVENT_ANSWERED] = NEVER,
	    [TRANSFER_EVENT_FAILED] = NEVER,
	    [TRANSFER_EVENT_RING_TIME] = NEVER,
	    [TRANSFER_EVENT_PATCHED] = NEVER,
	    [TRANSFER_EVENT_PATCH_REFUSED] = NEVER,
	    [TRANSFER_EVENT_CALLER_GONE] = IGNORED,
	    [TRANSFER_EVENT_AGENT_GONE] = IGNORED, /* the NOTIFY's answer still ends it */
	    [TRANSFER_EVENT_REPORTED] = transfer_act_reported,
	    [TRANSFER_EVENT_REPORT_TIME] = transfer_act_reported,
	    [TRANSFER_EVENT_PLAYED] = NEVER,
	},
    /* TRANSFER_DONE: nothing names the transfer any more. */
};

void transfer_handle(struct transfer *transfer, const struct transfer_event *event)
{
	transfer_action action = table[transfer->state][event->type];
	transfer->shard->transfer_visits[transfer->state][event->type]++;
	if (!action) {
		log_event(transfer->shard->env, LOG_LEVEL_ERROR, "transfer=%s event=impossible state=%s input=%s",
			  transfer->text_id, transfer_state_name(transfer->state), transfer_event_name(event->type));
		return;
	}
	action(transfer, event);
}

bool transfer_can(unsigned state, unsigned event)
{
	return table[state][event] != NULL;
}

static void deadline(void *arg, struct timer *timer)
{
	struct transfer *transfer = arg;
	struct transfer_event event = {transfer->state == TRANSFER_REPORTING ? TRANSFER_EVENT_REPORT_TIME
									     : TRANSFER_EVENT_RING_TIME};
	transfer_handle(transfer, &event);
}

struct transfer *transfer_create(struct call *call, enum transfer_origin origin)
{
	struct shard *shard = call->shard;
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	if (!transfer)
		return NULL;
	transfer->id = pool_add(&shard->transfers, transfer);
	if (!transfer->id) {
		free(transfer);
		return NULL;
	}
	memcpy(transfer->text_id, "t-", 2);
	env_random_token(shard->env, transfer->text_id + 2, 8);
	transfer->call = call->id;
	snprintf(transfer->call_text_id, sizeof(transfer->call_text_id), "%s", call->text_id);
	transfer->origin = (uint8_t)origin;
	transfer->plan = XF_NONE;
	transfer->shard = shard;
	transfer->started_ns = shard->env->now_ns;
	transfer->deadline.expired = deadline;
	transfer->deadline.arg = transfer;
	return transfer;
}

void transfer_discard(struct transfer *transfer)
{
	timer_stop(&transfer->shard->env->timers, &transfer->deadline);
	pool_remove(&transfer->shard->transfers, transfer->id);
	free(transfer);
}

void transfer_start(struct transfer *transfer)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	call_note(call, CALL_EVENT_TRANSFER_STARTED);
	call->transfer = transfer->id;
	call->transfers++;
	shard->counts.transfers_total++;
	log_event(shard->env, LOG_LEVEL_INFO, "call=%s transfer=%s event=start origin=%s plan=%s targets=%u",
		  call->text_id, transfer->text_id, transfer_origin_name(transfer->origin),
		  transfer->plan == XF_NONE ? "-" : shard->config->plans[transfer->plan].name, transfer->attempt_count);
	/* A caller that was never answered stays so until a target answers. */
	if (call->state == CALL_AGENT)
		call_set_state(call, CALL_TRANSFERRING);
	transfer_try(transfer);
}

/* It has its result. What is left is to tell the agent and to hear that it knows. */
void transfer_finish(struct transfer *transfer, enum transfer_result result, int status, const char *reason,
		     const char *told)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	char quoted[TRANSFER_REASON_MAX + 32];
	call_note(call, CALL_EVENT_TRANSFER_FINISHED);
	timer_stop(&shard->env->timers, &transfer->deadline);
	transfer->result = (uint8_t)result;
	transfer->final_status = status;
	transfer->ended_ns = shard->env->now_ns;
	transfer->state = TRANSFER_REPORTING;
	snprintf(transfer->reason, sizeof(transfer->reason), "%s", reason ? reason : "");
	if (result == TRANSFER_RESULT_CONNECTED)
		shard->counts.transfers_connected++;
	else
		shard->counts.transfers_failed++;
	log_event(shard->env, LOG_LEVEL_INFO,
		  "call=%s transfer=%s event=finished result=%s status=%d seconds=%.1f reason=%s", call->text_id,
		  transfer->text_id, transfer_result_name(result), status,
		  (double)(transfer->ended_ns - transfer->started_ns) / 1e9,
		  log_quote(quoted, sizeof(quoted), transfer->reason));
	if (shard->user.transfer_finished)
		shard->user.transfer_finished(shard->user.arg, transfer);
	if (transfer->refer_leg) {
		timer_set(&shard->env->timers, &transfer->deadline, shard->env->now_ns + TRANSFER_REPORT_NS);
		refer_notify(transfer, status, told, true);
	} else {
		transfer_done(transfer);
	}
}

/* Reported, or nobody to report to: the call goes on without it. */
void transfer_done(struct transfer *transfer)
{
	struct shard *shard = transfer->shard;
	struct call *call = shard_get_call(shard, transfer->call);
	struct leg *agent = shard_get_leg(shard, call->agent_leg);
	struct leg *target = shard_get_leg(shard, transfer->target_leg);
	struct leg *refer = shard_get_leg(shard, transfer->refer_leg);
	timer_stop(&shard->env->timers, &transfer->deadline);
	transfer->state = TRANSFER_DONE;
	call->transfer = 0;
	pool_remove(&shard->transfers, transfer->id);
	free(shard->finished[shard->finished_next]);
	shard->finished[shard->finished_next] = transfer;
	shard->finished_next = (shard->finished_next + 1) % SHARD_FINISHED_MAX;
	if (agent && transfer->result == TRANSFER_RESULT_CONNECTED)
		leg_release(agent, 200, "transferred");
	else if (agent && call->state == CALL_ENDING)
		leg_release(agent, call->status, call->reason);
	/* Legs that ended while the transfer named them wait for this. */
	if (refer && refer->state == LEG_STATE_ENDED)
		leg_set_deadline(refer, 0);
	if (target && target->state == LEG_STATE_ENDED)
		leg_set_deadline(target, 0);
	if (call->state == CALL_AGENT && (!agent || agent->state != LEG_STATE_CONNECTED))
		call_agent_lost(call, NULL);
}
