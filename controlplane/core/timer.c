#include "core/timer.h"

#include <errno.h>
#include <stdlib.h>

static bool before(const struct timer *a, const struct timer *b)
{
	return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns : a->order < b->order;
}

static void put(struct timers *timers, size_t i, struct timer *timer)
{
	timers->heap[i] = timer;
	timer->place = i + 1;
}

static void sift_up(struct timers *timers, size_t i, struct timer *timer)
{
	while (i > 0 && before(timer, timers->heap[(i - 1) / 2])) {
		put(timers, i, timers->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(timers, i, timer);
}

static void sift_down(struct timers *timers, size_t i, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= timers->count)
			break;
		if (child + 1 < timers->count && before(timers->heap[child + 1], timers->heap[child]))
			child++;
		if (!before(timers->heap[child], timer))
			break;
		put(timers, i, timers->heap[child]);
		i = child;
	}
	put(timers, i, timer);
}

void timers_init(struct timers *timers)
{
	*timers = (struct timers){0};
}

void timers_fini(struct timers *timers)
{
	for (size_t i = 0; i < timers->count; i++)
		timers->heap[i]->place = 0;
	free(timers->heap);
	*timers = (struct timers){0};
}

int timer_set(struct timers *timers, struct timer *timer, uint64_t deadline_ns)
{
	if (!timer_is_set(timer)) {
		if (timers->count == timers->room) {
			size_t room = timers->room ? timers->room * 2 : 64;
			struct timer **heap = reallocarray(timers->heap, room, sizeof(*heap));
			if (!heap)
				return -ENOMEM;
			timers->heap = heap;
			timers->room = room;
		}
	} else {
		timer_stop(timers, timer);
	}
	timer->deadline_ns = deadline_ns;
	timer->order = ++timers->order;
	sift_up(timers, timers->count++, timer);
	return 0;
}

void timer_stop(struct timers *timers, struct timer *timer)
{
	if (!timer_is_set(timer))
		return;
	size_t i = timer->place - 1;
	struct timer *last = timers->heap[--timers->count];
	timer->place = 0;
	if (last == timer)
		return;
	if (i > 0 && before(last, timers->heap[(i - 1) / 2]))
		sift_up(timers, i, last);
	else
		sift_down(timers, i, last);
}

uint64_t timers_next(const struct timers *timers)
{
	return timers->count ? timers->heap[0]->deadline_ns : UINT64_MAX;
}

size_t timers_run(struct timers *timers, uint64_t now_ns)
{
	size_t fired = 0;
	while (timers->count && timers->heap[0]->deadline_ns <= now_ns) {
		struct timer *timer = timers->heap[0];
		timer_stop(timers, timer);
		timer->expired(timer->arg, timer);
		fired++;
	}
	return fired;
}
