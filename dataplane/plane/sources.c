#include "sources.h"

#include <errno.h>
#include <stdlib.h>
#include "fast/source.h"
#include "note.h"

/* One swap under way. */
struct sources_swap {
	struct sources *sources;
	struct source_table *old;
	unsigned left; /* workers that have not answered */
	uint32_t count;
	uint64_t now_ns;
	bool canceled; /* a worker never took it */
};

void sources_fini(struct sources *sources)
{
	free(sources->gathered);
	sources->gathered = NULL;
	source_table_destroy(sources->current);
	sources->current = NULL;
}

int sources_begin(struct sources *sources)
{
	sources->count = 0;
	if (sources->gathered == NULL)
		sources->gathered = calloc(XF_MAX_SOURCES, sizeof(*sources->gathered));
	return sources->gathered ? 0 : -ENOMEM;
}

int sources_add(struct sources *sources, const struct xf_source *source)
{
	if (sources->gathered == NULL)
		return -EPROTO;
	if (sources->count == XF_MAX_SOURCES)
		return -ENOSPC;
	sources->gathered[sources->count++] = *source;
	return 0;
}

static void sources_destroy(void *table, void *arg)
{
	source_table_destroy(table);
}

static void sources_swapped(struct command_item *item, void *arg)
{
	struct sources_swap *swap = arg;
	struct sources *sources = swap->sources;

	if (item->command.now_ns > swap->now_ns)
		swap->now_ns = item->command.now_ns;
	if (item->command.result < 0)
		swap->canceled = true;
	if (--swap->left > 0)
		return;
	if (swap->old)
		limbo_add(sources->limbo, sources_destroy, swap->old, NULL);
	if (!swap->canceled) {
		sources->commits++;
		note_info(sources->seam, "sources-committed", "blocks=%u", swap->count);
		sources->committed(item->command.sequence, item->connection, swap->now_ns, sources->arg);
	}
	free(swap);
}

int sources_commit(struct sources *sources, uint32_t sequence, uint64_t connection)
{
	struct command_list items = STAILQ_HEAD_INITIALIZER(items);
	struct command_item *item;
	struct source_table *table;
	unsigned workers = sources->commands->count, w;

	if (sources->gathered == NULL)
		return -EPROTO;
	int r = source_table_create(&table, sources->gathered, sources->count);
	if (r < 0)
		return r;
	struct sources_swap *swap = calloc(1, sizeof(*swap));
	/* All or none: every worker's command exists before the first is posted. */
	for (w = 0; swap && w < workers; w++) {
		if ((item = command_new(COMMAND_SOURCES, 0, sources_swapped, swap)) == NULL)
			break;
		item->command.sources = table;
		item->command.sequence = sequence;
		item->connection = connection;
		STAILQ_INSERT_TAIL(&items, item, link);
	}
	if (swap == NULL || w < workers) {
		while ((item = STAILQ_FIRST(&items)) != NULL) {
			STAILQ_REMOVE_HEAD(&items, link);
			free(item);
		}
		free(swap);
		source_table_destroy(table);
		return -ENOMEM;
	}
	*swap = (struct sources_swap){sources, sources->current, workers, sources->count, 0, false};
	sources->current = table;
	free(sources->gathered);
	sources->gathered = NULL;
	for (w = 0; w < workers; w++) {
		item = STAILQ_FIRST(&items);
		STAILQ_REMOVE_HEAD(&items, link);
		command_post(sources->commands, w, item);
	}
	return 0;
}
