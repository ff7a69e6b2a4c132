/* The dataplane's seam in memory, and the steps of its workers and main thread. */
#include <errno.h>
#include <rte_mempool.h>
#include <stdlib.h>
#include "world/inside.h"

static void send_mbuf(struct world *world, uint16_t port, struct rte_mbuf *mbuf)
{
	uint8_t copy[16384];
	const void *frame = rte_pktmbuf_read(mbuf, 0, mbuf->pkt_len, copy);
	if (mbuf->pkt_len <= sizeof(copy) && frame) {
		world->counts.frames_out++;
		world->ops.frame(world->ops.arg, port, frame, mbuf->pkt_len);
	}
	rte_pktmbuf_free(mbuf);
}

static void seam_transmit(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		send_mbuf(arg, port, pkts[i]);
}

static void seam_to_kernel(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct world *world = arg;
	struct world_queue *queue = urgent ? &world->urgent : &world->kernel;
	for (uint16_t i = 0; i < n; i++) {
		struct world_item *item = world_queue_add(queue, WORLD_KERNEL_MAX, NULL, pkts[i]->pkt_len);
		const void *bytes = item ? rte_pktmbuf_read(pkts[i], 0, pkts[i]->pkt_len, item->bytes) : NULL;
		if (!item)
			worker_count_drop(dplane_worker(world->dplane, worker), XF_DROP_KERNEL_RING_FULL, 1);
		else if (bytes != item->bytes)
			memcpy(item->bytes, bytes, pkts[i]->pkt_len);
		rte_pktmbuf_free(pkts[i]);
	}
}

static int seam_send_link(void *arg, const void *packet, size_t len)
{
	struct world *world = arg;
	if (!world->connected)
		return -EPIPE;
	return world_queue_add(&world->link_in, WORLD_LINK_MAX, packet, len) ? 0 : -EAGAIN;
}

static void seam_hang_up(void *arg, const char *reason)
{
	world_disconnect(arg);
}

static struct world_watch *watch_find(struct world *world, unsigned port, const struct xf_addr *addr)
{
	struct world_watch *watch;
	LIST_FOREACH(watch, &world->watches, link)
	{
		if (watch->port == port && xf_addr_eq(&watch->addr, addr))
			return watch;
	}
	return NULL;
}

static void watch_tell(struct world *world, const struct world_watch *watch)
{
	uint8_t mac[6];
	world_mac_of(mac, &watch->addr);
	dplane_neighbour(world->dplane, watch->port, &watch->addr, world->deaf[watch->port] ? NULL : mac);
}

static int seam_neighbour_watch(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	struct world *world = arg;
	struct world_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	watch->port = port;
	watch->addr = *next_hop;
	LIST_INSERT_HEAD(&world->watches, watch, link);
	watch_tell(world, watch);
	return 0;
}

static void seam_neighbour_release(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	struct world_watch *watch = watch_find(arg, port, next_hop);
	if (!watch)
		return;
	LIST_REMOVE(watch, link);
	free(watch);
}

void world_neighbours(struct world *world, unsigned port, bool resolved)
{
	struct world_watch *watch;
	world->deaf[port] = !resolved;
	if (!world->dplane)
		return;
	LIST_FOREACH(watch, &world->watches, link)
	{
		if (watch->port == port)
			watch_tell(world, watch);
	}
}

static void seam_random(void *arg, void *buf, size_t len)
{
	struct world *world = arg;
	world_random_fill(&world->data_random, buf, len);
}

static void seam_port_stats(void *arg, unsigned port, struct xf_link_port *row)
{
	struct world *world = arg;
	snprintf(row->name, sizeof(row->name), "%s", world->config->ports[port].name);
	snprintf(row->driver, sizeof(row->driver), "memory");
	snprintf(row->tap, sizeof(row->tap), "%s", world->config->ports[port].tap);
	memcpy(row->mac, world->ports[port].mac, 6);
	row->link_up = 1;
}

static void seam_add_drops(void *arg, struct xf_link_drops *row)
{
}

static void seam_log(void *arg, enum dplane_log_level level, const char *event, const char *text)
{
	static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO};
	struct world *world = arg;
	char line[512];
	if (!world->ops.log)
		return;
	snprintf(line, sizeof(line), "event=%s%s%s", event, *text ? " " : "", text);
	world->ops.log(world->ops.arg, levels[level], line);
}

