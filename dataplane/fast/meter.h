/* What a turn's cycles went to, stage by stage. Owner worker only.
 *
 * One turn in METER_TURNS is measured, from worker_begin to worker_flush, and counts if it received something. A mark
 * gives a stage the cycles since the mark before it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <rte_branch_prediction.h>
#include "xfergate/stage.h"

#define METER_TURNS 64

struct meter {
	uint64_t (*cycles)(void); /* NULL: nothing is measured */
	bool on;		  /* in this turn */
	uint8_t wait;		  /* turns before the next that is measured */
	uint64_t last;		  /* mark */
	struct xf_stage_count turn[XF_STAGE_COUNT];
};

static inline void meter_begin(struct meter *m)
{
	if (likely(m->wait > 0)) {
		m->wait--;
		return;
	}
	m->wait = METER_TURNS - 1;
	if (m->cycles == NULL)
		return;
	for (unsigned i = 0; i < XF_STAGE_COUNT; i++)
		m->turn[i] = (struct xf_stage_count){0};
	m->on = true;
	m->last = m->cycles();
}

static inline void meter_mark(struct meter *m, enum xf_stage stage, unsigned items)
{
	if (likely(!m->on))
		return;
	uint64_t now = m->cycles();
	m->turn[stage].cycles += now - m->last;
	m->turn[stage].items += items;
	m->last = now;
}

/* The turn ends. Whether its figures are to be counted. */
static inline bool meter_end(struct meter *m)
{
	if (likely(!m->on))
		return false;
	m->on = false;
	return m->turn[XF_STAGE_RECEIVE].items > 0;
}
