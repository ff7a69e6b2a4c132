/* Headers of an IP packet up to what it carries (RFC 791, RFC 8200). */
#pragma once

#include "capture.h"

struct capture_ip {
	uint8_t family; /* 4 or 6 */
	uint8_t proto;	/* of the payload; of the whole datagram's payload in a fragment */
	uint8_t ttl, dscp;
	const uint8_t *from, *to; /* 4 or 16 bytes */
	const uint8_t *payload;
	size_t payload_len;
	/* There is a fragment header, or an offset or "more fragments" of IPv4. */
	bool fragment, more;
	uint16_t offset; /* bytes */
	uint32_t id;
	/* What comes before the fragment part: IPv4: the header; IPv6: up to the fragment header, whose number stands
	 * at next_at. */
	size_t unfragmentable, next_at;
};

/* len: as capture_frame gives it. 0; -ENODATA: the packet is cut within its headers; -EBADMSG: no IP packet. */
int capture_ip_parse(struct capture_ip *ip, const uint8_t *packet, size_t len);

/* Sum of 16-bit words in the machine's order, not folded; checksums are its fold's complement (RFC 1071). */
uint64_t capture_ip_sum(uint64_t sum, const void *data, size_t len);
uint16_t capture_ip_fold(uint64_t sum);

static inline unsigned capture_be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t capture_be32(const uint8_t *p)
{
	return (uint32_t)capture_be16(p) << 16 | capture_be16(p + 2);
}

static inline void capture_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
