#include "lanes.h"

#include <sched.h>
#include <stdalign.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_mempool.h>
#include "../fast/pool.h"
#include "fast/fragments.h"
#include "plane/inside.h"

static void lanes_transmit(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct lanes *l = arg;
	unsigned sent = rte_ring_enqueue_burst(l->lanes[worker].out, (void *const *)pkts, n, NULL);

	worker_count_drop(dplane_worker(l->dplane, worker), XF_DROP_TX_FULL, n - sent);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
}

static bool lanes_from(const uint8_t *ip, const char *stranger)
{
	struct xf_addr addr = rig_addr(stranger);

	return addr.family == 4 ? ip[0] >> 4 == 4 && memcmp(ip + 12, addr.bytes, 4) == 0
				: ip[0] >> 4 == 6 && memcmp(ip + 8, addr.bytes, 16) == 0;
}

static void lanes_to_kernel(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct lane *lane = &((struct lanes *)arg)->lanes[worker];

	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(pkts[i], const uint8_t *);
		lane->kernel++;
		lane->wrong += lanes_from(frame + 14, LANES_STRANGER4) || lanes_from(frame + 14, LANES_STRANGER6) ||
			       memmem(frame, pkts[i]->data_len, LANES_BAD, strlen(LANES_BAD)) != NULL;
	}
	rte_pktmbuf_free_bulk(pkts, n);
}

static int lanes_send_link(void *arg, const void *packet, size_t len)
{
	alignas(8) static uint8_t in[XF_LINK_PACKET_MAX];
	struct lanes *l = arg;
	struct link_view view;
	int r;

	memcpy(in, packet, len);
	struct link_cursor cursor = link_cursor(in, len);
	while ((r = link_record_next(&cursor, &view)) > 0)
		l->record(&view);
	cr_assert_eq(r, 0);
	return 0;
}

static void lanes_hang_up(void *arg, const char *reason)
{
	cr_assert(false, "hung up: %s", reason);
}

static int lanes_watch(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	struct lanes *l = arg;

	dplane_neighbour(l->dplane, port, next_hop, rig_next_hop);
	return 0;
}

static void lanes_release(void *arg, unsigned port, const struct xf_addr *next_hop)
{
}

unsigned lanes_random(struct lanes *l, unsigned below)
{
	l->random = l->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(l->random >> 33) % below;
}

static void lanes_fill(void *arg, void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (uint8_t)lanes_random(arg, 256);
}

static void lanes_log(void *arg, enum dplane_log_level level, const char *event, const char *text)
{
	cr_expect(level != DPLANE_LOG_ERROR, "%s %s", event, text);
}

/* Between two turns, as a worker takes up all that is swapped. */
static void lane_plan(struct lane *lane)
{
	void *plan;

	if (rte_ring_dequeue(lane->plans, &plan) < 0)
		return;
	const struct buckets_plan *old = buckets_configure(lane->buckets, plan);
	rte_ring_enqueue(lane->plans_old, (void *)(uintptr_t)old);
}

static void *lane_run(void *arg)
{
	struct lane *lane = arg;
	struct lanes *l = lane->lanes;

	/* DPDK has pinned the main thread to one processor. */
	sched_setaffinity(0, sizeof(l->processors), &l->processors);
	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		struct rte_mbuf *pkts[WORKER_BURST];
		uint64_t now_ns = __atomic_load_n(&l->now_ns, __ATOMIC_RELAXED);
		unsigned n = rte_ring_dequeue_burst(lane->in, (void **)pkts, WORKER_BURST, NULL);
		worker_receive(dplane_worker(l->dplane, lane->index), 0, pkts, (uint16_t)n, now_ns);
		n += dplane_worker_turn(l->dplane, lane->index, now_ns);
		lane_plan(lane);
		if (n == 0)
			sched_yield();
	}
	lane_plan(lane);
	return NULL;
}

static struct rte_ring *lane_ring(const char *name, unsigned index)
{
	char full[32];

	snprintf(full, sizeof(full), "lane-%s%u", name, index);
	struct rte_ring *ring = rte_ring_create(full, LANE_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	cr_assert_not_null(ring);
	return ring;
}

static void lanes_eal(struct lanes *l)
{
	char lcores[64];
	int cpu = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(l->processors), &l->processors), 0);
	while (!CPU_ISSET(cpu, &l->processors))
		cpu++;
	snprintf(lcores, sizeof(lcores), "--lcores=0@(%d)", cpu);
	char *argv[] = {"test", "--no-huge", "--no-shconf",	    "--no-pci", "--no-telemetry",
			"-m",	"192",	     "--log-level=*:error", lcores,	NULL};
	cr_assert_geq(rte_eal_init(9, argv), 0);
	sched_setaffinity(0, sizeof(l->processors), &l->processors);
	pool_register();
}

