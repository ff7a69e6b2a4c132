/* The media stage, in this order: what kind of packet it is (RFC 7983), its RTP header, its source, statistics; then of
 * each receiver the payload type, patch and pause, the mapping to its stream, RTP's header, the law of G.711, and what
 * stands before the payload.
 *
 * SRTP (RFC 3711) has two places in it. A packet is authenticated and decrypted in media_rtp between its header and its
 * source, for nobody may lock a source or be counted who has no key. It is encrypted in media_send between the law and
 * the header, for its index follows from the sequence that it was mapped to. An endpoint with keys is not for the
 * express way, which lockstep_begin will have to say. */
#include <rte_ip.h>
#include <rte_prefetch.h>
#include "header.h"
#include "law.h"
#include "lockstep.h"
#include "loop.h"
#include "receive.h"
#include "xfergate/fault.h"

/* An endpoint tells of a wrong source at most once in this time: it is a hint, the counter has them all. */
#define MEDIA_WRONG_SOURCE    16	/* of its own unit */
#define MEDIA_WRONG_SOURCE_NS 62500000u /* the unit */

static const uint32_t codec_rates[XF_CODEC_COUNT] = {
#define X(symbol, name, rate, pt, channels) [XF_CODEC_##symbol] = rate,
    XF_CODECS(X)
#undef X
};

/* Not media, by what it is. */
static const enum xf_drop media_no_rtp[RTP_KIND_RTP] = {
    [RTP_KIND_OTHER] = XF_DROP_NOT_RTP,
    [RTP_KIND_STUN] = XF_DROP_STUN,
    [RTP_KIND_ZRTP] = XF_DROP_ZRTP,
    [RTP_KIND_DTLS] = XF_DROP_DTLS,
    [RTP_KIND_TURN_CHANNEL] = XF_DROP_TURN_CHANNEL,
};

/* 0 for what rides on another codec's clock. */
static uint32_t media_rate(int codec)
{
	switch (codec) {
	case XF_CODEC_EVENT:
	case XF_CODEC_EVENT48:
	case XF_CODEC_CN:
		return 0;
	}
	return codec_rates[codec];
}

void media_count_drop(struct worker *w, struct endpoint *e, enum xf_drop drop)
{
	counter_add(&w->stats.drops[drop], 1);
	counter32_saturate(&e->rx_dropped);
}

static void media_lock(struct worker *w, struct endpoint *e, const struct xf_sockaddr *src, uint64_t now_ns)
{
	endpoint_lock(w->flows, e, src);
	loop_event(w, e, XF_EVENT_SOURCE_LOCKED, src, now_ns);
}

static bool media_may_learn(const struct endpoint *e, uint64_t now_ns)
{
	return !e->strict && endpoint_ms(e, now_ns) - e->learn_since_ms < e->learn_window_ms;
}

/* Whether media may be sent to where this came from. Classification has dropped multicast and loopback. Our own
 * addresses as a source are forged; what locked to them would send to ourselves. */
static bool media_is_sender(const struct worker *w, const struct xf_sockaddr *src)
{
	static const uint8_t unspecified[16];
	if (src->port == 0 || flow_local(w->flows, &src->addr))
		return false;
	return src->addr.family == 4 ? src->addr.bytes[0] != 0 : memcmp(src->addr.bytes, unspecified, 16) != 0;
}

/* What the next packet of a source that may lock must say, in 64 bits, never 0. Whoever finds another source of the
 * same mark could as well send two packets of his own. */
static uint64_t media_mark(const struct xf_sockaddr *src, uint32_t ssrc, uint16_t seq)
{
	const uint64_t odd = 0x9e3779b97f4a7c15ull;
	uint64_t words[3], mark = (uint64_t)seq << 32 | ssrc;
	static_assert(sizeof(words) == sizeof(*src), "all of it");
	memcpy(words, src, sizeof(words));
	for (unsigned i = 0; i < 3; i++) {
		mark = (mark ^ words[i]) * odd;
		mark ^= mark >> 29;
	}
	return mark | 1;
}

/* A foreign source locks with its second packet in a row, if that comes before the SDP address is heard and within the
 * window: one forged packet is not enough, and a sender behind a NAT that the SDP does not know of is heard. */
