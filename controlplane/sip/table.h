/* A hash table of nodes that live in what they name. The key is a keyed 128-bit hash, so a look-up compares 16 bytes
 * and costs the same whatever is open. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct table_key {
	uint64_t word[2];
};

struct table_node {
	struct table_key key;
	struct table_node *next;
	struct txn *txn; /* NULL: not in the table */
};

struct table {
	struct table_node **buckets;
	size_t size; /* a power of two */
	size_t count;
};

int table_init(struct table *table); /* 0 or -ENOMEM */
void table_fini(struct table *table);
/* Never fails: without memory to grow, its chains grow. */
void table_add(struct table *table, struct table_node *node, const struct table_key *key, struct txn *txn);
void table_del(struct table *table, struct table_node *node);		       /* nothing if it is not in the table */
struct txn *table_get(const struct table *table, const struct table_key *key); /* the one added last; NULL: none */
