#include "endpoints.h"

#include <errno.h>
#include <string.h>

static int endpoints_check_move(struct endpoints *endpoints, const struct xf_link_move *move, unsigned *worker,
				bool first)
{
	struct endpoint_entry *entry;
	int r = endpoints_find(endpoints, &move->to, &entry);

	if (r < 0)
		return r;
	if (!first && entry->worker != *worker)
		return -EXDEV;
	*worker = entry->worker;
	if (!xf_move_ok(move) || xf_move_prompt(move) >= XF_PROMPT_NUMBERS)
		return -EINVAL;
	if (move->from.index == XF_ENDPOINT_NONE)
		return 0;
	if (move->from.index == XF_ENDPOINT_PROMPT)
		return xf_prompt_of(move->from) == XF_PROMPT_NONE ? -EINVAL : 0;
	if ((r = endpoints_find(endpoints, &move->from, &entry)) < 0)
		return r;
	return entry->worker == *worker ? 0 : -EXDEV;
}

int endpoints_patch(struct endpoints *endpoints, const struct xf_link_patch *patch,
		    const struct endpoints_answer *answer, uint32_t *bad)
{
	unsigned worker = 0;
	uint32_t i;

	*bad = 0;
	if (patch->count == 0 || patch->count > XF_LINK_MOVES_MAX)
		return -EINVAL;
	for (i = 0; i < patch->count; i++) {
		int r = endpoints_check_move(endpoints, &patch->moves[i], &worker, i == 0);
		if (r < 0) {
			*bad = i;
			return r;
		}
	}
	struct command_item *item = endpoints_item(COMMAND_PATCH, patch->count, answer);
	if (item == NULL)
		return -ENOMEM;
	for (i = 0; i < patch->count; i++) {
		endpoints_claim(endpoints, &endpoints->entries[patch->moves[i].to.index]);
		if (patch->moves[i].from.index < endpoints->slot_count)
			endpoints_claim(endpoints, &endpoints->entries[patch->moves[i].from.index]);
	}
	memcpy(&item->command.patch, patch,
	       offsetof(struct xf_link_patch, moves) + patch->count * sizeof(patch->moves[0]));
	command_post(endpoints->commands, worker, item);
	return 0;
}
