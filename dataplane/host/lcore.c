#include "lcore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include "clock.h"
#include "log.h"

#define LCORE_IDLE_TURNS 64	/* empty turns before an idle worker sleeps */
#define LCORE_IDLE_NS	 200000 /* how long; RTP has 20 ms between packets */
#define LCORE_WAIT_MS	 1	/* how long at most if an interrupt ends it: commands and prompts wait so long */

void lcore_transmit(struct lcore *l, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	const struct port *p = &l->set->ports[port];
	unsigned sent;

	if (p->tx_queues > 1 || l->index == 0)
		sent = rte_eth_tx_burst(p->id, p->tx_queues > 1 ? (uint16_t)l->index : 0, pkts, n);
	else
		sent = rte_ring_sp_enqueue_burst(l->set->to_port[port][l->index], (void **)pkts, n, NULL);
	if (sent < n) {
		worker_count_drop(l->worker, XF_DROP_TX_FULL, n - sent);
		rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	}
}

void lcore_to_kernel(struct lcore *l, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct rte_ring *ring = l->to_kernel[port][urgent ? LCORE_KERNEL_URGENT : LCORE_KERNEL_REST];
	unsigned taken = rte_ring_sp_enqueue_burst(ring, (void **)pkts, n, NULL);

	if (taken < n) {
		worker_count_drop(l->worker, XF_DROP_KERNEL_RING_FULL, n - taken);
		rte_pktmbuf_free_bulk(pkts + taken, n - taken);
	}
}

/* Worker 0: sends what others have for ports whose one queue is its own. */
static unsigned lcore_relay(struct lcore *l)
{
	struct rte_mbuf *pkts[WORKER_BURST];
	unsigned done = 0;

	for (unsigned port = 0; port < l->set->port_count; port++) {
		for (unsigned from = 1; from <= l->set->count; from++) {
			struct rte_ring *ring = l->set->to_port[port][from];
			if (ring == NULL)
				continue;
			unsigned n = rte_ring_sc_dequeue_burst(ring, (void **)pkts, WORKER_BURST, NULL);
			if (n == 0)
				continue;
			unsigned sent = rte_eth_tx_burst(l->set->ports[port].id, 0, pkts, (uint16_t)n);
			if (sent < n) {
				__atomic_store_n(&l->relay_full, l->relay_full + n - sent, __ATOMIC_RELAXED);
				rte_pktmbuf_free_bulk(pkts + sent, n - sent);
			}
			done += n;
		}
	}
	return done;
}

static unsigned lcore_turn(struct lcore *l)
{
	struct rte_mbuf *pkts[WORKER_BURST];
	uint64_t now_ns = clock_now_ns();
	unsigned done = 0;

	worker_begin(l->worker);
	for (unsigned port = 0; port < l->set->port_count; port++) {
		const struct port *p = &l->set->ports[port];
		if (l->index >= __atomic_load_n(&p->rx_polled, __ATOMIC_RELAXED))
			continue;
		uint16_t n = rte_eth_rx_burst(p->id, (uint16_t)l->index, pkts, WORKER_BURST);
		if (n == 0)
			continue;
		worker_receive(l->worker, (uint16_t)port, pkts, n, now_ns);
		done += n;
	}
	done += worker_turn(l->worker, now_ns);
	worker_flush(l->worker);
	if (l->index == 0)
		done += lcore_relay(l);
	return done;
}

static const char *lcore_idle_name(enum config_idle idle)
{
	switch (idle) {
	case CONFIG_IDLE_BACKOFF:
		return "backoff";
	case CONFIG_IDLE_INTERRUPT:
		return "interrupt";
	case CONFIG_IDLE_POLL:
		break;
	}
	return "poll";
}

