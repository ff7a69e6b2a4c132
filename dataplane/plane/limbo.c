#include "limbo.h"

#include <stdlib.h>

void limbo_init(struct limbo *limbo, struct rte_rcu_qsbr *qsbr)
{
	STAILQ_INIT(&limbo->entries);
	limbo->qsbr = qsbr;
	limbo->count = 0;
	limbo->token_last = 0;
}

void limbo_add(struct limbo *limbo, void (*destroy)(void *what, void *arg), void *what, void *arg)
{
	struct limbo_entry *entry = malloc(sizeof(*entry));

	if (entry == NULL) {
		/* Nothing left to remember it with: the one case where waiting (a turn or two) beats losing it. */
		rte_rcu_qsbr_synchronize(limbo->qsbr, RTE_QSBR_THRID_INVALID);
		destroy(what, arg);
		return;
	}
	entry->destroy = destroy;
	entry->what = what;
	entry->arg = arg;
	entry->token = limbo->token_last = rte_rcu_qsbr_start(limbo->qsbr);
	STAILQ_INSERT_TAIL(&limbo->entries, entry, link);
	limbo->count++;
}

static void limbo_take(struct limbo *limbo)
{
	struct limbo_entry *entry = STAILQ_FIRST(&limbo->entries);

	STAILQ_REMOVE_HEAD(&limbo->entries, link);
	limbo->count--;
	entry->destroy(entry->what, entry->arg);
	free(entry);
}

bool limbo_ripe(const struct limbo *limbo)
{
	return !STAILQ_EMPTY(&limbo->entries) &&
	       rte_rcu_qsbr_check(limbo->qsbr, STAILQ_FIRST(&limbo->entries)->token, false) == 1;
}

bool limbo_waits_for(const struct limbo *limbo, unsigned worker)
{
	/* 0: its thread is not there, or does not run; nobody waits for it. */
	uint64_t reported = __atomic_load_n(&limbo->qsbr->qsbr_cnt[worker].cnt, __ATOMIC_ACQUIRE);

	return limbo->count > 0 && reported != 0 && reported < limbo->token_last;
}

unsigned limbo_sweep(struct limbo *limbo)
{
	unsigned done = 0;

	/* Tokens rise, so the first that is too young ends it. */
	for (; limbo_ripe(limbo); done++)
		limbo_take(limbo);
	return done;
}

void limbo_fini(struct limbo *limbo)
{
	while (!STAILQ_EMPTY(&limbo->entries))
		limbo_take(limbo);
}
