/* What a received frame is, and who shall have it: Ethernet II, at most one 802.1Q tag, IPv4 with options, IPv6 with
 * extension headers. Reads every byte with its bound checked; changes nothing. */
#pragma once

#include <rte_mbuf.h>
#include "xfergate/addr.h"
#include "xfergate/drop.h"

struct flow_table;
struct source_table;
struct admitted;
struct worker_port;

/* What the sorting is done by. */
struct classify_tables {
	const struct flow_table *flows;
	const struct source_table *sources;
	const struct admitted *admitted;
};

enum verdict {
	VERDICT_DROP,  /* packet.drop says why */
	VERDICT_MEDIA, /* UDP to a media address and port; packet.index and what follows are set */
	VERDICT_SIP,   /* UDP to a SIP port from a known peer; peer and what UDP has are set */
	/* Of UDP or what may be it, to an address with a SIP port, from a known peer; peer and fragment are set. What
	 * it is, is known when its datagram is whole. */
	VERDICT_FRAGMENT,
	VERDICT_KERNEL, /* packet.peer: the peer whose block let it through, or SOURCE_PEER_NONE */
	VERDICT_URGENT, /* to the kernel first: ARP, ND, ICMP, routing protocols */
};

/* Where in its datagram a fragment belongs; `at` and the like are offsets in the frame. */
struct packet_fragment {
	uint32_t id;
	uint16_t at, len; /* what follows the IP header, or IPv6's fragment header */
	uint16_t offset;  /* of that in the datagram, in bytes */
	uint16_t headers; /* where what all fragments repeat ends: IPv4: at; IPv6: the fragment header */
	uint16_t next_at; /* IPv6: of the byte that names the fragment header; 0: IPv4 */
	uint8_t proto;	  /* of what follows the header; IPv6: as the fragment header has it */
	bool more;
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
	struct packet_fragment fragment;
};

/* Sets all of *packet but what its verdict does not need. */
void classify(struct packet *packet, struct rte_mbuf *mbuf, const struct worker_port *port,
	      const struct classify_tables *tables);
/* The same of a datagram that fragments_take has put together: it is never media, nor a fragment again. */
void classify_whole(struct packet *packet, struct rte_mbuf *mbuf, const struct worker_port *port,
		    const struct classify_tables *tables);
