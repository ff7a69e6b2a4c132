/* What the dataplane counts, for whoever asks: only what any thread may read. */
#include <errno.h>
#include <string.h>
#include "fast/counter.h"
#include "fast/flow.h"
#include "inside.h"

void dplane_port_row(const struct dplane *dplane, unsigned port, struct xf_link_port *row)
{
	*row = (struct xf_link_port){0};
	memcpy(row->mac, dplane->ports[port].mac, sizeof(row->mac));
	if (dplane->seam.port_stats)
		dplane->seam.port_stats(dplane->seam.arg, port, row);
}

void dplane_worker_row(const struct dplane *dplane, unsigned worker, struct xf_link_worker *row)
{
	const struct worker_stats *stats = worker_stats(dplane->workers[worker].worker);

	*row = (struct xf_link_worker){
	    .worker = (uint16_t)worker,
	    .endpoints = counter32_get(&dplane->endpoints.worker_count[worker]),
	    .turns = counter_get(&stats->turns),
	    .busy_turns = counter_get(&stats->busy_turns),
	    .rx_packets = counter_get(&stats->rx_packets),
	    .forwarded = counter_get(&stats->forwarded),
	    .to_kernel = counter_get(&stats->to_kernel),
	    .handed_over = counter_get(&stats->handed_over),
	    .events_lost = counter_get(&stats->events_lost),
	    .own_reports = counter_get(&stats->own_reports),
	    .keys_untold = counter_get(&stats->keys_untold),
	    .cycle_hz = dplane->seam.cycles ? dplane->seam.cycle_hz : 0,
	};
	for (unsigned i = 0; i < XF_STAGE_COUNT; i++) {
		row->stages[i].cycles = counter_get(&stats->stages[i].cycles);
		row->stages[i].items = counter_get(&stats->stages[i].items);
	}
	if (dplane->seam.worker_stats)
		dplane->seam.worker_stats(dplane->seam.arg, worker, row);
}

void dplane_drops_row(const struct dplane *dplane, struct xf_link_drops *row)
{
	*row = (struct xf_link_drops){0};
	for (unsigned w = 0; w < dplane->worker_count; w++) {
		const struct worker_stats *stats = worker_stats(dplane->workers[w].worker);
		for (unsigned d = 0; d < XF_DROP_COUNT; d++)
			row->count[d] += counter_get(&stats->drops[d]);
	}
	row->count[XF_DROP_CAPTURE_LOST] += counter_get(&dplane->copies_lost);
	if (dplane->seam.add_drops)
		dplane->seam.add_drops(dplane->seam.arg, row);
}

void dplane_peer_row(const struct dplane *dplane, unsigned peer, struct xf_link_peer *row)
{
	screening_count(&dplane->screening, peer, row);
}

void dplane_screen_row(const struct dplane *dplane, struct xf_link_screen *row)
{
	const struct screening *screening = &dplane->screening;

	*row = (struct xf_link_screen){
	    .rules = counter32_get(&screening->rule_count),
	    .reloads = counter32_get(&screening->reloads),
	};
	for (unsigned w = 0; w < dplane->worker_count; w++) {
		const struct worker_stats *stats = worker_stats(dplane->workers[w].worker);
		for (unsigned v = 0; v < SIP_SCAN_VERDICT_COUNT; v++)
			row->scanned[v] += counter_get(&stats->scanned[v]);
	}
}

uint32_t dplane_endpoints_open(const struct dplane *dplane)
{
	return counter32_get(&dplane->endpoints.open_count);
}

int dplane_endpoint_row(const struct dplane *dplane, uint32_t index, struct xf_endpoint_state *state)
{
	return endpoint_state(dplane->flows, index, state) ? 0 : -ENOENT;
}
