#include "prompts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "note.h"
#include "xfergate/tone.h"

#define PROMPTS_RETIRED_FRAMES_MAX (SOUND_SECONDS_ALL * 1000 / SOUND_FRAME_MS)

/* Behind the workers' back by now, but for endpoints that play one to its end. */
struct prompts_retired {
	struct prompts_retired *next;
	struct prompts_batch *batch;
	uint32_t left; /* not freed yet */
};

/* One replacement under way. */
struct prompts_swap {
	struct prompts *prompts;
	struct prompts_batch *old;
	struct prompt_set *old_set;
	unsigned left; /* workers that have not answered */
	bool canceled; /* one never took it: the dataplane ends */
};

static struct prompts_name *prompts_find(struct prompts *p, const char *name)
{
	for (uint32_t i = 0; i < p->name_count; i++)
		if (strcmp(p->names[i].name, name) == 0)
			return &p->names[i];
	return NULL;
}

/* number XF_PROMPT_NONE: a new one. NULL: there is no room. */
static struct prompts_name *prompts_name(struct prompts *p, const char *name, uint32_t number)
{
	struct prompts_name *n = prompts_find(p, name);

	if (n)
		return n;
	if (p->name_count == PROMPTS_NAMES_MAX || (!number && p->number_last + 1 == XF_PROMPT_NUMBERS))
		return NULL;
	n = &p->names[p->name_count++];
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->number = number ? number : ++p->number_last;
	return n;
}

static void prompts_batch_free(struct prompts_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++)
		sound_destroy((struct sound *)batch->prompts[i].sound);
	free(batch->prompts);
	*batch = (struct prompts_batch){0};
}

/* Takes the sounds. */
static int prompts_batch_make(struct prompts *p, struct prompts_batch *batch, struct sound_list *list)
{
	uint32_t before = p->name_count, number_before = p->number_last;

	batch->prompts = calloc(list->count + 1, sizeof(*batch->prompts));
	if (batch->prompts == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct prompts_name *name = prompts_name(p, list->sounds[i]->name, XF_PROMPT_NONE);
		if (name == NULL) {
			p->name_count = before;
			p->number_last = number_before;
			free(batch->prompts);
			*batch = (struct prompts_batch){0};
			return -ENOSPC;
		}
		batch->prompts[i] = (struct prompt){.number = name->number, .sound = list->sounds[i]};
	}
	batch->count = list->count;
	list->count = 0;
	return 0;
}

static void prompts_set_add(struct prompt_set *set, struct prompts_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++)
		set->prompts[batch->prompts[i].number] = &batch->prompts[i];
}

static struct prompt_set *prompts_set_make(struct prompts *p, struct prompts_batch *own)
{
	struct prompt_set *set = calloc(1, sizeof(*set));

	if (set) {
		prompts_set_add(set, &p->builtin);
		prompts_set_add(set, own);
	}
	return set;
}

/* The names say what the set has. */
static void prompts_show(struct prompts *p, const struct prompt_set *set)
{
	for (uint32_t i = 0; i < p->name_count; i++)
		p->names[i].prompt = set->prompts[p->names[i].number];
}

/* The names by which regions have tones that are another's. */
static int prompts_alias(struct prompts *p)
{
	const struct xf_tone_region *row;
	char name[XF_PROMPT_NAME_SIZE];

	for (size_t i = 0; (row = xf_tone_region(i)) != NULL; i++)
		for (unsigned kind = 0; kind < XF_TONE_KIND_COUNT; kind++) {
			const struct prompts_name *of = prompts_find(p, row->tone[kind]);
			snprintf(name, sizeof(name), "%s-%s", xf_tone_kind_name(kind), row->region);
			if (of == NULL || prompts_name(p, name, of->number) == NULL)
				return -ENOSPC;
		}
	return 0;
}

static int prompts_init_builtin(struct prompts *p)
{
	struct sound_list list;
	int r = sound_list_builtin(&list);

	if (r < 0)
		return r;
	r = prompts_batch_make(p, &p->builtin, &list);
	sound_list_destroy(&list);
	return r < 0 ? r : prompts_alias(p);
}

