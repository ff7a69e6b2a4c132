#include "dplane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "copies.h"
#include "events.h"
#include "fast/counter.h"
#include "fast/flow.h"
#include "inside.h"
#include "link_command.h"
#include "note.h"

#define DPLANE_SWEEP_NS 1000000000ull

static void dplane_wire(struct dplane *dplane)
{
	command_queue_init(&dplane->commands);
	for (unsigned w = 0; w < dplane->worker_count; w++)
		command_queue_add(&dplane->commands, dplane->workers[w].worker);
	limbo_init(&dplane->limbo, dplane->qsbr);
	next_hop_init(&dplane->next_hops, &dplane->seam, endpoints_next_hop_changed, &dplane->endpoints);
	dplane->endpoints.flows = dplane->flows;
	dplane->endpoints.commands = &dplane->commands;
	dplane->endpoints.next_hops = &dplane->next_hops;
	dplane->endpoints.ports = dplane->ports;
	dplane->endpoints.port_count = dplane->port_count;
	dplane->endpoints.seam = &dplane->seam;
	dplane->screening.commands = &dplane->commands;
	dplane->offenders.commands = &dplane->commands;
	dplane->prompts.commands = &dplane->commands;
	dplane->prompts.conversation = &dplane->conversation;
	dplane->sources.commands = &dplane->commands;
	dplane->sources.limbo = &dplane->limbo;
	dplane->sources.seam = &dplane->seam;
	link_command_init(dplane);
}

static int dplane_refuse(const struct dplane_seam *seam, int r)
{
	note_error(seam, "plane-failed", "error=\"%s\"", strerror(-r));
	return r;
}

int dplane_create(struct dplane **out, const struct config *config, const struct dplane_port *ports,
		  struct rte_mempool *pool, const struct dplane_seam *seam)
{
	*out = NULL;
	if (config->workers == 0 || config->workers > WORKER_MAX || config->port_count == 0 ||
	    config->port_count > WORKER_MAX_PORTS)
		return dplane_refuse(seam, -EINVAL);
	struct dplane *dplane = calloc(1, sizeof(*dplane));
	if (dplane == NULL)
		return dplane_refuse(seam, -ENOMEM);
	dplane->seam = *seam;
	dplane->config = config;
	dplane->pool = pool;
	dplane->port_count = config->port_count;
	memcpy(dplane->ports, ports, config->port_count * sizeof(ports[0]));
	seam->random(seam->arg, &dplane->instance, sizeof(dplane->instance));
	seam->random(seam->arg, dplane->secret, sizeof(dplane->secret));
	int r = tables_create(dplane);
	if (r < 0)
		goto err;
	if ((r = workers_create(dplane)) < 0)
		goto err_tables;
	dplane_wire(dplane);
	if ((r = endpoints_init(&dplane->endpoints)) < 0) {
		dplane_refuse(seam, r);
		goto err_workers;
	}
	if ((r = conversation_init(&dplane->conversation, &dplane->seam, link_command, dplane)) < 0)
		goto err_endpoints;
	*out = dplane;
	return 0;
err_endpoints:
	dplane_refuse(seam, r);
	endpoints_fini(&dplane->endpoints);
err_workers:
	workers_destroy(dplane);
err_tables:
	tables_destroy(dplane);
err:
	free(dplane);
	return r;
}

/* Nobody is waited for any more: the admitted table frees what it has put off only then. */
static void dplane_unregister(struct dplane *dplane)
{
	for (unsigned w = 0; w < dplane->worker_count; w++) {
		if (!dplane->workers[w].registered)
			continue;
		rte_rcu_qsbr_thread_offline(dplane->qsbr, w);
		rte_rcu_qsbr_thread_unregister(dplane->qsbr, w);
	}
}

void dplane_destroy(struct dplane *dplane)
{
	if (dplane == NULL)
		return;
	dplane_unregister(dplane);
	conversation_fini(&dplane->conversation);
	/* Ends what was posted, which may put more into limbo; the conversation is over, so nobody is told. */
	command_queue_fini(&dplane->commands);
	sources_fini(&dplane->sources);
	endpoints_fini(&dplane->endpoints);
	next_hop_fini(&dplane->next_hops);
	limbo_fini(&dplane->limbo);
	workers_destroy(dplane);
	tables_destroy(dplane);
	free(dplane);
}

unsigned dplane_workers(const struct dplane *dplane)
{
	return dplane->worker_count;
}

struct worker *dplane_worker(struct dplane *dplane, unsigned index)
{
	return dplane->workers[index].worker;
}

