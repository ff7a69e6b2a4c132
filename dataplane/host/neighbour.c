#include "neighbour.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"

#define NEIGHBOUR_NOTICES 4096 /* more than a socket's buffer holds */

static struct neighbour_list *neighbour_bucket(struct neighbour_table *table, int ifindex, const struct xf_addr *addr)
{
	uint32_t hash = 2166136261u ^ (uint32_t)ifindex;

	for (unsigned i = 0; i < sizeof(addr->bytes); i++)
		hash = (hash ^ addr->bytes[i]) * 16777619u;
	return &table->buckets[(hash ^ hash >> 16) % NEIGHBOUR_BUCKETS];
}

static struct neighbour *neighbour_find(struct neighbour_table *table, int ifindex, const struct xf_addr *addr)
{
	struct neighbour *n;

	LIST_FOREACH(n, neighbour_bucket(table, ifindex, addr), link)
	if (n->ifindex == ifindex && xf_addr_eq(&n->addr, addr))
		return n;
	return NULL;
}

static void neighbour_request(struct neighbour_table *table, const struct neighbour *n)
{
	char text[XF_ADDR_STRLEN];
	int r = netlink_neighbour_use(table->netlink, n->ifindex, &n->addr, true);

	if (r < 0)
		log_warning("neighbour-request-failed", "ifindex=%d address=%s error=\"%s\"", n->ifindex,
			    xf_addr_format(&n->addr, text), strerror(-r));
}

static void neighbour_heard(const struct netlink_neighbour *heard, void *arg)
{
	struct neighbour_table *table = arg;
	struct neighbour *n = neighbour_find(table, heard->ifindex, &heard->addr);
	char text[XF_ADDR_STRLEN];

	if (n == NULL)
		return;
	n->heard = true;
	n->permanent = heard->permanent;
	if (heard->gone) {
		bool was = n->resolved;
		n->resolved = false;
		if (was) {
			log_warning("neighbour-lost", "ifindex=%d address=%s", n->ifindex,
				    xf_addr_format(&n->addr, text));
			table->changed(n, table->arg);
		}
		if (heard->deleted)
			neighbour_request(table, n);
		return;
	}
	if (n->resolved && memcmp(n->mac, heard->mac, sizeof(n->mac)) == 0)
		return;
	n->resolved = true;
	memcpy(n->mac, heard->mac, sizeof(n->mac));
	log_info("neighbour-resolved", "ifindex=%d address=%s mac=%02x:%02x:%02x:%02x:%02x:%02x", n->ifindex,
		 xf_addr_format(&n->addr, text), n->mac[0], n->mac[1], n->mac[2], n->mac[3], n->mac[4], n->mac[5]);
	table->changed(n, table->arg);
}

int neighbour_init(struct neighbour_table *table, struct netlink *netlink,
		   void (*changed)(const struct neighbour *neighbour, void *arg), void *arg)
{
	*table = (struct neighbour_table){.netlink = netlink, .changed = changed, .arg = arg};
	for (unsigned i = 0; i < NEIGHBOUR_BUCKETS; i++)
		LIST_INIT(&table->buckets[i]);
	table->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (table->events == NULL)
		return -errno;
	int group = RTNLGRP_NEIGH;
	if (mnl_socket_bind(table->events, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(table->events, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
		int r = -errno;
		neighbour_fini(table);
		return r;
	}
	return 0;
}

static void neighbour_forget(struct neighbour_table *table, struct neighbour *n)
{
	if (!n->permanent)
		netlink_neighbour_use(table->netlink, n->ifindex, &n->addr, false);
	LIST_REMOVE(n, link);
	free(n);
}

void neighbour_fini(struct neighbour_table *table)
{
	for (unsigned i = 0; i < NEIGHBOUR_BUCKETS; i++) {
		struct neighbour *n;
		while ((n = LIST_FIRST(&table->buckets[i])) != NULL)
			neighbour_forget(table, n);
	}
	if (table->events)
		mnl_socket_close(table->events);
	table->events = NULL;
}

int neighbour_fd(const struct neighbour_table *table)
{
	return mnl_socket_get_fd(table->events);
}

/* After a lost notice. The kernel adds none until all that are left have been read; so these, older than the table, are
 * thrown away first. What is not in the table was deleted unheard. */
static void neighbour_read_again(struct neighbour_table *table, char *buf, size_t size)
{
	struct neighbour *n;

	log_warning("neighbour-notices-lost", "effect=\"table is read again\"");
	for (unsigned turn = 0; turn < NEIGHBOUR_NOTICES; turn++)
		if (mnl_socket_recvfrom(table->events, buf, size) <= 0 && errno == EAGAIN)
			break;
	for (unsigned i = 0; i < NEIGHBOUR_BUCKETS; i++) {
		LIST_FOREACH(n, &table->buckets[i], link)
		n->heard = false;
	}
	int r = netlink_neighbour_list(table->netlink, neighbour_heard, table);
	if (r < 0) {
		log_warning("neighbour-list-failed", "error=\"%s\"", strerror(-r));
		return;
	}
	for (unsigned i = 0; i < NEIGHBOUR_BUCKETS; i++) {
		LIST_FOREACH(n, &table->buckets[i], link)
		if (!n->heard)
			neighbour_heard(&(struct netlink_neighbour){n->ifindex, n->addr, true, true, {0}, false},
					table);
	}
}

void neighbour_read(struct neighbour_table *table)
{
	char buf[NETLINK_BUFFER];

	/* Bounded: a flood of notices must not keep the main thread from its rings. */
	for (unsigned turn = 0; turn < 16; turn++) {
		ssize_t n = mnl_socket_recvfrom(table->events, buf, sizeof(buf));
		if (n < 0 && errno == ENOBUFS) {
			neighbour_read_again(table, buf, sizeof(buf));
			return;
		}
		if (n <= 0)
			break;
		int left = (int)n;
		for (const struct nlmsghdr *nlh = (void *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			struct netlink_neighbour heard;
			if (netlink_neighbour_parse(&heard, nlh) == 0)
				neighbour_heard(&heard, table);
		}
	}
}

struct neighbour_lookup {
	struct neighbour *neighbour;
};

static void neighbour_known(const struct netlink_neighbour *heard, void *arg)
{
	struct neighbour *n = ((struct neighbour_lookup *)arg)->neighbour;

	if (heard->gone || heard->ifindex != n->ifindex || !xf_addr_eq(&heard->addr, &n->addr))
		return;
	n->resolved = true;
	n->permanent = heard->permanent;
	memcpy(n->mac, heard->mac, sizeof(n->mac));
}

int neighbour_watch(struct neighbour_table *table, unsigned port, int ifindex, const struct xf_addr *addr)
{
	struct neighbour *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return -ENOMEM;
	n->port = port;
	n->ifindex = ifindex;
	n->addr = *addr;
	LIST_INSERT_HEAD(neighbour_bucket(table, ifindex, addr), n, link);
	/* An entry that is resolved before we ask gives no notice. */
	netlink_neighbour_list(table->netlink, neighbour_known, &(struct neighbour_lookup){n});
	if (!n->permanent)
		neighbour_request(table, n);
	if (n->resolved)
		table->changed(n, table->arg);
	return 0;
}

void neighbour_release(struct neighbour_table *table, int ifindex, const struct xf_addr *addr)
{
	struct neighbour *n = neighbour_find(table, ifindex, addr);

	if (n == NULL)
		return;
	neighbour_forget(table, n);
}
