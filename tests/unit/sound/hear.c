#include "hear.h"

#include <criterion/criterion.h>
#include <math.h>
#include <spandsp.h>

int16_t *hear(const struct sound *sound, enum sound_codec codec, unsigned times, size_t *count)
{
	const size_t packets = SOUND_LEAD + (size_t)sound->frames * times;
	int16_t *samples = malloc(2 * packets * SOUND_FRAME * sizeof(*samples));

	cr_assert_not_null(samples);
	*count = 0;
	g722_decode_state_t *state = g722_decode_init(NULL, 64000, 0);
	for (size_t n = 0; n < packets; n++) {
		const uint8_t *code = sound_at(sound, codec, n);
		if (codec == SOUND_G722)
			*count += (size_t)g722_decode(state, samples + *count, code, SOUND_FRAME);
		for (size_t i = 0; i < SOUND_FRAME && codec != SOUND_G722; i++)
			samples[(*count)++] = codec == SOUND_PCMU ? ulaw_to_linear(code[i]) : alaw_to_linear(code[i]);
	}
	g722_decode_free(state);
	/* Without the lead. */
	*count -= *count / packets * SOUND_LEAD;
	memmove(samples, samples + *count / (packets - SOUND_LEAD) * SOUND_LEAD, *count * sizeof(*samples));
	return samples;
}

double hear_hz(const int16_t *samples, size_t count, unsigned rate, double hz)
{
	double re = 0, im = 0;

	for (size_t i = 0; i < count; i++) {
		re += samples[i] * cos(2 * M_PI * hz * (double)i / rate);
		im += samples[i] * sin(2 * M_PI * hz * (double)i / rate);
	}
	return 2 * sqrt(re * re + im * im) / (double)count;
}

double hear_rms(const int16_t *samples, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	return sqrt(sum / (double)count);
}

struct pcm hear_sine(unsigned rate, size_t count, double hz, double amplitude)
{
	struct pcm pcm = {.rate = rate, .count = count, .samples = malloc(count * sizeof(int16_t))};

	cr_assert_not_null(pcm.samples);
	for (size_t i = 0; i < count; i++)
		pcm.samples[i] = (int16_t)lrint(amplitude * sin(2 * M_PI * hz * (double)i / rate));
	return pcm;
}