void world_data_wire(struct world *world)
{
	LIST_INIT(&world->watches);
	world->dplane_seam = (struct dplane_seam){
	    .arg = world,
	    .transmit = seam_transmit,
	    .to_kernel = seam_to_kernel,
	    .send_link = seam_send_link,
	    .hang_up = seam_hang_up,
	    .neighbour_watch = seam_neighbour_watch,
	    .neighbour_release = seam_neighbour_release,
	    .random = seam_random,
	    .port_stats = seam_port_stats,
	    .add_drops = seam_add_drops,
	    .log = seam_log,
	};
	for (uint32_t p = 0; p < world->config->port_count; p++) {
		static const uint8_t mac[5] = {0x02, 'x', 'f', 'g', 0};
		memcpy(world->ports[p].mac, mac, 5);
		world->ports[p].mac[5] = (uint8_t)p;
		world->ports[p].mtu = (uint16_t)world->config->ports[p].mtu;
	}
}

int world_data_start(struct world *world)
{
	int r = dplane_create(&world->dplane, world->config, world->ports, world->pool, &world->dplane_seam);
	if (r < 0) {
		world->dplane = NULL;
		return r;
	}
	world->tick_ns = world->now_ns;
	return 0;
}

void world_data_stop(struct world *world)
{
	struct world_watch *watch;
	for (unsigned w = 0; w < world->workers; w++) {
		rte_pktmbuf_free_bulk(world->rx[w], world->rx_count[w]);
		world->rx_count[w] = 0;
	}
	world_queue_clear(&world->kernel);
	world_queue_clear(&world->urgent);
	if (world->dplane)
		dplane_destroy(world->dplane);
	world->dplane = NULL;
	while ((watch = LIST_FIRST(&world->watches))) {
		LIST_REMOVE(watch, link);
		free(watch);
	}
	world->tick_ns = WORLD_NO_TIME;
	world->ticking = 0;
	world->ticking_main = false;
}

bool world_worker_ready(const struct world *world, unsigned worker)
{
	return world->dplane && (world->rx_count[worker] || (world->ticking & 1u << worker) ||
				 dplane_worker_pending(world->dplane, worker));
}

void world_worker_step(struct world *world, unsigned worker)
{
	struct worker *w = dplane_worker(world->dplane, worker);
	bool turn = (world->ticking & 1u << worker) || dplane_worker_pending(world->dplane, worker);
	struct rte_mbuf **rx = world->rx[worker];
	unsigned count = world->rx_count[worker], at = 0;
	world->rx_count[worker] = 0;
	while (at < count) {
		unsigned n = 1;
		while (n < WORKER_BURST && at + n < count && rx[at + n]->port == rx[at]->port)
			n++;
		worker_receive(w, rx[at]->port, rx + at, (uint16_t)n, world->now_ns);
		at += n;
	}
	if (turn) {
		world->ticking &= ~(1u << worker);
		dplane_worker_turn(world->dplane, worker, world->now_ns);
	} else {
		worker_flush(w);
	}
	if (world->tick_ns == WORLD_NO_TIME && worker_stats(w)->fragmented)
		world->tick_ns = world->now_ns + WORLD_TICK_NS;
}

bool world_main_ready(const struct world *world)
{
	return world->dplane && (world->ticking_main || world->dataplane_told_lost || world->urgent.count ||
				 world->kernel.count || world->link_out.count || dplane_main_pending(world->dplane));
}

static void main_drain(struct world *world, struct world_queue *queue)
{
	for (unsigned n = queue->count; n > 0; n--) {
		struct world_item *item = world_queue_take(queue);
		world_kernel_frame(world, item->bytes, item->len);
		free(item);
	}
}

void world_main_step(struct world *world)
{
	struct dplane_counts counts;
	world->ticking_main = false;
	if (world->dataplane_told_lost) {
		world->dataplane_told_lost = false;
		dplane_link_down(world->dplane, world->now_ns);
	}
	main_drain(world, &world->urgent);
	main_drain(world, &world->kernel);
	if (world->link_out.count) {
		struct world_item *item = world_queue_take(&world->link_out);
		dplane_link_packet(world->dplane, world->now_ns, item->bytes, item->len);
		free(item);
	}
	dplane_main(world->dplane, world->now_ns);
	dplane_counts(world->dplane, &counts);
	bool busy = counts.endpoints || counts.in_limbo || counts.fragmented || dplane_outstanding(world->dplane);
	if (busy && world->tick_ns == WORLD_NO_TIME)
		world->tick_ns = world->now_ns + WORLD_TICK_NS;
	else if (!busy)
		world->tick_ns = WORLD_NO_TIME;
}
