#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>
#include <rte_ethdev.h>
#include "clock.h"
#include "fast/counter.h"
#include "log.h"

static void wire_transmit(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct host *host = arg;

	lcore_transmit(&host->lcores.lcores[worker], port, pkts, n);
}

static void wire_to_kernel(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct host *host = arg;

	lcore_to_kernel(&host->lcores.lcores[worker], port, pkts, n, urgent);
}

static int wire_send_link(void *arg, const void *packet, size_t len)
{
	struct host *host = arg;

	return link_server_send(&host->link, packet, len);
}

static void wire_hang_up(void *arg, const char *reason)
{
	struct host *host = arg;

	link_server_drop(&host->link, reason);
}

void wire_link_packet(const void *packet, size_t len, void *arg)
{
	struct host *host = arg;

	dplane_link_packet(host->dplane, clock_now_ns(), packet, len);
}

void wire_link_down(void *arg)
{
	struct host *host = arg;

	dplane_link_down(host->dplane, clock_now_ns());
}

static int wire_neighbour_watch(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	struct host *host = arg;

	return neighbour_watch(&host->neighbours, port, host->kernel_ifs[port].tap.ifindex, next_hop);
}

static void wire_neighbour_release(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	struct host *host = arg;

	neighbour_release(&host->neighbours, host->kernel_ifs[port].tap.ifindex, next_hop);
}

void wire_neighbour_changed(const struct neighbour *neighbour, void *arg)
{
	struct host *host = arg;

	dplane_neighbour(host->dplane, neighbour->port, &neighbour->addr, neighbour->resolved ? neighbour->mac : NULL);
}

/* main() has seen that the kernel has randomness; what it has once it does not lose. */
static void wire_random_fill(uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

/* A system call for many. What was given out is wiped. */
static void wire_random(void *arg, void *buf, size_t len)
{
	struct host *host = arg;
	struct host_random *random = &host->random;

	if (len > sizeof(random->bytes)) {
		wire_random_fill(buf, len);
		return;
	}
	if (len > random->left) {
		wire_random_fill(random->bytes, sizeof(random->bytes));
		random->left = sizeof(random->bytes);
	}
	random->left -= len;
	memcpy(buf, random->bytes + random->left, len);
	explicit_bzero(random->bytes + random->left, len);
}

static void wire_port_stats(void *arg, unsigned index, struct xf_link_port *row)
{
	const struct host *host = arg;
	const struct port *port = &host->ports[index];
	const struct kernel_if *k = &host->kernel_ifs[index];
	struct rte_eth_stats stats;
	struct rte_eth_link link;

	row->tap_in = counter_get(&k->tap_in);
	row->tap_out = counter_get(&k->tap_out);
	snprintf(row->name, sizeof(row->name), "%s", port->config->name);
	snprintf(row->driver, sizeof(row->driver), "%s", port->driver);
	snprintf(row->tap, sizeof(row->tap), "%s", k->tap.name);
	if (rte_eth_link_get_nowait(port->id, &link) == 0)
		row->link_up = link.link_status == RTE_ETH_LINK_UP;
	if (rte_eth_stats_get(port->id, &stats) == 0) {
		row->rx_packets = stats.ipackets;
		row->rx_bytes = stats.ibytes;
		row->rx_missed = stats.imissed;
		row->rx_errors = stats.ierrors + stats.rx_nombuf;
		row->tx_packets = stats.opackets;
		row->tx_bytes = stats.obytes;
		row->tx_errors = stats.oerrors;
	}
}

static void wire_worker_stats(void *arg, unsigned worker, struct xf_link_worker *row)
{
	const struct host *host = arg;

	row->lcore = (uint16_t)host->lcores.lcores[worker].id;
}

static void wire_add_drops(void *arg, struct xf_link_drops *row)
{
	const struct host *host = arg;

	for (unsigned w = 0; w < host->lcores.count; w++)
		row->count[XF_DROP_TX_FULL] += counter_get(&host->lcores.lcores[w].relay_full);
	for (unsigned p = 0; p < host->config->port_count; p++) {
		row->count[XF_DROP_TX_FULL] += counter_get(&host->kernel_ifs[p].tx_full);
		row->count[XF_DROP_OTHER_VLAN] += counter_get(&host->kernel_ifs[p].other_vlan);
		row->count[XF_DROP_NO_MBUF] += counter_get(&host->kernel_ifs[p].no_mbuf);
		row->count[XF_DROP_KERNEL_REFUSED] += counter_get(&host->kernel_ifs[p].refused);
	}
}

static void wire_log(void *arg, enum dplane_log_level level, const char *event, const char *text)
{
	static const enum log_level levels[] = {
	    [DPLANE_LOG_ERROR] = LOG_LEVEL_ERROR,
	    [DPLANE_LOG_WARNING] = LOG_LEVEL_WARNING,
	    [DPLANE_LOG_INFO] = LOG_LEVEL_INFO,
	};

	log_write(levels[level], event, "%s", text);
}

static uint64_t wire_cycles(void)
{
	return rte_rdtsc();
}

static uint64_t wire_wall_offset_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - clock_now_ns();
}

struct dplane_seam wire_seam(struct host *host)
{
	return (struct dplane_seam){
	    .arg = host,
	    .wall_offset_ns = wire_wall_offset_ns(),
	    .transmit = wire_transmit,
	    .to_kernel = wire_to_kernel,
	    .send_link = wire_send_link,
	    .hang_up = wire_hang_up,
	    .neighbour_watch = wire_neighbour_watch,
	    .neighbour_release = wire_neighbour_release,
	    .random = wire_random,
	    .cycles = wire_cycles,
	    .cycle_hz = rte_get_tsc_hz(),
	    .port_stats = wire_port_stats,
	    .worker_stats = wire_worker_stats,
	    .add_drops = wire_add_drops,
	    .log = wire_log,
	};
}
