/* Memory for many objects of one size, of which some come and go at any time: taken in pieces of SLAB_OBJECTS, given
 * back whole at the end. Each object begins at a cache line. Main thread only. */
#pragma once

#include <stddef.h>

#define SLAB_OBJECTS 32

struct slab_piece;
struct slab_free;

struct slab {
	size_t size; /* of an object, bytes */
	int socket;  /* NUMA, or SOCKET_ID_ANY */
	struct slab_piece *pieces;
	struct slab_free *free;
	unsigned used; /* objects that are out */
	size_t bytes;  /* that the pieces take of the heap, its own bookkeeping included */
};

/* size: at least a pointer's. */
void slab_init(struct slab *slab, size_t size, int socket);
/* All objects are gone with it. */
void slab_fini(struct slab *slab);

/* Zeroed. NULL: no memory. */
void *slab_alloc(struct slab *slab);
/* NULL is fine. */
void slab_free(struct slab *slab, void *object);