static int prompts_failed(const struct prompts *p, int r)
{
	note_error(p->seam, "sounds-failed", "error=\"%s\"", strerror(-r));
	return r;
}

/* Why a file is refused is told once, with its place. */
static int prompts_load(struct prompts *p, const struct config *config, struct sound_list *list)
{
	char *text = NULL, *rest = NULL;
	size_t len = 0;
	FILE *errors = open_memstream(&text, &len);

	if (errors == NULL)
		return prompts_failed(p, -ENOMEM);
	int r = sound_list_load(list, config, errors);
	fclose(errors);
	char *line = r < 0 ? strtok_r(text, "\n", &rest) : NULL;
	if (r < 0 && !line)
		prompts_failed(p, r);
	for (; line; line = strtok_r(NULL, "\n", &rest))
		note_error(p->seam, "sounds-refused", "error=\"%s\"", line);
	free(text);
	return r;
}

static int prompts_init_own(struct prompts *p, const struct config *config)
{
	struct sound_list list;
	int r = prompts_load(p, config, &list);

	if (r < 0)
		return r;
	p->own = calloc(1, sizeof(*p->own));
	r = p->own ? prompts_batch_make(p, p->own, &list) : -ENOMEM;
	sound_list_destroy(&list);
	return r < 0 ? prompts_failed(p, r) : 0;
}

int prompts_init(struct prompts *p, const struct config *config, const struct dplane_seam *seam)
{
	*p = (struct prompts){.seam = seam};
	int r = prompts_init_builtin(p);
	if (r < 0)
		prompts_failed(p, r);
	else
		r = prompts_init_own(p, config);
	if (r == 0) {
		p->set = prompts_set_make(p, p->own);
		r = p->set ? 0 : prompts_failed(p, -ENOMEM);
	}
	if (r < 0) {
		prompts_fini(p);
		return r;
	}
	p->sound_count = p->own->count;
	prompts_show(p, p->set);
	return 0;
}

void prompts_fini(struct prompts *p)
{
	struct prompts_retired *retired;

	while ((retired = p->retired) != NULL) {
		p->retired = retired->next;
		prompts_batch_free(retired->batch);
		free(retired->batch);
		free(retired);
	}
	if (p->own)
		prompts_batch_free(p->own);
	free(p->own);
	prompts_batch_free(&p->builtin);
	free(p->set);
	p->own = NULL;
	p->set = NULL;
}

/* Read after all workers have taken another set: nobody begins with it any more. */
static bool prompts_is_played(const struct prompt *prompt)
{
	for (unsigned w = 0; w < WORKER_MAX; w++)
		if (__atomic_load_n(&prompt->playing[w], __ATOMIC_ACQUIRE))
			return true;
	return false;
}

static uint32_t prompts_free_unplayed(struct prompts_batch *batch)
{
	uint32_t freed = 0;

	for (uint32_t i = 0; i < batch->count; i++)
		if (batch->prompts[i].sound && !prompts_is_played(&batch->prompts[i])) {
			sound_destroy((struct sound *)batch->prompts[i].sound);
			batch->prompts[i].sound = NULL;
			freed++;
		}
	return freed;
}

void prompts_sweep(struct prompts *p)
{
	struct prompts_retired **at = &p->retired, *retired;

	while ((retired = *at) != NULL) {
		uint32_t freed = prompts_free_unplayed(retired->batch);
		retired->left -= freed;
		p->retired_count -= freed;
		if (retired->left > 0) {
			at = &retired->next;
			continue;
		}
		*at = retired->next;
		prompts_batch_free(retired->batch);
		free(retired->batch);
		free(retired);
	}
}

static uint64_t prompts_retired_frames(const struct prompts *p)
{
	uint64_t frames = 0;

	for (const struct prompts_retired *r = p->retired; r; r = r->next)
		for (uint32_t i = 0; i < r->batch->count; i++)
			frames += r->batch->prompts[i].sound ? r->batch->prompts[i].sound->frames : 0;
	return frames;
}

