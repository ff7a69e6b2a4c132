#include <rte_errno.h>
#include <rte_malloc.h>
#include "express.h"
#include "loop.h"

static int worker_config_check(const struct worker_config *c)
{
	if (c->workers == 0 || c->workers > WORKER_MAX || c->index >= c->workers || c->port_count > WORKER_MAX_PORTS)
		return -EINVAL;
	if (c->prompts && !c->pool)
		return -EINVAL;
	if (c->screen.signatures && !c->screen.scratch)
		return -EINVAL;
	if (!c->flows || !c->ops.transmit || !c->ops.to_kernel || !c->ops.event)
		return -EINVAL;
	for (unsigned i = 0; i < c->workers; i++)
		if (i != c->index && (!c->handover_in[i] || !c->handover_out[i]))
			return -EINVAL;
	return 0;
}

static struct rte_ring *worker_ring(const char *what, const struct worker_config *c)
{
	char name[32];
	snprintf(name, sizeof(name), "xf_%s_%u", what, c->index);
	return rte_ring_create(name, LOOP_RING, c->socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static bool worker_sets(struct worker *w, const struct worker_config *c)
{
	uint32_t size = c->flows->slot_count, words = index_set_words(size);
	w->sets = rte_zmalloc_socket("xf_worker_sets", 2 * words * sizeof(*w->sets), RTE_CACHE_LINE_SIZE, c->socket);
	if (!w->sets)
		return false;
	index_set_init(&w->owned, w->sets, size);
	index_set_init(&w->armed, w->sets + words, size);
	return true;
}

static bool worker_reports(struct worker *w, const struct worker_config *c)
{
	size_t size = report_table_size(&w->reports, c->flows->slot_count);
	w->reports.wall_offset_ns = c->wall_offset_ns;
	w->reports.sets = rte_zmalloc_socket("xf_reports", size, RTE_CACHE_LINE_SIZE, c->socket);
	return w->reports.sets != NULL;
}

int worker_create(struct worker **out, const struct worker_config *c)
{
	*out = NULL;
	int ret = worker_config_check(c);
	if (ret < 0)
		return ret;
	struct worker *w = rte_zmalloc_socket("xf_worker", sizeof(*w), RTE_CACHE_LINE_SIZE, c->socket);
	if (!w)
		return -ENOMEM;
	w->index = c->index;
	w->workers = c->workers;
	w->port_count = c->port_count;
	w->flows = c->flows;
	w->tables = (struct classify_tables){.flows = c->flows, .sources = c->sources, .admitted = c->admitted};
	w->ops = c->ops;
	w->meter.cycles = c->cycles;
	w->prompts = c->prompts;
	w->screen.rules = c->screen;
	w->pool = c->pool;
	memcpy(w->ports, c->ports, sizeof(w->ports));
	for (unsigned port = 0; port < c->port_count; port++)
		w->port_words[port] = express_port_word(&c->ports[port]);
	memcpy(w->handover_in, c->handover_in, sizeof(w->handover_in));
	memcpy(w->handover_out, c->handover_out, sizeof(w->handover_out));
	w->handover_in[c->index] = w->handover_out[c->index] = NULL;
	memcpy(w->secret, c->secret, sizeof(w->secret));
	dtmf_init(&w->dtmf);
	for (unsigned slot = 0; slot < PROMPT_MS; slot++)
		w->prompt_wheel.slots[slot] = XF_ENDPOINT_NONE;
	w->fragments_pool = c->fragments_pool;
	w->fragments_due_ns = UINT64_MAX;
	w->fragments = rte_zmalloc_socket("xf_fragments", sizeof(*w->fragments), RTE_CACHE_LINE_SIZE, c->socket);
	if (!w->fragments) {
		worker_destroy(w);
		return -ENOMEM;
	}
	w->commands = worker_ring("commands", c);
	w->done = w->commands ? worker_ring("done", c) : NULL;
	if (!w->done || !worker_sets(w, c) || !worker_reports(w, c)) {
		ret = rte_errno ? -rte_errno : -ENOMEM;
		worker_destroy(w);
		return ret;
	}
	*out = w;
	return 0;
}

static void worker_queue_free(struct loop_queue *q)
{
	rte_pktmbuf_free_bulk(q->pkts, q->n);
	q->n = 0;
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	for (unsigned port = 0; port < w->port_count; port++) {
		worker_queue_free(&w->out[port]);
		worker_queue_free(&w->kernel[port]);
		worker_queue_free(&w->urgent[port]);
	}
	for (unsigned to = 0; to < w->workers; to++)
		worker_queue_free(&w->handover[to]);
	fragments_fini(w);
	rte_free(w->fragments);
	rte_ring_free(w->commands);
	rte_ring_free(w->done);
	rte_free(w->reports.sets);
	rte_free(w->sets);
	rte_free(w);
}

struct rte_ring *worker_command_ring(struct worker *w)
{
	return w->commands;
}

struct rte_ring *worker_done_ring(struct worker *w)
{
	return w->done;
}

const struct worker_stats *worker_stats(const struct worker *w)
{
	return &w->stats;
}

const struct strangers *worker_strangers(const struct worker *w)
{
	return &w->strangers;
}
