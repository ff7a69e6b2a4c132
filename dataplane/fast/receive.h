/* What an endpoint knows of the stream that it receives: loss, order and jitter as RFC 3550 6.4.1 has them (A.1, A.3,
 * A.8).
 *
 * Written by the owner worker only. No clock: now_ns comes in. */
#pragma once

#include <rte_branch_prediction.h>
#include "endpoint.h"

/* Over a minute: what receive_units can reckon with. */
#define RECEIVE_GAP_MAX ((1ull << 36) - 1)

/* What passed, up to RECEIVE_GAP_MAX, in units of a timestamp that is counted so many thousand times a second. */
static inline uint32_t receive_units(uint64_t gap_ns, uint8_t rate_khz)
{
	const uint64_t unit = ((1ull << 40) + 500000) / 1000000; /* of a clock of 1 kHz, in 2^40ths a nanosecond */
	return (uint32_t)((gap_ns * (rate_khz * unit) + (1ull << 39)) >> 40);
}

/* step: of the timestamp since the packet before; units: what passed, in its units. */
static inline void receive_jitter(struct endpoint *e, uint32_t step, uint32_t units)
{
	uint32_t later = units - step, change = (int32_t)later < 0 ? 0 - later : later;
	counter32_set(&e->jitter, e->jitter + change - ((e->jitter + 8) >> 4));
}

/* len: bytes of UDP payload. */
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

/* Any valid packet. rate_khz: of its codec; 0: it rides on another codec's clock and says nothing of jitter. */
void receive_packet(struct endpoint *e, const struct rtp *rtp, uint8_t rate_khz, uint16_t len, uint64_t now_ns);
