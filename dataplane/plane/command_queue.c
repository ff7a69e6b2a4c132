#include "command_queue.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <rte_common.h>
#include "fast/endpoint.h"

#define COMMAND_BURST 1024 /* outstanding at once: some hundred kB */

void command_queue_init(struct command_queue *queue)
{
	*queue = (struct command_queue){0};
}

void command_queue_add(struct command_queue *queue, struct worker *worker)
{
	STAILQ_INIT(&queue->waiting[queue->count]);
	queue->workers[queue->count++] = worker;
}

static struct command_item *command_item_of(void *command)
{
	return container_of(command, struct command_item, command);
}

static void command_end(struct command_queue *queue, struct command_item *item)
{
	queue->outstanding--;
	item->done(item, item->arg);
	free(item);
}

static void command_cancel(struct command_queue *queue, struct command_item *item)
{
	item->command.result = -ECANCELED;
	command_end(queue, item);
}

void command_queue_fini(struct command_queue *queue)
{
	for (unsigned w = 0; w < queue->count; w++) {
		struct command_item *item;
		void *command;
		/* In the order in which they were posted. */
		while (rte_ring_sc_dequeue(worker_done_ring(queue->workers[w]), &command) == 0)
			command_end(queue, command_item_of(command));
		while (rte_ring_sc_dequeue(worker_command_ring(queue->workers[w]), &command) == 0)
			command_cancel(queue, command_item_of(command));
		while ((item = STAILQ_FIRST(&queue->waiting[w])) != NULL) {
			STAILQ_REMOVE_HEAD(&queue->waiting[w], link);
			command_cancel(queue, item);
		}
	}
	command_queue_init(queue);
}

struct command_item *command_new(enum command_type type, unsigned moves,
				 void (*done)(struct command_item *item, void *arg), void *arg)
{
	size_t size = offsetof(struct command_item, command.patch.moves) + moves * sizeof(struct xf_link_move);
	if (type == COMMAND_OPEN)
		size = offsetof(struct command_item, command.patch) + sizeof(struct endpoint_config);
	struct command_item *item = calloc(1, size);

	if (item == NULL)
		return NULL;
	item->command.type = type;
	if (type == COMMAND_OPEN)
		item->command.open = command_config(item);
	item->done = done;
	item->arg = arg;
	return item;
}

struct endpoint_config *command_config(struct command_item *item)
{
	/* A patch is a PATCH's alone. */
	return (struct endpoint_config *)&item->command.patch;
}

static void command_queue_push(struct command_queue *queue, unsigned worker)
{
	struct command_list *waiting = &queue->waiting[worker];
	struct rte_ring *ring = worker_command_ring(queue->workers[worker]);
	struct command_item *item;

	while ((item = STAILQ_FIRST(waiting)) != NULL && rte_ring_sp_enqueue(ring, &item->command) == 0)
		STAILQ_REMOVE_HEAD(waiting, link);
}

void command_post(struct command_queue *queue, unsigned worker, struct command_item *item)
{
	STAILQ_INSERT_TAIL(&queue->waiting[worker], item, link);
	queue->outstanding++;
	queue->most = RTE_MAX(queue->most, queue->outstanding);
	command_queue_push(queue, worker);
}

/* A burst of commands is over: the memory that it needed is given back, which malloc would keep. */
static void command_rest(struct command_queue *queue)
{
	if (queue->most >= COMMAND_BURST)
		malloc_trim(0);
	queue->most = 0;
}

unsigned command_poll(struct command_queue *queue)
{
	unsigned done = 0;

	if (queue->outstanding == 0)
		return 0;
	for (unsigned w = 0; w < queue->count; w++) {
		void *command;
		while (rte_ring_sc_dequeue(worker_done_ring(queue->workers[w]), &command) == 0) {
			command_end(queue, command_item_of(command));
			done++;
		}
		command_queue_push(queue, w);
	}
	if (queue->outstanding == 0)
		command_rest(queue);
	return done;
}

bool command_pending(const struct command_queue *queue)
{
	if (queue->outstanding == 0)
		return false;
	for (unsigned w = 0; w < queue->count; w++) {
		if (!rte_ring_empty(worker_done_ring(queue->workers[w])))
			return true;
		if (!STAILQ_EMPTY(&queue->waiting[w]) && !rte_ring_full(worker_command_ring(queue->workers[w])))
			return true;
	}
	return false;
}
