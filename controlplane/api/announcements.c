/* What plans have played to the caller of a call, as rows of `xfergate show call`. */
#include "handlers.h"
#include "row.h"

static json_t *announcement_row(const struct api *api, const struct call *call, const struct transfer *transfer,
				const struct transfer_attempt *attempt)
{
	struct row row;
	row_init(&row);
	row_set(&row, "at", json_real((double)((attempt->started_ns - call->started_ns) / 1000) / 1e6));
	row_text(&row, "sound", attempt->destination);
	row_text(&row, "transfer", transfer->text_id);
	row_seconds(&row, "duration_s", attempt->started_ns, attempt->ended_ns ? attempt->ended_ns : api->env->now_ns);
	if (attempt->status)
		row_count(&row, "status", (uint64_t)attempt->status);
	else
		row_null(&row, "status");
	row_text_or_null(&row, "reason", attempt->reason);
	return row_take(&row);
}

/* The transfer under way comes before those that have finished, so they have to be put in order. */
static json_t *announcements_insert(json_t *list, json_t *row)
{
	size_t at = json_array_size(list);
	double when = json_number_value(json_object_get(row, "at"));
	while (at > 0 && json_number_value(json_object_get(json_array_get(list, at - 1), "at")) > when)
		at--;
	if (row && json_array_insert_new(list, at, row) == 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *announcements_of(const struct api *api, const struct call *call)
{
	json_t *list = json_array();
	for (const struct transfer *transfer = NULL; (transfer = shard_next_transfer(api->shard, transfer));) {
		if (transfer->call != call->id)
			continue;
		for (unsigned i = 0; i < transfer->attempt_count && i < CONFIG_TARGETS_MAX; i++) {
			const struct transfer_attempt *attempt = &transfer->attempts[i];
			if (attempt->type == CONFIG_TARGET_ANNOUNCEMENT && attempt->started_ns)
				list = announcements_insert(list, announcement_row(api, call, transfer, attempt));
		}
	}
	return list;
}
