#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "header.h"

#define HEADER_TTL 64

static uint16_t header_ipv4(uint8_t *at, uint8_t dscp, const struct xf_addr *src, const struct xf_addr *dst)
{
	struct rte_ipv4_hdr ip = {
	    .version_ihl = 0x45,
	    .type_of_service = (uint8_t)(dscp << 2),
	    /* Never fragmented by us, so the identification may stay 0 (RFC 6864 4.1). */
	    .fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
	    .time_to_live = HEADER_TTL,
	    .next_proto_id = IPPROTO_UDP,
	};
	memcpy(&ip.src_addr, src->bytes, 4);
	memcpy(&ip.dst_addr, dst->bytes, 4);
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static uint16_t header_ipv6(uint8_t *at, uint8_t dscp, const struct xf_addr *src, const struct xf_addr *dst)
{
	struct rte_ipv6_hdr ip = {
	    .vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)dscp << 22),
	    .proto = IPPROTO_UDP,
	    .hop_limits = HEADER_TTL,
	};
	memcpy(ip.src_addr, src->bytes, 16);
	memcpy(ip.dst_addr, dst->bytes, 16);
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

/* What addresses, ports and protocol add to a UDP checksum, in either direction. */
static uint16_t header_pseudo_sum(const struct xf_sockaddr *local, const struct xf_sockaddr *remote)
{
	const uint16_t ports[2] = {rte_cpu_to_be_16(local->port), rte_cpu_to_be_16(remote->port)};
	uint16_t sum = rte_raw_cksum(local->addr.bytes, 16);
	sum = header_sum_add(sum, rte_raw_cksum(remote->addr.bytes, 16));
	sum = header_sum_add(sum, rte_raw_cksum(ports, sizeof(ports)));
	return header_sum_add(sum, rte_cpu_to_be_16(IPPROTO_UDP));
}

void header_build(struct endpoint_header *header, const struct egress *egress, uint8_t dscp,
		  const struct xf_sockaddr *local, const struct xf_sockaddr *remote)
{
	bool v4 = remote->addr.family == 4;
	uint8_t *at = header->bytes;
	uint16_t type = rte_cpu_to_be_16(v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	memset(header, 0, sizeof(*header));
	header->port = (uint8_t)egress->port;
	memcpy(at, egress->dst_mac, 6);
	memcpy(at + 6, egress->src_mac, 6);
	at += 12;
	if (egress->vlan) {
		uint16_t tag[2] = {rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(egress->vlan)};
		memcpy(at, tag, 4);
		at += 4;
	}
	if (remote->addr.family == 0)
		return;
	memcpy(at, &type, 2);
	at += 2;
	at += v4 ? header_ipv4(at, dscp, &local->addr, &remote->addr)
		 : header_ipv6(at, dscp, &local->addr, &remote->addr);
	struct rte_udp_hdr udp = {
	    .src_port = rte_cpu_to_be_16(local->port),
	    .dst_port = rte_cpu_to_be_16(remote->port),
	};
	memcpy(at, &udp, sizeof(udp));
	header->len = (uint8_t)(at + sizeof(udp) - header->bytes);

	header->pseudo_sum = header_pseudo_sum(local, remote);
	header_fit(header, 0);
}

void header_fit(struct endpoint_header *header, uint16_t len)
{
	uint8_t *ip = header->bytes + header_l3(header),
		*udp = header->bytes + header->len - sizeof(struct rte_udp_hdr);
	uint16_t udp_be = rte_cpu_to_be_16((uint16_t)(sizeof(struct rte_udp_hdr) + len));
	uint16_t ip_be = rte_cpu_to_be_16((uint16_t)(header->len - header_l3(header) + len)), checksum = 0;
	memcpy(udp + 4, &udp_be, 2);
	if (*ip >> 4 == 4) {
		memcpy(ip + 2, &ip_be, 2);
		memcpy(ip + 10, &checksum, 2);
		checksum = (uint16_t)~rte_raw_cksum(ip, sizeof(struct rte_ipv4_hdr));
		memcpy(ip + 10, &checksum, 2);
	} else {
		memcpy(ip + 4, &udp_be, 2);
	}
	header->payload_len = len;
}

int header_put(struct endpoint_header *header, struct rte_mbuf *mbuf, uint16_t offset, uint16_t len,
	       uint16_t payload_sum, uint16_t mtu)
{
	if (header->len - header_l3(header) + len > mtu)
		return -EMSGSIZE;
	if (rte_pktmbuf_headroom(mbuf) + offset < header->len)
		return -ENOBUFS;
	if (header->payload_len != len)
		header_fit(header, len);
	header_cut(mbuf, header->len, offset, len);
	uint8_t *udp = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, header->len - sizeof(struct rte_udp_hdr));
	memcpy(rte_pktmbuf_mtod(mbuf, uint8_t *), header->bytes, header->len);
	/* The length counts twice: in the UDP header and in the pseudo header. */
	uint16_t be = rte_cpu_to_be_16((uint16_t)(sizeof(struct rte_udp_hdr) + len));
	uint16_t checksum = header_checksum(header_sum_fold((uint64_t)payload_sum + header->pseudo_sum + be + be));
	memcpy(udp + 6, &checksum, 2);
	return 0;
}