/* The queues that the worker polls: their interrupts are its thread's. port_start has seen that there are such. */
static void lcore_interrupts(struct lcore *l, int op)
{
	for (unsigned port = 0; port < l->set->port_count; port++) {
		const struct port *p = &l->set->ports[port];
		if (l->index < p->rx_queues)
			rte_eth_dev_rx_intr_ctl_q(p->id, (uint16_t)l->index, RTE_EPOLL_PER_THREAD, op, NULL);
	}
}

static void lcore_interrupts_set(struct lcore *l, bool on)
{
	for (unsigned port = 0; port < l->set->port_count; port++) {
		const struct port *p = &l->set->ports[port];
		if (l->index >= p->rx_queues)
			continue;
		if (on)
			rte_eth_dev_rx_intr_enable(p->id, (uint16_t)l->index);
		else
			rte_eth_dev_rx_intr_disable(p->id, (uint16_t)l->index);
	}
}

/* Until a queue has something; nobody wakes it for commands, or for what others hand over. */
static unsigned lcore_wait(struct lcore *l)
{
	struct rte_epoll_event events[WORKER_MAX_PORTS];

	lcore_interrupts_set(l, true);
	/* What came before they were on wakes nobody. */
	unsigned done = lcore_turn(l);
	rte_rcu_qsbr_quiescent(l->set->qsbr, l->index);
	if (done == 0)
		rte_epoll_wait(RTE_EPOLL_PER_THREAD, events, WORKER_MAX_PORTS, LCORE_WAIT_MS);
	lcore_interrupts_set(l, false);
	return done;
}

static unsigned lcore_idle(struct lcore *l)
{
	const struct timespec idle = {.tv_nsec = LCORE_IDLE_NS};

	if (l->set->idle == CONFIG_IDLE_INTERRUPT)
		return lcore_wait(l);
	if (l->set->idle == CONFIG_IDLE_BACKOFF)
		nanosleep(&idle, NULL);
	return 0;
}

static int lcore_run(void *arg)
{
	struct lcore *l = arg;
	struct lcore_set *set = l->set;
	unsigned empty = 0;

	/* The default slack of 50 us would be a quarter of the sleep. */
	prctl(PR_SET_TIMERSLACK, 1000);
	rte_rcu_qsbr_thread_register(set->qsbr, l->index);
	rte_rcu_qsbr_thread_online(set->qsbr, l->index);
	if (set->idle == CONFIG_IDLE_INTERRUPT)
		lcore_interrupts(l, RTE_INTR_EVENT_ADD);
	while (!__atomic_load_n(&set->stop, __ATOMIC_RELAXED)) {
		empty = lcore_turn(l) > 0 ? 0 : empty + 1;
		rte_rcu_qsbr_quiescent(set->qsbr, l->index);
		if (empty >= LCORE_IDLE_TURNS && lcore_idle(l) > 0)
			empty = 0;
	}
	if (set->idle == CONFIG_IDLE_INTERRUPT)
		lcore_interrupts(l, RTE_INTR_EVENT_DEL);
	rte_rcu_qsbr_thread_offline(set->qsbr, l->index);
	rte_rcu_qsbr_thread_unregister(set->qsbr, l->index);
	return 0;
}

