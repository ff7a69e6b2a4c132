#include <errno.h>
#include <stdlib.h>
#include "endpoints.h"

static struct endpoints_copied *endpoints_copied(const struct endpoints *endpoints, uint32_t index)
{
	struct endpoints_copied *copied;

	LIST_FOREACH(copied, &endpoints->copied, link)
	if (copied->index == index)
		return copied;
	return NULL;
}

static struct endpoints_copied *endpoints_copied_add(struct endpoints *endpoints, uint32_t index)
{
	struct endpoints_copied *copied = endpoints_copied(endpoints, index);

	if (copied)
		return copied;
	if ((copied = calloc(1, sizeof(*copied))) == NULL)
		return NULL;
	copied->index = index;
	LIST_INSERT_HEAD(&endpoints->copied, copied, link);
	endpoints->entries[index].captured = 1;
	return copied;
}

int endpoints_capture(struct endpoints *endpoints, const struct xf_link_capture *capture,
		      const struct endpoints_answer *answer)
{
	struct endpoint_entry *entry;
	int r = endpoints_find(endpoints, &capture->id, &entry);

	if (r < 0)
		return r;
	struct endpoints_copied *copied = endpoints_copied_add(endpoints, capture->id.index);
	struct command_item *item = copied ? endpoints_item(COMMAND_CAPTURE, 0, answer) : NULL;
	if (item == NULL)
		return -ENOMEM;
	item->command.id = capture->id;
	item->command.on = copied->on = capture->on != 0;
	command_post(endpoints->commands, entry->worker, item);
	return 0;
}

static void endpoints_capture_done(struct command_item *item, void *arg)
{
}

void endpoints_capture_none(struct endpoints *endpoints)
{
	const struct endpoints_answer nobody = {.done = endpoints_capture_done};
	const struct endpoints_copied *copied;

	LIST_FOREACH(copied, &endpoints->copied, link)
	{
		const struct endpoint_entry *entry = &endpoints->entries[copied->index];
		const struct xf_link_capture off = {.id = {copied->index, entry->generation}};
		/* Without memory it is copied on, and thrown away by the main thread. */
		if (copied->on && !entry->closing)
			endpoints_capture(endpoints, &off, &nobody);
	}
}

uint32_t *endpoints_copies_lost(struct endpoints *endpoints, const struct xf_endpoint_id *id)
{
	struct endpoint_entry *entry;

	if (endpoints_find(endpoints, id, &entry) < 0 || !entry->captured)
		return NULL;
	return &endpoints_copied(endpoints, id->index)->lost;
}

void endpoints_capture_forget(struct endpoints *endpoints, struct endpoint_entry *entry)
{
	if (!entry->captured)
		return;
	struct endpoints_copied *copied = endpoints_copied(endpoints, (uint32_t)(entry - endpoints->entries));
	LIST_REMOVE(copied, link);
	free(copied);
	entry->captured = 0;
}
