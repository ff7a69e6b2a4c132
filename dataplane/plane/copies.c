#include "copies.h"

#include "fast/counter.h"
#include "inside.h"

#define COPIES_BURST   64
#define COPIES_BACKLOG 8 /* packets of the link that wait: from there on copies are lost, not the connection */

static void copies_send(struct dplane *dplane, const struct rte_mbuf *copy)
{
	struct conversation *conversation = &dplane->conversation;
	struct xf_link_captured *row = rte_pktmbuf_mtod(copy, struct xf_link_captured *);
	uint32_t *lost = endpoints_copies_lost(&dplane->endpoints, &row->id);

	if (conversation->backlog_count >= COPIES_BACKLOG) {
		counter_add(&dplane->copies_lost, 1);
		if (lost)
			++*lost;
		return;
	}
	if (lost)
		row->lost += *lost;
	conversation_send(conversation, conversation->connection, XF_LINK_CAPTURED, 0, row, copy->data_len);
}

unsigned copies_drain(struct dplane *dplane)
{
	struct rte_mbuf *copies[COPIES_BURST];
	unsigned done = 0;

	for (unsigned w = 0; w < dplane->worker_count; w++) {
		unsigned n = rte_ring_sc_dequeue_burst(dplane->workers[w].copies, (void **)copies, COPIES_BURST, NULL);
		for (unsigned i = 0; i < n && dplane->conversation.greeted; i++)
			copies_send(dplane, copies[i]);
		rte_pktmbuf_free_bulk(copies, n);
		done += n;
	}
	return done;
}

bool copies_pending(const struct dplane *dplane)
{
	for (unsigned w = 0; w < dplane->worker_count; w++)
		if (!rte_ring_empty(dplane->workers[w].copies))
			return true;
	return false;
}
