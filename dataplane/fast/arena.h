/* Memory of endpoints: taken piece by piece, given back all at once.
 *
 * It lies in DPDK's heap if that has hugepages. Otherwise it is memory of the process, in slabs that the kernel may
 * make transparent hugepages of: packets of many calls read it at another place each time, and with small pages would
 * walk the page table each time. Where the kernel makes none, it is ordinary memory.
 *
 * The main thread's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena_slab;

struct arena {
	int socket;		  /* NUMA, or SOCKET_ID_ANY; of DPDK's heap */
	size_t bytes;		  /* of DPDK's heap, or of slabs, that have been taken */
	struct arena_slab *slabs; /* the latest first; NULL: DPDK's heap, or nothing yet */
	size_t used;		  /* of the latest slab */
};

/* size: not 0, up to 1 MB. Zeroed, at a cache line; NULL: there is no more. */
void *arena_take(struct arena *arena, size_t size);

/* One piece, which nobody uses any more. */
void arena_give(const struct arena *arena, void *piece);

/* After the pieces. */
void arena_end(struct arena *arena);
