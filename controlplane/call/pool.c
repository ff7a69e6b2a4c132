#include "call/pool.h"

#include <stdlib.h>

void pool_fini(struct pool *pool)
{
	free(pool->slots);
	*pool = (struct pool){0};
}

uint64_t pool_add(struct pool *pool, void *object)
{
	uint32_t i;
	if (pool->free_first) {
		i = pool->free_first - 1;
		pool->free_first = pool->slots[i].free_next;
	} else {
		if (pool->used == pool->room) {
			uint32_t room = pool->room ? pool->room * 2 : 64;
			struct pool_slot *slots = reallocarray(pool->slots, room, sizeof(*slots));
			if (!slots)
				return 0;
			pool->slots = slots;
			pool->room = room;
		}
		i = pool->used++;
		pool->slots[i] = (struct pool_slot){0};
	}
	pool->slots[i].object = object;
	pool->count++;
	return (uint64_t)++pool->slots[i].generation << 32 | (i + 1);
}

static struct pool_slot *find(const struct pool *pool, uint64_t id)
{
	uint32_t n = (uint32_t)id;
	if (n == 0 || n > pool->used)
		return NULL;
	struct pool_slot *slot = &pool->slots[n - 1];
	return slot->object && slot->generation == id >> 32 ? slot : NULL;
}

void *pool_get(const struct pool *pool, uint64_t id)
{
	struct pool_slot *slot = find(pool, id);
	return slot ? slot->object : NULL;
}

void pool_remove(struct pool *pool, uint64_t id)
{
	struct pool_slot *slot = find(pool, id);
	if (!slot)
		return;
	slot->object = NULL;
	slot->free_next = pool->free_first;
	pool->free_first = (uint32_t)id;
	pool->count--;
}

void *pool_walk(const struct pool *pool, uint32_t *at)
{
	while (*at < pool->used) {
		void *object = pool->slots[(*at)++].object;
		if (object)
			return object;
	}
	return NULL;
}
