#include "wires.h"

#include <sched.h>
#include <stdalign.h>
#include <string.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_launch.h>
#include <rte_mempool.h>
#include "../fast/pool.h"
#include "clock.h"

static struct wires *wires_now; /* for what DPDK calls without an argument of ours */

static struct rte_ring *wires_ring(const char *kind, unsigned port, unsigned queue)
{
	char name[32];

	snprintf(name, sizeof(name), "wire-%s%u-%u", kind, port, queue);
	struct rte_ring *ring = rte_ring_create(name, WIRES_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	cr_assert_not_null(ring);
	return ring;
}

/* The devices of the configuration, as the port asks for them: rings cannot be named in a device string. */
int rte_eal_hotplug_add(const char *bus, const char *device, const char *args)
{
	struct wires *w = wires_now;
	unsigned port = strcmp(device, w->config_ports[WIRES_INSIDE].device) == 0;
	unsigned out = port == WIRES_INSIDE ? 1 : w->workers + 1;

	for (unsigned q = 0; q < w->workers; q++)
		w->in[port][q] = wires_ring("in", port, q);
	for (unsigned q = 0; q < out; q++)
		w->out[port][q] = wires_ring("out", port, q);
	/* It puts the driver's name in front. */
	int r = rte_eth_from_rings(strchr(device + 4, '_') + 1, w->in[port], w->workers, w->out[port], out, 0);
	return r < 0 ? r : 0;
}

static void wires_transmit(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct wires *w = arg;
	struct wires_turn *turn = &w->turns[worker];

	for (uint16_t i = 0; i < n; i++)
		w->sent(worker, rte_pktmbuf_mtod(pkts[i], const uint8_t *));
	/* ThreadSanitizer does not see the driver's rings: this is the order that they make. */
	__atomic_store_n(&turn->sent, turn->sent + 1, __ATOMIC_RELEASE);
	lcore_transmit(&w->lcores.lcores[worker], port, pkts, n);
}

static void wires_to_kernel(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	lcore_to_kernel(&((struct wires *)arg)->lcores.lcores[worker], port, pkts, n, urgent);
}

static int wires_send_link(void *arg, const void *packet, size_t len)
{
	alignas(8) static uint8_t in[XF_LINK_PACKET_MAX];
	struct wires *w = arg;
	struct link_view view;
	int r;

	memcpy(in, packet, len);
	struct link_cursor cursor = link_cursor(in, len);
	while ((r = link_record_next(&cursor, &view)) > 0)
		w->record(&view);
	cr_assert_eq(r, 0);
	return 0;
}

static void wires_hang_up(void *arg, const char *reason)
{
	cr_assert(false, "hung up: %s", reason);
}

static int wires_watch(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	dplane_neighbour(((struct wires *)arg)->dplane, port, next_hop, rig_next_hop);
	return 0;
}

static void wires_release(void *arg, unsigned port, const struct xf_addr *next_hop)
{
}

unsigned wires_random(struct wires *w, unsigned below)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->random >> 33) % below;
}

static void wires_fill(void *arg, void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (uint8_t)wires_random(arg, 256);
}

static void wires_add_drops(void *arg, struct xf_link_drops *row)
{
	const struct wires *w = arg;

	for (unsigned i = 0; i < w->workers; i++)
		row->count[XF_DROP_TX_FULL] += __atomic_load_n(&w->lcores.lcores[i].relay_full, __ATOMIC_RELAXED);
}

static void wires_log(void *arg, enum dplane_log_level level, const char *event, const char *text)
{
	cr_expect(level != DPLANE_LOG_ERROR, "%s %s", event, text);
}

/* What a worker's queue has brought, perhaps nothing. The first port is asked first: with it a turn begins. */
static uint16_t wires_received(uint16_t id, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t most,
			       void *arg)
{
	struct wires *w = wires_now;
	struct wires_turn *turn = &w->turns[queue];
	unsigned port = (unsigned)((struct port *)arg - w->ports);

	if (port == 0) {
		__atomic_store_n(&turn->before, turn->now, __ATOMIC_RELAXED);
		__atomic_store_n(&turn->now, clock_now_ns(), __ATOMIC_RELAXED);
	}
	(void)__atomic_load_n(&w->fed[port][queue], __ATOMIC_ACQUIRE);
	for (uint16_t i = 0; i < n; i++)
		w->received(queue, rte_pktmbuf_mtod(pkts[i], const uint8_t *));
	return n;
}

