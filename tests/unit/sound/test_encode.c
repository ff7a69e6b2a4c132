/* Samples to frames: what a decoder makes of them is the sound again, and a loop has no seam. */
#include <criterion/criterion.h>
#include <math.h>
#include <spandsp.h>
#include <stdlib.h>
#include "hear.h"

/* G.711's own values: tables 1a to 2b, in its numbering of 13 and 14 bits times 8 and 4. */
Test(encode, g711_values)
{
	static const struct {
		int16_t sample;
		uint8_t mu, a;
	} cases[] = {
	    {0, 0xff, 0xd5},	 {-1, 0x7f, 0x55},     {1000, 0xce, 0xfa}, {-1000, 0x4e, 0x7a},
	    {32767, 0x80, 0xaa}, {-32768, 0x00, 0x2a}, {8060, 0x9f, 0x8a}, {-8060, 0x1f, 0x0a},
	};
	int16_t samples[160] = {0};
	struct pcm pcm = {.rate = 8000, .count = 160, .samples = samples};
	struct sound *sound;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		samples[i] = cases[i].sample;
	cr_assert_eq(sound_encode(&sound, "values", &pcm, 1), 0);
	cr_expect_str_eq(sound->name, "values");
	cr_expect_eq(sound->frames, 1u);
	cr_expect_eq(sound->times, 1u);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(sound_at(sound, SOUND_PCMU, SOUND_LEAD)[i], cases[i].mu, "%d", cases[i].sample);
		cr_expect_eq(sound_at(sound, SOUND_PCMA, SOUND_LEAD)[i], cases[i].a, "%d", cases[i].sample);
	}
	sound_destroy(sound);
}

/* A sine of either rate is the same sine in each codec. */
Test(encode, round_trip)
{
	for (unsigned rate = 8000; rate <= 16000; rate += 8000) {
		struct pcm pcm = hear_sine(rate, rate, 1000, 8000);
		struct sound *sound;
		cr_assert_eq(sound_encode(&sound, "sine", &pcm, 1), 0);
		cr_expect_eq(sound->frames, 50u);
		for (unsigned codec = 0; codec < SOUND_CODECS; codec++) {
			size_t count;
			unsigned heard_rate = codec == SOUND_G722 ? 16000 : 8000;
			int16_t *heard = hear(sound, (enum sound_codec)codec, 1, &count);
			cr_expect_eq(count, heard_rate);
			/* Without the filters' rising and falling at either end. */
			double tone = hear_hz(heard + count / 10, count / 10 * 8, heard_rate, 1000);
			double rms = hear_rms(heard + count / 10, count / 10 * 8);
			cr_expect(fabs(20 * log10(tone / 8000)) < 0.5, "%u Hz, codec %u: %f", rate, codec, tone);
			double rest = sqrt(fabs(rms * rms - tone * tone / 2));
			cr_expect_lt(rest, tone / 20, "%u Hz, codec %u: noise of %f", rate, codec, rest);
			free(heard);
		}
		sound_destroy(sound);
		free(pcm.samples);
	}
}

/* What 8000 Hz cannot carry is taken out, not folded back. */
Test(encode, wide_sounds_do_not_fold)
{
	static const struct {
		double hz, narrow_hz;
		double least, most; /* of 8000, in G.711 */
	} cases[] = {{3000, 3000, 7000, 8500}, {4600, 3400, 0, 12}, {5500, 2500, 0, 12}, {7000, 1000, 0, 12}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pcm pcm = hear_sine(16000, 16000, cases[i].hz, 8000);
		struct sound *sound;
		size_t count;
		cr_assert_eq(sound_encode(&sound, "wide", &pcm, 1), 0);
		int16_t *heard = hear(sound, SOUND_PCMA, 1, &count);
		double tone = hear_hz(heard + 800, 6400, 8000, cases[i].narrow_hz);
		cr_expect(tone >= cases[i].least && tone <= cases[i].most, "%f Hz: %f", cases[i].hz, tone);
		free(heard);
		heard = hear(sound, SOUND_G722, 1, &count);
		tone = hear_hz(heard + 1600, 12800, 16000, cases[i].hz);
		cr_expect_gt(tone, 5000, "%f Hz in G.722: %f", cases[i].hz, tone);
		free(heard);
		sound_destroy(sound);
		free(pcm.samples);
	}
}

/* The largest step of the second difference, which a click makes large and a sine of 400 Hz keeps small. */
static double roughest(const int16_t *samples, size_t first, size_t last)
{
	double most = 0;
	for (size_t i = first + 1; i + 1 < last; i++)
		most = fmax(most, fabs((double)samples[i + 1] - 2.0 * samples[i] + samples[i - 1]));
	return most;
}

/* Over the seam of a loop it sounds as it does in the middle: of one in whole frames and waves, and of one that is cut.
 */
