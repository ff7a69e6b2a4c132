#include <rte_hash.h>
#include "addr_hash.h"
#include "admitted.h"
#include "source.h"
#include "source_key.h"

static struct source_value source_find4(const struct source_table *table, uint32_t key)
{
	uint32_t low = 0, high = table->count4;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (table->ranges4[middle].first <= key)
			low = middle;
		else
			high = middle;
	}
	return table->ranges4[low].value;
}

static struct source_value source_find6(const struct source_table *table, const struct source_key *key)
{
	uint32_t low = 0, high = table->count6;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		const struct source_range6 *range = &table->ranges6[middle];
		if (range->first_high < key->high || (range->first_high == key->high && range->first_low <= key->low))
			low = middle;
		else
			high = middle;
	}
	return table->ranges6[low].value;
}

bool source_lookup(const struct source_table *table, const struct xf_addr *addr, struct source_value *value)
{
	value->peer = SOURCE_PEER_NONE;
	if (!table)
		return false;
	struct source_key key = source_key(addr);
	if (addr->family == 4 && table->count4)
		*value = source_find4(table, (uint32_t)key.low);
	else if (addr->family == 6 && table->count6)
		*value = source_find6(table, &key);
	return value->peer != SOURCE_PEER_NONE;
}

uint32_t admitted_hash(const void *key, uint32_t len, uint32_t seed)
{
	return addr_hash(key) ^ seed;
}

bool admitted_has(const struct admitted *admitted, const struct xf_addr *addr)
{
	return admitted && rte_hash_lookup(admitted->hash, addr) >= 0;
}
