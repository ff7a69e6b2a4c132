/* From 16000 to 8000 Hz. */
#pragma once

#include <stdbool.h>
#include "sound.h"

/* in: an even number of samples at 16000 Hz. loop: what stands before its beginning is its end. out->samples: for
 * free(). 0 or -ENOMEM. */
int halve(struct pcm *out, const struct pcm *in, bool loop);
