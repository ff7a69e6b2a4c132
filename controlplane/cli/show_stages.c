#include "show_stages.h"

#include <errno.h>
#include "table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct table_column stage_columns[] = {
    {"WORKER", "worker", table_count},	 {"STAGE", "stage", table_text}, {"ITEMS", "items", table_count},
    {"CYCLES-EACH", "each", table_real}, {"NS-EACH", "ns", table_real},	 {"SHARE-%", "share", table_real},
};

static double field(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* A stage of a worker, if it had anything to do in the turns that were measured. */
static void add_stage(json_t *rows, const json_t *worker, const char *name, const json_t *stage, double all)
{
	double cycles = field(stage, "cycles"), items = field(stage, "items"), hz = field(worker, "cycle_hz");
	if (cycles <= 0 || all <= 0)
		return;
	json_t *row = json_pack("{s:O,s:s,s:O,s:f}", "worker", json_object_get(worker, "worker"), "stage", name,
				"items", json_object_get(stage, "items"), "share", 100 * cycles / all);
	if (row && items > 0) {
		json_object_set_new(row, "each", json_real(cycles / items));
		json_object_set_new(row, "ns", hz > 0 ? json_real(1e9 * cycles / items / hz) : json_null());
	}
	json_array_append_new(rows, row);
}

static int add_worker(json_t *rows, const json_t *worker)
{
	json_t *stages = json_object_get(worker, "stages"), *stage;
	const char *name;
	double all = 0;
	if (!json_is_object(stages) && !json_is_null(stages))
		return -EBADMSG;
	json_object_foreach(stages, name, stage) all += field(stage, "cycles");
	json_object_foreach(stages, name, stage) add_stage(rows, worker, name, stage, all);
	return 0;
}

int show_stages_print(const struct view *view, const json_t *workers)
{
	json_t *rows = json_array(), *worker;
	size_t i;
	int r = json_is_array(workers) ? 0 : -EBADMSG;
	json_array_foreach((json_t *)workers, i, worker)
	{
		if (r == 0)
			r = add_worker(rows, worker);
	}
	if (r == 0 && json_array_size(rows) > 0)
		r = table_print(view->out, stage_columns, COUNT(stage_columns), rows, view->width);
	else if (r == 0)
		fprintf(view->out, "no turn of a worker was measured\n");
	json_decref(rows);
	return r;
}
