#include "world/inside.h"

#include <stdlib.h>

void world_queue_init(struct world_queue *queue)
{
	STAILQ_INIT(&queue->items);
	queue->count = 0;
}

struct world_item *world_queue_add(struct world_queue *queue, unsigned max, const void *bytes, size_t len)
{
	if (max && queue->count >= max)
		return NULL;
	struct world_item *item = malloc(sizeof(*item) + len + 1);
	if (!item)
		return NULL;
	*item = (struct world_item){.len = len};
	if (bytes)
		memcpy(item->bytes, bytes, len);
	item->bytes[len] = 0;
	STAILQ_INSERT_TAIL(&queue->items, item, link);
	queue->count++;
	return item;
}

struct world_item *world_queue_take(struct world_queue *queue)
{
	struct world_item *item = STAILQ_FIRST(&queue->items);
	if (!item)
		return NULL;
	STAILQ_REMOVE_HEAD(&queue->items, link);
	queue->count--;
	return item;
}

void world_queue_clear(struct world_queue *queue)
{
	struct world_item *item;
	while ((item = world_queue_take(queue)))
		free(item);
}

/* splitmix64 and xoshiro256**, by Blackman and Vigna: good and the same everywhere. */
void world_random_seed(struct world_random *random, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15ull;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ z >> 27) * 0x94d049bb133111ebull;
		random->state[i] = z ^ z >> 31;
	}
}

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static uint64_t random_next(struct world_random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

void world_random_fill(struct world_random *random, void *buf, size_t len)
{
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = random_next(random);
		memcpy((uint8_t *)buf + at, &word, len - at < 8 ? len - at : 8);
	}
}
