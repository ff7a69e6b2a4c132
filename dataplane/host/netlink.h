/* rtnetlink: links, addresses, neighbours. Small helpers over libmnl. Main thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include "xfergate/addr.h"

#define NETLINK_BUFFER 32768

/* A socket for requests, each of which waits for its answer (the kernel answers within the call). */
struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
};

/* An address as it stands on an interface. */
struct netlink_addr {
	int ifindex;
	struct xf_prefix prefix; /* addr is the host's own address, bits beyond the prefix kept */
};

/* A neighbour as the kernel tells of it. */
struct netlink_neighbour {
	int ifindex;
	struct xf_addr addr;
	bool gone;	/* deleted, or not valid now */
	bool deleted;	/* the kernel forgot it, and that we asked to have it kept */
	uint8_t mac[6]; /* when not gone */
	bool permanent; /* somebody has written it down by hand */
};

/* 0 or -errno. */
int netlink_open(struct netlink *netlink);
void netlink_close(struct netlink *netlink);

/* mac, mtu: NULL and 0 leave it as it is. 0 or -errno. */
int netlink_link_set(struct netlink *netlink, int ifindex, const uint8_t *mac, uint32_t mtu, bool up);

/* All addresses of an interface, at most max. How many there are (may be above max), or -errno. */
int netlink_addr_list(struct netlink *netlink, int ifindex, struct netlink_addr *list, unsigned max);
/* 0 or -errno; -EEXIST: it is there. */
int netlink_addr_add(struct netlink *netlink, int ifindex, const struct xf_prefix *prefix);

/* Asks the kernel to resolve a neighbour and, if keep, to keep it resolved; without keep the kernel may forget it. Not
 * for a permanent one: the kernel would forget what somebody has written down, and ask a wire that may have nobody on
 * it.
 */
int netlink_neighbour_use(struct netlink *netlink, int ifindex, const struct xf_addr *addr, bool keep);
/* Calls back for each neighbour of the kernel's tables. 0 or -errno. */
int netlink_neighbour_list(struct netlink *netlink, void (*each)(const struct netlink_neighbour *, void *arg),
			   void *arg);

/* Parsers of the kernel's messages. 0; -EBADMSG: malformed; -ENOENT: not of this kind or family. */
int netlink_addr_parse(struct netlink_addr *out, const struct nlmsghdr *nlh);
int netlink_neighbour_parse(struct netlink_neighbour *out, const struct nlmsghdr *nlh);
