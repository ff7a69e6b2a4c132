/* What a peer hears: a sound decoded, and its parts measured. */
#pragma once

#include "sound/sound.h"

/* Samples of `times` playings, as a decoder that begins with them makes them: 16000 Hz of G.722, else 8000. For free().
 */
int16_t *hear(const struct sound *sound, enum sound_codec codec, unsigned times, size_t *count);
/* Amplitude of a sine. */
double hear_hz(const int16_t *samples, size_t count, unsigned rate, double hz);
double hear_rms(const int16_t *samples, size_t count);
/* A sine of so many samples; for free(). */
struct pcm hear_sine(unsigned rate, size_t count, double hz, double amplitude);
