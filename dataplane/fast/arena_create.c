#include <sys/mman.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include "arena.h"

#define ARENA_SLAB (2u << 20) /* of a transparent hugepage */

/* At the end of the slab, so that pieces begin where it does. */
struct arena_slab {
	struct arena_slab *before;
};

#define ARENA_ROOM (ARENA_SLAB - RTE_ALIGN_CEIL(sizeof(struct arena_slab), RTE_CACHE_LINE_SIZE))

static uint8_t *arena_slab_begin(struct arena_slab *slab)
{
	return (uint8_t *)slab - ARENA_ROOM;
}

/* Only whole ones can be made hugepages of, so more is asked for and the rest given back. */
static struct arena_slab *arena_slab_map(void)
{
	uint8_t *map =
	    mmap(NULL, 2 * ARENA_SLAB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	uint8_t *begin = RTE_PTR_ALIGN_CEIL(map, ARENA_SLAB);
	if (begin > map)
		munmap(map, (size_t)(begin - map));
	munmap(begin + ARENA_SLAB, (size_t)(map + ARENA_SLAB - begin));
	/* A kernel without them says so, and has small pages for us. */
	madvise(begin, ARENA_SLAB, MADV_HUGEPAGE);
	return (struct arena_slab *)(begin + ARENA_ROOM);
}

void *arena_take(struct arena *arena, size_t size)
{
	if (rte_eal_has_hugepages()) {
		arena->bytes += size + 2 * RTE_CACHE_LINE_SIZE;
		return rte_zmalloc_socket("xf_endpoints", size, RTE_CACHE_LINE_SIZE, arena->socket);
	}
	size = RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE);
	if (!arena->slabs || arena->used + size > ARENA_ROOM) {
		struct arena_slab *slab = arena_slab_map();
		if (!slab)
			return NULL;
		slab->before = arena->slabs;
		arena->slabs = slab;
		arena->used = 0;
		arena->bytes += ARENA_SLAB;
	}
	void *piece = arena_slab_begin(arena->slabs) + arena->used;
	arena->used += size;
	return piece;
}

void arena_give(const struct arena *arena, void *piece)
{
	if (!arena->slabs)
		rte_free(piece);
}

void arena_end(struct arena *arena)
{
	while (arena->slabs) {
		struct arena_slab *slab = arena->slabs;
		arena->slabs = slab->before;
		munmap(arena_slab_begin(slab), ARENA_SLAB);
	}
}