static bool media_learn(const struct worker *w, struct endpoint *e, const struct packet *p, const struct rtp *rtp,
			uint64_t now_ns)
{
	if (!media_may_learn(e, now_ns) || endpoint_codec(e, rtp->pt) < 0 || !media_is_sender(w, &p->src))
		return false;
	if (e->locked_key == media_mark(&p->src, rtp->ssrc, rtp->seq))
		return true;
	e->locked_key = media_mark(&p->src, rtp->ssrc, (uint16_t)(rtp->seq + 1));
	return false;
}

static bool media_source_ok(struct worker *w, struct endpoint *e, const struct packet *p, const struct rtp *rtp,
			    uint64_t now_ns)
{
	bool locked = e->locked;
	if (XF_FAULT("any-source"))
		return true;
	if (likely(endpoint_is_locked(e, &p->src)))
		return true;
	if (e->remote_port == 0)
		return false;
	const struct xf_sockaddr remote = endpoint_remote(e);
	if (xf_sockaddr_eq(&remote, &p->src)) {
		/* Within the window the party that the SDP names takes back what somebody faster has locked. */
		if (locked && !media_may_learn(e, now_ns))
			return false;
	} else if (locked || !media_learn(w, e, p, rtp, now_ns)) {
		return false;
	}
	media_lock(w, e, &p->src, now_ns);
	return true;
}

static void media_wrong_source(struct worker *w, struct endpoint *e, const struct packet *p, uint64_t now_ns)
{
	counter_add(&w->stats.drops[XF_DROP_WRONG_SOURCE], 1);
	counter32_saturate(&e->rx_wrong_source);
	const uint16_t now = (uint16_t)(now_ns / MEDIA_WRONG_SOURCE_NS);
	if (e->wrong_source_told && (uint16_t)(now - e->wrong_source_told) < MEDIA_WRONG_SOURCE)
		return;
	e->wrong_source_told = now ? now : 1;
	loop_event(w, e, XF_EVENT_WRONG_SOURCE, &p->src, now_ns);
}

/* codec: of the packet, or -1. */
static void media_received(struct worker *w, struct endpoint *e, const struct packet *p, const struct rtp *rtp,
			   int codec, uint64_t now_ns)
{
	if (e->rx_packets == 0)
		loop_event(w, e, XF_EVENT_FIRST_PACKET, &p->src, now_ns);
	receive_packet(e, rtp, codec < 0 ? 0 : (uint8_t)(media_rate(codec) / 1000), p->payload_len, now_ns);
}

/* The one's complement sum of the UDP payload. Carried over from the packet's own checksum, so that a payload broken on
 * its way to us is still found broken by its receiver. */
static uint16_t media_payload_sum(const struct packet *p, const uint8_t *frame)
{
	const uint8_t *ip = frame + p->l3, *udp = frame + p->udp;
	uint16_t checksum, length, sum;
	memcpy(&checksum, udp + 6, 2);
	if (checksum == 0)
		return rte_raw_cksum(frame + p->payload, p->payload_len);
	memcpy(&length, udp + 4, 2);
	sum = p->src.addr.family == 4 ? rte_raw_cksum(ip + 12, 8) : rte_raw_cksum(ip + 8, 32);
	sum = header_sum_add(sum, rte_raw_cksum(udp, 6));
	sum = header_sum_add(sum, header_sum_add(length, rte_cpu_to_be_16(IPPROTO_UDP)));
	return header_sum_sub((uint16_t)~checksum, sum);
}

/* A second receiver gets a copy: payload first, the header comes before it. */
static struct rte_mbuf *media_copy(const struct packet *p)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(p->mbuf->pool);
	if (!copy)
		return NULL;
	char *to = rte_pktmbuf_append(copy, p->payload_len);
	if (!to) {
		rte_pktmbuf_free(copy);
		return NULL;
	}
	memcpy(to, rte_pktmbuf_mtod_offset(p->mbuf, const char *, p->payload), p->payload_len);
	return copy;
}

/* What one receiver makes of a packet. */
struct media_out {
	struct stream_out stream;
	const uint8_t *law; /* by which its octets are converted; NULL: they go as they came */
	uint8_t pt;
};

/* As what `to` can have the codec: rather as it is, else in the other law of G.711. False: not at all. */
static bool media_payload_type(const struct endpoint *to, int codec, struct media_out *out)
{
	int pt = endpoint_pt(to, (uint8_t)codec), other = law_other(codec);
	out->law = NULL;
	if (unlikely(pt < 0 && other >= 0)) {
		pt = endpoint_pt(to, (uint8_t)other);
		out->law = law_table(codec);
	}
	out->pt = (uint8_t)pt;
	return pt >= 0;
}

