/* What happens later in a history, in order of time; at one time in the order in which it was planned. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
	uint64_t at_ns, order;
	void (*happens)(void *arg, uint64_t number);
	void *arg;
	uint64_t number;
};

struct schedule {
	struct event *heap;
	size_t count, room;
	uint64_t order;
};

void schedule_fini(struct schedule *schedule);
void schedule_add(struct schedule *schedule, uint64_t at_ns, void (*happens)(void *arg, uint64_t number), void *arg,
		  uint64_t number);
uint64_t schedule_next(const struct schedule *schedule); /* UINT64_MAX: nothing */
bool schedule_take(struct schedule *schedule, struct event *event);
