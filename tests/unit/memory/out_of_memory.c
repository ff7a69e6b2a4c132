#include "out_of_memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

long memory_allowed = -1, memory_refused;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static bool memory_refuse(void)
{
	if (memory_allowed < 0)
		return false;
	if (memory_allowed > 0) {
		memory_allowed--;
		return false;
	}
	memory_refused++;
	return true;
}

void *malloc(size_t size)
{
	return memory_refuse() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return memory_refuse() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return memory_refuse() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	return memory_refuse() || (size && count > SIZE_MAX / size) ? NULL : __libc_realloc(old, count * size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memory_refuse() ? NULL : __libc_memalign(alignment, size);
}
