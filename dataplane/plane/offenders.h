/* Whom of the strangers most is dropped of: the sketches of all workers together (fast/strangers.h), and what each
 * second brought. Main thread. */
#pragma once

#include "command_queue.h"
#include "fast/strangers.h"
#include "xfergate/link.h"

/* A place of a worker's sketch when the last second ended. */
struct offenders_place {
	uint64_t drops, per_s;
	uint32_t life;
};

/* An address as one worker has it; then, as all have it. */
struct offender {
	struct xf_link_stranger row;
	unsigned worker;
};

struct offenders {
	const struct command_queue *commands; /* knows the workers */
	struct offenders_place places[WORKER_MAX][STRANGERS];
	uint64_t second_ns;			       /* when the last second ended */
	struct offender found[WORKER_MAX * STRANGERS]; /* of offenders_list, while it runs */
};

/* Once a second. A rate counts what came since the address has its place, so it is never too high. */
void offenders_second(struct offenders *offenders, uint64_t now_ns);
/* Those with the most, by what they had at least; how many. The bounds are those of the sum: who has no place at a
 * worker may have had there what its last one has. */
unsigned offenders_list(struct offenders *offenders, struct xf_link_stranger rows[XF_LINK_STRANGERS]);
