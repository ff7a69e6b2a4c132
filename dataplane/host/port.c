#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <rte_dev.h>
#include <rte_lcore.h>
#include "eal.h"
#include "log.h"

#define PORT_DESCRIPTORS 1024
#define PORT_ARGS	 4096 /* of a device: two paths */
/* The driver asks the kernel to reassemble IPv4 fragments (PACKET_FANOUT_FLAG_DEFRAG), even for one queue, and cuts off
 * what is longer than a frame of its ring. A SIP request in three fragments must fit. */
#define PORT_AF_PACKET_FRAME 4096
#define PORT_AF_PACKET_MBUFS 2048
#define PORT_RSS	     (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)

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

int port_device_args(char *out, size_t size, const char *device)
{
	const char *args = strchr(device, ',');
	bool longer = strncmp(device, "net_af_packet", 13) == 0 && strstr(device, "framesz=") == NULL;
	int n = snprintf(out, size, "%s", args ? args + 1 : "");

	if (longer && n >= 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, "%sblocksz=%u,framesz=%u,framecnt=512", n ? "," : "",
			      PORT_AF_PACKET_FRAME, PORT_AF_PACKET_FRAME);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int port_device_create(struct port *port, const char *device)
{
	size_t len = strcspn(device, ",");
	char name[sizeof(port->vdev)], args[PORT_ARGS];

	if (len >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, device, len);
	name[len] = 0;
	if (!eal_device_is_pci(device)) {
		int r = port_device_args(args, sizeof(args), device);
		if (r == 0)
			r = rte_eal_hotplug_add("vdev", name, args);
		if (r < 0)
			return r;
		strcpy(port->vdev, name);
	}
	int r = rte_eth_dev_get_port_by_name(name, &port->id);
	if (r == -ENODEV && eal_device_is_pci(device) && strlen(name) <= 8) {
		/* A PCI address without its domain: DPDK names the port with it. */
		char full[sizeof(name) + 5];
		snprintf(full, sizeof(full), "0000:%s", name);
		r = rte_eth_dev_get_port_by_name(full, &port->id);
	}
	return r;
}

static void port_device_destroy(struct port *port)
{
	if (port->started)
		rte_eth_dev_stop(port->id);
	port->started = false;
	if (port->id != RTE_MAX_ETHPORTS && rte_eth_dev_is_valid_port(port->id))
		rte_eth_dev_close(port->id);
	port->id = RTE_MAX_ETHPORTS;
	if (port->vdev[0])
		rte_eal_hotplug_remove("vdev", port->vdev);
	port->vdev[0] = 0;
	rte_mempool_free(port->pool);
	port->pool = NULL;
}

static int port_pool_create(struct port *port)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "packets-port%u", port->id);
	port->pool = rte_pktmbuf_pool_create(name, PORT_AF_PACKET_MBUFS, 256, 0,
					     RTE_PKTMBUF_HEADROOM + PORT_AF_PACKET_FRAME, SOCKET_ID_ANY);
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

static int port_configure(struct port *port, unsigned workers, struct rte_mempool *pool)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	struct rte_ether_addr mac;

	int r = rte_eth_dev_info_get(port->id, &info);
	if (r < 0)
		return r;
	snprintf(port->driver, sizeof(port->driver), "%s", info.driver_name);
	port->rx_queues = info.max_rx_queues >= workers ? (uint16_t)workers : 1;
	port->tx_queues = info.max_tx_queues > workers ? (uint16_t)(workers + 1) : 1;
	if (strcmp(port->driver, "net_af_packet") == 0) {
		if ((r = port_pool_create(port)) < 0)
			return r;
		pool = port->pool;
	}
	if (port->rx_queues > 1) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = PORT_RSS & info.flow_type_rss_offloads;
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

static int port_try(struct port *port, const char *device, unsigned workers, struct rte_mempool *pool)
{
	int r = port_device_create(port, device);

	if (r == 0)
		r = port_configure(port, workers, pool);
	if (r < 0)
		port_device_destroy(port);
	return r;
}

/* AF_PACKET in place of an AF_XDP device that cannot be had. cause: why not. */
static int port_fall_back(struct port *port, int cause, unsigned workers, struct rte_mempool *pool)
{
	char device[256];
	const struct config_port *config = port->config;

	if (port_fallback_device(device, sizeof(device), config->device) < 0)
		return cause;
	log_warning("af-xdp-unavailable", "port=%s device=%s error=\"%s\" instead=%s effect=\"slower\"", config->name,
		    config->device, strerror(-cause), device);
	lower_stop(&port->lower);
	int r = lower_start(&port->lower, device, true);
	return r < 0 ? r : port_try(port, device, workers, pool);
}

int port_start(struct port *port, const struct config_port *config, unsigned workers, struct rte_mempool *pool)
{
	bool xdp = strncmp(config->device, "net_af_xdp", 10) == 0;

	*port = (struct port){.config = config, .id = RTE_MAX_ETHPORTS, .pcap = port->pcap};
	int r = lower_start(&port->lower, config->device, !xdp);
	if (r == 0) {
		r = port_try(port, config->device, workers, pool);
		if (r < 0)
			r = port_fall_back(port, r, workers, pool);
	}
	if (r < 0) {
		log_error("port-failed", "port=%s device=%s error=\"%s\"", config->name, config->device, strerror(-r));
		port_stop(port);
		return r;
	}
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

void port_stop(struct port *port)
{
	port_device_destroy(port);
	lower_stop(&port->lower);
}
