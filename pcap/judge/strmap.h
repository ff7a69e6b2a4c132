/* Text → number. Grows; nothing is ever taken out. Keys are copied. The order of nothing depends on addresses. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STRMAP_NONE UINT32_MAX

struct strmap_slot;
struct strmap {
	struct strmap_slot *slots;
	uint32_t size, used; /* size: 0 or a power of two */
};

void strmap_fini(struct strmap *map);
/* STRMAP_NONE if it is not there. */
uint32_t strmap_get(const struct strmap *map, const void *key, size_t len);
/* Puts it in or changes it. 0 or -ENOMEM. */
int strmap_set(struct strmap *map, const void *key, size_t len, uint32_t value);
/* FNV-1a. */
uint64_t strmap_hash(const void *data, size_t len);
