#include "slab.h"

#include <string.h>
#include <rte_common.h>
#include <rte_malloc.h>

struct slab_piece {
	struct slab_piece *next;
	uint8_t objects[] __rte_cache_aligned;
};

struct slab_free {
	struct slab_free *next;
};

void slab_init(struct slab *slab, size_t size, int socket)
{
	*slab = (struct slab){.size = RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE), .socket = socket};
}

void slab_fini(struct slab *slab)
{
	while (slab->pieces) {
		struct slab_piece *piece = slab->pieces;
		slab->pieces = piece->next;
		rte_free(piece);
	}
	slab->free = NULL;
	slab->used = 0;
	slab->bytes = 0;
}

static bool slab_grow(struct slab *slab)
{
	struct slab_piece *piece =
	    rte_malloc_socket("xf_slab", sizeof(*piece) + SLAB_OBJECTS * slab->size, RTE_CACHE_LINE_SIZE, slab->socket);
	if (!piece)
		return false;
	slab->bytes += sizeof(*piece) + SLAB_OBJECTS * slab->size + 2 * RTE_CACHE_LINE_SIZE;
	piece->next = slab->pieces;
	slab->pieces = piece;
	/* The first is given out first: objects that come together lie together. */
	for (unsigned i = SLAB_OBJECTS; i-- > 0;) {
		struct slab_free *object = (struct slab_free *)(piece->objects + i * slab->size);
		object->next = slab->free;
		slab->free = object;
	}
	return true;
}

void *slab_alloc(struct slab *slab)
{
	if (!slab->free && !slab_grow(slab))
		return NULL;
	struct slab_free *object = slab->free;
	slab->free = object->next;
	slab->used++;
	return memset(object, 0, slab->size);
}

void slab_free(struct slab *slab, void *object)
{
	struct slab_free *free = object;
	if (!object)
		return;
	free->next = slab->free;
	slab->free = free;
	slab->used--;
}