static void wires_eal(struct wires *w)
{
	char lcores[512], cpus[160];
	cpu_set_t set;
	size_t n = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	for (unsigned c = 0; c < CPU_SETSIZE && n < sizeof(cpus) - 8; c++)
		if (CPU_ISSET(c, &set))
			n += (size_t)snprintf(cpus + n, sizeof(cpus) - n, "%s%u", n ? "," : "", c);
	n = (size_t)snprintf(lcores, sizeof(lcores), "--lcores=0@(%s)", cpus);
	for (unsigned i = 1; i <= w->workers && n < sizeof(lcores); i++)
		n += (size_t)snprintf(lcores + n, sizeof(lcores) - n, ",%u@(%s)", i, cpus);
	cr_assert_lt(n, sizeof(lcores));
	char *argv[] = {"test", "--no-huge", "--no-shconf",	    "--no-pci", "--no-telemetry",
			"-m",	"192",	     "--log-level=*:error", lcores,	NULL};
	cr_assert_geq(rte_eal_init(9, argv), 0);
	pool_register();
	w->rig.pool = rte_pktmbuf_pool_create("wires", 8191, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(w->rig.pool);
}

static void wires_configure(struct wires *w)
{
	static char *const names[WIRES_PORTS] = {"outside", "inside"};
	static char *const devices[WIRES_PORTS] = {"net_ring_outside", "net_ring_inside"};

	w->media[WIRES_OUTSIDE] = rig_addr("192.0.2.1");
	w->media[WIRES_INSIDE] = rig_addr("2001:db8::1");
	for (unsigned p = 0; p < WIRES_PORTS; p++) {
		w->config_ports[p] = (struct config_port){.name = names[p], .device = devices[p], .mtu = 1500};
		w->networks[p] = (struct config_network){.port = p,
							 .media = &w->media[p],
							 .media_count = 1,
							 .media_first = p,
							 .sip = {.addr = w->media[p], .port = 5060}};
	}
	w->config = (struct config){.workers = w->workers,
				    .ports = w->config_ports,
				    .port_count = WIRES_PORTS,
				    .networks = w->networks,
				    .network_count = WIRES_PORTS,
				    .idle = CONFIG_IDLE_BACKOFF};
}

static void wires_ports(struct wires *w)
{
	for (unsigned p = 0; p < WIRES_PORTS; p++) {
		cr_assert_eq(port_start(&w->ports[p], &w->config, p, w->rig.pool), 0);
		cr_assert_eq(w->ports[p].rx_queues, w->workers);
		cr_assert_eq(w->ports[p].tx_queues, p == WIRES_INSIDE ? 1 : w->workers + 1);
		for (uint16_t q = 0; q < w->workers; q++)
			cr_assert_not_null(rte_eth_add_rx_callback(w->ports[p].id, q, wires_received, &w->ports[p]));
	}
}

static void wires_plane(struct wires *w)
{
	struct dplane_port ports[WIRES_PORTS] = {0};
	const struct dplane_seam seam = {
	    .arg = w,
	    .transmit = wires_transmit,
	    .to_kernel = wires_to_kernel,
	    .send_link = wires_send_link,
	    .hang_up = wires_hang_up,
	    .neighbour_watch = wires_watch,
	    .neighbour_release = wires_release,
	    .random = wires_fill,
	    .add_drops = wires_add_drops,
	    .log = wires_log,
	};

	for (unsigned p = 0; p < WIRES_PORTS; p++) {
		memcpy(ports[p].mac, w->ports[p].mac, sizeof(ports[p].mac));
		ports[p].mtu = (uint16_t)w->config_ports[p].mtu;
	}
	cr_assert_eq(dplane_create(&w->dplane, &w->config, ports, w->rig.pool, &seam), 0);
}

void wires_start(struct wires *w)
{
	const struct xf_link_hello hello = {.version = XF_LINK_VERSION, .instance = 1};

	wires_now = w;
	w->random = w->workers;
	wires_configure(w);
	wires_eal(w);
	wires_ports(w);
	cr_assert_eq(lcore_create(&w->lcores, &w->config, w->ports), 0);
	wires_plane(w);
	cr_assert_eq(lcore_start(&w->lcores, w->dplane), 0);
	dplane_link_up(w->dplane, clock_now_ns());
	wires_post(w, XF_LINK_HELLO, &hello, sizeof(hello));
}

static int wires_end(void *ended)
{
	__atomic_store_n((bool *)ended, true, __ATOMIC_RELEASE);
	return 0;
}

void wires_stop(struct wires *w)
{
	lcore_stop(&w->lcores);
	/* ThreadSanitizer does not see DPDK wait for an lcore. */
	for (unsigned i = 0; i < w->workers; i++) {
		cr_assert_eq(rte_eal_remote_launch(wires_end, &w->ended[i], w->lcores.lcores[i].id), 0);
		rte_eal_wait_lcore(w->lcores.lcores[i].id);
		cr_assert(__atomic_load_n(&w->ended[i], __ATOMIC_ACQUIRE));
	}
}

void wires_destroy(struct wires *w)
{
	dplane_link_down(w->dplane, clock_now_ns());
	dplane_destroy(w->dplane);
	lcore_destroy(&w->lcores);
	ports_stop(w->ports, WIRES_PORTS);
	for (unsigned p = 0; p < WIRES_PORTS; p++) {
		for (unsigned q = 0; q < WIRES_WORKERS; q++)
			rte_ring_free(w->in[p][q]);
		for (unsigned q = 0; q <= WIRES_WORKERS; q++)
			rte_ring_free(w->out[p][q]);
	}
	cr_expect_eq(rte_mempool_in_use_count(w->rig.pool), 0, "%u packets leaked",
		     rte_mempool_in_use_count(w->rig.pool));
	rte_mempool_free(w->rig.pool);
}

void wires_frame(struct wires *w, unsigned port, const uint8_t *frame, uint16_t len)
{
	unsigned queue = wires_random(w, w->workers);
	struct rte_mbuf *mbuf = rig_mbuf(&w->rig, frame, len);

	memcpy(rte_pktmbuf_mtod(mbuf, void *), frame[0] & 1 ? frame : w->ports[port].mac, 6);
	__atomic_store_n(&w->fed[port][queue], w->fed[port][queue] + 1, __ATOMIC_RELEASE);
	cr_assert_eq(rte_ring_enqueue(w->in[port][queue], mbuf), 0);
}

uint32_t wires_post(struct wires *w, uint16_t type, const void *body, size_t len)
{
	alignas(8) static uint8_t out[XF_LINK_PACKET_MAX];
	int n = link_record_put(out, sizeof(out), type, ++w->sequence, body, (uint16_t)len);

	cr_assert_gt(n, 0);
	dplane_link_packet(w->dplane, clock_now_ns(), out, (size_t)n);
	return w->sequence;
}

static unsigned wires_kernel(struct wires *w, unsigned port)
{
	unsigned done = 0;
	void *mbuf;

	for (unsigned i = 0; i < w->workers; i++)
		for (unsigned kind = 0; kind < LCORE_KERNEL_COUNT; kind++)
			while (rte_ring_sc_dequeue(w->lcores.lcores[i].to_kernel[port][kind], &mbuf) == 0) {
				rte_pktmbuf_free(mbuf);
				done++;
			}
	w->to_kernel += done;
	return done;
}

unsigned wires_turn(struct wires *w, void (*out)(unsigned port, unsigned queue, struct rte_mbuf *mbuf))
{
	unsigned done = dplane_main(w->dplane, clock_now_ns());
	void *mbuf;

	for (unsigned p = 0; p < WIRES_PORTS; p++) {
		for (unsigned q = 0; q <= w->workers && w->out[p][q]; q++)
			while (rte_ring_dequeue(w->out[p][q], &mbuf) == 0) {
				for (unsigned i = 0; i < w->workers; i++)
					(void)__atomic_load_n(&w->turns[i].sent, __ATOMIC_ACQUIRE);
				out(p, q, mbuf);
				rte_pktmbuf_free(mbuf);
				w->on_wire[p]++;
				done++;
			}
		done += wires_kernel(w, p);
	}
	return done;
}

uint64_t wires_gone(const struct wires *w)
{
	struct xf_link_drops drops;
	uint64_t gone = w->to_kernel;

	dplane_drops_row(w->dplane, &drops);
	for (unsigned d = 0; d < XF_DROP_COUNT; d++)
		gone += drops.count[d];
	return gone;
}
