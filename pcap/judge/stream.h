/* One RTP stream as its receiver counts it (RFC 3550 6.4.1, A.1, A.3, A.8). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "xfergate/addr.h"

#define STREAM_RECENT 128 /* sequence numbers back, in which a packet is told from its repetition */

struct rtp_packet {
	uint8_t payload_type;
	bool marker;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	const uint8_t *payload; /* without header, CSRC, extension and padding */
	size_t payload_len;
};

/* false: no RTP: another version, RTCP (RFC 5761 4), or shorter than its header says. */
bool rtp_read(struct rtp_packet *packet, const void *data, size_t len);

struct stream {
	struct xf_sockaddr from, to;
	uint32_t ssrc;
	uint8_t payload_type; /* of its first packet */
	uint64_t packets, duplicates, reordered;
	uint64_t first_ns, last_ns, longest_gap_ns;
	uint32_t first_sequence, highest;  /* with the cycles */
	uint64_t seen[STREAM_RECENT / 64]; /* bit n % STREAM_RECENT: number n has come */
	uint32_t clock_hz;
	double transit, jitter; /* in clock ticks */
};

void stream_begin(struct stream *stream, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		  const struct rtp_packet *first, uint64_t ns);
void stream_add(struct stream *stream, const struct rtp_packet *packet, uint64_t ns);
uint64_t stream_expected(const struct stream *stream);
uint64_t stream_lost(const struct stream *stream);
double stream_jitter_ms(const struct stream *stream);
/* Name of a static payload type (RFC 3551 6); NULL: dynamic or unknown. */
const char *stream_codec(unsigned payload_type);
