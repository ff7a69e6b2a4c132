/* Objects by number: a number names one object for ever, also after it is gone, and finding it is one array read. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pool_slot {
	void *object; /* NULL: free */
	uint32_t generation;
	uint32_t free_next; /* 1 + index; 0: last */
};

struct pool {
	struct pool_slot *slots;
	uint32_t room, used, count;
	uint32_t free_first; /* 1 + index; 0: none */
};

void pool_fini(struct pool *pool); /* does not free the objects */

/* A new object's number; 0: out of memory. */
uint64_t pool_add(struct pool *pool, void *object);
/* NULL: there never was one, or it is gone. */
void *pool_get(const struct pool *pool, uint64_t id);
void pool_remove(struct pool *pool, uint64_t id);
/* The object at or after slot *at, which is set to where to go on; NULL: no more. */
void *pool_walk(const struct pool *pool, uint32_t *at);
/* Slot of an id, to walk on from it. */
static inline uint32_t pool_slot_of(uint64_t id)
{
	return (uint32_t)id - 1;
}
