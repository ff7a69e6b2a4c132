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

static void next_hop_forget(struct next_hop_book *book, struct next_hop *n)
{
	book->seam->neighbour_release(book->seam->arg, n->port, &n->addr);
	LIST_REMOVE(n, link);
	book->count--;
	free(n);
}

void next_hop_fini(struct next_hop_book *book)
{
	struct next_hop *n;

	for (unsigned i = 0; i < NEXT_HOP_BUCKETS; i++)
		while ((n = LIST_FIRST(&book->buckets[i])) != NULL)
			next_hop_forget(book, n);
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
	LIST_INIT(&n->endpoints);
	/* In the book before it is asked for: the answer may come from inside. */
	LIST_INSERT_HEAD(next_hop_bucket(book, port, addr), n, link);
	book->count++;
	int r = book->seam->neighbour_watch(book->seam->arg, port, addr);
	if (r < 0) {
		LIST_REMOVE(n, link);
		book->count--;
		free(n);
		return r;
	}
	*out = n;
	return 0;
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
