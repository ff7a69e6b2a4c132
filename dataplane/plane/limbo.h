/* What was taken away from the workers and waits until none of them can still be looking at it. Main thread. */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include <rte_rcu_qsbr.h>

struct limbo_entry {
	STAILQ_ENTRY(limbo_entry) link;
	uint64_t token;
	void (*destroy)(void *what, void *arg);
	void *what, *arg;
};

struct limbo {
	STAILQ_HEAD(, limbo_entry) entries; /* oldest first */
	struct rte_rcu_qsbr *qsbr;
	uint32_t count;
	uint64_t token_last; /* of the youngest */
};

void limbo_init(struct limbo *limbo, struct rte_rcu_qsbr *qsbr);
/* destroy(what, arg) is called by a later limbo_sweep. what: unreachable for whoever begins a turn from now on. */
void limbo_add(struct limbo *limbo, void (*destroy)(void *what, void *arg), void *what, void *arg);
/* Frees what has waited long enough. Never waits. How many. */
unsigned limbo_sweep(struct limbo *limbo);
/* Whether there is something to free now. */
bool limbo_ripe(const struct limbo *limbo);
/* Whether a report of this worker is waited for. */
bool limbo_waits_for(const struct limbo *limbo, unsigned worker);
/* When no worker runs any more: frees all. */
void limbo_fini(struct limbo *limbo);
