/* The book of next hops: per port and address the MAC that the world has told, and the endpoints that send by it.
 *
 * Each next hop in use is watched once, however many endpoints use it (seam.neighbour_watch). Main thread.
 */
#pragma once

#include <sys/queue.h>
#include "dplane.h"

struct endpoint_entry;
LIST_HEAD(next_hop_endpoints, endpoint_entry);

/* One next hop in use. */
struct next_hop {
	LIST_ENTRY(next_hop) link;
	unsigned port;
	struct xf_addr addr;
	bool resolved;
	uint8_t mac[6]; /* when resolved */
	unsigned users;
	struct next_hop_endpoints endpoints; /* kept by endpoints.c: who is told of a change */
};

LIST_HEAD(next_hop_list, next_hop);

#define NEXT_HOP_BUCKETS 256

struct next_hop_book {
	const struct dplane_seam *seam;
	struct next_hop_list buckets[NEXT_HOP_BUCKETS];
	unsigned count;
	void (*changed)(struct next_hop *next_hop, void *arg);
	void *arg;
};

/* changed: called when a next hop in use gets a MAC, gets another, or loses it. */
void next_hop_init(struct next_hop_book *book, const struct dplane_seam *seam,
		   void (*changed)(struct next_hop *next_hop, void *arg), void *arg);
/* Releases what is still watched. */
void next_hop_fini(struct next_hop_book *book);

/* One more user. Unresolved until the world has an answer, which may be at once. 0, -ENOMEM, or what the world says.
 */
int next_hop_get(struct next_hop_book *book, unsigned port, const struct xf_addr *addr, struct next_hop **out);
/* One user less; with the last one it goes. NULL is fine. */
void next_hop_put(struct next_hop_book *book, struct next_hop *next_hop);
/* The world tells of one; of those not in use nothing is kept. mac NULL: not resolved (any more). */
void next_hop_tell(struct next_hop_book *book, unsigned port, const struct xf_addr *addr, const uint8_t *mac);
