/* What is due next: things named by a small number, each at most once in the heap, least (due_ns, order) first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_item {
	uint64_t due_ns, order;
	uint32_t id;
};

struct heap {
	struct heap_item *items;
	uint32_t *places; /* of each id, from 1; 0: not in */
	uint32_t count, room, ids;
};

void heap_fini(struct heap *heap);
/* Puts it in or moves it. 0 or -ENOMEM. */
int heap_set(struct heap *heap, uint32_t id, uint64_t due_ns, uint64_t order);
void heap_del(struct heap *heap, uint32_t id);
/* NULL: empty. */
static inline const struct heap_item *heap_first(const struct heap *heap)
{
	return heap->count ? heap->items : NULL;
}
