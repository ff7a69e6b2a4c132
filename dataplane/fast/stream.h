/* A send stream: one SSRC, one sequence, one timestamp line that never breaks, whoever feeds it.
 *
 * A source is mapped by offsets: out = in + offset, for the sequence and for the timestamp, so that what was lost,
 * doubled or reordered before us stays so. A new source (a moved patch, a new SSRC, a jump) gets new offsets: its first
 * packet follows the last one sent, with the marker set, at the time that has passed since the stream began.
 *
 * Written by the owner worker of its endpoint only. No clock: now_ns comes in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <rte_branch_prediction.h>
#include "counter.h"
#include "rtp.h"

/* RFC 3550 appendix A.1: further than this from the highest is a restart or a stray, not loss or reordering. */
#define STREAM_MAX_DROPOUT  3000
#define STREAM_MAX_MISORDER 100

/* From the random source of whoever creates the endpoint. */
struct stream_seed {
	uint32_t ssrc;
	uint32_t timestamp; /* of the first packet */
	uint16_t seq;	    /* of the first packet */
};

struct stream {
	/* Needed for every packet. */
	uint32_t ssrc;
	uint32_t in_ssrc;	/* of the mapped source */
	uint32_t in_ext;	/* its highest sequence, with cycles */
	uint32_t in_timestamp;	/* of the highest */
	uint32_t out_ext;	/* highest sequence sent, with its cycles; before the first packet: the one before it */
	uint32_t out_timestamp; /* latest sent */
	uint32_t timestamp_offset;
	uint32_t packets, octets; /* sent (the first is read by other threads, too); octets of payload, as in a sender
				     report (RFC 3550 6.4.1) */
	uint16_t duration;	  /* of a packet, in timestamp units */
	uint16_t rate;		  /* Hz, of the codec that feeds it */
	uint16_t mapped : 1, probing : 1, has_before : 1, started : 1;
	uint16_t only : 1;	   /* nothing but packets of the mapped source was ever sent */
	uint16_t anchor_part : 11; /* see anchor_ms */
	uint16_t probe_seq;	   /* a jump waits for its second packet */

	/* Needed when a source is mapped. */
	uint32_t before_ssrc; /* of the one that the same sender used before, if has_before */
	uint32_t in_first;    /* sequence of the source's first mapped packet, with cycles */
	uint32_t probe_ssrc;
	/* A moment of the stream's own time: this timestamp at this millisecond of the worker's time and so many
	 * 2048ths of one. Both may wrap: 2^32 milliseconds are a multiple of 2^32 units of any clock of whole kHz. */
	uint32_t anchor_timestamp, anchor_ms;
};

/* What a packet becomes. */
struct stream_out {
	uint32_t timestamp;
	uint16_t seq;
	bool marker;
};

void stream_init(struct stream *stream, const struct stream_seed *seed);

/* While a source is mapped: sent minus received sequence, with cycles. */
static inline uint32_t stream_seq_offset(const struct stream *s)
{
	return s->out_ext - s->in_ext;
}

/* The source has changed: the next packet is mapped anew. */
void stream_unmap(struct stream *stream);

/* Whether a packet with this SSRC and sequence is just the next of the mapped source, or one soon after it. */
static inline bool stream_follows(const struct stream *s, uint32_t ssrc, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - (uint16_t)s->in_ext);
	return s->mapped && !s->probing && ssrc == s->in_ssrc && (uint16_t)(ahead - 1) < STREAM_MAX_DROPOUT;
}

/* Maps a packet that stream_follows. payload_len as in struct rtp. */
static inline void stream_follow(struct stream *s, uint16_t seq, uint32_t timestamp, uint16_t payload_len,
				 struct stream_out *out)
{
	uint32_t step = timestamp - s->in_timestamp;
	uint16_t ahead = (uint16_t)(seq - (uint16_t)s->in_ext);
	/* More than 200 ms is a silence between two packets, not a packet. */
	if (unlikely(step != s->duration) && ahead == 1 && step - 1 < s->rate / 5u)
		s->duration = (uint16_t)step;
	s->in_ext += ahead;
	s->in_timestamp = timestamp;
	s->out_ext += ahead;
	out->seq = (uint16_t)s->out_ext;
	out->timestamp = timestamp + s->timestamp_offset;
	if ((int32_t)(out->timestamp - s->out_timestamp) > 0)
		s->out_timestamp = out->timestamp;
	counter32_add(&s->packets, 1);
	s->octets += payload_len;
}

/* Whether stream_map will take the packet for the first of a source. */
bool stream_begins(const struct stream *stream, const struct rtp *in);

/* Room for n packets of the receiver's own behind what was sent, each with payload_len bytes, that say of `timestamp`
 * that it lasts for `duration`: returns the sequence of the first. What the mapped source sent before is -ESTALE from
 * then on. */
uint16_t stream_insert(struct stream *stream, uint32_t timestamp, uint16_t duration, unsigned n, uint16_t payload_len);

/* Maps one packet of the present source. rate: of its codec, whole kHz up to 64; 0 for what rides on another codec's
 * clock (telephone-event, comfort noise). 0; -ESTALE: older than the first mapped one; -EAGAIN: first packet after a
 * jump. */
int stream_map(struct stream *stream, const struct rtp *in, uint32_t rate, uint64_t now_ns, struct stream_out *out);
