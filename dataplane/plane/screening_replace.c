#include "screening.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fast/counter.h"
#include "note.h"

/* One replacement under way. Each worker has its old set and counters until it answers. */
struct screening_swap {
	struct screening *screening;
	struct signatures *next;
	struct screening_rule *rules;
	struct signatures_scratch *fresh[WORKER_MAX];
	bool took[WORKER_MAX];
	unsigned left; /* workers that have not answered */
};

/* Both sets are in the order of ids: a rule that stays takes its counts along. */
static void screening_carry(const struct screening *s, struct screening_swap *swap)
{
	unsigned from = 0, from_count = signatures_count(s->signatures);

	for (unsigned to = 0; to < signatures_count(swap->next); to++) {
		const char *id = signatures_rule(swap->next, to)->id;
		while (from < from_count && strcmp(signatures_rule(s->signatures, from)->id, id) < 0)
			from++;
		if (from == from_count || strcmp(signatures_rule(s->signatures, from)->id, id) != 0)
			continue;
		swap->rules[to] = s->rules[from];
		swap->rules[to].kept = screening_hits(s, from);
	}
}

static void screening_swap_free(struct screening_swap *swap)
{
	for (unsigned w = 0; w < WORKER_MAX; w++)
		signatures_scratch_destroy(swap->fresh[w]);
	signatures_destroy(swap->next);
	free(swap->rules);
	free(swap);
}

/* All have the new set, and nobody the old one: it goes. */
static void screening_swap_end(struct screening_swap *swap)
{
	struct screening *s = swap->screening;
	struct signatures *old = s->signatures;
	struct screening_rule *old_rules = s->rules;

	screening_carry(s, swap);
	s->signatures = swap->next;
	s->rules = swap->rules;
	swap->next = old;
	swap->rules = old_rules;
	for (unsigned w = 0; w < s->workers; w++) {
		struct signatures_scratch *scratch = s->scratch[w];
		s->scratch[w] = swap->fresh[w];
		swap->fresh[w] = scratch;
	}
	counter32_set(&s->rule_count, signatures_count(s->signatures));
	counter32_add(&s->reloads, 1);
	note_info(s->seam, "signatures-taken", "rules=%u", signatures_count(s->signatures));
	screening_swap_free(swap);
}

static void screening_swapped(struct command_item *item, void *arg)
{
	struct screening_swap *swap = arg;
	bool all = true;

	swap->took[(uintptr_t)item->command.cookie] = item->command.result == 0;
	if (--swap->left > 0)
		return;
	for (unsigned w = 0; w < swap->screening->workers; w++)
		all = all && swap->took[w];
	if (all)
		screening_swap_end(swap);
	else /* At the end of the dataplane: no worker runs any more, so nobody has the new set either. */
		screening_swap_free(swap);
}

/* All or none: every worker's command exists before the first is posted. */
static int screening_swap_prepare(struct screening_swap *swap, struct command_list *items)
{
	swap->rules = calloc(signatures_count(swap->next) + 1, sizeof(*swap->rules));
	if (swap->rules == NULL)
		return -ENOMEM;
	for (unsigned w = 0; w < swap->screening->workers; w++) {
		if (swap->next) {
			int r = signatures_scratch_create(&swap->fresh[w], swap->next);
			if (r < 0)
				return r;
		}
		struct command_item *item = command_new(COMMAND_SIGNATURES, 0, screening_swapped, swap);
		if (item == NULL)
			return -ENOMEM;
		item->command.signatures = swap->next;
		item->command.scratch = swap->fresh[w];
		item->command.cookie = (void *)(uintptr_t)w;
		STAILQ_INSERT_TAIL(items, item, link);
	}
	swap->left = swap->screening->workers;
	return 0;
}

int screening_replace(struct screening *s, struct signatures *signatures)
{
	struct command_list items = STAILQ_HEAD_INITIALIZER(items);
	struct command_item *item;
	struct screening_swap *swap = calloc(1, sizeof(*swap));

	if (swap == NULL) {
		signatures_destroy(signatures);
		return -ENOMEM;
	}
	*swap = (struct screening_swap){.screening = s, .next = signatures};
	int r = screening_swap_prepare(swap, &items);
	for (unsigned w = 0; (item = STAILQ_FIRST(&items)) != NULL; w++) {
		STAILQ_REMOVE_HEAD(&items, link);
		if (r == 0)
			command_post(s->commands, w, item);
		else
			free(item);
	}
	if (r < 0) {
		note_error(s->seam, "signatures-failed", "error=\"%s\"", strerror(-r));
		screening_swap_free(swap);
	}
	return r;
}
