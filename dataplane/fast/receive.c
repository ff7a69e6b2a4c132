#include "receive.h"

#define RECEIVE_NS_PER_MS 1000000u

/* Another SSRC, or a sequence far from the last: what was expected of the one before is settled (RFC 3550 A.1). */
static void receive_begin(struct endpoint *e, const struct rtp *rtp)
{
	if (e->rx_packets > 0)
		counter32_add(&e->expected_before, e->seq_ext - e->seq_first + 1);
	counter32_set(&e->ssrc_in, rtp->ssrc);
	counter32_set(&e->seq_first, rtp->seq);
	counter32_set(&e->seq_ext, rtp->seq);
	shown8_set(&e->rate_khz, 0);
}

/* However long it was; modulo 2^32. Rounded as on the express way where that reckons it too. */
static uint32_t receive_units_any(uint64_t gap_ns, uint8_t rate_khz)
{
	if (gap_ns <= RECEIVE_GAP_MAX)
		return receive_units(gap_ns, rate_khz);
	return (uint32_t)(gap_ns / RECEIVE_NS_PER_MS * rate_khz) + receive_units(gap_ns % RECEIVE_NS_PER_MS, rate_khz);
}

void receive_packet(struct endpoint *e, const struct rtp *rtp, uint8_t rate_khz, uint16_t len, uint64_t now_ns)
{
	int16_t delta = (int16_t)(rtp->seq - (uint16_t)e->seq_ext);
	if (e->rx_packets == 0 || rtp->ssrc != e->ssrc_in || delta > STREAM_MAX_DROPOUT || delta < -STREAM_MAX_MISORDER)
		receive_begin(e, rtp);
	else if (delta > 0)
		counter32_set(&e->seq_ext, e->seq_ext + (uint32_t)delta);
	else if (delta == 0)
		counter32_add(&e->rx_duplicate, 1);
	else
		counter32_add(&e->rx_reordered, 1);
	const uint64_t gap_ns = now_ns - e->last_rx_ns;
	receive_arrival(e, len, now_ns);
	if (rate_khz == 0) {
		e->timestamp += receive_units_any(gap_ns, e->rate_khz);
		return;
	}
	const uint32_t units = receive_units_any(gap_ns, rate_khz);
	/* The first of a clock has nothing to be compared with. */
	bool first = e->rate_khz != rate_khz;
	shown8_set(&e->rate_khz, rate_khz);
	receive_jitter(e, first ? units : rtp->timestamp - e->timestamp, units);
	e->timestamp = rtp->timestamp;
}
