/* IP packets from datagrams. */
#include "ip.h"

#define BUILD_UDP   8
#define BUILD_FRAG6 8

struct build {
	uint8_t header[40 + BUILD_FRAG6]; /* IP, and IPv6's fragment header */
	size_t header_len;		  /* of a packet that is no fragment */
	void (*each)(void *arg, const void *packet, size_t len);
	void *arg;
};

static void build_header4(struct build *b, const struct xf_addr *from, const struct xf_addr *to, uint8_t ttl,
			  uint8_t dscp)
{
	uint8_t *h = b->header;
	b->header_len = 20;
	memset(h, 0, 20);
	h[0] = 0x45;
	h[1] = (uint8_t)(dscp << 2);
	h[8] = ttl;
	h[9] = IPPROTO_UDP;
	memcpy(h + 12, from->bytes, 4);
	memcpy(h + 16, to->bytes, 4);
}

static void build_header6(struct build *b, const struct xf_addr *from, const struct xf_addr *to, uint8_t ttl,
			  uint8_t dscp)
{
	uint8_t *h = b->header;
	b->header_len = 40;
	memset(h, 0, 40);
	h[0] = (uint8_t)(0x60 | (dscp & 0x3f) >> 2);
	h[1] = (uint8_t)((dscp & 3) << 6);
	h[6] = IPPROTO_UDP;
	h[7] = ttl;
	memcpy(h + 8, from->bytes, 16);
	memcpy(h + 24, to->bytes, 16);
}

/* flags: of IPv4: "don't fragment", "more fragments", offset. */
static void build_finish4(uint8_t *h, size_t total, unsigned flags, unsigned id)
{
	capture_put16(h + 2, (unsigned)total);
	capture_put16(h + 4, id);
	capture_put16(h + 6, flags);
	memset(h + 10, 0, 2);
	uint16_t sum = (uint16_t)~capture_ip_fold(capture_ip_sum(0, h, 20));
	memcpy(h + 10, &sum, 2);
}

/* The UDP header before the len bytes of payload; addresses: those of the IP header. */
static void build_udp_header(uint8_t *udp, uint16_t from, uint16_t to, size_t len, const uint8_t *addresses,
			     size_t addresses_len)
{
	capture_put16(udp, from);
	capture_put16(udp + 2, to);
	capture_put16(udp + 4, (unsigned)(BUILD_UDP + len));
	memset(udp + 6, 0, 2);
	uint64_t sum = capture_ip_sum(htons(IPPROTO_UDP), udp + 4, 2);
	sum = capture_ip_sum(sum, addresses, addresses_len);
	uint16_t check = (uint16_t)~capture_ip_fold(capture_ip_sum(sum, udp, BUILD_UDP + len));
	if (check == 0)
		check = 0xffff; /* 0 says that there is none (RFC 768) */
	memcpy(udp + 6, &check, 2);
}

/* head: where the headers of a whole packet begin, right before the UDP datagram of `len` bytes. */
static void build_whole(struct build *b, uint8_t *head, size_t len)
{
	memcpy(head, b->header, b->header_len);
	if (b->header_len == 20)
		build_finish4(head, 20 + len, 0x4000, 0);
	else
		capture_put16(head + 4, (unsigned)len);
	b->each(b->arg, head, b->header_len + len);
}

static void build_fragments(struct build *b, uint32_t id, size_t mtu, const uint8_t *udp, size_t len)
{
	bool v4 = b->header_len == 20;
	size_t header_len = b->header_len + (v4 ? 0 : BUILD_FRAG6);
	size_t step = (mtu - header_len) & ~(size_t)7;
	uint8_t packet[UINT16_MAX];

	memcpy(packet, b->header, b->header_len);
	if (!v4)
		packet[6] = IPPROTO_FRAGMENT;
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;
		bool more = at + n < len;
		if (v4) {
			build_finish4(packet, header_len + n, (unsigned)(at / 8) | (more ? 0x2000 : 0), id & 0xffff);
		} else {
			capture_put16(packet + 4, (unsigned)(n + BUILD_FRAG6));
			packet[40] = IPPROTO_UDP;
			packet[41] = 0;
			capture_put16(packet + 42, (unsigned)at | more);
			capture_put16(packet + 44, id >> 16);
			capture_put16(packet + 46, id & 0xffff);
		}
		memcpy(packet + header_len, udp + at, n);
		b->each(b->arg, packet, header_len + n);
	}
}

int capture_build_udp(const struct xf_sockaddr *from, const struct xf_sockaddr *to, uint8_t ttl, uint8_t dscp,
		      uint32_t id, size_t mtu, const void *data, size_t len,
		      void (*each)(void *arg, const void *packet, size_t len), void *arg)
{
	struct build b = {.each = each, .arg = arg};
	uint8_t packet[40 + UINT16_MAX];
	unsigned family = from->addr.family;

	if (family != to->addr.family || (family != 4 && family != 6))
		return -EINVAL;
	if (family == 4)
		build_header4(&b, &from->addr, &to->addr, ttl, dscp);
	else
		build_header6(&b, &from->addr, &to->addr, ttl, dscp);
	if (mtu > UINT16_MAX)
		mtu = UINT16_MAX;
	/* IPv4 counts its header in its length, IPv6 does not. */
	if (len > UINT16_MAX - BUILD_UDP - (family == 4 ? 20u : 0u) || mtu < b.header_len + BUILD_FRAG6 + 8)
		return -EMSGSIZE;

	uint8_t *udp = packet + b.header_len;
	if (len)
		memcpy(udp + BUILD_UDP, data, len);
	size_t addresses = family == 4 ? 8 : 32;
	build_udp_header(udp, from->port, to->port, len, b.header + b.header_len - addresses, addresses);
	if (b.header_len + BUILD_UDP + len <= mtu)
		build_whole(&b, packet, BUILD_UDP + len);
	else
		build_fragments(&b, id, mtu, udp, BUILD_UDP + len);
	return 0;
}
