#include "next_hop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct next_hop_list *next_hop_bucket(struct next_hop_book *book, unsigned port, const struct xf_addr *addr)
{
	uint32_t hash = 2166136261u ^ port;

	for (unsigned i = 0; i < sizeof(addr->bytes); i++)
		hash = (hash ^ addr->bytes[i]) * 16777619u;
	return &book->buckets[(hash ^ hash >> 16) % NEXT_HOP_BUCKETS];
}

static struct next_hop *next_hop_find(struct next_hop_book *book, unsigned port, const struct xf_addr *addr)
{
	struct next_hop *n;

	LIST_FOREACH(n, next_hop_bucket(book, port, addr), link)
	if (n->port == port && xf_addr_eq(&n->addr, addr))
		return n;
	return NULL;
}

void next_hop_init(struct next_hop_book *book, const struct dplane_seam *seam,
		   void (*changed)(struct next_hop *next_hop, void *arg), void *arg)
{
	*book = (struct next_hop_book){.seam = seam, .changed = changed, .arg = arg};
	for (unsigned i = 0; i < NEXT_HOP_BUCKETS; i++)
		LIST_INIT(&book->buckets[i]);
}

/* Into the book, under a free number. 0, -ENOMEM or -ENOSPC. */
static int next_hop_insert(struct next_hop_book *book, struct next_hop *n)
{
	if (book->count == NEXT_HOP_MAX)
		return -ENOSPC;
	if (book->count + 1 >= book->table_size) {
		unsigned size = book->table_size ? 2 * book->table_size : 16;
		struct next_hop **table = realloc(book->table, size * sizeof(*table));
		if (table == NULL)
			return -ENOMEM;
		memset(table + book->table_size, 0, (size - book->table_size) * sizeof(*table));
		book->table = table;
		book->table_at = book->table_size;
		book->table_size = size;
	}
	/* 0 is nobody's; at least one other is free. */
	while (book->table_at == 0 || book->table[book->table_at])
		book->table_at = (book->table_at + 1) % book->table_size;
	n->number = (uint16_t)book->table_at;
	book->table[n->number] = n;
	LIST_INSERT_HEAD(next_hop_bucket(book, n->port, &n->addr), n, link);
	book->count++;
	return 0;
}

static void next_hop_remove(struct next_hop_book *book, struct next_hop *n)
{
	LIST_REMOVE(n, link);
	book->table[n->number] = NULL;
	book->count--;
	free(n);
}

static void next_hop_forget(struct next_hop_book *book, struct next_hop *n)
{
	book->seam->neighbour_release(book->seam->arg, n->port, &n->addr);
	next_hop_remove(book, n);
}

void next_hop_fini(struct next_hop_book *book)
{
	struct next_hop *n;

	for (unsigned i = 0; i < NEXT_HOP_BUCKETS; i++)
		while ((n = LIST_FIRST(&book->buckets[i])) != NULL)
			next_hop_forget(book, n);
	free(book->table);
	book->table = NULL;
	book->table_size = book->table_at = 0;
}

int next_hop_get(struct next_hop_book *book, unsigned port, const struct xf_addr *addr, struct next_hop **out)
{
	struct next_hop *n = next_hop_find(book, port, addr);

	*out = n;
	if (n) {
		n->users++;
		return 0;
	}
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	n->port = port;
	n->addr = *addr;
	n->users = 1;
	n->endpoints = n->untold = XF_ENDPOINT_NONE;
	/* In the book before it is asked for: the answer may come from inside. */
	int r = next_hop_insert(book, n);
	if (r < 0) {
		free(n);
		return r;
	}
	r = book->seam->neighbour_watch(book->seam->arg, port, addr);
	if (r < 0) {
		next_hop_remove(book, n);
		return r;
	}
	*out = n;
	return 0;
}

struct next_hop *next_hop_at(const struct next_hop_book *book, uint16_t number)
{
	return book->table[number];
}

void next_hop_put(struct next_hop_book *book, struct next_hop *next_hop)
{
	if (next_hop && --next_hop->users == 0)
		next_hop_forget(book, next_hop);
}

void next_hop_tell(struct next_hop_book *book, unsigned port, const struct xf_addr *addr, const uint8_t *mac)
{
	struct next_hop *n = next_hop_find(book, port, addr);

	if (n == NULL)
		return;
	if (mac == NULL) {
		if (!n->resolved)
			return;
		n->resolved = false;
	} else {
		if (n->resolved && memcmp(n->mac, mac, sizeof(n->mac)) == 0)
			return;
		n->resolved = true;
		memcpy(n->mac, mac, sizeof(n->mac));
	}
	book->changed(n, book->arg);
}
