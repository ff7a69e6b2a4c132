#include "heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void heap_fini(struct heap *heap)
{
	free(heap->items);
	free(heap->places);
	*heap = (struct heap){0};
}

static bool before(const struct heap_item *a, const struct heap_item *b)
{
	if (a->due_ns != b->due_ns)
		return a->due_ns < b->due_ns;
	return a->order != b->order ? a->order < b->order : a->id < b->id;
}

static void place(struct heap *heap, uint32_t at, struct heap_item item)
{
	heap->items[at] = item;
	heap->places[item.id] = at + 1;
}

/* Brings the item to where it belongs, from the hole at `at`. */
static void sift(struct heap *heap, uint32_t at, struct heap_item item)
{
	while (at > 0 && before(&item, &heap->items[(at - 1) / 2])) {
		place(heap, at, heap->items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (uint32_t child; (child = 2 * at + 1) < heap->count; at = child) {
		if (child + 1 < heap->count && before(&heap->items[child + 1], &heap->items[child]))
			child++;
		if (!before(&heap->items[child], &item))
			break;
		place(heap, at, heap->items[child]);
	}
	place(heap, at, item);
}

static int make_room(struct heap *heap, uint32_t id)
{
	if (heap->count == heap->room) {
		uint32_t room = heap->room ? heap->room * 2 : 64;
		struct heap_item *items = realloc(heap->items, room * sizeof(*items));
		if (!items)
			return -ENOMEM;
		heap->items = items;
		heap->room = room;
	}
	if (id >= heap->ids) {
		uint32_t ids = heap->ids ? heap->ids : 64;
		while (ids <= id)
			ids *= 2;
		uint32_t *places = realloc(heap->places, ids * sizeof(*places));
		if (!places)
			return -ENOMEM;
		memset(places + heap->ids, 0, (ids - heap->ids) * sizeof(*places));
		heap->places = places;
		heap->ids = ids;
	}
	return 0;
}

int heap_set(struct heap *heap, uint32_t id, uint64_t due_ns, uint64_t order)
{
	if ((heap->count == heap->room || id >= heap->ids) && make_room(heap, id) < 0)
		return -ENOMEM;
	uint32_t at = heap->places[id] ? heap->places[id] - 1 : heap->count++;
	sift(heap, at, (struct heap_item){.due_ns = due_ns, .order = order, .id = id});
	return 0;
}

void heap_del(struct heap *heap, uint32_t id)
{
	if (id >= heap->ids || heap->places[id] == 0)
		return;
	uint32_t at = heap->places[id] - 1;
	heap->places[id] = 0;
	struct heap_item last = heap->items[--heap->count];
	if (last.id != id)
		sift(heap, at, last);
}
