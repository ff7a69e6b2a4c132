#include "lockstep.h"
#include "header.h"

/* Payload of RTP without CSRCs, extension and padding, which is what takes the express way. */
static uint32_t lockstep_octets(const struct endpoint *from)
{
	return (uint32_t)from->rx_bytes - from->rx_packets * RTP_HEADER_LEN;
}

/* sign: 1 adds what the source has counted, -1 takes it away; modulo 2^32 and 2^64. */
static void lockstep_count(const struct endpoint *from, struct endpoint *to, int sign)
{
	struct stream *s = &to->stream;
	const uint32_t by = (uint32_t)sign;
	s->in_ext += by * from->seq_ext;
	s->out_ext += by * from->seq_ext;
	s->octets += by * lockstep_octets(from);
	counter32_add(&s->packets, by * from->rx_packets);
	counter_add(&to->tx_bytes, (uint64_t)(int64_t)sign * from->rx_bytes);
}

/* hidden: whether it was before, and whoever has hidden it publishes it. */
static void lockstep_show(struct endpoint *to, bool hidden)
{
	if (!hidden)
		endpoint_publish(to);
}

void lockstep_resume(struct endpoint *from, struct endpoint *to)
{
	if (!from)
		return;
	bool hidden = to->version & 1;
	endpoint_hide(to);
	lockstep_count(from, to, -1);
	shown8_set(&from->lockstep, from->owner);
	lockstep_show(to, hidden);
}

/* Whether all that the packets of `from` need is what the express way does. */
static bool lockstep_may(const struct endpoint *from, const struct endpoint *to)
{
	const struct stream *s = &to->stream;
	return from->sink_count == 1 && from->locked && !from->captured && to->source == from->id.index &&
	       !to->paused && !to->captured_out && endpoint_resolved(to) && !endpoint_rest(to)->prompt && from != to &&
	       s->mapped && !s->probing && s->in_ssrc == from->ssrc_in &&
	       (uint16_t)s->in_ext == (uint16_t)from->seq_ext && s->in_timestamp == from->timestamp &&
	       s->out_timestamp == s->in_timestamp + s->timestamp_offset && from->rate_khz * 1000 == s->rate;
}

/* What a packet's UDP checksum gets or loses, of words as they stand in memory, as long as neither its sequence nor its
 * timestamp passes its end. */
static uint16_t lockstep_sum_change(const struct endpoint *from, const struct endpoint *to, uint8_t pt_in,
				    uint8_t pt_out)
{
	/* Its own header leads to where its packets come from. */
	uint64_t sum = (uint64_t)(uint16_t)~from->header.pseudo_sum + to->header.pseudo_sum;
	sum += (uint32_t)~rte_cpu_to_be_32(from->ssrc_in);
	sum += rte_cpu_to_be_32(to->stream.ssrc);
	sum += (uint16_t)~rte_cpu_to_be_16(pt_in);
	sum += rte_cpu_to_be_16(pt_out);
	sum += rte_cpu_to_be_16(to->seq_offset);
	sum += rte_cpu_to_be_32(to->stream.timestamp_offset);
	return header_sum_fold(sum);
}

void lockstep_begin(struct endpoint *from, struct endpoint *to, uint8_t pt_in, uint8_t pt_out)
{
	/* Types that would be RTCP's with a marker (RFC 5761 4) are told apart on the long way. */
	if (!lockstep_may(from, to) || (pt_in & 0x60) == 0x40)
		return;
	from->follower = to->id.index;
	from->duration = to->stream.duration;
	from->pt_in = pt_in;
	to->pt_change = pt_in ^ pt_out;
	to->seq_offset = (uint16_t)stream_seq_offset(&to->stream);
	from->sum_change = lockstep_sum_change(from, to, pt_in, pt_out);
	lockstep_resume(from, to);
}

void lockstep_end(const struct flow_table *flows, struct endpoint *from)
{
	if (!from->lockstep)
		return;
	struct endpoint *to = flow_at(flows, from->follower);
	struct stream *s = &to->stream;
	bool hidden = to->version & 1;
	endpoint_hide(to);
	shown8_set(&from->lockstep, 0);
	lockstep_count(from, to, 1);
	lockstep_show(to, hidden);
	s->in_timestamp = from->timestamp;
	s->out_timestamp = s->in_timestamp + s->timestamp_offset;
}

struct endpoint *lockstep_end_to(const struct flow_table *flows, struct endpoint *to)
{
	struct endpoint *from = to->source != XF_ENDPOINT_NONE ? flow_at(flows, to->source) : NULL;
	if (!from || !from->lockstep)
		return NULL;
	lockstep_end(flows, from);
	return from;
}

void lockstep_leave(const struct flow_table *flows, struct endpoint *e)
{
	lockstep_end(flows, e);
	lockstep_end_to(flows, e);
}
