/* The book of prompts: which names there are, under which numbers, and the set that the workers play from. Main thread.
 *
 * A name gets its number when it is first heard of and keeps it, so a control plane that knows it may go on using it
 * after a reload.
 */
#pragma once

#include "command_queue.h"
#include "conversation.h"
#include "fast/prompt.h"
#include "sound/sound.h"

#define PROMPTS_NAMES_MAX 768

struct prompts_name {
	char name[XF_PROMPT_NAME_SIZE];
	uint32_t number;
	const struct prompt *prompt; /* NULL: there is none of that name any more */
};

/* What one reload brought, or the start. */
struct prompts_batch {
	uint32_t count;
	struct prompt *prompts; /* each with a sound of its own */
};

struct prompts {
	const struct dplane_seam *seam;
	struct command_queue *commands;
	struct conversation *conversation;
	struct prompts_name names[PROMPTS_NAMES_MAX];
	uint32_t name_count, number_last;
	struct prompts_batch builtin;
	struct prompts_batch *own;	 /* of the configuration, as the newest set has it */
	struct prompt_set *set;		 /* the newest: the workers have it, or a command brings it to them */
	struct prompts_retired *retired; /* replaced, perhaps still played */
	uint32_t retired_count;		 /* sounds in it */
	uint32_t sound_count;		 /* of the configuration */
	uint32_t reloads;		 /* that all workers have taken up */
};

/* Computes the tones and reads the configuration's files. 0 or -errno, logged, nothing left. */
int prompts_init(struct prompts *prompts, const struct config *config, const struct dplane_seam *seam);
/* When no worker runs any more, and no command is left. */
void prompts_fini(struct prompts *prompts);
/* See dplane_sounds. */
int prompts_replace(struct prompts *prompts, struct sound_list *sounds);
/* Tells the control plane all names and numbers. */
void prompts_tell(const struct prompts *prompts);
/* Frees what was replaced and nobody plays any more. */
void prompts_sweep(struct prompts *prompts);
