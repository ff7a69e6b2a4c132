/* Memory of a history, given back as one. */
#include "sim.h"

#include <stdarg.h>
#include <stdlib.h>

#define CHUNK_SIZE (256u << 10)

struct sim_chunk {
	struct sim_chunk *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

void *sim_alloc(struct sim *sim, size_t size)
{
	struct sim_chunk *chunk = sim->chunks;
	size = (size + 15) & ~(size_t)15;
	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			abort();
		chunk->next = sim->chunks;
		chunk->used = 0;
		chunk->size = room;
		sim->chunks = chunk;
	}
	void *at = chunk->bytes + chunk->used;
	chunk->used += size;
	return memset(at, 0, size);
}

void sim_free_all(struct sim *sim)
{
	while (sim->chunks) {
		struct sim_chunk *next = sim->chunks->next;
		free(sim->chunks);
		sim->chunks = next;
	}
}

char *sim_copy(struct sim *sim, const void *data, size_t len)
{
	char *copy = sim_alloc(sim, len + 1);
	memcpy(copy, data, len);
	return copy;
}

char *sim_print(struct sim *sim, const char *format, ...)
{
	char text[8192];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return sim_copy(sim, text, n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}