/* All workers have the new set. Without memory to remember it by, what was replaced stays until the end. */
static void prompts_swap_end(struct prompts_swap *swap)
{
	struct prompts *p = swap->prompts;
	struct prompts_retired *retired = calloc(1, sizeof(*retired));

	if (retired) {
		*retired = (struct prompts_retired){p->retired, swap->old, swap->old->count};
		p->retired = retired;
		p->retired_count += retired->left;
		prompts_sweep(p);
	}
	p->reloads++;
	p->sound_count = p->own->count;
	prompts_show(p, p->set);
	prompts_tell(p);
	note_info(p->seam, "sounds-taken", "sounds=%u still_played=%u", p->sound_count, p->retired_count);
}

static void prompts_swapped(struct command_item *item, void *arg)
{
	struct prompts_swap *swap = arg;

	if (item->command.result < 0)
		swap->canceled = true;
	if (--swap->left > 0)
		return;
	if (swap->canceled) {
		prompts_batch_free(swap->old);
		free(swap->old);
	} else {
		prompts_swap_end(swap);
	}
	free(swap->old_set);
	free(swap);
}

/* All or none: every worker's command exists before the first is posted. */
static int prompts_post(struct prompts *p, struct prompt_set *set, struct prompts_swap *swap)
{
	struct command_list items = STAILQ_HEAD_INITIALIZER(items);
	struct command_item *item;
	unsigned w;

	for (w = 0; w < p->commands->count; w++) {
		if ((item = command_new(COMMAND_PROMPTS, 0, prompts_swapped, swap)) == NULL)
			break;
		item->command.prompts = set;
		STAILQ_INSERT_TAIL(&items, item, link);
	}
	bool all = w == p->commands->count;
	swap->left = w;
	for (w = 0; (item = STAILQ_FIRST(&items)) != NULL; w++) {
		STAILQ_REMOVE_HEAD(&items, link);
		if (all)
			command_post(p->commands, w, item);
		else
			free(item);
	}
	return all ? 0 : -ENOMEM;
}

static int prompts_swap(struct prompts *p, struct sound_list *list)
{
	struct prompts_batch *own = calloc(1, sizeof(*own));
	struct prompts_swap *swap = calloc(1, sizeof(*swap));
	struct prompt_set *set = NULL;
	int r = own && swap ? prompts_batch_make(p, own, list) : -ENOMEM;

	if (r == 0) {
		set = prompts_set_make(p, own);
		*swap = (struct prompts_swap){.prompts = p, .old = p->own, .old_set = p->set};
		r = set ? prompts_post(p, set, swap) : -ENOMEM;
	}
	if (r == 0) {
		p->own = own;
		p->set = set;
		return 0;
	}
	if (own)
		prompts_batch_free(own);
	free(own);
	free(set);
	free(swap);
	return r;
}

int prompts_replace(struct prompts *p, struct sound_list *list)
{
	prompts_sweep(p);
	int r = prompts_retired_frames(p) > PROMPTS_RETIRED_FRAMES_MAX ? -EBUSY : prompts_swap(p, list);

	sound_list_destroy(list);
	if (r < 0)
		note_error(p->seam, "sounds-failed", "error=\"%s\" hint=\"the former sounds stay\"", strerror(-r));
	return r;
}

void prompts_tell(const struct prompts *p)
{
	if (!p->conversation->greeted)
		return;
	for (uint32_t i = 0; i < p->name_count; i++) {
		const struct prompts_name *name = &p->names[i];
		struct xf_link_prompt row = {0};
		memcpy(row.name, name->name, sizeof(row.name));
		if (name->prompt) {
			row.number = name->number;
			row.length_ms = name->prompt->sound->frames * SOUND_FRAME_MS;
			row.times = name->prompt->sound->times;
		}
		conversation_send(p->conversation, p->conversation->connection, XF_LINK_PROMPT, 0, &row, sizeof(row));
	}
}
