#include "g711.h"

/* Mu-law works on 14 bits, A-law on 13; both are written here for 16, so the lowest bits do not count. */
#define G711_MU_BIAS 132   /* 33 of 14 bits: makes each segment a power of two */
#define G711_MU_CLIP 32635 /* 8158 of 14 bits */

static unsigned g711_log2(unsigned v)
{
	return 31 - (unsigned)__builtin_clz(v);
}

uint8_t g711_mu(int16_t sample)
{
	unsigned sign = sample < 0 ? 0x80 : 0;
	unsigned magnitude = (unsigned)(sample < 0 ? -(int)sample : sample);
	if (magnitude > G711_MU_CLIP)
		magnitude = G711_MU_CLIP;
	magnitude += G711_MU_BIAS;
	unsigned segment = g711_log2(magnitude) - 7;
	/* All bits are inverted on the line (G.711 table 2). */
	return (uint8_t) ~(sign | segment << 4 | (magnitude >> (segment + 3) & 15));
}

uint8_t g711_a(int16_t sample)
{
	unsigned sign = sample < 0 ? 0 : 0x80;
	/* Negative values are symmetric about -1/2: -1 has the code of 0. */
	unsigned magnitude = (unsigned)(sample < 0 ? ~(int)sample : sample) >> 3;
	unsigned segment = magnitude < 32 ? 0 : g711_log2(magnitude) - 4;
	unsigned step = magnitude >> (segment ? segment : 1) & 15;
	/* Even bits are inverted on the line (G.711 table 1). */
	return (uint8_t)((sign | segment << 4 | step) ^ 0x55);
}