/* A packet of an endpoint's peer. */
struct media_in {
	const struct rtp *rtp;
	const struct dtmf_event *event; /* NULL: no telephone-event */
	int codec;
	uint64_t now_ns;
};

/* 0, or -1 with *drop. Fires an armed patch. */
static int media_map(struct worker *w, struct endpoint *e, struct endpoint *to, const struct media_in *in,
		     struct media_out *out, enum xf_drop *drop)
{
	*drop = XF_DROP_PAYLOAD_TYPE;
	if (!media_payload_type(to, in->codec, out))
		return -1;
	if (unlikely(to->source != e->id.index))
		patch_fire(w, to, XF_EVENT_ARMED_FIRED, in->now_ns);
	*drop = XF_DROP_PAUSED;
	if (to->paused)
		return -1;
	*drop = XF_DROP_NO_NEIGHBOUR;
	if (!endpoint_resolved(to))
		return -1;
	*drop = XF_DROP_EVENT_OVER;
	if (unlikely(to->has_dtmf) && !dtmf_pass(w, to, in->rtp, in->event, in->now_ns))
		return -1;
	bool prompted = endpoint_rest(to)->prompt != NULL;
	if (prompted)
		prompt_yield(to);
	int ret = stream_map(&to->stream, in->rtp, media_rate(in->codec), in->now_ns, &out->stream);
	*drop = ret == -EAGAIN ? XF_DROP_SEQUENCE_JUMP : XF_DROP_BEFORE_MAPPED;
	if (ret == 0 && prompted)
		prompt_wait(to, in->now_ns);
	if (ret == 0 && in->event)
		dtmf_sent(w, to, in->rtp, in->event, in->codec, out->stream.timestamp, in->now_ns);
	return ret < 0 ? -1 : 0;
}

/* Its octets in the other law; the sum of the whole packet. What precedes them is whole words. */
static uint16_t media_convert(uint8_t *octets, unsigned len, const uint8_t *law, uint16_t sum)
{
	sum = header_sum_sub(sum, rte_raw_cksum(octets, len));
	law_convert(octets, len, law);
	return header_sum_add(sum, rte_raw_cksum(octets, len));
}

/* False: it could not be sent. Takes ownership. */
static bool media_send(struct worker *w, struct endpoint *e, struct endpoint *to, struct rte_mbuf *mbuf,
		       uint16_t offset, uint16_t len, uint16_t sum, const struct rtp *rtp, const struct media_out *out)
{
	uint8_t *data = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, offset);
	sum = header_sum_sub(sum, rte_raw_cksum(data, RTP_HEADER_LEN));
	rtp_write(data, out->pt, out->stream.marker, out->stream.seq, out->stream.timestamp, to->stream.ssrc);
	sum = header_sum_add(sum, rte_raw_cksum(data, RTP_HEADER_LEN));
	if (unlikely(out->law != NULL) && !XF_FAULT("law-not-converted"))
		sum = media_convert(data + rtp->payload_at, rtp->payload_len, out->law, sum);
	if (header_put(&to->header, mbuf, offset, len, sum, w->ports[to->header.port].mtu) < 0) {
		stream_unsent(&to->stream, rtp->payload_len);
		media_count_drop(w, e, XF_DROP_TX_FULL);
		rte_pktmbuf_free(mbuf);
		return false;
	}
	counter_add(&to->tx_bytes, len);
	if (unlikely(to->captured_out))
		capture_rtp(w, to, mbuf, len);
	loop_transmit(w, to->header.port, mbuf);
	return true;
}

