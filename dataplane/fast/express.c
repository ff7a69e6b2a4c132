#include "express.h"
#include "header.h"
#include "load.h"
#include "receive.h"

/* A packet that comes, and what it is to its source's stream. */
struct express_in {
	uint64_t gap_ns; /* since the packet before it */
	uint32_t first;	 /* word of the RTP header, as a number */
	uint32_t timestamp;
	uint32_t step;	     /* of the timestamp since the packet before it */
	uint16_t ahead;	     /* of the sequence */
	uint16_t checksum;   /* UDP's, as it stands there */
	uint16_t udp_len_be; /* as it stands there */
};

static inline struct express_in express_read(const struct endpoint *e, const uint8_t *rtp, uint64_t now_ns)
{
	struct express_in in = {.gap_ns = now_ns - e->last_rx_ns,
				.first = load_be32(rtp),
				.timestamp = load_be32(rtp + 4),
				.checksum = load16(rtp - 2),
				.udp_len_be = load16(rtp - 4)};
	in.step = in.timestamp - e->timestamp;
	in.ahead = (uint16_t)(in.first - e->seq_ext);
	return in;
}

/* Whether it is the next of the stream, or one soon after it, and says nothing new of how long a packet lasts. */
static inline bool express_is_next(const struct endpoint *e, const struct express_in *in, uint32_t ssrc)
{
	if ((in->first >> 16 & 0x7f) != e->pt_in || ssrc != e->ssrc_in ||
	    (uint16_t)(in->ahead - 1) >= STREAM_MAX_DROPOUT || in->gap_ns > RECEIVE_GAP_MAX)
		return false;
	return likely(in->step == e->duration) ||
	       ((int32_t)in->step >= 0 && !stream_is_duration(in->ahead, in->step, e->rate_khz * 1000u));
}

/* All that it changes (lockstep.h). len: bytes of UDP payload. */
static inline void express_count(struct endpoint *e, const struct express_in *in, uint16_t len, uint64_t now_ns)
{
	receive_arrival(e, len, now_ns);
	receive_jitter(e, in->step, receive_units(in->gap_ns, e->rate_khz));
	counter32_set(&e->seq_ext, e->seq_ext + in->ahead);
	e->timestamp = in->timestamp;
}

/* RTP's header, and the UDP checksum before it by what has changed (RFC 1624). That is always the same, unless a number
 * passes its end: 2^16 and 2^32 are 1 in one's complement, and 1 of numbers as they are sent is 0x100 of words as they
 * stand in memory. */
static inline void express_write_rtp(const struct endpoint *e, const struct endpoint *to, uint8_t *at,
				     const struct express_in *in)
{
	const uint16_t seq = (uint16_t)(in->first + to->seq_offset);
	const uint32_t first = ((in->first ^ (uint32_t)to->pt_change << 16) & 0xffff0000) | seq;
	const uint32_t timestamp = in->timestamp + to->stream.timestamp_offset;
	const uint32_t carries = (uint32_t)(seq < (uint16_t)in->first) + (timestamp < in->timestamp);
	uint32_t sum = (uint16_t)~in->checksum + 0xffffu + e->sum_change - carries * 0x100;
	sum = (sum & 0xffff) + (sum >> 16);
	const uint16_t checksum = header_checksum((uint16_t)(sum + (sum >> 16)));
	const uint32_t words[] = {__builtin_bswap32(first), __builtin_bswap32(timestamp),
				  __builtin_bswap32(to->stream.ssrc)};
	memcpy(at - 2, &checksum, sizeof(checksum));
	memcpy(at, words, sizeof(words));
}

/* A packet without a tag from IPv4 to IPv4, as long as the last one. What is known of it while this is compiled is what
 * makes it cheap. */
