#include "judge/strmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct strmap_slot {
	char *key;
	size_t len;
	uint64_t hash;
	uint32_t value;
};

uint64_t strmap_hash(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = 0xcbf29ce484222325ull;
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h ^ (h >> 29);
}

void strmap_fini(struct strmap *map)
{
	for (uint32_t i = 0; i < map->size; i++)
		free(map->slots[i].key);
	free(map->slots);
	*map = (struct strmap){0};
}

/* The key's slot, or the empty one where it belongs. */
static struct strmap_slot *slot_of(const struct strmap *map, const void *key, size_t len, uint64_t hash)
{
	for (uint64_t i = hash;; i++) {
		struct strmap_slot *slot = &map->slots[i & (map->size - 1)];
		if (!slot->key || (slot->hash == hash && slot->len == len && memcmp(slot->key, key, len) == 0))
			return slot;
	}
}

uint32_t strmap_get(const struct strmap *map, const void *key, size_t len)
{
	if (map->used == 0)
		return STRMAP_NONE;
	const struct strmap_slot *slot = slot_of(map, key, len, strmap_hash(key, len));
	return slot->key ? slot->value : STRMAP_NONE;
}

static int grow(struct strmap *map)
{
	struct strmap bigger = {.size = map->size ? map->size * 2 : 64, .used = map->used};
	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < map->size; i++)
		if (map->slots[i].key)
			*slot_of(&bigger, map->slots[i].key, map->slots[i].len, map->slots[i].hash) = map->slots[i];
	free(map->slots);
	*map = bigger;
	return 0;
}

int strmap_set(struct strmap *map, const void *key, size_t len, uint32_t value)
{
	if (map->used * 2 >= map->size && grow(map) < 0)
		return -ENOMEM;
	uint64_t hash = strmap_hash(key, len);
	struct strmap_slot *slot = slot_of(map, key, len, hash);
	if (!slot->key) {
		char *copy = malloc(len + 1);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, key, len);
		copy[len] = 0;
		*slot = (struct strmap_slot){.key = copy, .len = len, .hash = hash};
		map->used++;
	}
	slot->value = value;
	return 0;
}