/* To each receiver; the last one gets the packet itself. Takes ownership. */
static void media_forward(struct worker *w, struct endpoint *e, const struct packet *p, const struct media_in *in)
{
	const struct rtp *rtp = in->rtp;
	uint32_t rate = media_rate(in->codec);
	struct rte_mbuf *mbuf = p->mbuf;
	uint16_t sum = media_payload_sum(p, rte_pktmbuf_mtod(mbuf, const uint8_t *));
	/* Firing an armed patch changes the order of the sinks. */
	uint32_t sinks[ENDPOINT_SINKS];
	unsigned n = e->sink_count;
	memcpy(sinks, e->sinks, sizeof(sinks));
	for (unsigned i = 0; i < n; i++) {
		struct endpoint *to = flow_at(w->flows, sinks[i]);
		struct media_out out;
		enum xf_drop drop;
		if (media_map(w, e, to, in, &out, &drop) < 0) {
			media_count_drop(w, e, drop);
			continue;
		}
		if (i + 1 == n) {
			bool sent = media_send(w, e, to, mbuf, p->payload, p->payload_len, sum, rtp, &out);
			/* What is converted takes the long way, and what rides on another codec's clock. */
			if (sent && rate && !out.law)
				lockstep_begin(e, to, rtp->pt, out.pt);
			return;
		}
		struct rte_mbuf *copy = media_copy(p);
		if (copy) {
			media_send(w, e, to, copy, 0, p->payload_len, sum, rtp, &out);
		} else {
			stream_unsent(&to->stream, rtp->payload_len);
			media_count_drop(w, e, XF_DROP_NO_MBUF);
		}
	}
	rte_pktmbuf_free(mbuf);
}

static void media_rtp(struct worker *w, struct endpoint *e, const struct packet *p, uint64_t now_ns)
{
	const uint8_t *data = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->payload);
	struct rtp rtp;
	if (rtp_parse(&rtp, data, p->payload_len) < 0)
		return loop_drop(w, p->mbuf, XF_DROP_RTP_INVALID);
	if (!media_source_ok(w, e, p, &rtp, now_ns)) {
		media_wrong_source(w, e, p, now_ns);
		if (!XF_FAULT("mbuf-kept"))
			rte_pktmbuf_free(p->mbuf);
		return;
	}
	lockstep_end(w->flows, e);
	struct dtmf_event event;
	struct media_in in = {.rtp = &rtp, .codec = endpoint_codec(e, rtp.pt), .now_ns = now_ns};
	media_received(w, e, p, &rtp, in.codec, now_ns);
	if ((in.codec == XF_CODEC_EVENT || in.codec == XF_CODEC_EVENT48) &&
	    dtmf_parse(&event, data + rtp.payload_at, rtp.payload_len))
		in.event = &event;
	if (in.codec >= 0 && e->sink_count > 0) {
		media_forward(w, e, p, &in);
	} else {
		media_count_drop(w, e, in.codec < 0 ? XF_DROP_PAYLOAD_TYPE : XF_DROP_UNPATCHED);
		rte_pktmbuf_free(p->mbuf);
	}
	if (in.event)
		dtmf_received(w, e, &rtp, &event, in.codec, now_ns);
}

static void media_packet(struct worker *w, struct endpoint *e, const struct packet *p, uint64_t now_ns)
{
	int owner = endpoint_owner(e);
	if (unlikely(owner < 0))
		return loop_drop(w, p->mbuf, XF_DROP_NO_ENDPOINT);
	if (unlikely(owner != (int)w->index))
		return loop_handover(w, (unsigned)owner, p->mbuf);
	/* A tail in further buffers would leave behind the payload. */
	if (unlikely(p->mbuf->nb_segs != 1))
		return loop_drop(w, p->mbuf, XF_DROP_UDP_INVALID);
	const uint8_t *payload = rte_pktmbuf_mtod_offset(p->mbuf, const uint8_t *, p->payload);
	if (unlikely(e->captured))
		capture_received(w, e, p, payload);
	enum rtp_kind kind = rtp_kind(payload, p->payload_len);
	if (unlikely(kind < RTP_KIND_RTP))
		return loop_drop(w, p->mbuf, media_no_rtp[kind]);
	if (kind == RTP_KIND_RTCP || p->rtcp_port)
		return media_rtcp(w, e, p, now_ns);
	media_rtp(w, e, p, now_ns);
}

void media_stage(struct worker *w, struct packet *packets, unsigned n, uint64_t now_ns)
{
	struct endpoint *endpoints[WORKER_BURST];
	for (unsigned i = 0; i < n; i++) {
		endpoints[i] = flow_get(w->flows, packets[i].index);
		if (endpoints[i]) {
			rte_prefetch0(endpoints[i]);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (endpoints[i])
			media_packet(w, endpoints[i], &packets[i], now_ns);
		else
			loop_drop(w, packets[i].mbuf, XF_DROP_NO_ENDPOINT);
	}
}
