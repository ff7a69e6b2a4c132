/* What an endpoint knows of the stream that it receives: loss, order and jitter as RFC 3550 6.4.1 has them (A.1, A.3,
 * A.8).
 *
 * Written by the owner worker only. No clock: now_ns comes in. */
#pragma once

#include <stdlib.h>
#include <rte_branch_prediction.h>
#include "endpoint.h"

/* Whether the packet is the next of the stream, or one soon after it. */
static inline bool receive_follows(const struct endpoint *e, uint32_t ssrc, uint16_t seq)
{
	return ssrc == e->ssrc_in && (uint16_t)(seq - (uint16_t)e->seq_ext - 1) < STREAM_MAX_DROPOUT;
}

/* When a burst came. */
struct receive_time {
	uint64_t ns;
	uint32_t units_8khz; /* in timestamp units of most codecs */
};

static inline uint32_t receive_units(uint64_t now_ns, uint8_t rate_khz)
{
	/* The error of a microsecond is of the arrival only. */
	return (uint32_t)(now_ns / 1000 * rate_khz / 1000);
}

static inline struct receive_time receive_time(uint64_t now_ns)
{
	return (struct receive_time){now_ns, receive_units(now_ns, 8)};
}

/* rate_khz: of the timestamps. */
static inline void receive_jitter(struct endpoint *e, uint32_t timestamp, uint8_t rate_khz,
				  const struct receive_time *now)
{
	uint32_t arrival = likely(rate_khz == 8) ? now->units_8khz : receive_units(now->ns, rate_khz);
	uint32_t transit = arrival - timestamp;
	uint32_t change = (uint32_t)abs((int32_t)(transit - e->transit));
	e->transit = transit;
	counter32_set(&e->jitter, e->jitter + change - ((e->jitter + 8) >> 4));
}

static inline void receive_arrival(struct endpoint *e, uint16_t len, uint64_t now_ns)
{
	uint64_t gap_ns = now_ns - e->last_rx_ns;
	if (unlikely(gap_ns > e->gap_longest_us * 1000ull) && e->rx_packets > 0)
		counter32_set(&e->gap_longest_us,
			      gap_ns > UINT32_MAX * 1000ull ? UINT32_MAX : (uint32_t)((gap_ns + 999) / 1000));
	counter32_add(&e->rx_packets, 1);
	counter_add(&e->rx_bytes, len);
	counter_set(&e->last_rx_ns, now_ns);
	shown8_set(&e->timed_out, ENDPOINT_TIMEOUT_NONE);
}

/* A packet that receive_follows, of rate_khz. len: bytes of UDP payload. */
static inline void receive_follow(struct endpoint *e, uint16_t seq, uint32_t timestamp, uint16_t len,
				  const struct receive_time *now)
{
	receive_arrival(e, len, now->ns);
	counter32_set(&e->seq_ext, e->seq_ext + (uint16_t)(seq - (uint16_t)e->seq_ext));
	receive_jitter(e, timestamp, e->rate_khz, now);
}

/* Any valid packet. rate_khz: of its codec; 0: it rides on another codec's clock and says nothing of jitter. */
void receive_packet(struct endpoint *e, const struct rtp *rtp, uint8_t rate_khz, uint16_t len, uint64_t now_ns);
