#include "media/quality.h"

#define QUALITY_PACKETS	 50
#define QUALITY_R_BASE	 93.2 /* all else at its default (G.107 table 2) */
#define QUALITY_FRAME_MS 20.0
#define QUALITY_LATE_MS	 177.3 /* G.107 (7-27), simplified as in G.107's usual reading: delay hurts more from here */

/* Equipment impairment and robustness against random loss (G.113 appendix I): G.711 with packet loss concealment,
 * G.729. */
static bool quality_codec(enum xf_codec codec, double *impairment, double *robustness)
{
	switch (codec) {
	case XF_CODEC_PCMU:
	case XF_CODEC_PCMA:
		*impairment = 0;
		*robustness = 25.1;
		return true;
	case XF_CODEC_G729:
		*impairment = 11;
		*robustness = 19;
		return true;
	default:
		return false;
	}
}

/* A listener's jitter buffer holds twice the jitter, and at least a packet. */
static double quality_delay_impairment(uint32_t jitter_us)
{
	double buffer_ms = 2 * jitter_us / 1000.0;
	double delay_ms = QUALITY_FRAME_MS + (buffer_ms > QUALITY_FRAME_MS ? buffer_ms : QUALITY_FRAME_MS);
	return 0.024 * delay_ms + (delay_ms > QUALITY_LATE_MS ? 0.11 * (delay_ms - QUALITY_LATE_MS) : 0);
}

double quality_mos(enum xf_codec codec, uint64_t expected, uint64_t lost, uint32_t jitter_us)
{
	double impairment, robustness;
	if (expected < QUALITY_PACKETS || !quality_codec(codec, &impairment, &robustness))
		return 0;
	double percent = 100.0 * (double)(lost < expected ? lost : expected) / (double)expected;
	double r = QUALITY_R_BASE - quality_delay_impairment(jitter_us) - impairment -
		   (95 - impairment) * percent / (percent + robustness);
	if (r <= 0)
		return 1;
	double mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
	return mos < 1 ? 1 : mos;
}

uint64_t quality_lost(const struct xf_endpoint_state *state)
{
	uint64_t once = state->rx_packets - (state->rx_duplicate < state->rx_packets ? state->rx_duplicate : 0);
	return state->rx_expected > once ? state->rx_expected - once : 0;
}
