#include "link_stats.h"

#include <string.h>
#include "fast/counter.h"

static void link_stats_row(struct host *host, uint32_t sequence, uint16_t type, const void *body, size_t len)
{
	link_server_send(&host->link, host->link.connection, type, sequence, body, (uint16_t)len);
}

static void link_stats_port(struct host *host, uint32_t sequence, unsigned index)
{
	const struct port *port = &host->ports[index];
	const struct kernel_if *k = &host->kernel_ifs[index];
	struct xf_link_port row = {.tap_in = k->tap_in, .tap_out = k->tap_out};
	struct rte_eth_stats stats;
	struct rte_eth_link link;

	snprintf(row.name, sizeof(row.name), "%s", port->config->name);
	snprintf(row.driver, sizeof(row.driver), "%s", port->driver);
	snprintf(row.tap, sizeof(row.tap), "%s", k->tap.name);
	memcpy(row.mac, port->mac, sizeof(row.mac));
	if (rte_eth_link_get_nowait(port->id, &link) == 0)
		row.link_up = link.link_status == RTE_ETH_LINK_UP;
	if (rte_eth_stats_get(port->id, &stats) == 0) {
		row.rx_packets = stats.ipackets;
		row.rx_bytes = stats.ibytes;
		row.rx_missed = stats.imissed;
		row.rx_errors = stats.ierrors + stats.rx_nombuf;
		row.tx_packets = stats.opackets;
		row.tx_bytes = stats.obytes;
		row.tx_errors = stats.oerrors;
	}
	link_stats_row(host, sequence, XF_LINK_PORT, &row, sizeof(row));
}

static void link_stats_worker(struct host *host, uint32_t sequence, unsigned index)
{
	const struct lcore *l = &host->lcores.lcores[index];
	const struct worker_stats *stats = worker_stats(l->worker);
	struct xf_link_worker row = {
	    .worker = (uint16_t)index,
	    .lcore = (uint16_t)l->id,
	    .endpoints = host->endpoints.worker_count[index],
	    .turns = counter_get(&stats->turns),
	    .busy_turns = counter_get(&stats->busy_turns),
	    .rx_packets = counter_get(&stats->rx_packets),
	    .forwarded = counter_get(&stats->forwarded),
	    .to_kernel = counter_get(&stats->to_kernel),
	    .handed_over = counter_get(&stats->handed_over),
	};

	link_stats_row(host, sequence, XF_LINK_WORKER, &row, sizeof(row));
}

static void link_stats_drops(struct host *host, uint32_t sequence)
{
	struct xf_link_drops row = {0};

	for (unsigned w = 0; w < host->lcores.count; w++) {
		const struct worker_stats *stats = worker_stats(host->lcores.lcores[w].worker);
		for (unsigned d = 0; d < XF_DROP_COUNT; d++)
			row.count[d] += counter_get(&stats->drops[d]);
		row.count[XF_DROP_TX_FULL] += counter_get(&host->lcores.lcores[w].relay_full);
	}
	for (unsigned p = 0; p < host->config->port_count; p++) {
		row.count[XF_DROP_TX_FULL] += host->kernel_ifs[p].tx_full;
		row.count[XF_DROP_NO_MBUF] += host->kernel_ifs[p].no_mbuf;
		row.count[XF_DROP_KERNEL_REFUSED] += host->kernel_ifs[p].refused;
	}
	link_stats_row(host, sequence, XF_LINK_DROPS, &row, sizeof(row));
}

static void link_stats_peers(struct host *host, uint32_t sequence)
{
	for (unsigned peer = 0; peer < XF_MAX_PEERS; peer++) {
		struct xf_link_peer row = {.peer = (uint16_t)peer};
		for (unsigned w = 0; w < host->lcores.count; w++) {
			const struct worker_stats *stats = worker_stats(host->lcores.lcores[w].worker);
			row.passed += counter_get(&stats->peer_passed[peer]);
			row.dropped += counter_get(&stats->peer_dropped[peer]);
		}
		if (row.passed || row.dropped)
			link_stats_row(host, sequence, XF_LINK_PEER, &row, sizeof(row));
	}
}

void link_stats_send(struct host *host, uint32_t sequence)
{
	for (unsigned p = 0; p < host->config->port_count; p++)
		link_stats_port(host, sequence, p);
	for (unsigned w = 0; w < host->lcores.count; w++)
		link_stats_worker(host, sequence, w);
	link_stats_drops(host, sequence);
	link_stats_peers(host, sequence);
}
