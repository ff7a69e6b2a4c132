/* What stands before the UDP payload of everything an endpoint sends. */
#pragma once

#include <rte_ether.h>
#include <rte_mbuf.h>
#include "endpoint.h"

/* Prepares the bytes for one local and one remote address of the same family; of a remote of family 0 Ethernet's part
 * alone. */
void header_build(struct endpoint_header *header, const struct egress *egress, uint8_t dscp,
		  const struct xf_sockaddr *local, const struct xf_sockaddr *remote);

/* Sets lengths and IPv4 checksum for a UDP payload of `len` bytes. */
void header_fit(struct endpoint_header *header, uint16_t len);

/* Cuts the frame down to `len` bytes of UDP payload at `offset` and puts the header before them. payload_sum: their
 * one's complement sum (rte_raw_cksum, or carried over from the packet that came). 0; -EMSGSIZE: longer than the MTU;
 * -ENOBUFS: no headroom. The caller keeps the packet. */
int header_put(struct endpoint_header *header, struct rte_mbuf *mbuf, uint16_t offset, uint16_t len,
	       uint16_t payload_sum, uint16_t mtu);

/* Offset of the IP header, of one that leads to somebody. */
static inline unsigned header_l3(const struct endpoint_header *header)
{
	bool tagged =
	    header->bytes[12] == RTE_ETHER_TYPE_VLAN >> 8 && header->bytes[13] == (RTE_ETHER_TYPE_VLAN & 0xff);
	return RTE_ETHER_HDR_LEN + (tagged ? RTE_VLAN_HLEN : 0);
}

/* Gives the frame `len` bytes of UDP payload that begin at `offset`, and room for a header of `header` bytes before
 * them. */
static inline void header_cut(struct rte_mbuf *mbuf, unsigned header, unsigned offset, unsigned len)
{
	mbuf->data_off = (uint16_t)(mbuf->data_off + offset - header);
	mbuf->data_len = (uint16_t)(header + len);
	mbuf->pkt_len = header + len;
	mbuf->ol_flags = 0;
	mbuf->packet_type = 0;
}

/* One's complement arithmetic on sums of 16-bit words (RFC 1624): a sum of words of any size in 16 bits. Adding the two
 * halves the other way round leaves their sum in the upper one, with the carry of the lower one. */
static inline uint16_t header_sum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* The UDP checksum of what has this sum: 0 would say that there is none (RFC 768). */
static inline uint16_t header_checksum(uint16_t sum)
{
	return sum == 0xffff ? sum : (uint16_t)~sum;
}

static inline uint16_t header_sum_add(uint16_t a, uint16_t b)
{
	return header_sum_fold((uint64_t)a + b);
}

static inline uint16_t header_sum_sub(uint16_t a, uint16_t b)
{
	return header_sum_fold((uint64_t)a + (uint16_t)~b);
}
