/* The source table as the link builds it: gathered aside, then swapped whole in all workers. Main thread. */
#pragma once

#include "command_queue.h"
#include "dplane.h"
#include "limbo.h"
#include "xfergate/source.h"

struct source_table;

struct sources {
	struct xf_source *gathered; /* XF_MAX_SOURCES; NULL: no BEGIN yet */
	uint32_t count;
	struct source_table *current; /* the last committed */
	uint32_t commits;	      /* that all workers have taken up */
	struct command_queue *commands;
	struct limbo *limbo;
	const struct dplane_seam *seam; /* for the log */
	/* All workers have the new table. */
	void (*committed)(uint32_t sequence, uint64_t connection, uint64_t now_ns, void *arg);
	void *arg;
};

/* When no worker runs any more. */
void sources_fini(struct sources *sources);

/* 0 or -ENOMEM. What was gathered and not committed is forgotten. */
int sources_begin(struct sources *sources);
/* 0; -EPROTO: no BEGIN; -ENOSPC: more than XF_MAX_SOURCES. The block is checked when the table is built. */
int sources_add(struct sources *sources, const struct xf_source *source);
/* 0: `committed` will be called; -EPROTO: no BEGIN; or what source_table_create says. */
int sources_commit(struct sources *sources, uint32_t sequence, uint64_t connection);
