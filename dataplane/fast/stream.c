#include <errno.h>
#include <string.h>
#include "stream.h"
#include "xfergate/fault.h"

#define STREAM_RATE_DEFAULT 8000
#define STREAM_NS_PER_S	    1000000000ull
#define STREAM_PARTS_PER_MS 2048
#define STREAM_NS_PER_MS    1000000ull

static int32_t stream_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* Without overflow for as long as a clock can run. */
static uint32_t stream_units(uint64_t ns, uint32_t rate)
{
	return (uint32_t)(ns / STREAM_NS_PER_S * rate + ns % STREAM_NS_PER_S * rate / STREAM_NS_PER_S);
}

void stream_init(struct stream *stream, const struct stream_seed *seed)
{
	memset(stream, 0, sizeof(*stream));
	stream->ssrc = seed->ssrc;
	stream->out_ext = (uint32_t)seed->seq - 1;
	stream->out_timestamp = seed->timestamp;
}

void stream_unmap(struct stream *stream)
{
	stream->mapped = stream->has_before = stream->probing = false;
}

static void stream_anchor(struct stream *s, uint32_t timestamp, uint32_t rate, uint64_t now_ns)
{
	s->rate = (uint16_t)rate;
	s->anchor_ms = (uint32_t)(now_ns / STREAM_NS_PER_MS);
	s->anchor_part = (uint16_t)(now_ns % STREAM_NS_PER_MS * STREAM_PARTS_PER_MS / STREAM_NS_PER_MS) & 0x7ff;
	s->anchor_timestamp = timestamp;
}

static uint32_t stream_by_clock(const struct stream *s, uint64_t now_ns)
{
	uint64_t ms = (uint32_t)(now_ns / STREAM_NS_PER_MS) - s->anchor_ms;
	uint64_t before_ns = s->anchor_part * STREAM_NS_PER_MS / STREAM_PARTS_PER_MS;
	uint64_t passed_ns = ms * STREAM_NS_PER_MS + now_ns % STREAM_NS_PER_MS - before_ns;
	return s->anchor_timestamp + stream_units(passed_ns, s->rate);
}

/* The stream's own time: where its timestamp stands at now_ns, and never before what was sent. */
static uint32_t stream_next_timestamp(struct stream *s, uint32_t rate, uint64_t now_ns)
{
	if (!s->started) {
		stream_anchor(s, s->out_timestamp, rate, now_ns);
		s->started = true;
		return s->out_timestamp;
	}
	uint32_t by_clock = stream_by_clock(s, now_ns);
	uint32_t by_packet = s->out_timestamp + s->duration;
	if (s->rate != rate)
		stream_anchor(s, by_clock, rate, now_ns);
	if (XF_FAULT("time-goes-back"))
		return s->out_timestamp - s->duration;
	return stream_after(by_clock, by_packet) > 0 ? by_clock : by_packet;
}

static void stream_map_first(struct stream *s, const struct rtp *in, uint32_t rate, uint64_t now_ns,
			     struct stream_out *out)
{
	if (rate == 0)
		rate = s->rate ? s->rate : STREAM_RATE_DEFAULT;
	s->only = !s->started;
	uint32_t timestamp = stream_next_timestamp(s, rate, now_ns);
	s->has_before = s->mapped && in->ssrc != s->in_ssrc;
	s->before_ssrc = s->in_ssrc;
	s->in_ssrc = in->ssrc;
	s->in_first = s->in_ext = in->seq;
	s->in_timestamp = in->timestamp;
	if (XF_FAULT("number-used-twice"))
		s->out_ext--;
	s->out_ext++;
	s->timestamp_offset = timestamp - in->timestamp;
	s->out_timestamp = timestamp;
	s->duration = (uint16_t)(rate / 50);
	s->probing = false;
	s->mapped = true;
	*out = (struct stream_out){.timestamp = timestamp, .seq = (uint16_t)s->out_ext, .marker = true};
}

/* A packet out of line waits for the next of its line, which says that the line is meant. */
static bool stream_confirms(const struct stream *s, const struct rtp *in)
{
	return s->probing && s->probe_ssrc == in->ssrc && in->seq == (uint16_t)(s->probe_seq + 1);
}

static int stream_probe(struct stream *s, const struct rtp *in)
{
	s->probing = true;
	s->probe_ssrc = in->ssrc;
	s->probe_seq = in->seq;
	return -EAGAIN;
}

static bool stream_jumps(const struct stream *s, const struct rtp *in)
{
	int16_t delta = (int16_t)(in->seq - (uint16_t)s->in_ext);
	/* A sender that goes back to the SSRC it had before: rather a late packet than a new stream. */
	if (in->ssrc != s->in_ssrc)
		return s->has_before && in->ssrc == s->before_ssrc;
	return delta > STREAM_MAX_DROPOUT || delta < -STREAM_MAX_MISORDER;
}

/* A packet of the mapped source that is newer than all before it. */
static void stream_follow(struct stream *s, const struct rtp *in, uint16_t ahead, struct stream_out *out)
{
	uint32_t step = in->timestamp - s->in_timestamp;
	if (stream_is_duration(ahead, step, s->rate))
		s->duration = (uint16_t)step;
	s->in_ext += ahead;
	s->in_timestamp = in->timestamp;
	s->out_ext += ahead;
	out->seq = (uint16_t)s->out_ext;
}

void stream_unsent(struct stream *s, uint16_t payload_len)
{
	counter32_set(&s->packets, s->packets - 1);
	s->octets -= payload_len;
}

bool stream_begins(const struct stream *s, const struct rtp *in)
{
	return !s->mapped || (in->ssrc != s->in_ssrc && !stream_jumps(s, in)) || stream_confirms(s, in);
}

uint16_t stream_insert(struct stream *s, uint32_t timestamp, uint16_t duration, unsigned n, uint16_t payload_len)
{
	uint16_t first = (uint16_t)(s->out_ext + 1);
	s->out_ext += n;
	s->in_first = s->in_ext + 1;
	s->only = false;
	counter32_add(&s->packets, n);
	s->octets += n * payload_len;
	/* Whoever is mapped next begins behind it. */
	if (s->out_timestamp == timestamp && s->duration < duration)
		s->duration = duration;
	return first;
}

int stream_map(struct stream *s, const struct rtp *in, uint32_t rate, uint64_t now_ns, struct stream_out *out)
{
	int16_t delta = (int16_t)(in->seq - (uint16_t)s->in_ext);
	if (stream_begins(s, in)) {
		stream_map_first(s, in, rate, now_ns, out);
		goto sent;
	}
	if (stream_jumps(s, in))
		return stream_probe(s, in);
	s->probing = false;
	out->marker = in->marker;
	out->timestamp = in->timestamp + s->timestamp_offset;
	uint32_t ext = s->in_ext + (uint32_t)(int32_t)delta;
	if (delta > 0)
		stream_follow(s, in, (uint16_t)delta, out);
	else if (stream_after(ext, s->in_first) < 0)
		return -ESTALE;
	else
		out->seq = (uint16_t)(ext + stream_seq_offset(s));
	if (stream_after(out->timestamp, s->out_timestamp) > 0)
		s->out_timestamp = out->timestamp;
sent:
	counter32_add(&s->packets, 1);
	s->octets += in->payload_len;
	return 0;
}
