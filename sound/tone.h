/* Sounds that are computed. */
#pragma once

#include "sound.h"
#include "xfergate/tone.h"

/* Whole periods of the tone, and whole frames, at 8000 Hz. samples: for free(). 0 or -ENOMEM. */
int tone_make(struct pcm *out, const struct xf_tone *tone);
/* White noise of -60 dBm0, the same every time. Likewise. */
int tone_noise(struct pcm *out);
int tone_silence(struct pcm *out);
