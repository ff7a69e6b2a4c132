/* All that the daemon has, in the order in which main() builds it. Owned by the main thread. */
#pragma once

#include "endpoints.h"
#include "kernel_if.h"
#include "lcore.h"
#include "link_server.h"
#include "neighbour.h"
#include "port.h"
#include "sources.h"

struct host {
	struct config *config;
	int signals; /* signalfd */
	struct netlink netlink;
	struct rte_mempool *pool;
	struct port ports[WORKER_MAX_PORTS];
	unsigned ports_started;
	struct kernel_if kernel_ifs[WORKER_MAX_PORTS];
	unsigned kernel_ifs_open;
	struct flow_table *flows;
	struct rte_rcu_qsbr *qsbr;
	struct admitted *admitted;
	struct prompt_set *prompts;
	struct lcore_set lcores;
	struct command_queue commands;
	struct limbo limbo;
	struct neighbour_table neighbours;
	struct endpoints endpoints;
	struct sources sources;
	struct link_server link;
	uint64_t instance; /* random, of this life of the dataplane */
};
