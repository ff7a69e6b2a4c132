#include "strangers.h"

#include "counter.h"
#include "source_key.h"

/* Of IPv4 addresses. As IPv6 this is multicast, which has sent nothing (classify.c). */
#define STRANGERS_V4 (0xffffffffull << 32)

/* Giving a place to another takes some nanoseconds. */
#define STRANGERS_TRIES 100

static uint64_t strangers_key(const struct xf_addr *addr)
{
	struct source_key key = source_key(addr);
	return addr->family == 4 ? STRANGERS_V4 | key.low : key.high;
}

static struct xf_prefix strangers_block(uint64_t key)
{
	struct xf_prefix block = {.addr = {.family = 6}, .prefix_len = STRANGERS_PREFIX_V6};
	uint64_t be = rte_cpu_to_be_64(key);
	if ((key & STRANGERS_V4) == STRANGERS_V4)
		return (struct xf_prefix){.addr = xf_addr_v4((const uint8_t *)&be + 4), .prefix_len = 32};
	memcpy(block.addr.bytes, &be, sizeof(be));
	return block;
}

/* Two keys. */
typedef uint64_t strangers_pair __attribute__((vector_size(16)));

/* Eight keys a step, with one branch. STRANGERS: it has no place. */
static unsigned strangers_find(const struct strangers *s, uint64_t key)
{
	const strangers_pair *pairs = (const strangers_pair *)s->keys, wanted = {key, key};
	for (unsigned i = 0; i < STRANGERS / 2; i += 4) {
		strangers_pair hit = (strangers_pair)(pairs[i] == wanted) | (strangers_pair)(pairs[i + 1] == wanted) |
				     (strangers_pair)(pairs[i + 2] == wanted) |
				     (strangers_pair)(pairs[i + 3] == wanted);
		if ((hit[0] | hit[1]) == 0)
			continue;
		unsigned place = 2 * i;
		while (s->keys[place] != key)
			place++;
		return place;
	}
	return STRANGERS;
}

/* The place with the fewest drops. Counts only grow, so whoever was passed by need not be looked at again until all
 * have more: a place a drop, on average. */
static unsigned strangers_least(struct strangers *s)
{
	for (;;) {
		for (; s->next < STRANGERS; s->next++)
			if (s->drops[s->next] == s->least)
				return s->next;
		s->least = UINT64_MAX;
		for (s->next = STRANGERS; s->next > 0; s->next--)
			if (s->drops[s->next - 1] < s->least)
				s->least = s->drops[s->next - 1];
	}
}

static void strangers_replace(struct strangers *s, unsigned place, uint64_t key)
{
	uint64_t drops = s->drops[place];
	counter32_set(&s->lives[place], s->lives[place] + 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	counter_set(&s->keys[place], key);
	counter_set(&s->errors[place], drops);
	counter_set(&s->drops[place], drops + 1);
	__atomic_store_n(&s->lives[place], s->lives[place] + 1, __ATOMIC_RELEASE);
}

void strangers_count(struct strangers *s, const struct xf_addr *addr)
{
	uint64_t key = strangers_key(addr);
	unsigned place = strangers_find(s, key);
	if (place < STRANGERS)
		counter_add(&s->drops[place], 1);
	else
		strangers_replace(s, strangers_least(s), key);
}

bool strangers_read(const struct strangers *s, unsigned place, struct stranger *out)
{
	for (unsigned tries = 0; tries < STRANGERS_TRIES; tries++) {
		uint32_t life = __atomic_load_n(&s->lives[place], __ATOMIC_ACQUIRE);
		uint64_t key = counter_get(&s->keys[place]), drops = counter_get(&s->drops[place]);
		uint64_t error = counter_get(&s->errors[place]);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((life & 1) || counter32_get(&s->lives[place]) != life)
			continue;
		*out = (struct stranger){.block = strangers_block(key), .drops = drops, .error = error, .life = life};
		return drops > 0;
	}
	return false;
}

uint64_t strangers_floor(const struct strangers *s)
{
	uint64_t least = UINT64_MAX;
	for (unsigned place = 0; place < STRANGERS; place++) {
		uint64_t drops = counter_get(&s->drops[place]);
		least = drops < least ? drops : least;
	}
	return least;
}