static struct rte_ring *lcore_ring(unsigned count, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct rte_ring *lcore_ring(unsigned count, const char *format, ...)
{
	char name[RTE_RING_NAMESIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	return rte_ring_create(name, count, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int lcore_rings_create(struct lcore_set *set)
{
	for (unsigned port = 0; port < set->port_count; port++) {
		if (set->ports[port].tx_queues > 1)
			continue;
		for (unsigned from = 1; from <= set->count; from++)
			if ((set->to_port[port][from] = lcore_ring(LCORE_PORT_RING, "port%u-from%u", port, from)) ==
			    NULL)
				return -ENOMEM;
	}
	for (unsigned w = 0; w < set->count; w++) {
		struct lcore *l = &set->lcores[w];
		for (unsigned port = 0; port < set->port_count; port++)
			for (unsigned kind = 0; kind < LCORE_KERNEL_COUNT; kind++)
				if ((l->to_kernel[port][kind] =
					 lcore_ring(LCORE_KERNEL_RING, "kernel%u-%u-%u", w, port, kind)) == NULL)
					return -ENOMEM;
	}
	return 0;
}

int lcore_create(struct lcore_set *set, const struct config *config, struct port *ports)
{
	unsigned id = rte_get_next_lcore(-1, 1, 0);

	set->count = config->workers;
	set->ports = ports;
	set->port_count = config->port_count;
	set->idle = config->idle;
	int r = lcore_rings_create(set);
	for (unsigned w = 0; w < set->count && r == 0; w++) {
		set->lcores[w].set = set;
		set->lcores[w].index = w;
		set->lcores[w].id = id;
		id = rte_get_next_lcore(id, 1, 0);
	}
	if (r < 0) {
		log_error("workers-failed", "error=\"%s\"", strerror(-r));
		lcore_destroy(set);
	}
	return r;
}

static void lcore_ring_empty(struct rte_ring *ring)
{
	void *pkt;

	while (ring && rte_ring_sc_dequeue(ring, &pkt) == 0)
		rte_pktmbuf_free(pkt);
}

static void lcore_ring_destroy(struct rte_ring *ring)
{
	lcore_ring_empty(ring);
	rte_ring_free(ring);
}

void lcore_destroy(struct lcore_set *set)
{
	for (unsigned w = 0; w < set->count; w++) {
		struct lcore *l = &set->lcores[w];
		for (unsigned port = 0; port < set->port_count; port++)
			for (unsigned kind = 0; kind < LCORE_KERNEL_COUNT; kind++)
				lcore_ring_destroy(l->to_kernel[port][kind]);
	}
	for (unsigned port = 0; port < set->port_count; port++)
		for (unsigned from = 0; from < LCORE_SENDERS; from++)
			lcore_ring_destroy(set->to_port[port][from]);
	memset(set->lcores, 0, sizeof(set->lcores));
	memset(set->to_port, 0, sizeof(set->to_port));
	set->count = 0;
}

int lcore_start(struct lcore_set *set, struct dplane *dplane)
{
	set->stop = false;
	set->qsbr = dplane_qsbr(dplane);
	for (unsigned w = 0; w < set->count; w++)
		set->lcores[w].worker = dplane_worker(dplane, w);
	for (unsigned w = 0; w < set->count; w++) {
		int r = rte_eal_remote_launch(lcore_run, &set->lcores[w], set->lcores[w].id);
		if (r < 0) {
			log_error("worker-failed", "worker=%u lcore=%u error=\"%s\"", w, set->lcores[w].id,
				  strerror(-r));
			lcore_stop(set);
			return r;
		}
		log_info("worker-started", "worker=%u lcore=%u idle=%s", w, set->lcores[w].id,
			 lcore_idle_name(set->idle));
	}
	return 0;
}

void lcore_stop(struct lcore_set *set)
{
	__atomic_store_n(&set->stop, true, __ATOMIC_RELAXED);
	for (unsigned w = 0; w < set->count; w++)
		rte_eal_wait_lcore(set->lcores[w].id);
	for (unsigned w = 0; w < set->count; w++)
		for (unsigned port = 0; port < set->port_count; port++)
			for (unsigned kind = 0; kind < LCORE_KERNEL_COUNT; kind++)
				lcore_ring_empty(set->lcores[w].to_kernel[port][kind]);
}

unsigned lcore_main_transmit(struct lcore_set *set, unsigned port, struct rte_mbuf **pkts, unsigned n)
{
	const struct port *p = &set->ports[port];

	if (p->tx_queues > 1)
		return rte_eth_tx_burst(p->id, (uint16_t)(p->tx_queues - 1), pkts, (uint16_t)n);
	return rte_ring_sp_enqueue_burst(set->to_port[port][set->count], (void **)pkts, n, NULL);
}
