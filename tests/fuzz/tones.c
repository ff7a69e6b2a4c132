/* The tones of the networks take nine tenths of what it takes to start a dataplane here, and are the same each time:
 * the linker (--wrap) puts this in their place, which encodes them once and gives each dataplane a copy of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sound/sound.h"

int __real_sound_list_builtin(struct sound_list *out);
int __wrap_sound_list_builtin(struct sound_list *out);

static struct sound_list once;

static void leave(void)
{
	sound_list_destroy(&once);
}

static struct sound *copy(const struct sound *sound)
{
	const size_t len = ((size_t)sound->intro + sound->frames) * SOUND_FRAME;
	struct sound *out = malloc(sizeof(*out) + SOUND_CODECS * len);
	if (!out)
		return NULL;
	*out = *sound;
	for (unsigned codec = 0; codec < SOUND_CODECS; codec++) {
		uint8_t *to = (uint8_t *)(out + 1) + codec * len;
		memcpy(to, sound->payload[codec], len);
		out->payload[codec] = (sound_frame *)to;
	}
	return out;
}

int __wrap_sound_list_builtin(struct sound_list *out)
{
	if (once.count == 0) {
		int r = __real_sound_list_builtin(&once);
		if (r < 0)
			return r;
		atexit(leave);
	}
	*out = (struct sound_list){.sounds = calloc(once.count, sizeof(*out->sounds))};
	for (uint32_t i = 0; out->sounds && i < once.count; i++) {
		struct sound *one = copy(once.sounds[i]);
		if (!one) {
			sound_list_destroy(out);
			break;
		}
		out->sounds[out->count++] = one;
	}
	return out->sounds ? 0 : -ENOMEM;
}