const struct flow_table *dplane_flows(const struct dplane *dplane)
{
	return dplane->flows;
}

struct rte_rcu_qsbr *dplane_qsbr(struct dplane *dplane)
{
	return dplane->qsbr;
}

unsigned dplane_worker_turn(struct dplane *dplane, unsigned index, uint64_t now_ns)
{
	struct dplane_worker *w = &dplane->workers[index];

	if (!w->registered) {
		rte_rcu_qsbr_thread_register(dplane->qsbr, index);
		rte_rcu_qsbr_thread_online(dplane->qsbr, index);
		w->registered = true;
	}
	unsigned done = worker_turn(w->worker, now_ns);
	worker_flush(w->worker);
	rte_rcu_qsbr_quiescent(dplane->qsbr, index);
	return done;
}

bool dplane_worker_pending(const struct dplane *dplane, unsigned index)
{
	if (!rte_ring_empty(worker_command_ring(dplane->workers[index].worker)))
		return true;
	for (unsigned from = 0; from < dplane->worker_count; from++)
		if (from != index && !rte_ring_empty(dplane->handover[from][index]))
			return true;
	return limbo_waits_for(&dplane->limbo, index);
}

bool dplane_main_pending(const struct dplane *dplane)
{
	return command_pending(&dplane->commands) || endpoints_pending(&dplane->endpoints) || events_pending(dplane) ||
	       copies_pending(dplane) || limbo_ripe(&dplane->limbo) || conversation_pending(&dplane->conversation);
}

unsigned dplane_main(struct dplane *dplane, uint64_t now_ns)
{
	dplane->now_ns = now_ns;
	unsigned done = command_poll(&dplane->commands);
	done += endpoints_poll(&dplane->endpoints);
	done += events_drain(dplane);
	done += copies_drain(dplane);
	done += limbo_sweep(&dplane->limbo);
	if (now_ns - dplane->swept_ns >= DPLANE_SWEEP_NS) {
		dplane->swept_ns = now_ns;
		done += endpoints_sweep(&dplane->endpoints, now_ns);
		prompts_sweep(&dplane->prompts);
		screening_second(&dplane->screening, now_ns);
		offenders_second(&dplane->offenders, now_ns);
	}
	return done + conversation_flush(&dplane->conversation);
}

void dplane_link_up(struct dplane *dplane, uint64_t now_ns)
{
	dplane->now_ns = now_ns;
	endpoints_capture_none(&dplane->endpoints);
	conversation_up(&dplane->conversation);
}

void dplane_link_down(struct dplane *dplane, uint64_t now_ns)
{
	dplane->now_ns = now_ns;
	endpoints_capture_none(&dplane->endpoints);
	conversation_down(&dplane->conversation);
}

void dplane_link_packet(struct dplane *dplane, uint64_t now_ns, const void *packet, size_t len)
{
	dplane->now_ns = now_ns;
	conversation_packet(&dplane->conversation, packet, len);
}

unsigned dplane_outstanding(const struct dplane *dplane)
{
	return dplane->commands.outstanding;
}

int dplane_signatures(struct dplane *dplane, struct signatures *signatures)
{
	return screening_replace(&dplane->screening, signatures);
}

int dplane_sounds(struct dplane *dplane, struct sound_list *sounds)
{
	return prompts_replace(&dplane->prompts, sounds);
}

void dplane_neighbour(struct dplane *dplane, unsigned port, const struct xf_addr *next_hop, const uint8_t *mac)
{
	next_hop_tell(&dplane->next_hops, port, next_hop, mac);
}

void dplane_counts(const struct dplane *dplane, struct dplane_counts *counts)
{
	*counts = (struct dplane_counts){
	    .endpoints = dplane->endpoints.open_count,
	    .neighbours = dplane->next_hops.count,
	    .admitted = admitted_count(dplane->admitted),
	    .in_limbo = dplane->limbo.count,
	    .endpoint_bytes = dplane->flows->arena.bytes,
	    .source_commits = dplane->sources.commits,
	    .signatures = signatures_count(dplane->screening.signatures),
	    .sounds = dplane->prompts.sound_count,
	    .sound_reloads = dplane->prompts.reloads,
	    .sounds_retired = dplane->prompts.retired_count,
	    .signature_reloads = dplane->screening.reloads,
	};
	for (unsigned w = 0; w < dplane->worker_count; w++)
		counts->fragmented += (uint32_t)counter_get(&worker_stats(dplane->workers[w].worker)->fragmented);
}
