/* A DPDK port, as the configuration names it. Main thread; its queues are used by the cores that the fields name. */
#pragma once

#include <rte_ethdev.h>
#include "xfergate/config.h"
#include "device.h"
#include "pcap_port.h"

#define PORT_MEMBERS_MAX 8

struct port {
	const struct config_port *config;
	struct device device;
	struct device members[PORT_MEMBERS_MAX]; /* under it, if it is a bonded one */
	unsigned member_count;
	bool lower_refused; /* as of the device, which is gone then */
	uint16_t id;	    /* DPDK's */
	uint8_t mac[6];
	char driver[24];
	bool started;
	/* As many receive queues as workers, queue i polled by worker i; or one, polled by worker 0. */
	uint16_t rx_queues;
	bool spreads_udp; /* if several: the hash has the ports of UDP over IPv4 and IPv6 */
	/* The same; or 0 while a capture waits for the control plane. The main thread writes, workers read relaxed. */
	uint16_t rx_polled;
	/* One transmit queue for each worker and one for the main thread (the last); or one, worker 0's: others hand
	 * what they send to worker 0 on rings. */
	uint16_t tx_queues;
	struct pcap_port pcap;	  /* zeros for other drivers */
	struct rte_mempool *pool; /* of its own: AF_PACKET, whose frames are longer; else NULL */
};

/* Largest frame that a port of this MTU takes: Ethernet header, one VLAN tag and check sum. */
static inline uint32_t port_frame_size(uint32_t mtu)
{
	return mtu + RTE_ETHER_HDR_LEN + 4 + RTE_ETHER_CRC_LEN;
}

/* The device that stands in where AF_XDP is not to be had: "net_af_xdp0,iface=X,..." gives "net_af_packet0,iface=X".
 * 0; -ENOENT: the device is not AF_XDP; -ENAMETOOLONG. */
int port_fallback_device(char *out, size_t size, const char *device);

/* pcap has been looked at (port->pcap, by pcap_port_look). Creates its device (an AF_XDP one that cannot be had becomes
 * AF_PACKET, with a warning), configures and starts it; the index is of the configuration's ports. 0 or -errno, logged:
 * -ENOTSUP: workers are to sleep until an interrupt, and it has none. */
int port_start(struct port *port, const struct config *config, unsigned index, struct rte_mempool *pool);
/* Whether frames wait in a capture: they are taken in from port_begin on, for before that nobody knows any endpoint or
 * source. */
bool port_waits(const struct port *port);
void port_begin(struct port *port);
/* All that were started, together: what one received may still wait in another's queues, and goes back to its pool when
 * that is closed. */
void ports_stop(struct port *ports, unsigned count);
