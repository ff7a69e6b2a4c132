#include "halve.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define HALVE_SIDE   48	  /* taps on each side of the middle one */
#define HALVE_CUTOFF 0.23 /* of the rate: 3680 Hz of 16000, half way down; over 60 dB down from 4200 Hz on */

/* A low pass by the window method (Blackman). */
static void halve_taps(double taps[2 * HALVE_SIDE + 1])
{
	double sum = 0;

	for (int i = -HALVE_SIDE; i <= HALVE_SIDE; i++) {
		double x = M_PI * i / (HALVE_SIDE + 1), t = 2 * M_PI * HALVE_CUTOFF * i;
		double window = 0.42 + 0.5 * cos(x) + 0.08 * cos(2 * x);
		taps[i + HALVE_SIDE] = window * (i ? sin(t) / t : 1);
		sum += taps[i + HALVE_SIDE];
	}
	for (int i = 0; i <= 2 * HALVE_SIDE; i++)
		taps[i] /= sum;
}

static double halve_at(const struct pcm *in, long at, bool loop)
{
	long count = (long)in->count;

	if (loop)
		at = ((at % count) + count) % count;
	return at < 0 || at >= count ? 0 : in->samples[at];
}

int halve(struct pcm *out, const struct pcm *in, bool loop)
{
	double taps[2 * HALVE_SIDE + 1];

	*out = (struct pcm){.rate = in->rate / 2, .count = in->count / 2};
	out->samples = malloc(out->count * sizeof(*out->samples));
	if (out->samples == NULL)
		return -ENOMEM;
	halve_taps(taps);
	for (size_t n = 0; n < out->count; n++) {
		double sum = 0;
		for (int i = -HALVE_SIDE; i <= HALVE_SIDE; i++)
			sum += taps[i + HALVE_SIDE] * halve_at(in, 2 * (long)n + i, loop);
		out->samples[n] = (int16_t)lrint(fmax(INT16_MIN, fmin(INT16_MAX, sum)));
	}
	return 0;
}
