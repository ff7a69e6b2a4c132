/* What a received frame is, and who shall have it: Ethernet II, at most one 802.1Q tag, IPv4 with options, IPv6 with
 * extension headers. Reads every byte with its bound checked; changes nothing. */
#pragma once

#include <rte_mbuf.h>
#include "xfergate/addr.h"
#include "xfergate/drop.h"

struct flow_table;
struct source_table;
struct admitted;

/* What the sorting is done by. */
struct classify_tables {
	const struct flow_table *flows;
	const struct source_table *sources;
	const struct admitted *admitted;
};

enum verdict {
	VERDICT_DROP,	/* packet.drop says why */
	VERDICT_MEDIA,	/* UDP to a media address and port; packet.index and what follows are set */
	VERDICT_SIP,	/* UDP to a SIP port from a known peer; peer and what UDP has are set */
	VERDICT_KERNEL, /* packet.peer: the peer whose block let it through, or SOURCE_PEER_NONE */
	VERDICT_URGENT, /* to the kernel first: ARP, ND, ICMP, routing protocols */
};

struct packet {
	struct rte_mbuf *mbuf;
	uint8_t verdict; /* enum verdict */
	uint8_t drop;	 /* enum xf_drop */
	uint16_t peer;	 /* as struct xf_link_peer has it, or SOURCE_PEER_NONE */
	/* IP and UDP */
	struct xf_sockaddr src, dst;
	uint16_t l3;	  /* offset of the IP header */
	uint16_t udp;	  /* offset of the UDP header */
	uint16_t payload; /* offset of the UDP payload */
	uint16_t payload_len;
	/* media */
	uint32_t index; /* of the endpoint */
	bool rtcp_port; /* came to the odd port */
};

/* Sets all of *packet but what its verdict does not need. mac: the port's. */
void classify(struct packet *packet, struct rte_mbuf *mbuf, const uint8_t mac[6], const struct classify_tables *tables);
