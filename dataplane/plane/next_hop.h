/* The book of next hops: per port and address the MAC that the world has told, and the endpoints that send by it.
 *
 * Each next hop in use is watched once, however many endpoints use it (seam.neighbour_watch). Main thread.
 */
#pragma once

#include <sys/queue.h>
#include "dplane.h"

/* One next hop in use. */
struct next_hop {
	LIST_ENTRY(next_hop) link;
	unsigned port;
	struct xf_addr addr;
	bool resolved;
	uint8_t mac[6];	 /* when resolved */
	uint16_t number; /* in the book, from 1; by it endpoints name it */
	unsigned users;
	/* Kept by endpoints_header.c: indices of endpoints, or XF_ENDPOINT_NONE. */
	uint32_t endpoints;	       /* first of those that send by it */
	uint32_t untold;	       /* the first of these that is to be told of a change, as those behind it are */
	TAILQ_ENTRY(next_hop) changed; /* if untold */
};

TAILQ_HEAD(next_hop_queue, next_hop);

LIST_HEAD(next_hop_list, next_hop);

#define NEXT_HOP_BUCKETS 256
#define NEXT_HOP_MAX	 UINT16_MAX /* in use at once */

struct next_hop_book {
	const struct dplane_seam *seam;
	struct next_hop_list buckets[NEXT_HOP_BUCKETS];
	unsigned count;
	struct next_hop **table; /* by number; NULL: free */
	unsigned table_size;
	unsigned table_at; /* where the search for a free number begins */
	void (*changed)(struct next_hop *next_hop, void *arg);
	void *arg;
};

/* changed: called when a next hop in use gets a MAC, gets another, or loses it. */
void next_hop_init(struct next_hop_book *book, const struct dplane_seam *seam,
		   void (*changed)(struct next_hop *next_hop, void *arg), void *arg);
/* Releases what is still watched. */
void next_hop_fini(struct next_hop_book *book);

/* One more user. Unresolved until the world has an answer, which may be at once. 0, -ENOMEM, -ENOSPC (there are
 * NEXT_HOP_MAX), or what the world says. */
int next_hop_get(struct next_hop_book *book, unsigned port, const struct xf_addr *addr, struct next_hop **out);
/* By its number, which must be in use. */
struct next_hop *next_hop_at(const struct next_hop_book *book, uint16_t number);
/* One user less; with the last one it goes. NULL is fine. */
void next_hop_put(struct next_hop_book *book, struct next_hop *next_hop);
/* The world tells of one; of those not in use nothing is kept. mac NULL: not resolved (any more). */
void next_hop_tell(struct next_hop_book *book, unsigned port, const struct xf_addr *addr, const uint8_t *mac);
