#include "link_stats.h"

#include <string.h>
#include "inside.h"

static void link_stats_row(struct dplane *dplane, uint32_t sequence, uint16_t type, const void *body, size_t len)
{
	conversation_send(&dplane->conversation, dplane->conversation.connection, type, sequence, body, (uint16_t)len);
}

static void link_stats_port(struct dplane *dplane, uint32_t sequence, unsigned index)
{
	struct xf_link_port row;

	dplane_port_row(dplane, index, &row);
	link_stats_row(dplane, sequence, XF_LINK_PORT, &row, sizeof(row));
}

static void link_stats_worker(struct dplane *dplane, uint32_t sequence, unsigned index)
{
	struct xf_link_worker row;

	dplane_worker_row(dplane, index, &row);
	link_stats_row(dplane, sequence, XF_LINK_WORKER, &row, sizeof(row));
}

static void link_stats_drops(struct dplane *dplane, uint32_t sequence)
{
	struct xf_link_drops row;

	dplane_drops_row(dplane, &row);
	link_stats_row(dplane, sequence, XF_LINK_DROPS, &row, sizeof(row));
}

static void link_stats_peers(struct dplane *dplane, uint32_t sequence)
{
	for (unsigned peer = 0; peer < XF_PEER_ROWS; peer++) {
		struct xf_link_peer row;
		dplane_peer_row(dplane, peer, &row);
		if (row.passed || row.dropped)
			link_stats_row(dplane, sequence, XF_LINK_PEER, &row, sizeof(row));
	}
}

static void link_stats_screen(struct dplane *dplane, uint32_t sequence)
{
	const struct screening *screening = &dplane->screening;
	struct xf_link_screen row;

	dplane_screen_row(dplane, &row);
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

static void link_stats_strangers(struct dplane *dplane, uint32_t sequence)
{
	struct xf_link_stranger rows[XF_LINK_STRANGERS];
	unsigned n = offenders_list(&dplane->offenders, rows);

	for (unsigned i = 0; i < n; i++)
		link_stats_row(dplane, sequence, XF_LINK_STRANGER, &rows[i], sizeof(rows[i]));
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
	link_stats_strangers(dplane, sequence);
}
