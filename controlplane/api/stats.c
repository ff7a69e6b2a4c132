/* `xfergate show stats`: the counters of both planes. */
#include "handlers.h"
#include "row.h"
#include "xfergate/counter_rows.h"

static json_t *shard_part(const struct api *api)
{
	struct shard_counts counts = {0};
	struct row row;
	shard_counts(api->shard, &counts);
	row_init(&row);
	row_count(&row, "calls", counts.calls);
	row_count(&row, "legs", counts.legs);
	row_count(&row, "transfers", counts.transfers);
	row_count(&row, "calls_total", counts.calls_total);
	row_count(&row, "calls_answered", counts.calls_answered);
	row_count(&row, "calls_refused", counts.calls_refused);
	row_count(&row, "transfers_total", counts.transfers_total);
	row_count(&row, "transfers_connected", counts.transfers_connected);
	row_count(&row, "transfers_failed", counts.transfers_failed);
	row_count(&row, "transfers_refused", counts.transfers_refused);
	row_count(&row, "unknown_sources", counts.unknown_sources);
	return row_take(&row);
}

static json_t *sip_part(const struct api *api)
{
	struct sip_counts counts = {0};
	struct row row;
	sip_stack_counts(shard_sip(api->shard), &counts);
	row_init(&row);
	row_count(&row, "transactions", counts.transactions);
	row_count(&row, "received", counts.received);
	row_count(&row, "malformed", counts.malformed);
	row_count(&row, "stray", counts.stray);
	row_count(&row, "sent", counts.sent);
	row_count(&row, "repeated", counts.repeated);
	return row_take(&row);
}

static json_t *media_part(const struct api *api)
{
	struct media_counts counts = {0};
	struct row row;
	media_counts(api->media, &counts);
	row_init(&row);
	row_count(&row, "endpoints", counts.endpoints);
	row_count(&row, "ports_free", counts.ports_free);
	row_count(&row, "ports_resting", counts.ports_resting);
	row_count(&row, "ports_used", counts.ports_used);
	row_count(&row, "admitted", counts.admitted);
	row_count(&row, "commands_pending", counts.commands_pending);
	row_count(&row, "orphans", counts.orphans);
	return row_take(&row);
}

json_t *stats_worker_part(const struct xf_link_worker *worker)
{
	struct row row;
	row_init(&row);
	row_count(&row, "worker", worker->worker);
#define X(field) row_count(&row, #field, worker->field);
	XF_WORKER_COUNTERS(X)
#undef X
	return row_take(&row);
}

json_t *stats_drops_part(const struct xf_link_drops *drops)
{
	struct row row;
	row_init(&row);
	for (unsigned drop = 0; drop < XF_DROP_COUNT; drop++)
		row_count(&row, xf_drop_name(drop), drops->count[drop]);
	return row_take(&row);
}

void stats_row(struct ask *ask, enum xf_link_type type, const void *data)
{
	json_t *workers = json_object_get(ask->rows, "workers");
	if (type == XF_LINK_DROPS)
		json_object_set_new(ask->rows, "drops", stats_drops_part(data));
	else if (type == XF_LINK_WORKER)
		json_array_append_new(workers, stats_worker_part(data));
}

void stats_done(struct api *api, struct ask *ask)
{
	struct row row = {.json = json_incref(ask->rows), .failed = !ask->rows};
	row_set(&row, "calls", shard_part(api));
	row_set(&row, "sip", sip_part(api));
	row_set(&row, "media", media_part(api));
	ask_answer(api, ask, row_take(&row));
}

void stats_show(struct api *api, struct ask *ask, const json_t *params)
{
	struct row row;
	row_init(&row);
	row_set(&row, "drops", json_object());
	row_set(&row, "workers", json_array());
	ask->rows = row_take(&row);
	question_ask(api, ask, QUESTION_STATS);
}
