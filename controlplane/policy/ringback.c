#include "policy/ringback.h"

#include <stdio.h>

void ringback_name(char out[static XF_PROMPT_NAME_SIZE], enum xf_tone_kind kind, const char *region)
{
	snprintf(out, XF_PROMPT_NAME_SIZE, "%s-%s", xf_tone_kind_name(kind), xf_tone_region_find(region)->region);
}

void ringback_sound(char out[static XF_PROMPT_NAME_SIZE], const char *sound, const char *region)
{
	for (unsigned kind = 0; kind < XF_TONE_KIND_COUNT; kind++)
		if (strcmp(sound, xf_tone_kind_name(kind)) == 0) {
			ringback_name(out, (enum xf_tone_kind)kind, region);
			return;
		}
	snprintf(out, XF_PROMPT_NAME_SIZE, "%s", sound);
}