static inline bool express_plain(struct worker *w, struct endpoint *e, struct endpoint *to, struct rte_mbuf *mbuf,
				 uint64_t now_ns)
{
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *), *udp = frame + EXPRESS_PLAIN - EXPRESS_UDP;
	uint8_t *rtp = frame + EXPRESS_PLAIN, *bytes = to->header.bytes;
	const struct express_in in = express_read(e, rtp, now_ns);
	const uint16_t len = to->header.payload_len;
	if (e->locked_key != endpoint_key4(load32(udp - 8), load16(udp)) ||
	    !express_is_next(e, &in, load_be32(rtp + 8)) ||
	    in.udp_len_be != load16(bytes + EXPRESS_PLAIN - EXPRESS_UDP + 4))
		return false;
	express_count(e, &in, len, now_ns);
	/* Three times 16 bytes, the last two with some in common. */
	memcpy(frame, bytes, 16);
	memcpy(frame + 16, bytes + 16, 16);
	memcpy(frame + EXPRESS_PLAIN - 16, bytes + EXPRESS_PLAIN - 16, 16);
	express_write_rtp(e, to, rtp, &in);
	header_cut(mbuf, EXPRESS_PLAIN, EXPRESS_PLAIN, len);
	loop_queue_out(w, to->header.port, mbuf);
	return true;
}

/* Whether the packet comes from the locked source. */
static bool express_is_from(const struct endpoint *e, const uint8_t *rtp, unsigned offset)
{
	const uint8_t *udp = rtp - EXPRESS_UDP, *v4 = udp - EXPRESS_V4, *v6 = udp - EXPRESS_V6;
	uint16_t port = load16(udp);
	/* Behind IPv6 the header ends later than behind IPv4, tagged or not. */
	if (offset < EXPRESS_ETHER + EXPRESS_V6 + EXPRESS_UDP)
		return e->locked_key == endpoint_key4(load32(v4 + 12), port);
	return e->locked_key == endpoint_key6(v6 + 8, port) &&
	       memcmp(e->header.bytes + e->header.len - EXPRESS_UDP - 16, v6 + 8, 16) == 0;
}

/* Whether what `to` sends can be made of a packet with `len` bytes of UDP payload, whose RTP header is at `offset`. */
static bool express_fits(const struct worker *w, struct endpoint *to, const struct rte_mbuf *mbuf, unsigned offset,
			 uint16_t len)
{
	if (offset < to->header.len && mbuf->data_off + offset < to->header.len)
		return false;
	if (to->header.payload_len != len) {
		if (to->header.len - header_l3(&to->header) + len > w->ports[to->header.port].mtu)
			return false;
		header_fit(&to->header, len);
	}
	return true;
}

/* Any other. */
static __rte_noinline bool express_other(struct worker *w, struct endpoint *e, struct endpoint *to,
					 struct rte_mbuf *mbuf, unsigned offset, uint64_t now_ns)
{
	uint8_t *rtp = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, offset);
	const struct express_in in = express_read(e, rtp, now_ns);
	const uint16_t len = (uint16_t)(__builtin_bswap16(in.udp_len_be) - EXPRESS_UDP);
	if (!express_is_from(e, rtp, offset) || !express_is_next(e, &in, load_be32(rtp + 8)) ||
	    !express_fits(w, to, mbuf, offset, len))
		return false;
	express_count(e, &in, len, now_ns);
	memcpy(rtp - to->header.len, to->header.bytes, to->header.len);
	express_write_rtp(e, to, rtp, &in);
	header_cut(mbuf, to->header.len, offset, len);
	loop_queue_out(w, to->header.port, mbuf);
	return true;
}

unsigned express_forward(struct worker *w, const struct express *x, struct rte_mbuf **pkts, unsigned at, unsigned n,
			 uint64_t now_ns)
{
	for (; at < n && x->to[at]; at++) {
		struct endpoint *from = x->from[at], *to = x->to[at];
		bool plain = x->rtp[at] == EXPRESS_PLAIN && to->header.len == EXPRESS_PLAIN;
		if (likely(plain) && likely(express_plain(w, from, to, pkts[at], now_ns)))
			continue;
		if (!express_other(w, from, to, pkts[at], x->rtp[at], now_ns))
			break;
	}
	return at;
}
