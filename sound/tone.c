#include "tone.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define TONE_RATE 8000
#define TONE_EDGE 40 /* samples in which a part with sound comes and goes: 5 ms */

/* Peak of the sound as a whole. With two tones that is -16 dBm0 each, -13 dBm0 together; one alone has -10 dBm0: all
 * within the -10 dBm0 +- 5 dB of ITU-T E.180. A sine of 32124 has +3.17 dBm0 (G.711 table 5). */
#define TONE_PEAK 7000

#define TONE_NOISE_MS  1000
#define TONE_NOISE_RMS 15.8 /* -60 dBm0: 63.17 dB below 32124 / sqrt(2) */

static int tone_room(struct pcm *out, unsigned ms)
{
	*out = (struct pcm){.rate = TONE_RATE, .count = ms * (TONE_RATE / 1000)};
	out->samples = calloc(out->count, sizeof(*out->samples));
	return out->samples ? 0 : -ENOMEM;
}

/* n-th of `count` samples of a part with sound, which begins and ends softly. */
static int16_t tone_sample(const struct xf_tone *tone, size_t n, size_t count)
{
	double t = 2 * M_PI * (double)n / TONE_RATE, value = sin(tone->hz[0] * t);
	size_t edge = n < count - n ? n : count - n;

	if (tone->by_hz)
		value *= (1 - cos(tone->by_hz * t)) / 2;
	else if (tone->hz[1])
		value = (value + sin(tone->hz[1] * t)) / 2;
	if (edge < TONE_EDGE)
		value *= (1 - cos(M_PI * (double)edge / TONE_EDGE)) / 2;
	return (int16_t)lrint(TONE_PEAK * value);
}

int tone_make(struct pcm *out, const struct xf_tone *tone)
{
	unsigned period_ms = 0, periods = 1;

	for (unsigned part = 0; part < XF_TONE_PARTS; part++)
		period_ms += tone->part_ms[part];
	while (periods * period_ms % SOUND_FRAME_MS)
		periods++;
	int r = tone_room(out, periods * period_ms);
	if (r < 0)
		return r;
	int16_t *at = out->samples;
	for (unsigned part = 0; part < periods * XF_TONE_PARTS; part++) {
		size_t count = tone->part_ms[part % XF_TONE_PARTS] * (TONE_RATE / 1000);
		for (size_t n = 0; part % 2 == 0 && n < count; n++)
			at[n] = tone_sample(tone, n, count);
		at += count;
	}
	return 0;
}

int tone_noise(struct pcm *out)
{
	uint32_t state = 1;
	int r = tone_room(out, TONE_NOISE_MS);

	for (size_t n = 0; r == 0 && n < out->count; n++) {
		/* Twelve evenly spread numbers make a good bell curve of deviation 1. */
		double sum = -6;
		for (unsigned i = 0; i < 12; i++) {
			state = state * 1664525 + 1013904223;
			sum += state / 4294967296.0;
		}
		out->samples[n] = (int16_t)lrint(TONE_NOISE_RMS * sum);
	}
	return r;
}

int tone_silence(struct pcm *out)
{
	return tone_room(out, 5 * SOUND_FRAME_MS);
}
