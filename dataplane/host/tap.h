/* A port's twin in the kernel: a persistent TAP interface with the port's MAC.
 *
 * It outlives the daemon, so that addresses, routes and TCP connections on it do. Main thread.
 */
#pragma once

#include <net/if.h>
#include "netlink.h"
#include "xfergate/config.h"

struct tap {
	char name[IFNAMSIZ];
	int fd; /* non-blocking; one frame a read or write */
	int ifindex;
};

/* Makes the interface or finds it again, sets MAC and MTU where they differ, brings it up, adds the configured
 * addresses that it lacks and leaves all others alone. 0 or -errno, logged. */
int tap_open(struct tap *tap, struct netlink *netlink, const struct config_port *port, const uint8_t mac[6]);
/* The interface stays. */
void tap_close(struct tap *tap);

/* Sets missing[i] for each wanted address that is not in `have`; prefix lengths count. How many are missing. */
unsigned tap_addrs_missing(bool *missing, const struct xf_prefix *wanted, unsigned wanted_count,
			   const struct netlink_addr *have, unsigned have_count);
