/* Prompts as the workers play them: one period of the sound, encoded, as whole frames of 20 ms.
 *
 * Computed once at start-up and never written again, so that all workers share them.
 */
#pragma once

#include <stdint.h>
#include "xfergate/prompt.h"

#define PROMPT_MS      20 /* of a frame */
#define PROMPT_WRAP_MS (UINT32_MAX / PROMPT_MS * PROMPT_MS)
#define PROMPT_SAMPLES 160 /* of a frame, at 8000 Hz: an octet each */

enum prompt_law { PROMPT_MU, PROMPT_A, PROMPT_LAWS };

struct prompt {
	uint32_t number; /* enum xf_prompt */
	uint32_t frames; /* of the period */
	const uint8_t (*payload[PROMPT_LAWS])[PROMPT_SAMPLES];
};

struct prompt_set {
	struct prompt prompts[XF_PROMPT_END]; /* by number; the first is none */
};

/* Main thread, before the workers. socket: NUMA, or SOCKET_ID_ANY. 0 or -ENOMEM. */
int prompt_set_create(struct prompt_set **out, int socket);
/* When no worker runs any more. NULL is fine. */
void prompt_set_destroy(struct prompt_set *set);
