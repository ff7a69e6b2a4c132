#include <netinet/ip.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "xfergate/endpoint.h"
#include "classify.h"
#include "flow.h"
#include "load.h"
#include "source.h"
#include "worker.h"

#define CLASSIFY_EXTENSIONS_MAX 8
#define PROTO_HIP		139
#define PROTO_SHIM6		140
#define PROTO_VRRP		112
#define PROTO_OSPF		89

/* The IP datagram inside the frame. */
struct datagram {
	const uint8_t *data; /* the frame */
	uint32_t at, end;    /* of what follows the IP header, as offsets in the frame */
	uint8_t proto;
	bool proto_known; /* false: an extension header that the fragment does not hold to its end */
	bool fragment;
	bool first;	  /* of its fragments, or whole */
	uint32_t next_at; /* IPv6: of the byte that names the present header */
	struct packet_fragment part;
};

static void classify_drop(struct packet *packet, enum xf_drop drop)
{
	packet->verdict = VERDICT_DROP;
	packet->drop = (uint8_t)drop;
}

static void classify_kernel(struct packet *packet)
{
	packet->verdict = VERDICT_KERNEL;
}

/* From an address in a source block, or an admitted one; sets peer. */
static bool classify_known(struct packet *packet, const struct classify_tables *tables)
{
	struct source_value value;
	if (source_lookup(tables->sources, &packet->src.addr, &value))
		packet->peer = value.peer;
	else if (admitted_has(tables->admitted, &packet->src.addr))
		packet->peer = XF_PEER_TARGETS;
	else
		return false;
	return true;
}

static void classify_by_source(struct packet *packet, const struct classify_tables *tables, enum xf_drop drop)
{
	if (classify_known(packet, tables))
		classify_kernel(packet);
	else
		classify_drop(packet, drop);
}

static bool classify_media_port(const struct flow_local *local, uint16_t port)
{
	return local && local->media >= 0 && port >= XF_MEDIA_PORT_FIRST && port <= XF_MEDIA_PORT_LAST;
}

static void classify_udp(struct packet *packet, const struct datagram *d, const struct flow_local *local,
			 const struct classify_tables *tables)
{
	if (d->end - d->at < sizeof(struct rte_udp_hdr))
		return classify_drop(packet, XF_DROP_RUNT);
	const uint8_t *udp = d->data + d->at;
	uint16_t udp_len = load_be16(udp + 4);
	packet->src.port = load_be16(udp);
	packet->dst.port = load_be16(udp + 2);
	if (udp_len < sizeof(struct rte_udp_hdr) || udp_len > d->end - d->at)
		return classify_drop(packet, XF_DROP_UDP_INVALID);
	packet->udp = (uint16_t)d->at;
	packet->payload = (uint16_t)(d->at + sizeof(struct rte_udp_hdr));
	packet->payload_len = (uint16_t)(udp_len - sizeof(struct rte_udp_hdr));
	if (classify_media_port(local, packet->dst.port)) {
		bool no_checksum = udp[6] == 0 && udp[7] == 0;
		uint64_t flags = packet->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
		if ((no_checksum && packet->dst.addr.family == 6) ||
		    (!no_checksum && flags == RTE_MBUF_F_RX_L4_CKSUM_BAD))
			return classify_drop(packet, XF_DROP_UDP_CHECKSUM);
		packet->index = xf_endpoint_index((unsigned)local->media, packet->dst.port);
		packet->rtcp_port = packet->dst.port & 1;
		packet->verdict = VERDICT_MEDIA;
		return;
	}
	if (local && local->sip && flow_is_sip(tables->flows, &packet->dst.addr, packet->dst.port)) {
		classify_by_source(packet, tables, XF_DROP_SIP_SOURCE);
		if (packet->verdict == VERDICT_KERNEL)
			packet->verdict = VERDICT_SIP;
		return;
	}
	/* BFD (RFC 5881, RFC 5883) and RIP keep routes alive. */
	uint16_t port = packet->dst.port;
	bool urgent = port == 3784 || port == 3785 || port == 4784 || port == 520 || port == 521;
	packet->verdict = urgent ? VERDICT_URGENT : VERDICT_KERNEL;
}

