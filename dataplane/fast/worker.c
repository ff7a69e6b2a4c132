#include <rte_prefetch.h>
#include "express.h"
#include "loop.h"

void worker_count_drop(struct worker *w, enum xf_drop drop, unsigned n)
{
	counter_add(&w->stats.drops[drop], n);
}

void loop_drop(struct worker *w, struct rte_mbuf *mbuf, enum xf_drop drop)
{
	counter_add(&w->stats.drops[drop], 1);
	rte_pktmbuf_free(mbuf);
}

void loop_flush_out(struct worker *w, uint16_t port)
{
	struct loop_queue *q = &w->out[port];
	if (q->n == 0)
		return;
	w->ops.transmit(w->ops.arg, port, q->pkts, (uint16_t)q->n);
	q->n = 0;
}

static void loop_flush_kernel(struct worker *w, uint16_t port, bool urgent)
{
	struct loop_queue *q = urgent ? &w->urgent[port] : &w->kernel[port];
	if (q->n == 0)
		return;
	w->ops.to_kernel(w->ops.arg, port, q->pkts, (uint16_t)q->n, urgent);
	q->n = 0;
}

static void loop_flush_handover(struct worker *w, unsigned to)
{
	struct loop_queue *q = &w->handover[to];
	if (q->n == 0)
		return;
	unsigned sent = rte_ring_enqueue_burst(w->handover_out[to], (void *const *)q->pkts, q->n, NULL);
	counter_add(&w->stats.handed_over, sent);
	for (unsigned i = sent; i < q->n; i++)
		loop_drop(w, q->pkts[i], XF_DROP_HANDOVER_FULL);
	q->n = 0;
}

void loop_handover(struct worker *w, unsigned to, struct rte_mbuf *mbuf)
{
	if (to >= w->workers || !w->handover_out[to])
		return loop_drop(w, mbuf, XF_DROP_HANDOVER_FULL);
	struct loop_queue *q = &w->handover[to];
	q->pkts[q->n++] = mbuf;
	if (q->n == LOOP_QUEUE)
		loop_flush_handover(w, to);
}

void loop_kernel(struct worker *w, uint16_t port, const struct packet *p, bool urgent)
{
	struct loop_queue *q = urgent ? &w->urgent[port] : &w->kernel[port];
	q->pkts[q->n++] = p->mbuf;
	counter_add(&w->stats.to_kernel, 1);
	if (p->peer < XF_PEER_ROWS)
		counter_add(&w->stats.peer_passed[p->peer], 1);
	if (q->n == LOOP_QUEUE)
		loop_flush_kernel(w, port, urgent);
}

/* What classify refuses; of strangers it is counted whose it was. */
static void loop_refuse(struct worker *w, const struct packet *p)
{
	enum xf_drop drop = (enum xf_drop)p->drop;
	if (drop == XF_DROP_SIP_SOURCE || drop == XF_DROP_SIP_TCP_SOURCE || drop == XF_DROP_FRAGMENT_SOURCE)
		strangers_count(&w->strangers, &p->src.addr);
	loop_drop(w, p->mbuf, drop);
}

/* Sorts packets: media to its stage as a group, SIP to its own, the rest to where it goes. */
static void loop_sort(struct worker *w, struct rte_mbuf **pkts, unsigned n, uint64_t now_ns)
{
	struct packet packets[WORKER_BURST], sip[WORKER_BURST];
	unsigned media = 0, sip_count = 0;
	meter_mark(&w->meter, XF_STAGE_EXPRESS, 0);
	for (unsigned i = 0; i < n; i++) {
		/* Each is sorted in the next free place of the group; what is no media leaves it free. */
		struct packet *p = &packets[media];
		uint16_t port = pkts[i]->port;
		classify(p, pkts[i], &w->ports[port], &w->tables);
		if (unlikely(p->verdict == VERDICT_FRAGMENT)) {
			struct rte_mbuf *whole = fragments_take(w, p, now_ns);
			if (!whole)
				continue;
			classify_whole(p, whole, &w->ports[port], &w->tables);
		}
		switch ((enum verdict)p->verdict) {
		case VERDICT_DROP:
			loop_refuse(w, p);
			break;
		case VERDICT_MEDIA:
			media++;
			break;
		case VERDICT_SIP:
			sip[sip_count++] = *p;
			break;
		case VERDICT_FRAGMENT: /* taken up above */
			break;
		case VERDICT_KERNEL:
			loop_kernel(w, port, p, false);
			break;
		case VERDICT_URGENT:
			loop_kernel(w, port, p, true);
			break;
		}
	}
	meter_mark(&w->meter, XF_STAGE_CLASSIFY, n);
	media_stage(w, packets, media, now_ns);
	meter_mark(&w->meter, XF_STAGE_MEDIA, media);
	if (sip_count > 0)
		screen_stage(w, sip, sip_count, now_ns);
	meter_mark(&w->meter, XF_STAGE_SCREEN, sip_count);
}

