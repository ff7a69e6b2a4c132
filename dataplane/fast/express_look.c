/* Which packets of a burst may take the express way, by what stands in them and where it leads. */
#include <rte_vect.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_prefetch.h>
#include "express.h"
#include "load.h"

/* What stands at fixed places of a frame that may go: Ethernet's type, IPv4 without options or fragments, UDP, an even
 * port of the media range, RTP version 2 without padding, extension or CSRC. By three loads of 16 bytes: from the
 * frame, from frame + 16, and from the destination address on. RTCP passes for RTP of a type that no endpoint in
 * lockstep has. */
struct look_shape {
	uint8_t mask[3][16], value[3][16];
};

static const struct look_shape look_v4 = {
    .mask = {{[12] = 0xff, 0xff, 0xff}, {[4] = 0x3f, 0xff, 0, 0xff}, {[6] = 0xc0, 0x01, [12] = 0xff}},
    .value = {{[12] = 0x08, 0x00, 0x45}, {[7] = IPPROTO_UDP}, {[6] = 0x40, 0x00, [12] = 0x80}},
};

static inline __m128i look_load128(const void *p)
{
	return _mm_loadu_si128(p);
}

static inline bool look_has_shape(const struct look_shape *shape, const uint8_t *frame)
{
	const uint8_t *at[3] = {frame, frame + 16, frame + EXPRESS_ETHER + 16};
	__m128i differs = _mm_setzero_si128();
	for (unsigned i = 0; i < 3; i++) {
		__m128i other = _mm_xor_si128(look_load128(at[i]), look_load128(shape->value[i]));
		differs = _mm_or_si128(differs, _mm_and_si128(other, look_load128(shape->mask[i])));
	}
	return _mm_testz_si128(differs, differs);
}

/* Where the endpoint of a media port may be open, or NULL. base: index of its address's first endpoint. */
static inline struct endpoint *look_place(struct endpoint *const *chunks, uint32_t base, const uint8_t *udp)
{
	uint32_t index = base + ((load_be16(udp + 2) & 0x3fffu) >> 1);
	struct endpoint *chunk = __atomic_load_n(&chunks[index / ENDPOINT_CHUNK], __ATOMIC_ACQUIRE);
	return chunk ? chunk + index % ENDPOINT_CHUNK : NULL;
}

/* Whether the header's checksum holds: words that are not all 0 have 0xffff as their one's complement sum (RFC 1071) if
 * that of longer ones is a multiple of it. */
static inline bool look_sum_ok(const uint8_t *ip)
{
	const uint64_t first = load64(ip), second = load64(ip + 8), dst = load32(ip + 16);
	uint64_t sum = first + second;
	sum += sum < first;
	sum += dst;
	sum += sum < dst;
	return sum % 0xffff == 0;
}

/* `ip` has the shape; room: bytes from it on, at least those of IPv4, UDP and RTP. What no host may have as its address
 * nobody has locked. */
static inline struct endpoint *look_ipv4(const struct flow_table *flows, struct endpoint *const *chunks,
					 const uint8_t *ip, uint32_t room)
{
	const uint8_t *udp = ip + EXPRESS_V4;
	const uint32_t total = load_be16(ip + 2), least = EXPRESS_V4 + EXPRESS_UDP + RTP_HEADER_LEN;
	if (!look_sum_ok(ip) || total - least > room - least || load_be16(udp + 4) + EXPRESS_V4 != total ||
	    load16(udp + 6) == 0)
		return NULL;
	return look_place(chunks, flow_base4(flows, load32(ip + 16)), udp);
}

static bool look_has_shape_v6(const uint8_t *ip)
{
	const uint8_t *udp = ip + EXPRESS_V6;
	return ip[0] >> 4 == 6 && ip[6] == IPPROTO_UDP && (udp[2] & 0xc0) == 0x40 && !(udp[3] & 1) &&
	       udp[EXPRESS_UDP] == 0x80;
}

static struct endpoint *look_ipv6(const struct flow_table *flows, const uint8_t *ip, uint32_t room)
{
	const uint8_t *udp = ip + EXPRESS_V6;
	const uint32_t least = EXPRESS_UDP + RTP_HEADER_LEN;
	if (room < EXPRESS_V6 + least || !look_has_shape_v6(ip))
		return NULL;
	const uint32_t len = load_be16(ip + 4);
	const struct xf_addr dst = xf_addr_v6(ip + 24);
	const struct flow_local *local = dst.family == 6 ? flow_local(flows, &dst) : NULL;
	if (len < least || len > room - EXPRESS_V6 || load_be16(udp + 4) != len || load16(udp + 6) == 0 || !local ||
	    local->media < 0)
		return NULL;
	return look_place(flows->chunks, (uint32_t)local->media * XF_PORT_PAIRS, udp);
}

