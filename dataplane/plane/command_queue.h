/* Commands on their way to the owner workers and back. Main thread.
 *
 * A worker's commands take effect in the order in which they were posted. The ring to a worker may be full; what does
 * not fit waits here, in order.
 */
#pragma once

#include <sys/queue.h>
#include "fast/worker.h"

struct command_item {
	STAILQ_ENTRY(command_item) link;
	/* Called once, when the worker has applied or refused it. The item is freed after it. */
	void (*done)(struct command_item *item, void *arg);
	void *arg;
	/* The book's (endpoints.h): whom it tells when it has had its own `done`. */
	void (*answer)(struct command_item *item, void *arg);
	void *answer_arg;
	uint64_t connection;	/* of the link, that the acknowledgement belongs to */
	struct command command; /* as much of it as command_new was asked for */
};

STAILQ_HEAD(command_list, command_item);

struct command_queue {
	struct worker *workers[WORKER_MAX];
	struct command_list waiting[WORKER_MAX];
	unsigned count;
	unsigned outstanding; /* posted and not yet done */
	unsigned most;	      /* of them since there were none */
};

void command_queue_init(struct command_queue *queue);
/* Adds a worker; its index is the number of those before it. */
void command_queue_add(struct command_queue *queue, struct worker *worker);
/* When no worker runs any more: what was applied is done; what was never taken is done with -ECANCELED. */
void command_queue_fini(struct command_queue *queue);

/* Zeroed but for type and done. moves: of a PATCH; there is room for so many. An OPEN has room for what it points at.
 * NULL: no memory. */
struct command_item *command_new(enum command_type type, unsigned moves,
				 void (*done)(struct command_item *item, void *arg), void *arg);
/* Of an OPEN: what `open` points at; to be filled in. */
struct endpoint_config *command_config(struct command_item *item);
void command_post(struct command_queue *queue, unsigned worker, struct command_item *item);
/* Gives waiting commands to the rings and takes finished ones. How many were finished. */
unsigned command_poll(struct command_queue *queue);
/* Whether there is something for command_poll. */
bool command_pending(const struct command_queue *queue);
