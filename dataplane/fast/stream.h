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
	uint32_t in_ssrc;	/* of the mapped source */
	uint32_t in_ext;	/* its highest sequence, with cycles */
	uint32_t in_timestamp;	/* of the highest */
	uint32_t out_ext;	/* highest sequence sent, with its cycles; before the first packet: the one before it */
	uint32_t out_timestamp; /* latest sent */
	uint32_t packets, octets; /* sent (the first is read by other threads, too); octets of payload, as in a sender
				     report (RFC 3550 6.4.1) */
	uint16_t duration;	  /* of a packet, in timestamp units */
	uint16_t rate;		  /* Hz, of the codec that feeds it */
	uint16_t mapped : 1, probing : 1, has_before : 1, started : 1;
	uint16_t only : 1;	   /* nothing but packets of the mapped source was ever sent */
	uint16_t anchor_part : 11; /* see anchor_ms */
	uint16_t probe_seq;	   /* a jump waits for its second packet */

	uint32_t before_ssrc; /* of the one that the same sender used before, if has_before */
	uint32_t in_first;    /* sequence of the source's first mapped packet, with cycles */
	uint32_t probe_ssrc;
	/* A moment of the stream's own time: this timestamp at this millisecond of the worker's time and so many
	 * 2048ths of one. Both may wrap: 2^32 milliseconds are a multiple of 2^32 units of any clock of whole kHz. */
	uint32_t anchor_timestamp, anchor_ms;

	/* Needed for every packet. */
	uint32_t ssrc;
	uint32_t timestamp_offset;
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

/* Whether the step of the timestamp from one packet to the next but `ahead - 1` is the duration of a packet. More than
 * 200 ms is a silence between two packets, not a packet. */
static inline bool stream_is_duration(uint16_t ahead, uint32_t step, uint32_t rate)
{
	return ahead == 1 && step - 1 < rate / 5;
}

/* A packet that was mapped, with this many bytes of payload, could not be sent. Its number stays used. */
void stream_unsent(struct stream *stream, uint16_t payload_len);

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
