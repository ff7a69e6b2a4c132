#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <rte_ring_elem.h>
#include "inside.h"
#include "note.h"

#define WORKERS_HANDOVER_RING 2048
#define WORKERS_EVENT_RING    1024
#define WORKERS_COPY_RING     512 /* packets of the pool that captures may hold back */

static void workers_transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	const struct dplane_worker *w = arg;
	const struct dplane_seam *seam = &w->dplane->seam;

	seam->transmit(seam->arg, w->index, port, pkts, n);
}

static void workers_to_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	const struct dplane_worker *w = arg;
	const struct dplane_seam *seam = &w->dplane->seam;

	seam->to_kernel(seam->arg, w->index, port, pkts, n, urgent);
}

static bool workers_event(void *arg, const struct xf_link_event *event)
{
	const struct dplane_worker *w = arg;

	return rte_ring_sp_enqueue_elem(w->events, (void *)(uintptr_t)event, sizeof(*event)) == 0;
}

static bool workers_captured(void *arg, struct rte_mbuf *pkt)
{
	const struct dplane_worker *w = arg;

	return rte_ring_sp_enqueue(w->copies, pkt) == 0;
}

static int workers_rings_create(struct dplane *dplane)
{
	const unsigned flags = RING_F_SP_ENQ | RING_F_SC_DEQ;
	char name[32];

	for (unsigned from = 0; from < dplane->worker_count; from++) {
		snprintf(name, sizeof(name), "events%u", from);
		dplane->workers[from].events =
		    rte_ring_create_elem(name, sizeof(struct xf_link_event), WORKERS_EVENT_RING, SOCKET_ID_ANY, flags);
		snprintf(name, sizeof(name), "copies%u", from);
		dplane->workers[from].copies = rte_ring_create(name, WORKERS_COPY_RING, SOCKET_ID_ANY, flags);
		if (dplane->workers[from].events == NULL || dplane->workers[from].copies == NULL)
			return -ENOMEM;
		for (unsigned to = 0; to < dplane->worker_count; to++) {
			if (from == to)
				continue;
			snprintf(name, sizeof(name), "handover%u-%u", from, to);
			dplane->handover[from][to] = rte_ring_create(name, WORKERS_HANDOVER_RING, SOCKET_ID_ANY, flags);
			if (dplane->handover[from][to] == NULL)
				return -ENOMEM;
		}
	}
	return 0;
}

static int workers_worker_create(struct dplane *dplane, unsigned index)
{
	struct dplane_worker *w = &dplane->workers[index];
	struct worker_config config = {
	    .index = index,
	    .workers = dplane->worker_count,
	    .socket = SOCKET_ID_ANY,
	    .flows = dplane->flows,
	    .admitted = dplane->admitted,
	    .prompts = dplane->prompts.set,
	    .screen = screening_rules(&dplane->screening, index),
	    .pool = dplane->pool,
	    .fragments_pool = dplane->fragments_pool,
	    .wall_offset_ns = dplane->seam.wall_offset_ns,
	    .port_count = dplane->port_count,
	    .ops = {w, workers_transmit, workers_to_kernel, workers_event, workers_captured},
	    .cycles = dplane->seam.cycles,
	};

	for (unsigned port = 0; port < dplane->port_count; port++) {
		memcpy(config.ports[port].mac, dplane->ports[port].mac, sizeof(config.ports[port].mac));
		config.ports[port].mtu = dplane->ports[port].mtu;
		config.ports[port].vlan = dplane->ports[port].vlan;
	}
	memcpy(config.secret, dplane->secret, sizeof(config.secret));
	for (unsigned other = 0; other < dplane->worker_count; other++) {
		config.handover_in[other] = dplane->handover[other][index];
		config.handover_out[other] = dplane->handover[index][other];
	}
	return worker_create(&w->worker, &config);
}

int workers_create(struct dplane *dplane)
{
	dplane->worker_count = dplane->config->workers;
	for (unsigned w = 0; w < dplane->worker_count; w++) {
		dplane->workers[w].dplane = dplane;
		dplane->workers[w].index = w;
	}
	int r = workers_rings_create(dplane);
	for (unsigned w = 0; w < dplane->worker_count && r == 0; w++)
		r = workers_worker_create(dplane, w);
	if (r < 0) {
		note_error(&dplane->seam, "workers-failed", "error=\"%s\"", strerror(-r));
		workers_destroy(dplane);
	}
	return r;
}

static void workers_ring_destroy(struct rte_ring *ring)
{
	void *pkt;

	if (ring == NULL)
		return;
	while (rte_ring_sc_dequeue(ring, &pkt) == 0)
		rte_pktmbuf_free(pkt);
	rte_ring_free(ring);
}

void workers_destroy(struct dplane *dplane)
{
	for (unsigned w = 0; w < dplane->worker_count; w++) {
		worker_destroy(dplane->workers[w].worker);
		rte_ring_free(dplane->workers[w].events);
		workers_ring_destroy(dplane->workers[w].copies);
		for (unsigned to = 0; to < dplane->worker_count; to++)
			workers_ring_destroy(dplane->handover[w][to]);
	}
	dplane->worker_count = 0;
}
