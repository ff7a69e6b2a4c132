/* The worker's thread: ports to worker library and back, and the rings to the main thread.
 *
 * Who may touch what: `struct lcore` is filled by the main thread before the thread starts; after that the thread only
 * reads it. Every ring has one producer and one consumer, named beside it.
 */
#pragma once

#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include "plane/dplane.h"
#include "port.h"

#define LCORE_KERNEL_RING 1024
#define LCORE_PORT_RING	  512
#define LCORE_SENDERS	  (WORKER_MAX + 1) /* the workers; the last used one is the main thread */

enum lcore_kernel {
	LCORE_KERNEL_URGENT, /* ARP, ND, ICMP, routing protocols */
	LCORE_KERNEL_REST,
	LCORE_KERNEL_COUNT,
};

struct lcore_set;

struct lcore {
	struct lcore_set *set;
	struct worker *worker; /* set before the thread starts */
	unsigned index;	       /* of the worker */
	unsigned id;	       /* DPDK's lcore */
	/* From this worker to the main thread. */
	struct rte_ring *to_kernel[WORKER_MAX_PORTS][LCORE_KERNEL_COUNT];
	uint64_t relay_full; /* packets of other senders that a port did not take; this thread writes */
};

struct lcore_set {
	struct lcore lcores[WORKER_MAX];
	unsigned count;
	struct port *ports;
	unsigned port_count;
	enum config_idle idle;
	bool stop;		   /* the main thread writes */
	struct rte_rcu_qsbr *qsbr; /* each worker reports every turn; set before they start */
	/* Ports with one transmit queue: from sender (worker 1 on, main thread) to worker 0, whose queue it is. */
	struct rte_ring *to_port[WORKER_MAX_PORTS][LCORE_SENDERS];
};

/* Makes the rings; nothing runs yet. ports are started. 0 or -errno, logged. */
int lcore_create(struct lcore_set *set, const struct config *config, struct port *ports);
void lcore_destroy(struct lcore_set *set);

/* Starts the plane's workers, each on its lcore. 0 or -errno, logged. */
int lcore_start(struct lcore_set *set, struct dplane *dplane);
/* Returns when all have ended. */
void lcore_stop(struct lcore_set *set);

/* The worker's thread, or nobody while it does not run: what it gives away. Takes ownership. */
void lcore_transmit(struct lcore *l, uint16_t port, struct rte_mbuf **pkts, uint16_t n);
void lcore_to_kernel(struct lcore *l, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent);

/* Main thread: sends n frames on a port. How many were taken; the rest is still the caller's. */
unsigned lcore_main_transmit(struct lcore_set *set, unsigned port, struct rte_mbuf **pkts, unsigned n);
