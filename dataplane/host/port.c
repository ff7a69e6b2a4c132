#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <rte_dev.h>
#include <rte_lcore.h>
#include "eal.h"
#include "log.h"

#define PORT_DESCRIPTORS     1024
#define PORT_AF_PACKET_MBUFS 2048
#define PORT_RSS	     (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)
/* What media needs: of one pair of addresses the ports tell calls apart. */
#define PORT_RSS_UDP (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)

int port_fallback_device(char *out, size_t size, const char *device)
{
	static const char xdp[] = "net_af_xdp";
	char iface[IFNAMSIZ];
	int digits;

	if (strncmp(device, xdp, sizeof(xdp) - 1) != 0 || !lower_name(iface, device))
		return -ENOENT;
	const char *number = device + sizeof(xdp) - 1;
	digits = (int)strcspn(number, ",");
	int n = snprintf(out, size, "net_af_packet%.*s,iface=%s", digits, number, iface);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void port_device_destroy(struct port *port)
{
	if (port->started)
		rte_eth_dev_stop(port->id);
	port->started = false;
	port->lower_refused = port->device.lower_refused;
	device_stop(&port->device);
	while (port->member_count > 0)
		device_stop(&port->members[--port->member_count]);
	port->id = RTE_MAX_ETHPORTS;
}

static void port_pool_destroy(struct port *port)
{
	rte_mempool_free(port->pool);
	port->pool = NULL;
}

static int port_device_create(struct port *port, const char *text)
{
	const struct config_port *config = port->config;
	char slaves[PORT_MEMBERS_MAX * (DEVICE_NAME + 8)] = "";
	size_t n = 0;
	int r = 0;

	for (uint32_t m = 0; m < config->member_count && r == 0; m++) {
		r = m < PORT_MEMBERS_MAX ? device_start(&port->members[m], config->members[m], "") : -E2BIG;
		if (r < 0) {
			log_error("port-member-failed", "port=%s member=%s error=\"%s\"", config->name,
				  config->members[m], strerror(-r));
			break;
		}
		port->member_count++;
		n += (size_t)snprintf(slaves + n, sizeof(slaves) - n, ",slave=%s", port->members[m].name);
	}
	if (r == 0)
		r = device_start(&port->device, text, slaves);
	port->id = port->device.id;
	return r;
}

static int port_pool_create(struct port *port)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "packets-port%u", port->id);
	port->pool = rte_pktmbuf_pool_create(name, PORT_AF_PACKET_MBUFS, 256, 0,
					     RTE_PKTMBUF_HEADROOM + DEVICE_AF_PACKET_FRAME, SOCKET_ID_ANY);
	return port->pool ? 0 : -ENOMEM;
}

static int port_queues(struct port *port, const struct rte_eth_dev_info *info, struct rte_mempool *pool)
{
	uint16_t rx = PORT_DESCRIPTORS, tx = PORT_DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(port->id);

	int r = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);
	for (uint16_t q = 0; q < port->rx_queues && r == 0; q++)
		r = rte_eth_rx_queue_setup(port->id, q, rx, (unsigned)socket, &info->default_rxconf, pool);
	for (uint16_t q = 0; q < port->tx_queues && r == 0; q++)
		r = rte_eth_tx_queue_setup(port->id, q, tx, (unsigned)socket, &info->default_txconf);
	return r;
}

/* The two ends of a memif must have as many rings as each other, or they do not connect: one each way, as VPP has it
 * unless told otherwise. */
static void port_limit_device(const struct device *device, const struct rte_eth_dev_info *info, uint16_t *rx,
			      uint16_t *tx)
{
	bool one = device_is(device->name, "net_memif");

	*rx = RTE_MIN(*rx, one ? 1 : info->max_rx_queues);
	*tx = RTE_MIN(*tx, one ? 1 : info->max_tx_queues);
}

/* The most queues that the device has; a bonded one has as many as the least of its members. */
static int port_limits(const struct port *port, struct rte_eth_dev_info *info)
{
	int r = rte_eth_dev_info_get(port->id, info);

	for (unsigned m = 0; m < port->member_count && r == 0; m++) {
		struct rte_eth_dev_info member;
		r = rte_eth_dev_info_get(port->members[m].id, &member);
		if (r < 0)
			break;
		port_limit_device(&port->members[m], &member, &info->max_rx_queues, &info->max_tx_queues);
	}
	if (r == 0)
		port_limit_device(&port->device, info, &info->max_rx_queues, &info->max_tx_queues);
	return r;
}

/* Whether frames come by AF_PACKET, whose datagrams may be longer than a frame. */
static bool port_reassembled(const struct port *port)
{
	bool reassembled = device_is(port->device.name, "net_af_packet");

	for (unsigned m = 0; m < port->member_count; m++)
		reassembled |= device_is(port->members[m].name, "net_af_packet");
	return reassembled;
}

/* Whether workers can sleep until a queue has something. */
static int port_check_interrupts(const struct port *port)
{
	int r = 0;

	for (uint16_t q = 0; q < port->rx_queues && r == 0; q++) {
		r = rte_eth_dev_rx_intr_ctl_q_get_fd(port->id, q) < 0 ? -ENOTSUP
								      : rte_eth_dev_rx_intr_enable(port->id, q);
		if (r == 0)
			r = rte_eth_dev_rx_intr_disable(port->id, q);
	}
	if (r < 0)
		log_error(
		    "port-without-interrupts",
		    "port=%s driver=%s error=\"port %s (%s) has no receive interrupts\" hint=\"write idle: backoff, "
		    "or idle: poll\"",
		    port->config->name, port->driver, port->config->name, port->driver);
	return r;
}