/* A tag in front of IPv4, or IPv6. The frame is long enough for a tag, IPv4, UDP and RTP. */
static __rte_noinline struct endpoint *look_other(const struct flow_table *flows, const uint8_t *frame, uint32_t len,
						  uint8_t *rtp)
{
	uint8_t untagged[EXPRESS_PLAIN + RTP_HEADER_LEN];
	uint32_t l3 = EXPRESS_ETHER;
	if (load16(frame + 12) == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN))
		l3 += sizeof(struct rte_vlan_hdr);
	*rtp = (uint8_t)(l3 + EXPRESS_V6 + EXPRESS_UDP);
	if (load16(frame + l3 - 2) == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
		return look_ipv6(flows, frame + l3, len - l3);
	memcpy(untagged, frame, 12);
	memcpy(untagged + 12, frame + l3 - 2, sizeof(untagged) - 12);
	*rtp = (uint8_t)(l3 + EXPRESS_V4 + EXPRESS_UDP);
	if (!look_has_shape(&look_v4, untagged))
		return NULL;
	return look_ipv4(flows, flows->chunks, frame + l3, len - l3);
}

uint64_t express_port_word(const struct worker_port *port)
{
	uint64_t word = 0;
	memcpy(&word, port->mac, sizeof(port->mac));
	return word << 16 | port->vlan;
}

/* No frame is the port's without its tag, if the port has one. */
static __rte_noinline struct endpoint *look_vlan(const struct worker *w, uint16_t port, const uint8_t *frame,
						 uint32_t len, uint8_t *rtp)
{
	uint16_t vlan = load_be16(frame + 14) & RTE_ETHER_MAX_VLAN_ID;
	if (w->ports[port].vlan == 0 || load16(frame + 12) != rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) ||
	    (load64(frame) << 16 | vlan) != w->port_words[port])
		return NULL;
	return look_other(w->flows, frame, len, rtp);
}

static inline struct endpoint *look_packet(const struct worker *w, const struct flow_table *flows,
					   struct endpoint *const *chunks, const struct rte_mbuf *mbuf, uint8_t *rtp)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(mbuf);
	if (unlikely(len < EXPRESS_PLAIN + sizeof(struct rte_vlan_hdr) + RTP_HEADER_LEN || mbuf->nb_segs != 1 ||
		     (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD))
		return NULL;
	if (unlikely(load64(frame) << 16 != w->port_words[mbuf->port]))
		return look_vlan(w, mbuf->port, frame, len, rtp);
	*rtp = EXPRESS_PLAIN;
	if (likely(look_has_shape(&look_v4, frame)))
		return look_ipv4(flows, chunks, frame + EXPRESS_ETHER, len - EXPRESS_ETHER);
	return look_other(flows, frame, len, rtp);
}

void express_look(const struct worker *w, struct express *x, struct rte_mbuf *const *pkts, unsigned n)
{
	/* Read once: the compiler cannot know that what is written below is none of it. */
	const struct flow_table *flows = w->flows;
	struct endpoint *const *chunks = flows->chunks;
	for (unsigned i = 0; i < n; i++) {
		struct endpoint *from = look_packet(w, flows, chunks, pkts[i], &x->rtp[i]);
		rte_prefetch0(from);
		x->from[i] = from;
	}
	express_look_to(w, x, 0, n);
}

void express_look_to(const struct worker *w, struct express *x, unsigned at, unsigned n)
{
	struct endpoint *const *chunks = w->flows->chunks;
	const uint8_t owner = (uint8_t)(w->index + 1);
	for (unsigned i = at; i < n; i++) {
		const struct endpoint *e = x->from[i];
		struct endpoint *to = NULL;
		/* The owner alone may look any further, and nobody opens or closes while it does. */
		if (likely(e && shown8_get(&e->lockstep) == owner)) {
			to = chunks[e->follower / ENDPOINT_CHUNK] + e->follower % ENDPOINT_CHUNK;
			rte_prefetch0(&to->stream.ssrc);
		}
		x->to[i] = to;
	}
}
