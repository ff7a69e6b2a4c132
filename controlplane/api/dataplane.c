/* `xfergate show dataplane`: workers with what their stages cost, ports, and drops. */
#include "handlers.h"
#include "row.h"

/* Cycles and items of a stage; null where the workers have no cycle counter. */
static json_t *stages_part(const struct xf_link_worker *worker)
{
	struct row stages;
	row_init(&stages);
	for (unsigned i = 0; i < XF_STAGE_COUNT; i++) {
		struct row stage;
		row_init(&stage);
		row_count(&stage, "cycles", worker->stages[i].cycles);
		row_count(&stage, "items", worker->stages[i].items);
		row_set(&stages, xf_stage_name(i), row_take(&stage));
	}
	return row_take(&stages);
}

static json_t *worker_row(const struct xf_link_worker *worker)
{
	struct row row = {.json = stats_worker_part(worker)};
	row.failed = !row.json;
	if (worker->cycle_hz > 0) {
		row_count(&row, "cycle_hz", worker->cycle_hz);
		row_set(&row, "stages", stages_part(worker));
	} else {
		row_null(&row, "cycle_hz");
		row_null(&row, "stages");
	}
	return row_take(&row);
}

void dataplane_row(struct ask *ask, enum xf_link_type type, const void *data)
{
	if (type == XF_LINK_WORKER)
		json_array_append_new(json_object_get(ask->rows, "workers"), worker_row(data));
	else if (type == XF_LINK_PORT)
		json_array_append_new(json_object_get(ask->rows, "ports"), ports_part(data));
	else if (type == XF_LINK_DROPS)
		json_object_set_new(ask->rows, "drops", stats_drops_part(data));
}

void dataplane_show(struct api *api, struct ask *ask, const json_t *params)
{
	struct row row;
	row_init(&row);
	row_set(&row, "workers", json_array());
	row_set(&row, "ports", json_array());
	row_set(&row, "drops", json_object());
	ask->rows = row_take(&row);
	question_ask(api, ask, QUESTION_STATS);
}