static void classify_tcp(struct packet *packet, const struct datagram *d, const struct flow_local *local,
			 const struct classify_tables *tables)
{
	if (d->end - d->at < 20)
		return classify_drop(packet, XF_DROP_RUNT);
	packet->src.port = load_be16(d->data + d->at);
	packet->dst.port = load_be16(d->data + d->at + 2);
	if (local && local->sip && flow_is_sip(tables->flows, &packet->dst.addr, packet->dst.port))
		return classify_by_source(packet, tables, XF_DROP_SIP_TCP_SOURCE);
	bool bgp = packet->src.port == 179 || packet->dst.port == 179;
	packet->verdict = bgp ? VERDICT_URGENT : VERDICT_KERNEL;
}

static void classify_other(struct packet *packet, uint8_t proto)
{
	switch (proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_IGMP:
	case IPPROTO_PIM:
	case PROTO_OSPF:
	case PROTO_VRRP:
		packet->verdict = VERDICT_URGENT;
		break;
	default:
		packet->verdict = VERDICT_KERNEL;
	}
}

static bool classify_is_extension(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case PROTO_HIP:
	case PROTO_SHIM6:
		return true;
	}
	return false;
}

/* A fragment says for itself what it is only if it is the first. Of a later one it is known only that the first has the
 * same addresses; so it is held to the source table, unless its protocol cannot be SIP's. What may be SIP over UDP is
 * put together before it is judged. */
static void classify_fragment(struct packet *packet, const struct datagram *d, const struct flow_local *local,
			      const struct classify_tables *tables)
{
	bool udp = d->proto_known && d->proto == IPPROTO_UDP, tcp = d->proto_known && d->proto == IPPROTO_TCP;
	bool ports = d->first && (udp || tcp) && d->end - d->at >= 4;
	/* All fragments of a datagram go one way, so what decides is what each of them says. */
	bool may_be_udp = d->part.proto == IPPROTO_UDP || classify_is_extension(d->part.proto);
	if ((d->proto_known && !udp && !tcp && !may_be_udp) || !local)
		return classify_other(packet, d->proto_known ? d->proto : IPPROTO_NONE);
	if (ports) {
		packet->src.port = load_be16(d->data + d->at);
		packet->dst.port = load_be16(d->data + d->at + 2);
		if (udp && classify_media_port(local, packet->dst.port))
			return classify_drop(packet, XF_DROP_MEDIA_FRAGMENT);
	}
	if (!local->sip)
		return tcp ? classify_kernel(packet) : classify_drop(packet, XF_DROP_MEDIA_FRAGMENT);
	if (may_be_udp && classify_known(packet, tables)) {
		packet->fragment = d->part;
		packet->fragment.len = (uint16_t)(d->end - d->part.at);
		packet->verdict = VERDICT_FRAGMENT;
		return;
	}
	if (d->proto_known && !udp && !tcp)
		return classify_other(packet, d->proto);
	if (ports && !flow_is_sip(tables->flows, &packet->dst.addr, packet->dst.port))
		return classify_kernel(packet);
	classify_by_source(packet, tables, XF_DROP_FRAGMENT_SOURCE);
}

static void classify_datagram(struct packet *packet, const struct datagram *d, const struct classify_tables *tables)
{
	const struct flow_local *local = flow_local(tables->flows, &packet->dst.addr);
	if (d->fragment)
		return classify_fragment(packet, d, local, tables);
	if (d->proto == IPPROTO_UDP)
		return classify_udp(packet, d, local, tables);
	if (d->proto == IPPROTO_TCP)
		return classify_tcp(packet, d, local, tables);
	classify_other(packet, d->proto);
}

/* RFC 791 3.1: each option but end and no-operation has a length that counts itself. A source route asks us to forward,
 * and the kernel would: to another of our addresses than the one that we look at (RFC 7126 4.3, 4.4). */
