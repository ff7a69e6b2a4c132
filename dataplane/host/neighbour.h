/* Next hops: keeps each one resolved in the kernel while it is watched, and tells when its MAC changes.
 *
 * Media bypasses the kernel, so nothing else would keep a next hop's ARP or ND entry fresh. Main thread.
 */
#pragma once

#include <sys/queue.h>
#include "netlink.h"

/* One next hop that is watched. */
struct neighbour {
	LIST_ENTRY(neighbour) link;
	unsigned port;
	int ifindex; /* of the port's kernel interface */
	struct xf_addr addr;
	bool resolved;
	bool permanent; /* the operator's entry, left as it is */
	bool heard;	/* since the table was last read again */
	uint8_t mac[6]; /* when resolved */
};

LIST_HEAD(neighbour_list, neighbour);

#define NEIGHBOUR_BUCKETS 256

struct neighbour_table {
	struct netlink *netlink;   /* for requests */
	struct mnl_socket *events; /* notices of RTNLGRP_NEIGH; non-blocking */
	struct neighbour_list buckets[NEIGHBOUR_BUCKETS];
	void (*changed)(const struct neighbour *neighbour, void *arg);
	void *arg;
};

/* changed: called when a watched neighbour gets a MAC, gets another, or loses it. 0 or -errno. */
int neighbour_init(struct neighbour_table *table, struct netlink *netlink,
		   void (*changed)(const struct neighbour *neighbour, void *arg), void *arg);
void neighbour_fini(struct neighbour_table *table);

/* For epoll: readable when the kernel tells of neighbours. */
int neighbour_fd(const struct neighbour_table *table);
/* Reads what the kernel tells. After a lost notice reads the whole table again. */
void neighbour_read(struct neighbour_table *table);

/* Not watched yet. What the kernel knows already is told from inside. 0 or -ENOMEM. */
int neighbour_watch(struct neighbour_table *table, unsigned port, int ifindex, const struct xf_addr *addr);
/* Lets the kernel forget it. One that is not watched is fine. */
void neighbour_release(struct neighbour_table *table, int ifindex, const struct xf_addr *addr);
