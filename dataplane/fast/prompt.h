/* Prompts as the workers play them: a sound under its number, and who plays it.
 *
 * A set is made by the main thread and never written again but for the counts of players. When another one takes its
 * place (COMMAND_PROMPTS), an endpoint goes on with the prompt that it plays; the main thread frees that when nobody
 * plays it any more.
 */
#pragma once

#include <stdint.h>
#include "sound/sound.h"
#include "worker.h"

#define PROMPT_MS      SOUND_FRAME_MS
#define PROMPT_WRAP_MS (UINT32_MAX / PROMPT_MS * PROMPT_MS)
#define PROMPT_SAMPLES SOUND_FRAME

struct prompt {
	uint32_t number;
	const struct sound *sound;
	uint32_t playing[WORKER_MAX]; /* endpoints of that worker, which writes */
};

struct prompt_set {
	struct prompt *prompts[XF_PROMPT_NUMBERS]; /* by number; NULL: there is none */
};