Test(encode, a_loop_has_no_seam)
{
	static const struct {
		unsigned rate;
		size_t count; /* whole waves of 400 Hz */
		bool whole;
	} cases[] = {{8000, 8000, true}, {16000, 16000, true}, {8000, 8040, false}, {16000, 16120, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pcm pcm = hear_sine(cases[i].rate, cases[i].count, 400, 8000);
		struct sound *sound;
		cr_assert_eq(sound_encode(&sound, "loop", &pcm, 0), 0);
		cr_expect_eq(sound->frames, 50u);
		for (unsigned codec = 0; codec < SOUND_CODECS; codec++) {
			size_t count, seam;
			int16_t *heard = hear(sound, (enum sound_codec)codec, 3, &count);
			seam = count / 3;
			double middle = roughest(heard, count / 2 - seam / 4, count / 2 + seam / 4);
			for (unsigned n = 1; n < 3; n++) {
				double there = roughest(heard, n * seam - seam / 20, n * seam + seam / 20);
				cr_expect_lt(there, 1.5 * middle + 100, "case %zu, codec %u: %f at the seam, %f else",
					     i, codec, there, middle);
			}
			/* And the code's state is the same on both sides: each playing is like the one before. */
			double differs = 0;
			for (size_t k = 0; k < seam; k++)
				differs = fmax(differs, fabs((double)heard[seam + k] - heard[2 * seam + k]));
			cr_expect_lt(differs, codec == SOUND_G722 ? 800 : 1, "case %zu, codec %u: %f", i, codec,
				     differs);
			free(heard);
		}
		sound_destroy(sound);
		free(pcm.samples);
	}
}

/* Once: the last frame is filled with silence. */
Test(encode, once)
{
	struct pcm pcm = hear_sine(8000, 161, 1000, 8000);
	struct sound *sound;
	cr_assert_eq(sound_encode(&sound, "once", &pcm, 1), 0);
	cr_expect_eq(sound->frames, 2u);
	for (unsigned i = 1; i < 160; i++)
		cr_expect_eq(sound_at(sound, SOUND_PCMU, SOUND_LEAD + 1)[i], 0xff);
	sound_destroy(sound);
	/* Shorter than a frame is a frame, also as a loop. */
	pcm.count = 1;
	cr_assert_eq(sound_encode(&sound, "short", &pcm, 0), 0);
	cr_expect_eq(sound->frames, 1u);
	sound_destroy(sound);
	free(pcm.samples);
}

Test(encode, limits)
{
	const size_t most = (size_t)SOUND_SECONDS_MAX * 8000;
	struct pcm pcm = {.rate = 8000, .count = most, .samples = calloc(most + 1, sizeof(int16_t))};
	struct sound *sound;
	cr_assert_eq(sound_encode(&sound, "long", &pcm, 1), 0);
	cr_expect_eq(sound->frames, SOUND_SECONDS_MAX * 50u);
	sound_destroy(sound);
	pcm.count++;
	cr_expect_eq(sound_encode(&sound, "longer", &pcm, 1), -EINVAL);
	cr_expect_null(sound);
	pcm.count = 0;
	cr_expect_eq(sound_encode(&sound, "none", &pcm, 1), -EINVAL);
	pcm.count = 160;
	pcm.rate = 11025;
	cr_expect_eq(sound_encode(&sound, "rate", &pcm, 1), -EINVAL);
	pcm.rate = 8000;
	cr_expect_eq(sound_encode(&sound, "a-name-of-thirty-two-characters-", &pcm, 1), -EINVAL);
	cr_expect_eq(sound_encode(&sound, "a-name-of-thirty-one-characters", &pcm, 1), 0);
	sound_destroy(sound);
	free(pcm.samples);
}

/* A decoder that has heard something else before does not take a tone for a noise. */
Test(encode, after_another_voice)
{
	struct pcm tone = hear_sine(8000, 8000, 425, 7000), other = hear_sine(16000, 16000, 610, 9000);
	static int16_t heard[32000];
	static uint8_t before[8000];
	struct sound *sound;
	for (uint32_t times = 0; times < 2; times++) {
		cr_assert_eq(sound_encode(&sound, "tone", &tone, times), 0);
		g722_encode_state_t *coder = g722_encode_init(NULL, 64000, 0);
		g722_decode_state_t *decoder = g722_decode_init(NULL, 64000, 0);
		cr_assert_eq(g722_encode(coder, before, other.samples, 16000), 8000);
		g722_decode(decoder, heard, before, 8000);
		for (unsigned n = 0; n < 50; n++) {
			int count = g722_decode(decoder, heard, sound_at(sound, SOUND_G722, n), SOUND_FRAME);
			/* Behind the filter's delay, in which the other voice is heard still. */
			for (int i = n ? 0 : 48; i < count; i++)
				cr_assert_leq(abs(heard[i]), n < SOUND_LEAD ? 6000 : 9000, "times %u, frame %u, %d: %d",
					      times, n, i, heard[i]);
		}
		g722_encode_free(coder);
		g722_decode_free(decoder);
		sound_destroy(sound);
	}
	free(tone.samples);
	free(other.samples);
}
