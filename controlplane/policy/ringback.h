/* Which tones a caller knows. */
#pragma once

#include "xfergate/prompt.h"
#include "xfergate/tone.h"

/* The prompt of a region's tone, "busy-us". region: ISO 3166 alpha-2, or "". */
void ringback_name(char out[static XF_PROMPT_NAME_SIZE], enum xf_tone_kind kind, const char *region);
/* The prompt of what a plan calls a sound: "busy" is the region's, everything else its own name. */
void ringback_sound(char out[static XF_PROMPT_NAME_SIZE], const char *sound, const char *region);
