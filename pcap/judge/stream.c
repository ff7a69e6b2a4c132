#include "judge/stream.h"

bool rtp_read(struct rtp_packet *p, const void *data, size_t len)
{
	const uint8_t *b = data;
	if (len < 12 || b[0] >> 6 != 2 || ((b[1] & 0x7f) >= 64 && (b[1] & 0x7f) < 96))
		return false;
	size_t head = 12 + 4u * (b[0] & 15), tail = 0;
	if (b[0] & 0x10) {
		if (len < head + 4)
			return false;
		head += 4 + 4u * (size_t)(b[head + 2] << 8 | b[head + 3]);
	}
	if (b[0] & 0x20)
		tail = b[len - 1];
	if (head + tail > len)
		return false;
	*p = (struct rtp_packet){
	    .payload_type = b[1] & 0x7f,
	    .marker = b[1] >> 7,
	    .sequence = (uint16_t)(b[2] << 8 | b[3]),
	    .payload = b + head,
	    .payload_len = len - head - tail,
	};
	memcpy(&p->timestamp, b + 4, 4);
	memcpy(&p->ssrc, b + 8, 4);
	p->timestamp = ntohl(p->timestamp);
	p->ssrc = ntohl(p->ssrc);
	return true;
}

const char *stream_codec(unsigned payload_type)
{
	switch (payload_type) {
	case 0:
		return "PCMU";
	case 3:
		return "GSM";
	case 4:
		return "G723";
	case 8:
		return "PCMA";
	case 9:
		return "G722";
	case 13:
		return "CN";
	case 18:
		return "G729";
	}
	return NULL;
}

static void stream_mark(struct stream *s, uint32_t number)
{
	s->seen[number % STREAM_RECENT / 64] |= 1ull << number % 64;
}

static void stream_unmark(struct stream *s, uint32_t number)
{
	s->seen[number % STREAM_RECENT / 64] &= ~(1ull << number % 64);
}

static bool stream_has(const struct stream *s, uint32_t number)
{
	return s->seen[number % STREAM_RECENT / 64] >> number % 64 & 1;
}

void stream_begin(struct stream *s, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		  const struct rtp_packet *first, uint64_t ns)
{
	*s = (struct stream){
	    .from = *from,
	    .to = *to,
	    .ssrc = first->ssrc,
	    .payload_type = first->payload_type,
	    .first_ns = ns,
	    .last_ns = ns,
	    .clock_hz = 8000,
	    /* Room below for what comes late. */
	    .first_sequence = 65536u + first->sequence,
	    .highest = 65536u + first->sequence,
	};
	s->packets = 1;
	stream_mark(s, s->highest);
	s->transit = (double)ns * s->clock_hz / 1e9 - first->timestamp;
}

/* Transit times differ by the timestamp's wrap once in a while: such a difference is none. */
static void stream_jitter(struct stream *s, const struct rtp_packet *p, uint64_t ns)
{
	double transit = (double)ns * s->clock_hz / 1e9 - p->timestamp;
	double difference = transit > s->transit ? transit - s->transit : s->transit - transit;
	s->transit = transit;
	if (difference < 2147483648.0)
		s->jitter += (difference - s->jitter) / 16;
}

static void stream_advance(struct stream *s, uint32_t number)
{
	uint32_t skipped = number - s->highest;
	for (uint32_t n = 1; n <= skipped && n <= STREAM_RECENT; n++)
		stream_unmark(s, s->highest + n);
	s->highest = number;
	stream_mark(s, number);
}

void stream_add(struct stream *s, const struct rtp_packet *p, uint64_t ns)
{
	int16_t step = (int16_t)(p->sequence - (uint16_t)s->highest);
	uint32_t number = s->highest + (uint32_t)(int32_t)step;
	uint64_t gap = ns > s->last_ns ? ns - s->last_ns : 0; /* a capture's clock may have been put back */
	s->packets++;
	if (gap > s->longest_gap_ns)
		s->longest_gap_ns = gap;
	s->last_ns = ns;
	if (step > 0) {
		stream_advance(s, number);
	} else if (step > -STREAM_RECENT && stream_has(s, number)) {
		s->duplicates++;
		return;
	} else {
		s->reordered++;
		if (step > -STREAM_RECENT)
			stream_mark(s, number);
		if (number < s->first_sequence)
			s->first_sequence = number;
	}
	stream_jitter(s, p, ns);
}

uint64_t stream_expected(const struct stream *s)
{
	return (uint64_t)s->highest - s->first_sequence + 1;
}

uint64_t stream_lost(const struct stream *s)
{
	uint64_t came = s->packets - s->duplicates, expected = stream_expected(s);
	return expected > came ? expected - came : 0;
}

double stream_jitter_ms(const struct stream *s)
{
	return s->jitter * 1000 / s->clock_hz;
}
