#include "media/quality.h"

#include <math.h>
#include <stddef.h>

#define QUALITY_PACKETS	   50
#define QUALITY_FRAME_MS   20.0
#define QUALITY_LATE_MS	   177.3 /* G.107 with its default echo: delay hurts more from here (Cole and Rosenbluth) */
#define QUALITY_SILENT_MS  100.0 /* G.107 (7-27): without echo, nobody notices less */
#define QUALITY_DELAY_WORD 25.0	 /* of the same */

static double quality_delay_narrowband(double delay_ms)
{
	return 0.024 * delay_ms + (delay_ms > QUALITY_LATE_MS ? 0.11 * (delay_ms - QUALITY_LATE_MS) : 0);
}

static double quality_delay_wideband(double delay_ms)
{
	if (delay_ms <= QUALITY_SILENT_MS)
		return 0;
	double x = log2(delay_ms / QUALITY_SILENT_MS);
	return QUALITY_DELAY_WORD * (pow(1 + pow(x, 6), 1 / 6.0) - 3 * pow(1 + pow(x / 3, 6), 1 / 6.0) + 2);
}

static double quality_delay_fullband(double delay_ms)
{
	return 1.48 * quality_delay_wideband(delay_ms);
}

/* best: R without any impairment, all else at its default. scale: what brings R to the scale of MOS. worst: what loss
 * of everything impairs. impairment, robustness: Ie and Bpl, the codec's and against random loss. */
struct quality_model {
	double best, scale, worst, impairment, robustness;
	double (*delay)(double delay_ms);
};

/* G.711 with packet loss concealment. G.722's robustness is that of G.722.2 at 12.65 kbit/s, which has its impairment;
 * appendix IV has none for G.722. */
static const struct quality_model quality_models[XF_CODEC_COUNT] = {
    [XF_CODEC_PCMU] = {93.2, 1, 95, 0, 25.1, quality_delay_narrowband},
    [XF_CODEC_PCMA] = {93.2, 1, 95, 0, 25.1, quality_delay_narrowband},
    [XF_CODEC_G729] = {93.2, 1, 95, 11, 19, quality_delay_narrowband},
    [XF_CODEC_G722] = {129, 1.29, 95, 13, 4.3, quality_delay_wideband},
    [XF_CODEC_OPUS] = {148, 1.48, 132, 10.2, 4.3, quality_delay_fullband},
};

/* A packet's length, half the round trip, and a listener's jitter buffer, which holds twice the jitter and at least a
 * packet. */
static double quality_delay_ms(const struct quality *quality)
{
	double buffer_ms = 2 * (quality->jitter_us / 1000.0);
	return QUALITY_FRAME_MS + quality->rtt_us / 2000.0 +
	       (buffer_ms > QUALITY_FRAME_MS ? buffer_ms : QUALITY_FRAME_MS);
}

double quality_mos(enum xf_codec codec, const struct quality *quality)
{
	const struct quality_model *m = codec < XF_CODEC_COUNT ? &quality_models[codec] : NULL;
	uint64_t expected = quality->expected, lost = quality->lost;
	if (expected < QUALITY_PACKETS || m == NULL || m->delay == NULL)
		return 0;
	double percent = 100.0 * (double)(lost < expected ? lost : expected) / (double)expected;
	double equipment = m->impairment + (m->worst - m->impairment) * percent / (percent + m->robustness);
	double r = (m->best - m->delay(quality_delay_ms(quality)) - equipment) / m->scale;
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
