#include "sip/table.h"

#include <errno.h>
#include <stdlib.h>

#define TABLE_FIRST_SIZE 256

int table_init(struct table *table)
{
	*table = (struct table){.size = TABLE_FIRST_SIZE};
	table->buckets = calloc(table->size, sizeof(*table->buckets));
	return table->buckets ? 0 : -ENOMEM;
}

void table_fini(struct table *table)
{
	free(table->buckets);
	*table = (struct table){0};
}

static struct table_node **bucket(const struct table *table, const struct table_key *key)
{
	return &table->buckets[key->word[0] & (table->size - 1)];
}

static void table_grow(struct table *table)
{
	struct table bigger = {.size = table->size * 2, .count = table->count};
	bigger.buckets = calloc(bigger.size, sizeof(*bigger.buckets));
	if (!bigger.buckets)
		return;
	for (size_t i = 0; i < table->size; i++) {
		/* From the back of the new chains, so that the one added last stays in front. */
		for (struct table_node *node = table->buckets[i], *next; node; node = next) {
			struct table_node **place = bucket(&bigger, &node->key);
			while (*place)
				place = &(*place)->next;
			next = node->next;
			node->next = NULL;
			*place = node;
		}
	}
	free(table->buckets);
	*table = bigger;
}

void table_add(struct table *table, struct table_node *node, const struct table_key *key, struct txn *txn)
{
	if (table->count >= table->size)
		table_grow(table);
	node->key = *key;
	node->txn = txn;
	struct table_node **place = bucket(table, key);
	node->next = *place;
	*place = node;
	table->count++;
}

void table_del(struct table *table, struct table_node *node)
{
	if (!node->txn)
		return;
	struct table_node **place = bucket(table, &node->key);
	while (*place != node)
		place = &(*place)->next;
	*place = node->next;
	node->txn = NULL;
	table->count--;
}

struct txn *table_get(const struct table *table, const struct table_key *key)
{
	for (struct table_node *node = *bucket(table, key); node; node = node->next)
		if (node->key.word[0] == key->word[0] && node->key.word[1] == key->word[1])
			return node->txn;
	return NULL;
}
