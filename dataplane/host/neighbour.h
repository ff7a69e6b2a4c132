/* Next hops: keeps each one resolved in the kernel while an endpoint uses it, and tells when its MAC changes.
 *
 * Media bypasses the kernel, so nothing else would keep a next hop's ARP or ND entry fresh. Main thread.
 */
#pragma once

#include <sys/queue.h>
#include "netlink.h"

struct endpoint_entry;
LIST_HEAD(neighbour_endpoints, endpoint_entry);

/* One next hop in use. */
struct neighbour {
	LIST_ENTRY(neighbour) link;
	int ifindex; /* of the kernel interface */
	struct xf_addr addr;
	bool resolved;
	bool heard;	/* since the table was last read again */
	uint8_t mac[6]; /* when resolved */
	unsigned users;
	struct neighbour_endpoints endpoints; /* kept by endpoints.c: who is told of a change */
};

LIST_HEAD(neighbour_list, neighbour);

#define NEIGHBOUR_BUCKETS 256

struct neighbour_table {
	struct netlink *netlink;   /* for requests */
	struct mnl_socket *events; /* notices of RTNLGRP_NEIGH; non-blocking */
	struct neighbour_list buckets[NEIGHBOUR_BUCKETS];
	void (*changed)(struct neighbour *neighbour, void *arg);
	void *arg;
};

/* changed: called when a neighbour in use gets a MAC, gets another, or loses it. 0 or -errno. */
int neighbour_init(struct neighbour_table *table, struct netlink *netlink,
		   void (*changed)(struct neighbour *neighbour, void *arg), void *arg);
void neighbour_fini(struct neighbour_table *table);

/* For epoll: readable when the kernel tells of neighbours. */
int neighbour_fd(const struct neighbour_table *table);
/* Reads what the kernel tells. After a lost notice reads the whole table again. */
void neighbour_read(struct neighbour_table *table);

/* One more user. NULL: no memory. Unresolved until the kernel has an answer, which may be at once. */
struct neighbour *neighbour_get(struct neighbour_table *table, int ifindex, const struct xf_addr *addr);
/* One user less; the last one's going lets the kernel forget it. NULL is fine. */
void neighbour_put(struct neighbour_table *table, struct neighbour *neighbour);
