#include "events.h"

#include <rte_ring_elem.h>
#include "inside.h"

#define EVENTS_BURST 64 /* of each worker in a turn */

/* While the control plane does not take what it is sent events wait in their rings, which are bounded: hints must not
 * fill what is kept for it until the connection is given up. */
static bool events_wait(const struct dplane *dplane)
{
	return dplane->conversation.greeted && dplane->conversation.stalled;
}

unsigned events_drain(struct dplane *dplane)
{
	struct conversation *conversation = &dplane->conversation;
	struct xf_link_event events[EVENTS_BURST];
	unsigned done = 0;

	if (events_wait(dplane))
		return 0;
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
	if (events_wait(dplane))
		return false;
	for (unsigned w = 0; w < dplane->worker_count; w++)
		if (!rte_ring_empty(dplane->workers[w].events))
			return true;
	return false;
}
