#include "limbo.h"

#include <stdlib.h>

void limbo_init(struct limbo *limbo, struct rte_rcu_qsbr *qsbr)
{
	STAILQ_INIT(&limbo->entries);
	limbo->qsbr = qsbr;
}

void limbo_add(struct limbo *limbo, void (*destroy)(void *what), void *what)
{
	struct limbo_entry *entry = malloc(sizeof(*entry));

	if (entry == NULL) {
		/* Nothing left to remember it with: the one case where waiting (a turn or two) beats losing it. */
		rte_rcu_qsbr_synchronize(limbo->qsbr, RTE_QSBR_THRID_INVALID);
		destroy(what);
		return;
	}
	entry->destroy = destroy;
	entry->what = what;
	entry->token = rte_rcu_qsbr_start(limbo->qsbr);
	STAILQ_INSERT_TAIL(&limbo->entries, entry, link);
}

static void limbo_take(struct limbo *limbo)
{
	struct limbo_entry *entry = STAILQ_FIRST(&limbo->entries);

	STAILQ_REMOVE_HEAD(&limbo->entries, link);
	entry->destroy(entry->what);
	free(entry);
}

void limbo_sweep(struct limbo *limbo)
{
	/* Tokens rise, so the first that is too young ends it. */
	while (!STAILQ_EMPTY(&limbo->entries) &&
	       rte_rcu_qsbr_check(limbo->qsbr, STAILQ_FIRST(&limbo->entries)->token, false) == 1)
		limbo_take(limbo);
}

void limbo_fini(struct limbo *limbo)
{
	while (!STAILQ_EMPTY(&limbo->entries))
		limbo_take(limbo);
}
