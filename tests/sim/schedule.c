#include "schedule.h"

#include <stdlib.h>

static bool before(const struct event *a, const struct event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void schedule_fini(struct schedule *schedule)
{
	free(schedule->heap);
	*schedule = (struct schedule){0};
}

void schedule_add(struct schedule *schedule, uint64_t at_ns, void (*happens)(void *arg, uint64_t number), void *arg,
		  uint64_t number)
{
	if (schedule->count == schedule->room) {
		schedule->room = schedule->room ? schedule->room * 2 : 256;
		schedule->heap = reallocarray(schedule->heap, schedule->room, sizeof(*schedule->heap));
		if (!schedule->heap)
			abort();
	}
	struct event event = {at_ns, schedule->order++, happens, arg, number};
	size_t at = schedule->count++;
	for (; at && before(&event, &schedule->heap[(at - 1) / 2]); at = (at - 1) / 2)
		schedule->heap[at] = schedule->heap[(at - 1) / 2];
	schedule->heap[at] = event;
}

uint64_t schedule_next(const struct schedule *schedule)
{
	return schedule->count ? schedule->heap[0].at_ns : UINT64_MAX;
}

bool schedule_take(struct schedule *schedule, struct event *event)
{
	if (!schedule->count)
		return false;
	*event = schedule->heap[0];
	struct event last = schedule->heap[--schedule->count];
	size_t at = 0, child;
	while ((child = 2 * at + 1) < schedule->count) {
		if (child + 1 < schedule->count && before(&schedule->heap[child + 1], &schedule->heap[child]))
			child++;
		if (!before(&schedule->heap[child], &last))
			break;
		schedule->heap[at] = schedule->heap[child];
		at = child;
	}
	if (schedule->count)
		schedule->heap[at] = last;
	return true;
}