static int port_configure(struct port *port, const struct config *config, struct rte_mempool *pool)
{
	unsigned workers = config->workers;
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {.intr_conf.rxq = config->idle == CONFIG_IDLE_INTERRUPT};
	struct rte_ether_addr mac;

	int r = port_limits(port, &info);
	if (r < 0)
		return r;
	snprintf(port->driver, sizeof(port->driver), "%s", info.driver_name);
	port->rx_queues = info.max_rx_queues >= workers ? (uint16_t)workers : 1;
	port->tx_queues = info.max_tx_queues > workers ? (uint16_t)(workers + 1) : 1;
	if (port_reassembled(port)) {
		if ((r = port_pool_create(port)) < 0)
			return r;
		pool = port->pool;
	}
	/* virtio and vhost have no hash of their own, and refuse to be asked for one: their peer spreads. */
	if (port->rx_queues > 1 && (info.flow_type_rss_offloads & PORT_RSS)) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = PORT_RSS & info.flow_type_rss_offloads;
		port->spreads_udp = (conf.rx_adv_conf.rss_conf.rss_hf & PORT_RSS_UDP) == PORT_RSS_UDP;
	}
	r = rte_eth_dev_configure(port->id, port->rx_queues, port->tx_queues, &conf);
	if (r == 0)
		r = port_queues(port, &info, pool);
	if (r == 0) {
		r = rte_eth_dev_set_mtu(port->id, (uint16_t)port->config->mtu);
		if (r == -ENOTSUP)
			r = 0;
	}
	if (r == 0)
		r = rte_eth_dev_start(port->id);
	if (r < 0)
		return r;
	port->started = true;
	/* Promiscuous, so that what a driver's filter does not know (ND's multicast groups) comes too; the worker
	 * checks. */
	if (rte_eth_promiscuous_enable(port->id) < 0 && !pcap_port_is(port->config->device))
		log_warning("port-not-promiscuous", "port=%s", port->config->name);
	r = rte_eth_macaddr_get(port->id, &mac);
	memcpy(port->mac, port->pcap.mac_found ? port->pcap.mac : mac.addr_bytes, sizeof(port->mac));
	port->rx_polled = port->pcap.reads ? 0 : port->rx_queues;
	return r;
}

static int port_try(struct port *port, const char *text, const struct config *config, struct rte_mempool *pool)
{
	int r = port_device_create(port, text);

	if (r == 0)
		r = port_configure(port, config, pool);
	if (r < 0) {
		port_device_destroy(port);
		port_pool_destroy(port);
	}
	return r;
}

/* AF_PACKET in place of an AF_XDP device that cannot be had. cause: why not. */
static int port_fall_back(struct port *port, int cause, const struct config *config, struct rte_mempool *pool)
{
	char text[256];
	const struct config_port *c = port->config;

	if (port_fallback_device(text, sizeof(text), c->device) < 0)
		return cause;
	log_warning("af-xdp-unavailable", "port=%s device=%s error=\"%s\" instead=%s effect=\"slower\"", c->name,
		    c->device, strerror(-cause), text);
	return port_try(port, text, config, pool);
}

/* What an interface below is refused for is no error of the system's, although it comes as one. */
static const char *port_error(const struct port *port, int r)
{
	if (!port->lower_refused)
		return strerror(-r);
	return r == -EADDRINUSE ? "the interface below has an address; lower-has-address says which, and what to do"
				: "the interface below cannot be used; the error before this one says why";
}

int port_start(struct port *port, const struct config *all, unsigned index, struct rte_mempool *pool)
{
	const struct config_port *config = &all->ports[index];

	*port = (struct port){.config = config, .id = RTE_MAX_ETHPORTS, .pcap = port->pcap};
	int r = port_try(port, config->device, all, pool);
	if (r < 0 && !port->lower_refused)
		r = port_fall_back(port, r, all, pool);
	if (r == 0 && all->idle == CONFIG_IDLE_INTERRUPT)
		r = port_check_interrupts(port);
	if (r < 0) {
		log_error("port-failed", "port=%s device=%s error=\"%s\"", config->name, config->device,
			  port_error(port, r));
		ports_stop(port, 1);
		return r;
	}
	if (port->rx_queues < all->workers)
		log_info("port-one-queue",
			 "port=%s driver=%s workers=%u effect=\"worker 0 receives all, and hands it to the others\"",
			 config->name, port->driver, all->workers);
	else if (port->rx_queues > 1 && !port->spreads_udp)
		log_info(
		    "port-without-rss",
		    "port=%s driver=%s queues=%u effect=\"how UDP is spread over them is for the other end to say\"",
		    config->name, port->driver, port->rx_queues);
	log_info("port-started", "port=%s driver=%s mac=%02x:%02x:%02x:%02x:%02x:%02x mtu=%u rx_queues=%u tx_queues=%u",
		 config->name, port->driver, port->mac[0], port->mac[1], port->mac[2], port->mac[3], port->mac[4],
		 port->mac[5], config->mtu, port->rx_queues, port->tx_queues);
	return 0;
}

bool port_waits(const struct port *port)
{
	return port->rx_polled < port->rx_queues;
}

void port_begin(struct port *port)
{
	log_info("capture-begins", "port=%s device=%s", port->config->name, port->config->device);
	__atomic_store_n(&port->rx_polled, port->rx_queues, __ATOMIC_RELAXED);
}

void ports_stop(struct port *ports, unsigned count)
{
	for (unsigned p = count; p > 0; p--)
		port_device_destroy(&ports[p - 1]);
	for (unsigned p = count; p > 0; p--)
		port_pool_destroy(&ports[p - 1]);
}
