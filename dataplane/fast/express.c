#include "express.h"

#include <string.h>
#include <rte_vect.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_prefetch.h>
#include <rte_udp.h>
#include "header.h"

#define EXPRESS_NONE   UINT32_MAX
#define EXPRESS_ETHER  sizeof(struct rte_ether_hdr)
#define EXPRESS_V4     sizeof(struct rte_ipv4_hdr)
#define EXPRESS_V6     sizeof(struct rte_ipv6_hdr)
#define EXPRESS_UDP    sizeof(struct rte_udp_hdr)
#define EXPRESS_V4_RTP (EXPRESS_ETHER + EXPRESS_V4 + EXPRESS_UDP)

static inline uint16_t express_load16(const uint8_t *p)
{
	uint16_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint32_t express_load32(const uint8_t *p)
{
	uint32_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

/* DPDK's own are assembly, which the compiler can neither merge with a load nor move. */
static inline uint16_t express_be16(const uint8_t *p)
{
	return __builtin_bswap16(express_load16(p));
}

static inline uint32_t express_be32(const uint8_t *p)
{
	return __builtin_bswap32(express_load32(p));
}

static inline uint64_t express_load64(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

/* What stands at fixed places of a frame that may go: Ethernet's type, IPv4 without options or fragments, UDP, an even
 * port of the media range, RTP version 2 without padding, extension or CSRC. By three loads of 16 bytes: from the
 * frame, from frame + 16, and from the destination address on. */
struct express_shape {
	uint8_t mask[3][16], value[3][16];
};

static const struct express_shape express_v4 = {
    .mask = {{[12] = 0xff, 0xff, 0xff}, {[4] = 0x3f, 0xff, 0, 0xff}, {[6] = 0xc0, 0x01, [12] = 0xff}},
    .value = {{[12] = 0x08, 0x00, 0x45}, {[7] = IPPROTO_UDP}, {[6] = 0x40, 0x00, [12] = 0x80}},
};

static inline __m128i express_load128(const void *p)
{
	return _mm_loadu_si128(p);
}

static inline bool express_has_shape(const struct express_shape *shape, const uint8_t *frame)
{
	const uint8_t *at[3] = {frame, frame + 16, frame + EXPRESS_ETHER + 16};
	__m128i differs = _mm_setzero_si128();
	for (unsigned i = 0; i < 3; i++) {
		__m128i other = _mm_xor_si128(express_load128(at[i]), express_load128(shape->value[i]));
		differs = _mm_or_si128(differs, _mm_and_si128(other, express_load128(shape->mask[i])));
	}
	return _mm_testz_si128(differs, differs);
}

/* base: index of the first endpoint of the destination address; len: what IP says of the datagram's length, less than
 * 2^16 unless it says too little. The port is an even one of the media range. */
static inline uint32_t express_look_udp(const uint8_t *udp, uint32_t len, uint32_t base)
{
	/* A checksum; no RTCP. */
	if (base == EXPRESS_NONE || (udp[EXPRESS_UDP + 1] & 0xe0) == 0xc0 || express_load16(udp + 6) == 0 ||
	    express_be16(udp + 4) != len || len < EXPRESS_UDP + RTP_HEADER_LEN)
		return EXPRESS_NONE;
	return base + ((express_be16(udp + 2) & 0x3fffu) >> 1);
}

/* `ip` has the shape; room: bytes from it on, at least those of IPv4, UDP and RTP. */
static inline uint32_t express_look_v4(const struct flow_table *flows, const uint8_t *ip, uint32_t room)
{
	const uint64_t first = express_load64(ip), second = express_load64(ip + 8);
	const uint32_t dst = express_load32(ip + 16);
	const uint32_t total = __builtin_bswap16((uint16_t)(first >> 16));
	const uint64_t sum =
	    (first & 0xffffffff) + (first >> 32) + (second & 0xffffffff) + (second >> 32) + (uint64_t)dst;
	/* Words that are not all 0 have 0xffff as their one's complement sum (RFC 1071) if their plain one is a
	 * multiple of it. What no host may have as its address nobody has locked. */
	if (sum % 0xffff != 0 || total > room)
		return EXPRESS_NONE;
	return express_look_udp(ip + EXPRESS_V4, total - EXPRESS_V4, flow_base4(flows, dst));
}

static inline bool express_has_shape_v6(const uint8_t *ip)
{
	const uint8_t *udp = ip + EXPRESS_V6;
	return ip[0] >> 4 == 6 && ip[6] == IPPROTO_UDP && (udp[2] & 0xc0) == 0x40 && !(udp[3] & 1) &&
	       udp[EXPRESS_UDP] == 0x80;
}

static inline uint32_t express_look_v6(const struct flow_table *flows, const uint8_t *ip, uint32_t room)
{
	if (room < EXPRESS_V6 + EXPRESS_UDP + RTP_HEADER_LEN || !express_has_shape_v6(ip))
		return EXPRESS_NONE;
	uint32_t len = express_be16(ip + 4);
	const struct xf_addr dst = xf_addr_v6(ip + 24);
	const struct flow_local *local = dst.family == 6 ? flow_local(flows, &dst) : NULL;
	if (len > room - EXPRESS_V6 || !local || local->media < 0)
		return EXPRESS_NONE;
	return express_look_udp(ip + EXPRESS_V6, len, (uint32_t)local->media * XF_PORT_PAIRS);
}

/* A tag in front of IPv4, or IPv6. The frame is long enough for a tag, IPv4, UDP and RTP. */
static __rte_noinline uint32_t express_look_other(const struct worker *w, const uint8_t *frame, uint32_t len,
						  uint8_t *rtp)
{
	uint8_t untagged[EXPRESS_V4_RTP + RTP_HEADER_LEN];
	uint32_t l3 = EXPRESS_ETHER;
	if (express_load16(frame + 12) == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN))
		l3 += sizeof(struct rte_vlan_hdr);
	*rtp = (uint8_t)(l3 + EXPRESS_V6 + EXPRESS_UDP);
	if (express_load16(frame + l3 - 2) == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
		return express_look_v6(w->flows, frame + l3, len - l3);
	memcpy(untagged, frame, 12);
	memcpy(untagged + 12, frame + l3 - 2, sizeof(untagged) - 12);
	*rtp = (uint8_t)(l3 + EXPRESS_V4 + EXPRESS_UDP);
	return express_has_shape(&express_v4, untagged) ? express_look_v4(w->flows, frame + l3, len - l3)
							: EXPRESS_NONE;
}

uint64_t express_port_word(const struct worker_port *port)
{
	uint64_t word = 0;
	memcpy(&word, port->mac, sizeof(port->mac));
	return word << 16 | port->vlan;
}

/* No frame is the port's without its tag, if the port has one. */
static __rte_noinline uint32_t express_look_vlan(const struct worker *w, uint16_t port, const uint8_t *frame,
						 uint32_t len, uint8_t *rtp)
{
	uint16_t vlan = rte_be_to_cpu_16(express_load16(frame + 14)) & RTE_ETHER_MAX_VLAN_ID;
	if (w->ports[port].vlan == 0 || express_load16(frame + 12) != rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
	    (express_load64(frame) << 16 | vlan) != w->port_words[port])
		return EXPRESS_NONE;
	return express_look_other(w, frame, len, rtp);
}

static inline uint32_t express_look_packet(const struct worker *w, const struct rte_mbuf *mbuf, uint8_t *rtp)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(mbuf);
	if (unlikely(len < EXPRESS_V4_RTP + sizeof(struct rte_vlan_hdr) + RTP_HEADER_LEN || mbuf->nb_segs != 1 ||
		     (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD))
		return EXPRESS_NONE;
	if (unlikely(express_load64(frame) << 16 != w->port_words[mbuf->port]))
		return express_look_vlan(w, mbuf->port, frame, len, rtp);
	*rtp = EXPRESS_V4_RTP;
	if (likely(express_has_shape(&express_v4, frame)))
		return express_look_v4(w->flows, frame + EXPRESS_ETHER, len - EXPRESS_ETHER);
	return express_look_other(w, frame, len, rtp);
}

/* Where an endpoint may be open, or NULL. */
static inline struct endpoint *express_place(const struct flow_table *flows, uint32_t index)
{
	struct endpoint *chunk = __atomic_load_n(&flows->chunks[index / ENDPOINT_CHUNK], __ATOMIC_ACQUIRE);
	return chunk ? chunk + index % ENDPOINT_CHUNK : NULL;
}

void express_look(const struct worker *w, struct express *x, struct rte_mbuf *const *pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t index = express_look_packet(w, pkts[i], &x->rtp[i]);
		x->from[i] = index == EXPRESS_NONE ? NULL : express_place(w->flows, index);
		rte_prefetch0(x->from[i]);
	}
	express_look_to(w, x, 0, n);
}

void express_look_to(const struct worker *w, struct express *x, unsigned at, unsigned n)
{
	const struct flow_table *flows = w->flows;
	const int owner = (int)w->index;
	for (unsigned i = at; i < n; i++) {
		const struct endpoint *e = x->from[i];
		x->to[i] = NULL;
		/* The owner alone may look any further, and nobody opens or closes while it does. */
		if (likely(e && endpoint_owner(e) == owner && e->express)) {
			struct endpoint *to = flow_at(flows, e->sinks[0]);
			rte_prefetch0(&to->header);
			rte_prefetch0(&to->stream);
			x->to[i] = to;
		}
	}
}

/* Whether the packet comes from the locked source. */
static inline bool express_is_from(const struct endpoint *e, const uint8_t *rtp, unsigned offset)
{
	const uint8_t *udp = rtp - EXPRESS_UDP, *v4 = udp - EXPRESS_V4, *v6 = udp - EXPRESS_V6;
	uint16_t port = express_load16(udp);
	/* Behind IPv6 the header ends later than behind IPv4, tagged or not. */
	if (likely(offset < EXPRESS_ETHER + EXPRESS_V6 + EXPRESS_UDP))
		return e->locked_key == endpoint_key4(express_load32(v4 + 12), port);
	return e->locked_key == endpoint_key6(v6 + 8, port) &&
	       memcmp(e->header.bytes + e->header.len - EXPRESS_UDP - 16, v6 + 8, 16) == 0;
}

/* RTP's header, whose old one is at `rtp`, and the UDP checksum before it, carried over (RFC 1624). */
static inline void express_write_rtp(const struct endpoint *e, const struct endpoint *to, uint8_t *rtp,
				     uint16_t checksum, const struct stream_out *out, uint8_t marker)
{
	const uint32_t first = __builtin_bswap32(0x80000000 | (uint32_t)(marker | to->pt_out) << 16 | out->seq);
	const uint32_t timestamp = __builtin_bswap32(out->timestamp);
	const uint32_t ssrc = __builtin_bswap32(to->stream.ssrc);
	uint64_t sum = (uint64_t)(uint16_t)~checksum + (uint16_t)~e->locked_sum + to->header.pseudo_sum;
	sum += (uint64_t)(uint32_t)~express_load32(rtp) + first;
	sum += (uint64_t)(uint32_t)~express_load32(rtp + 4) + timestamp;
	sum += (uint64_t)(uint32_t)~express_load32(rtp + 8) + ssrc;
	checksum = header_checksum(header_sum_fold(sum));
	memcpy(rtp - 2, &checksum, sizeof(checksum));
	memcpy(rtp, &first, sizeof(first));
	memcpy(rtp + 4, &timestamp, sizeof(timestamp));
	memcpy(rtp + 8, &ssrc, sizeof(ssrc));
}

/* The header in front of `rtp`. */
static inline void express_write_header(const struct endpoint *to, uint8_t *rtp)
{
	uint8_t *at = rtp - to->header.len;
	/* Of IPv4 without a tag three times 16 bytes, the last two with some in common. */
	if (likely(to->header.len == EXPRESS_V4_RTP)) {
		memcpy(at, to->header.bytes, 16);
		memcpy(at + 16, to->header.bytes + 16, 16);
		memcpy(at + EXPRESS_V4_RTP - 16, to->header.bytes + EXPRESS_V4_RTP - 16, 16);
	} else {
		memcpy(at, to->header.bytes, to->header.len);
	}
}

/* Whether what `to` sends can be made of a packet with `len` bytes of UDP payload, whose RTP header is at `offset`. */
static inline bool express_fits(const struct worker *w, struct endpoint *to, const struct rte_mbuf *mbuf,
				unsigned offset, uint16_t len)
{
	if (unlikely(offset < to->header.len) && mbuf->data_off + offset < to->header.len)
		return false;
	if (unlikely(to->header.payload_len != len)) {
		if (to->header.len - to->header.l3 + len > w->ports[to->port].mtu)
			return false;
		header_fit(&to->header, len);
	}
	return true;
}

static inline bool express_packet(struct worker *w, struct endpoint *e, struct endpoint *to, struct rte_mbuf *mbuf,
				  unsigned offset, const struct receive_time *now)
{
	uint8_t *rtp = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, offset);
	const uint8_t marker = rtp[1] & 0x80, pt = rtp[1] & 0x7f;
	const uint16_t len = (uint16_t)(express_be16(rtp - 4) - EXPRESS_UDP), seq = express_be16(rtp + 2);
	const uint16_t checksum = express_load16(rtp - 2);
	const uint32_t timestamp = express_be32(rtp + 4), ssrc = express_be32(rtp + 8);
	if (!express_is_from(e, rtp, offset) || pt != e->pt_in || !receive_follows(e, ssrc, seq) || !to->express_out ||
	    !stream_follows(&to->stream, ssrc, seq) || !express_fits(w, to, mbuf, offset, len))
		return false;
	struct stream_out out;
	receive_follow(e, seq, timestamp, len, now);
	stream_follow(&to->stream, seq, timestamp, (uint16_t)(len - RTP_HEADER_LEN), &out);
	express_write_header(to, rtp);
	express_write_rtp(e, to, rtp, checksum, &out, marker);
	counter_add(&to->tx_bytes, len);
	header_cut(&to->header, mbuf, offset, len);
	loop_queue_out(w, to->port, mbuf);
	return true;
}

unsigned express_forward(struct worker *w, const struct express *x, struct rte_mbuf **pkts, unsigned at, unsigned n,
			 const struct receive_time *now)
{
	while (at < n && x->to[at] && express_packet(w, x->from[at], x->to[at], pkts[at], x->rtp[at], now))
		at++;
	return at;
}