static bool classify_ipv4_options_ok(const uint8_t *option, uint32_t len)
{
	uint32_t at = 0;
	while (at < len) {
		if (option[at] == 0)
			return true;
		if (option[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 >= len || option[at + 1] < 2 || option[at + 1] > len - at)
			return false;
		if (option[at] == IPOPT_LSRR || option[at] == IPOPT_SSRR)
			return false;
		at += option[at + 1];
	}
	return true;
}

/* RFC 1122 3.2.1.3: what no host may send, or nobody may send to us over a wire. */
static bool classify_ipv4_addr_ok(const uint8_t *src, const uint8_t *dst)
{
	return src[0] < 224 && src[0] != 127 && dst[0] != 127;
}

static void classify_ipv4(struct packet *packet, const uint8_t *data, uint32_t len,
			  const struct classify_tables *tables)
{
	const uint8_t *ip = data + packet->l3;
	uint32_t room = len - packet->l3;
	if (room < sizeof(struct rte_ipv4_hdr))
		return classify_drop(packet, XF_DROP_RUNT);
	uint32_t header = 4u * (ip[0] & 0x0f);
	if (ip[0] >> 4 != 4 || header < sizeof(struct rte_ipv4_hdr))
		return classify_drop(packet, XF_DROP_IP_INVALID);
	uint16_t total = load_be16(ip + 2), frag = load_be16(ip + 6);
	if (header > room || total > room)
		return classify_drop(packet, XF_DROP_RUNT);
	uint32_t offset = (frag & 0x1fffu) * 8;
	if (total < header || rte_raw_cksum(ip, header) != 0xffff || offset + total - header > 65535 ||
	    !classify_ipv4_options_ok(ip + 20, header - 20) || !classify_ipv4_addr_ok(ip + 12, ip + 16))
		return classify_drop(packet, XF_DROP_IP_INVALID);
	packet->src.addr = xf_addr_v4(ip + 12);
	packet->dst.addr = xf_addr_v4(ip + 16);
	struct datagram d = {
	    .data = data,
	    .at = packet->l3 + header,
	    .end = packet->l3 + total,
	    .proto = ip[9],
	    .proto_known = true,
	    .fragment = frag & 0x3fff,
	    .first = offset == 0,
	    .part =
		{
		    .id = load_be16(ip + 4),
		    .at = (uint16_t)(packet->l3 + header),
		    .offset = (uint16_t)offset,
		    .headers = (uint16_t)(packet->l3 + header),
		    .proto = ip[9],
		    .more = frag & 0x2000,
		},
	};
	classify_datagram(packet, &d, tables);
}

/* Takes one extension header off the chain. False: it does not fit, or is not allowed there; *drop says which. */
static bool classify_ipv6_step(struct datagram *d, unsigned number, enum xf_drop *drop)
{
	const uint8_t *h = d->data + d->at;
	uint32_t room = d->end - d->at, len;
	*drop = XF_DROP_RUNT;
	if (room < 8)
		return false;
	len = d->proto == IPPROTO_FRAGMENT ? 8 : d->proto == IPPROTO_AH ? 4u * (h[1] + 2u) : 8u * (h[1] + 1u);
	if (len > room)
		return false;
	*drop = XF_DROP_IP_INVALID;
	/* RFC 8200 4.1: hop-by-hop options only first. A routing header with segments left asks us to forward. */
	if ((d->proto == IPPROTO_HOPOPTS && number != 0) || (d->proto == IPPROTO_ROUTING && h[3] != 0))
		return false;
	if (d->proto == IPPROTO_FRAGMENT) {
		uint16_t field = load_be16(h + 2);
		uint32_t offset = field & 0xfff8u;
		if (d->fragment || offset + room - len > 65535)
			return false;
		/* Offset 0 and nothing more: a whole datagram (RFC 6946). */
		d->fragment = offset != 0 || (field & 1);
		d->first = offset == 0;
		d->part = (struct packet_fragment){
		    .id = (uint32_t)load_be16(h + 4) << 16 | load_be16(h + 6),
		    .at = (uint16_t)(d->at + len),
		    .offset = (uint16_t)offset,
		    .headers = (uint16_t)d->at,
		    .next_at = (uint16_t)d->next_at,
		    .proto = h[0],
		    .more = field & 1,
		};
	}
	d->next_at = d->at;
	d->proto = h[0];
	d->at += len;
	return true;
}

static bool classify_ipv6_addr_ok(const struct xf_addr *src, const struct xf_addr *dst)
{
	static const uint8_t loopback[16] = {[15] = 1};
	/* xf_addr_v6 makes mapped addresses IPv4; on a wire they have no place. */
	return src->family == 6 && dst->family == 6 && src->bytes[0] != 0xff && memcmp(src->bytes, loopback, 16) != 0 &&
	       memcmp(dst->bytes, loopback, 16) != 0;
}

static void classify_ipv6(struct packet *packet, const uint8_t *data, uint32_t len,
			  const struct classify_tables *tables)
{
	const uint8_t *ip = data + packet->l3;
	uint32_t room = len - packet->l3;
	if (room < sizeof(struct rte_ipv6_hdr))
		return classify_drop(packet, XF_DROP_RUNT);
	if (ip[0] >> 4 != 6)
		return classify_drop(packet, XF_DROP_IP_INVALID);
	uint32_t payload = load_be16(ip + 4);
	if (payload > room - sizeof(struct rte_ipv6_hdr))
		return classify_drop(packet, XF_DROP_RUNT);
	packet->src.addr = xf_addr_v6(ip + 8);
	packet->dst.addr = xf_addr_v6(ip + 24);
	if (!classify_ipv6_addr_ok(&packet->src.addr, &packet->dst.addr))
		return classify_drop(packet, XF_DROP_IP_INVALID);
	struct datagram d = {
	    .data = data,
	    .at = packet->l3 + sizeof(struct rte_ipv6_hdr),
	    .end = packet->l3 + sizeof(struct rte_ipv6_hdr) + payload,
	    .proto = ip[6],
	    .proto_known = true,
	    .first = true,
	    .next_at = packet->l3 + 6u,
	};
	for (unsigned number = 0; classify_is_extension(d.proto); number++) {
		enum xf_drop drop = XF_DROP_IP_INVALID;
		d.proto_known = d.first && number < CLASSIFY_EXTENSIONS_MAX && classify_ipv6_step(&d, number, &drop);
		if (d.proto_known)
			continue;
		/* The rest of the chain may be in another fragment. */
		if (!d.fragment || (d.first && drop != XF_DROP_RUNT))
			return classify_drop(packet, drop);
		break;
	}
	classify_datagram(packet, &d, tables);
}

void classify(struct packet *packet, struct rte_mbuf *mbuf, const struct worker_port *port,
	      const struct classify_tables *tables)
{
	const uint8_t *data = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(mbuf);
	packet->mbuf = mbuf;
	packet->peer = SOURCE_PEER_NONE;
	packet->src = packet->dst = (struct xf_sockaddr){0};
	if (len < sizeof(struct rte_ether_hdr))
		return classify_drop(packet, XF_DROP_RUNT);
	if (!(data[0] & 1) && memcmp(data, port->mac, 6) != 0)
		return classify_drop(packet, XF_DROP_OTHER_MAC);
	uint16_t type = load_be16(data + 12);
	uint16_t vlan = 0;
	packet->l3 = sizeof(struct rte_ether_hdr);
	if (type == RTE_ETHER_TYPE_VLAN) {
		packet->l3 += sizeof(struct rte_vlan_hdr);
		if (len < packet->l3)
			return classify_drop(packet, XF_DROP_RUNT);
		vlan = load_be16(data + 14) & RTE_ETHER_MAX_VLAN_ID;
		type = load_be16(data + 16);
	}
	if (port->vlan && vlan != port->vlan)
		return classify_drop(packet, XF_DROP_OTHER_VLAN);
	switch (type) {
	case RTE_ETHER_TYPE_IPV4:
		return classify_ipv4(packet, data, len, tables);
	case RTE_ETHER_TYPE_IPV6:
		return classify_ipv6(packet, data, len, tables);
	case RTE_ETHER_TYPE_ARP:
		packet->verdict = VERDICT_URGENT;
		return;
	default:
		/* A second tag would put IP out of our sight, and the kernel would take it all the same. */
		if (type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ)
			return classify_drop(packet, XF_DROP_IP_INVALID);
		classify_kernel(packet);
	}
}

void classify_whole(struct packet *packet, struct rte_mbuf *mbuf, const struct worker_port *port,
		    const struct classify_tables *tables)
{
	classify(packet, mbuf, port, tables);
	if (packet->verdict == VERDICT_MEDIA)
		classify_drop(packet, XF_DROP_MEDIA_FRAGMENT);
	else if (packet->verdict == VERDICT_FRAGMENT)
		classify_drop(packet, XF_DROP_IP_INVALID);
}
