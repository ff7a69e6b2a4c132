#include "events.h"

#include <rte_ring_elem.h>

#define EVENTS_BURST 64

unsigned events_drain(struct host *host)
{
	struct xf_link_event events[EVENTS_BURST];
	unsigned done = 0;

	for (unsigned w = 0; w < host->lcores.count; w++) {
		unsigned n = rte_ring_sc_dequeue_burst_elem(host->lcores.lcores[w].events, events, sizeof(events[0]),
							    EVENTS_BURST, NULL);
		for (unsigned i = 0; i < n && host->link.greeted; i++)
			link_server_send(&host->link, host->link.connection, XF_LINK_EVENT, 0, &events[i],
					 sizeof(events[i]));
		done += n;
	}
	return done;
}
