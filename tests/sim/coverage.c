#include "coverage.h"
#include "call/table.h"

#define CELLS 256

static struct cell {
	struct shard_cell cell;
	uint64_t visits;
} cells[CELLS];
static unsigned cell_count;

static void add(void *arg, const struct shard_cell *cell)
{
	unsigned *at = arg;
	if (*at == CELLS)
		return;
	cells[*at].cell = *cell;
	cells[*at].visits += cell->visits;
	if (++*at > cell_count)
		cell_count = *at;
}

void coverage_collect(struct sim *sim)
{
	struct plane *plane = world_plane(sim->world);
	unsigned at = 0;
	if (plane)
		shard_tables(plane_shard(plane), add, &at);
}

void coverage_print(FILE *out)
{
	for (unsigned i = 0; i < cell_count; i++)
		fprintf(out, "cell %s %s %s %s %llu\n", cells[i].cell.table, cells[i].cell.state, cells[i].cell.event,
			cells[i].cell.possible ? "possible" : "impossible", (unsigned long long)cells[i].visits);
}