static void lanes_create(struct lanes *l, void (*configure)(struct config *config))
{
	struct dplane_port port = {.mtu = 1500};
	struct dplane_seam seam = {
	    .arg = l,
	    .transmit = lanes_transmit,
	    .to_kernel = lanes_to_kernel,
	    .send_link = lanes_send_link,
	    .hang_up = lanes_hang_up,
	    .neighbour_watch = lanes_watch,
	    .neighbour_release = lanes_release,
	    .random = lanes_fill,
	    .log = lanes_log,
	};

	memcpy(port.mac, rig_mac, sizeof(port.mac));
	l->media[0] = rig_addr("192.0.2.1");
	l->media[1] = rig_addr("2001:db8::1");
	for (unsigned n = 0; n < 2; n++)
		l->networks[n] = (struct config_network){.media = &l->media[n],
							 .media_count = 1,
							 .media_first = n,
							 .sip = {.addr = l->media[n], .port = 5060}};
	l->config = (struct config){.workers = LANES, .port_count = 1, .networks = l->networks, .network_count = 2};
	configure(&l->config);
	l->rig.pool = rte_pktmbuf_pool_create("lanes", 8191, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(l->rig.pool);
	cr_assert_eq(dplane_create(&l->dplane, &l->config, &port, l->rig.pool, &seam), 0);
}

void lanes_start(struct lanes *l, void (*configure)(struct config *config),
		 void (*record)(const struct link_view *view))
{
	struct xf_link_hello hello = {.version = XF_LINK_VERSION, .instance = 1};

	*l = (struct lanes){.now_ns = 1000 * RIG_MS, .random = 1, .record = record};
	lanes_eal(l);
	lanes_create(l, configure);
	dplane_link_up(l->dplane, l->now_ns);
	lanes_post(l, XF_LINK_HELLO, &hello, sizeof(hello));
	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &l->lanes[i];
		*lane = (struct lane){.lanes = l, .index = i, .buckets = l->dplane->screening.buckets[i]};
		lane->in = lane_ring("in", i);
		lane->out = lane_ring("out", i);
		lane->plans = lane_ring("plans", i);
		lane->plans_old = lane_ring("plans-old", i);
		cr_assert_not_null(lane->buckets);
		cr_assert_eq(pthread_create(&lane->thread, NULL, lane_run, lane), 0);
	}
}

void lanes_stop(struct lanes *l)
{
	__atomic_store_n(&l->stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < LANES; i++)
		cr_assert_eq(pthread_join(l->lanes[i].thread, NULL), 0);
}

void lanes_destroy(struct lanes *l)
{
	void *mbuf;

	for (unsigned i = 0; i < LANES; i++) {
		while (rte_ring_dequeue(l->lanes[i].in, &mbuf) == 0 || rte_ring_dequeue(l->lanes[i].out, &mbuf) == 0)
			rte_pktmbuf_free(mbuf);
		rte_ring_free(l->lanes[i].in);
		rte_ring_free(l->lanes[i].out);
		rte_ring_free(l->lanes[i].plans);
		rte_ring_free(l->lanes[i].plans_old);
	}
	dplane_link_down(l->dplane, l->now_ns);
	dplane_destroy(l->dplane);
	cr_expect_eq(rte_mempool_in_use_count(l->rig.pool), 0, "%u packets leaked",
		     rte_mempool_in_use_count(l->rig.pool));
	rte_mempool_free(l->rig.pool);
}

void lanes_frame(struct lanes *l, const struct frame *frame)
{
	uint8_t buf[2048];
	struct rte_mbuf *mbuf = rig_mbuf(&l->rig, buf, rig_frame(buf, frame));
	struct lane *lane = &l->lanes[lanes_random(l, LANES)];

	while (rte_ring_enqueue(lane->in, mbuf) < 0)
		sched_yield();
}

uint32_t lanes_post(struct lanes *l, uint16_t type, const void *body, size_t len)
{
	alignas(8) static uint8_t out[XF_LINK_PACKET_MAX];
	int n = link_record_put(out, sizeof(out), type, ++l->sequence, body, (uint16_t)len);

	cr_assert_gt(n, 0);
	dplane_link_packet(l->dplane, l->now_ns, out, (size_t)n);
	return l->sequence;
}

void lanes_turn(struct lanes *l, void (*sent)(struct lanes *l, struct rte_mbuf *mbuf))
{
	void *mbuf;

	for (unsigned i = 0; i < LANES; i++)
		while (rte_ring_dequeue(l->lanes[i].out, &mbuf) == 0)
			sent(l, mbuf);
	dplane_main(l->dplane, l->now_ns);
}

bool lanes_busy(const struct lanes *l)
{
	for (unsigned i = 0; i < LANES; i++)
		if (rte_ring_count(l->lanes[i].in) > 0)
			return true;
	return false;
}

const struct buckets_plan *lanes_plan(struct lanes *l, unsigned lane, struct buckets_plan *plan)
{
	void *old;

	if (plan)
		cr_assert_eq(rte_ring_enqueue(l->lanes[lane].plans, plan), 0);
	return rte_ring_dequeue(l->lanes[lane].plans_old, &old) == 0 ? old : NULL;
}