/* In the order in which they came, for two of one stream may go different ways. */
static void loop_burst(struct worker *w, struct rte_mbuf **pkts, unsigned n, uint64_t now_ns)
{
	struct express express;
	struct rte_mbuf *rest[WORKER_BURST];
	unsigned rest_count = 0, long_way = 0;
	meter_mark(&w->meter, XF_STAGE_RECEIVE, n);
	express_look(w, &express, pkts, n);
	for (unsigned i = 0; i < n;) {
		if (likely(express.to[i] != NULL)) {
			if (unlikely(rest_count > 0)) {
				loop_sort(w, rest, rest_count, now_ns);
				rest_count = 0;
				express_look_to(w, &express, i, n);
			}
			unsigned next = express_forward(w, &express, pkts, i, n, now_ns);
			if (likely(next > i)) {
				i = next;
				continue;
			}
		}
		rest[rest_count++] = pkts[i++];
		long_way++;
	}
	if (rest_count > 0)
		loop_sort(w, rest, rest_count, now_ns);
	counter_add(&w->stats.express, n - long_way);
	counter_add(&w->stats.forwarded, n - long_way);
	meter_mark(&w->meter, XF_STAGE_EXPRESS, n);
}

void worker_begin(struct worker *w)
{
	meter_begin(&w->meter);
}

void worker_receive(struct worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n, uint64_t now_ns)
{
	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		pkts[i]->port = port;
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	}
	counter_add(&w->stats.rx_packets, n);
	w->received = true;
	w->now_ns = now_ns;
	for (unsigned at = 0; at < n; at += WORKER_BURST)
		loop_burst(w, pkts + at, RTE_MIN(n - at, (unsigned)WORKER_BURST), now_ns);
}

static unsigned loop_handed_over(struct worker *w, uint64_t now_ns)
{
	unsigned done = 0;
	for (unsigned from = 0; from < w->workers; from++) {
		struct rte_mbuf *pkts[WORKER_BURST];
		if (!w->handover_in[from])
			continue;
		unsigned n = rte_ring_dequeue_burst(w->handover_in[from], (void **)pkts, WORKER_BURST, NULL);
		for (unsigned i = 0; i < n; i++)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
		loop_burst(w, pkts, n, now_ns);
		done += n;
	}
	return done;
}

unsigned worker_turn(struct worker *w, uint64_t now_ns)
{
	w->now_ns = now_ns;
	unsigned done = loop_handed_over(w, now_ns);
	bool busy = w->received || done > 0;
	/* The rest of what asking ports and rings took. */
	meter_mark(&w->meter, XF_STAGE_RECEIVE, 0);
	unsigned commands = command_run(w, now_ns) + deadlines_run(w, now_ns);
	if (unlikely(now_ns >= w->fragments_due_ns))
		commands += fragments_run(w, now_ns);
	meter_mark(&w->meter, XF_STAGE_COMMANDS, commands);
	unsigned prompts = prompt_run(w, now_ns);
	meter_mark(&w->meter, XF_STAGE_PROMPTS, prompts);
	done += commands + prompts;
	w->received = false;
	counter_add(&w->stats.turns, 1);
	if (busy)
		counter_add(&w->stats.busy_turns, 1);
	return done;
}

/* Packets that wait to be given away. */
static unsigned loop_queued(const struct worker *w)
{
	unsigned n = 0;
	for (uint16_t port = 0; port < w->port_count; port++)
		n += w->out[port].n + w->kernel[port].n + w->urgent[port].n;
	for (unsigned to = 0; to < w->workers; to++)
		n += w->handover[to].n;
	return n;
}

static void loop_count_stages(struct worker *w)
{
	for (unsigned i = 0; i < XF_STAGE_COUNT; i++) {
		counter_add(&w->stats.stages[i].cycles, w->meter.turn[i].cycles);
		counter_add(&w->stats.stages[i].items, w->meter.turn[i].items);
	}
}

void worker_flush(struct worker *w)
{
	unsigned queued = w->meter.on ? loop_queued(w) : 0;
	for (uint16_t port = 0; port < w->port_count; port++) {
		loop_flush_out(w, port);
		loop_flush_kernel(w, port, true);
		loop_flush_kernel(w, port, false);
	}
	for (unsigned to = 0; to < w->workers; to++)
		loop_flush_handover(w, to);
	meter_mark(&w->meter, XF_STAGE_TRANSMIT, queued);
	if (meter_end(&w->meter))
		loop_count_stages(w);
}
