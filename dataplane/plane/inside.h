/* The inside of the dataplane, for the files of this folder, in the order in which dplane_create builds it. All of it
 * is the main thread's, but for what a line says. */
#pragma once

#include <rte_rcu_qsbr.h>
#include "conversation.h"
#include "dplane.h"
#include "endpoints.h"
#include "fast/source.h"
#include "offenders.h"
#include "prompts.h"
#include "screening.h"
#include "sources.h"

/* A worker and what it gives away. Filled before the worker runs; read-only after that, but for what a line says. */
struct dplane_worker {
	struct dplane *dplane;
	unsigned index;
	struct worker *worker;
	struct rte_ring *events; /* of struct xf_link_event, from the worker to the main thread */
	struct rte_ring *copies; /* of packets that hold a struct xf_link_captured, likewise */
	bool registered;	 /* with qsbr, by dplane_worker_turn; the worker's thread writes */
};

struct dplane {
	struct dplane_seam seam;
	const struct config *config;
	struct rte_mempool *pool;
	struct dplane_port ports[WORKER_MAX_PORTS];
	unsigned port_count;
	uint64_t instance;	      /* random, of this life of the dataplane */
	uint8_t secret[CNAME_SECRET]; /* likewise */
	uint64_t now_ns;	      /* of the present call */
	uint64_t swept_ns;	      /* when orphans were looked for last */

	struct flow_table *flows;
	struct rte_rcu_qsbr *qsbr;
	struct admitted *admitted;
	struct prompts prompts;
	struct rte_mempool *fragments_pool; /* for what workers put together; the kernel's rings may hold some */
	struct screening screening;
	struct offenders offenders;
	struct dplane_worker workers[WORKER_MAX];
	unsigned worker_count;
	struct rte_ring *handover[WORKER_MAX][WORKER_MAX]; /* [from][to]; from the one's thread to the other's */
	struct limbo limbo;
	struct command_queue commands;
	struct next_hop_book next_hops;
	struct endpoints endpoints;
	struct sources sources;
	struct conversation conversation;
	uint64_t copies_lost; /* that the control plane was too slow for; others read */
};

/* tables.c: what all workers share. 0 or -errno, logged, nothing left. */
int tables_create(struct dplane *dplane);
void tables_destroy(struct dplane *dplane);

/* workers.c: the workers and the rings between them and to the main thread. 0 or -errno, logged, nothing left. */
int workers_create(struct dplane *dplane);
/* Packets that are still in a ring are freed. */
void workers_destroy(struct dplane *dplane);
