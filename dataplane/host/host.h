/* All that the daemon has, in the order in which main() builds it. Owned by the main thread. */
#pragma once

#include "kernel_if.h"
#include "lcore.h"
#include "link_server.h"
#include "neighbour.h"
#include "plane/dplane.h"
#include "port.h"
#include "reload.h"

/* Bytes of the kernel's randomness that nobody has had yet: the first `left`. */
struct host_random {
	size_t left;
	uint8_t bytes[4096];
};

struct host {
	struct config *config;
	int signals; /* signalfd */
	struct netlink netlink;
	struct rte_mempool *pool;
	struct port ports[WORKER_MAX_PORTS];
	unsigned ports_started;
	struct kernel_if kernel_ifs[WORKER_MAX_PORTS];
	unsigned kernel_ifs_open;
	struct lcore_set lcores;
	struct neighbour_table neighbours;
	struct host_random random;
	struct dplane *dplane;
	struct reload reload;
	struct link_server link;
};
