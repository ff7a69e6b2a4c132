/* The tones of the networks: each is heard with its frequencies, in its cadence, at its level, in each codec. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include "hear.h"
#include "sound/tone.h"

/* Whether a modulated tone has its two side bands. */
static void expect_modulated(const struct xf_tone *tone, const int16_t *on, size_t count)
{
	double carrier = hear_hz(on, count, 8000, tone->hz[0]);
	for (int side = -1; side <= 1; side += 2) {
		double band = hear_hz(on, count, 8000, tone->hz[0] + side * (double)tone->by_hz);
		cr_expect(fabs(band / carrier - 0.5) < 0.1, "%s: %f beside %f", tone->name, band, carrier);
	}
}

static void expect_on(const struct xf_tone *tone, const int16_t *on, size_t count)
{
	unsigned tones = tone->hz[1] ? 2 : 1;
	double rms = hear_rms(on, count), sum = 0;
	for (unsigned i = 0; i < tones; i++) {
		double amplitude = hear_hz(on, count, 8000, tone->hz[i]);
		sum += amplitude * amplitude / 2;
	}
	if (tone->by_hz)
		expect_modulated(tone, on, count);
	else
		cr_expect_gt(sqrt(sum) / rms, 0.97, "%s: something else than its tones", tone->name);
	/* 32124 / sqrt(2) is +3.17 dBm0. */
	double dbm0 = 20 * log10(rms / 22715) + 3.17;
	cr_expect(dbm0 > -15 && dbm0 < -9.5, "%s: %f dBm0", tone->name, dbm0);
}

Test(tone, each)
{
	struct sound_list list;
	const struct xf_tone *tone;
	cr_assert_eq(sound_list_builtin(&list), 0);
	for (size_t i = 0; (tone = xf_tone(i)); i++) {
		const struct sound *sound = list.sounds[i];
		size_t count, at = 0, period = 0;
		int16_t *heard = hear(sound, SOUND_PCMU, 1, &count);
		cr_expect_str_eq(sound->name, tone->name);
		cr_expect_eq(sound->times, 0u, "%s ends", tone->name);
		for (unsigned part = 0; part < XF_TONE_PARTS; part++)
			period += tone->part_ms[part] * 8;
		cr_assert_eq(count % period, 0u, "%s: no whole periods", tone->name);
		for (unsigned part = 0; at < count; part++) {
			size_t len = tone->part_ms[part % XF_TONE_PARTS] * 8;
			/* Its edges are soft. */
			if (part % 2 == 0 && len)
				expect_on(tone, heard + at + 40, len - 80);
			else if (len)
				cr_expect_lt(hear_rms(heard + at, len), 9, "%s: no silence", tone->name);
			at += len;
		}
		cr_expect_eq(at, count);
		free(heard);
		/* In the codec with a memory of its own the loudness is the same. */
		int16_t *wide = hear(sound, SOUND_G722, 2, &count);
		heard = hear(sound, SOUND_PCMA, 2, &at);
		double ratio = hear_rms(wide + count / 2, count / 2) / hear_rms(heard + at / 2, at / 2);
		cr_expect(fabs(20 * log10(ratio)) < 1, "%s: %f times as loud in G.722", tone->name, ratio);
		free(wide);
		free(heard);
	}
	sound_list_destroy(&list);
}

Test(tone, silence_and_noise)
{
	struct sound_list list;
	size_t count;
	cr_assert_eq(sound_list_builtin(&list), 0);
	cr_assert_geq(list.count, 2u);
	const struct sound *silence = list.sounds[list.count - 2], *noise = list.sounds[list.count - 1];
	cr_expect_str_eq(silence->name, XF_PROMPT_SILENCE);
	cr_expect_str_eq(noise->name, XF_PROMPT_NOISE);
	for (unsigned codec = 0; codec < SOUND_CODECS; codec++) {
		int16_t *heard = hear(silence, (enum sound_codec)codec, 4, &count);
		cr_expect_lt(hear_rms(heard, count), 9, "codec %u", codec);
		free(heard);
		heard = hear(noise, (enum sound_codec)codec, 4, &count);
		double dbm0 = 20 * log10(hear_rms(heard, count) / 22715) + 3.17;
		cr_expect(dbm0 > -66 && dbm0 < -55, "codec %u: %f dBm0", codec, dbm0);
		free(heard);
	}
	sound_list_destroy(&list);
}
