/* Rows of `xfergate show transfers`, and `transfer`. */
#include "handlers.h"
#include "row.h"

static void put_status(struct row *row, int status)
{
	if (status)
		row_count(row, "status", (uint64_t)status);
	else
		row_null(row, "status");
}

static json_t *attempt_row(const struct api *api, const struct transfer_attempt *attempt)
{
	struct row row;
	row_init(&row);
	row_text(&row, "type", plans_target_name(attempt->type));
	row_uri(&row, "destination", attempt->destination);
	row_text_or_null(&row, "caller_id", attempt->caller_id);
	row_text_or_null(&row, "provider", name_provider(api->config, attempt->provider));
	put_status(&row, attempt->status);
	row_text_or_null(&row, "reason", attempt->reason);
	if (attempt->started_ns)
		row_seconds(&row, "duration_s", attempt->started_ns,
			    attempt->ended_ns ? attempt->ended_ns : api->env->now_ns);
	else
		row_null(&row, "duration_s");
	return row_take(&row);
}

static const char *call_name(const struct api *api, const struct transfer *transfer)
{
	const struct call *call = shard_call(api->shard, transfer->call);
	return call ? call->text_id : transfer->call_text_id;
}

json_t *transfers_row(const struct api *api, const struct transfer *transfer)
{
	struct row row;
	json_t *attempts = json_array();
	for (unsigned i = 0; i < transfer->attempt_count && i < CONFIG_TARGETS_MAX; i++)
		attempts = rows_add(attempts, attempt_row(api, &transfer->attempts[i]));
	row_init(&row);
	row_text(&row, "id", transfer->text_id);
	row_text_or_null(&row, "call", call_name(api, transfer));
	row_text(&row, "origin", transfer_origin_name(transfer->origin));
	row_text_or_null(&row, "plan", name_plan(api->config, transfer->plan));
	row_text(&row, "state", transfer_state_name(transfer->state));
	row_text(&row, "result", transfer_result_name(transfer->result));
	put_status(&row, transfer->final_status);
	row_text_or_null(&row, "reason", transfer->reason);
	row_seconds(&row, "duration_s", transfer->started_ns,
		    transfer->ended_ns ? transfer->ended_ns : api->env->now_ns);
	/* Counted from 1, as the reasons do; after the last has failed there is no next one. */
	row_count(&row, "attempt",
		  transfer->attempt < transfer->attempt_count ? transfer->attempt + 1u : transfer->attempt_count);
	row_set(&row, "attempts", attempts);
	return row_take(&row);
}

void transfers_show(struct api *api, struct ask *ask, const json_t *params)
{
	json_t *rows = json_array();
	for (const struct transfer *transfer = NULL; (transfer = shard_next_transfer(api->shard, transfer));)
		rows = rows_add(rows, transfers_row(api, transfer));
	ask_answer(api, ask, rows);
}

void transfers_start(struct api *api, struct ask *ask, const json_t *params)
{
	const char *to = params_text(params, "to"), *plan = params_text(params, "plan");
	char why[TRANSFER_REASON_MAX] = "refused";
	uint64_t id = 0;
	if (!to == !plan) {
		ask_fail(
		    api, ask, XF_RPC_INVALID_PARAMS, 0,
		    "exactly one of the parameters 'to' (number or SIP URI) and 'plan' (name of a plan) must be given");
		return;
	}
	if (plan && params_text(params, "caller_id")) {
		ask_fail(api, ask, XF_RPC_INVALID_PARAMS, 0,
			 "parameter 'caller_id' goes with 'to'; a plan says its own caller ID in the configuration");
		return;
	}
	const struct call *call = calls_find(api, ask, params);
	if (!call)
		return;
	int status = shard_transfer_start(api->shard, call->id, to, plan, params_text(params, "caller_id"), &id, why,
					  sizeof(why));
	if (status) {
		ask_refuse(api, ask, status, "%s", why);
		return;
	}
	const struct transfer *transfer = shard_transfer(api->shard, id);
	if (!transfer)
		ask_fail(api, ask, XF_RPC_INTERNAL, 500, "the transfer was over before it could be shown");
	else if (json_is_true(json_object_get(params, "wait")) && transfer->result == TRANSFER_RESULT_NONE)
		ask->transfer = id;
	else
		ask_answer(api, ask, transfers_row(api, transfer));
}

void transfers_finished(struct api *api, const struct transfer *transfer)
{
	struct ask *ask = api->asks;
	while (ask) {
		if (ask->transfer != transfer->id) {
			ask = ask->next;
			continue;
		}
		ask_answer(api, ask, transfers_row(api, transfer));
		ask = api->asks; /* the reply may have ended others */
	}
}
