#include "events.h"

#include <rte_ring_elem.h>
#include "inside.h"

#define EVENTS_BURST 64

unsigned events_drain(struct dplane *dplane)
{
	struct conversation *conversation = &dplane->conversation;
	struct xf_link_event events[EVENTS_BURST];
	unsigned done = 0;

	for (unsigned w = 0; w < dplane->worker_count; w++) {
		unsigned n = rte_ring_sc_dequeue_burst_elem(dplane->workers[w].events, events, sizeof(events[0]),
							    EVENTS_BURST, NULL);
		for (unsigned i = 0; i < n && conversation->greeted; i++)
			conversation_send(conversation, conversation->connection, XF_LINK_EVENT, 0, &events[i],
					  sizeof(events[i]));
		done += n;
	}
	return done;
}

bool events_pending(const struct dplane *dplane)
{
	for (unsigned w = 0; w < dplane->worker_count; w++)
		if (!rte_ring_empty(dplane->workers[w].events))
			return true;
	return false;
}
