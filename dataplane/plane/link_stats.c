#include "link_stats.h"

#include <string.h>
#include "fast/counter.h"
#include "inside.h"

static void link_stats_row(struct dplane *dplane, uint32_t sequence, uint16_t type, const void *body, size_t len)
{
	conversation_send(&dplane->conversation, dplane->conversation.connection, type, sequence, body, (uint16_t)len);
}

static void link_stats_port(struct dplane *dplane, uint32_t sequence, unsigned index)
{
	struct xf_link_port row = {0};

	memcpy(row.mac, dplane->ports[index].mac, sizeof(row.mac));
	if (dplane->seam.port_stats)
		dplane->seam.port_stats(dplane->seam.arg, index, &row);
	link_stats_row(dplane, sequence, XF_LINK_PORT, &row, sizeof(row));
}

static void link_stats_worker(struct dplane *dplane, uint32_t sequence, unsigned index)
{
	const struct worker_stats *stats = worker_stats(dplane->workers[index].worker);
	struct xf_link_worker row = {
	    .worker = (uint16_t)index,
	    .endpoints = dplane->endpoints.worker_count[index],
	    .turns = counter_get(&stats->turns),
	    .busy_turns = counter_get(&stats->busy_turns),
	    .rx_packets = counter_get(&stats->rx_packets),
	    .forwarded = counter_get(&stats->forwarded),
	    .to_kernel = counter_get(&stats->to_kernel),
	    .handed_over = counter_get(&stats->handed_over),
	};

	if (dplane->seam.worker_stats)
		dplane->seam.worker_stats(dplane->seam.arg, index, &row);
	link_stats_row(dplane, sequence, XF_LINK_WORKER, &row, sizeof(row));
}

static void link_stats_drops(struct dplane *dplane, uint32_t sequence)
{
	struct xf_link_drops row = {0};

	for (unsigned w = 0; w < dplane->worker_count; w++) {
		const struct worker_stats *stats = worker_stats(dplane->workers[w].worker);
		for (unsigned d = 0; d < XF_DROP_COUNT; d++)
			row.count[d] += counter_get(&stats->drops[d]);
	}
	row.count[XF_DROP_CAPTURE_LOST] += dplane->copies_lost;
	if (dplane->seam.add_drops)
		dplane->seam.add_drops(dplane->seam.arg, &row);
	link_stats_row(dplane, sequence, XF_LINK_DROPS, &row, sizeof(row));
}

static void link_stats_peers(struct dplane *dplane, uint32_t sequence)
{
	for (unsigned peer = 0; peer < XF_PEER_ROWS; peer++) {
		struct xf_link_peer row;
		screening_count(&dplane->screening, peer, &row);
		if (row.passed || row.dropped)
			link_stats_row(dplane, sequence, XF_LINK_PEER, &row, sizeof(row));
	}
}

static void link_stats_screen(struct dplane *dplane, uint32_t sequence)
{
	const struct screening *screening = &dplane->screening;
	struct xf_link_screen row = {.rules = signatures_count(screening->signatures), .reloads = screening->reloads};

	for (unsigned w = 0; w < dplane->worker_count; w++) {
		const struct worker_stats *stats = worker_stats(dplane->workers[w].worker);
		for (unsigned v = 0; v < SIP_SCAN_VERDICT_COUNT; v++)
			row.scanned[v] += counter_get(&stats->scanned[v]);
	}
	link_stats_row(dplane, sequence, XF_LINK_SCREEN, &row, sizeof(row));
	for (unsigned i = 0; i < row.rules; i++) {
		const struct signature *rule = signatures_rule(screening->signatures, i);
		struct xf_link_signature said = {
		    .line = rule->line,
		    .places = rule->places,
		    .action = rule->action,
		    .hits = screening_hits(screening, i),
		    .hits_per_s = screening->rules[i].per_s,
		};
		memcpy(said.id, rule->id, sizeof(said.id));
		link_stats_row(dplane, sequence, XF_LINK_SIGNATURE, &said, sizeof(said));
	}
}

void link_stats_send(struct dplane *dplane, uint32_t sequence)
{
	for (unsigned p = 0; p < dplane->port_count; p++)
		link_stats_port(dplane, sequence, p);
	for (unsigned w = 0; w < dplane->worker_count; w++)
		link_stats_worker(dplane, sequence, w);
	link_stats_drops(dplane, sequence);
	link_stats_peers(dplane, sequence);
	link_stats_screen(dplane, sequence);
}
