#include "offenders.h"

#include <stdlib.h>
#include <string.h>

static uint64_t offenders_per_s(uint64_t n, uint64_t elapsed_ns)
{
	return (uint64_t)((unsigned __int128)n * 1000000000u / elapsed_ns);
}

static void offenders_place(struct offenders_place *place, const struct stranger *now, uint64_t elapsed_ns)
{
	/* Given to another since: all that this one had for certain is new. */
	uint64_t before = place->life == now->life ? place->drops : now->error;

	*place = (struct offenders_place){
	    .drops = now->drops,
	    .per_s = offenders_per_s(now->drops - before, elapsed_ns),
	    .life = now->life,
	};
}

void offenders_second(struct offenders *o, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns > o->second_ns ? now_ns - o->second_ns : 1;

	o->second_ns = now_ns;
	for (unsigned w = 0; w < o->commands->count; w++) {
		const struct strangers *strangers = worker_strangers(o->commands->workers[w]);
		for (unsigned i = 0; i < STRANGERS; i++) {
			struct stranger now;
			if (strangers_read(strangers, i, &now))
				offenders_place(&o->places[w][i], &now, elapsed_ns);
		}
	}
}

/* Everybody who has a place at the worker, less `floor`: what everybody else may have had there. */
static unsigned offenders_gather(struct offenders *o, unsigned w, unsigned n, uint64_t *floor)
{
	const struct strangers *strangers = worker_strangers(o->commands->workers[w]);
	unsigned first = n;

	for (unsigned i = 0; i < STRANGERS; i++) {
		const struct offenders_place *place = &o->places[w][i];
		struct stranger now;
		if (!strangers_read(strangers, i, &now))
			continue;
		o->found[n++] = (struct offender){
		    .row = {.block = now.block,
			    .drops = now.drops,
			    .error = now.error,
			    .drops_per_s = place->life == now.life ? place->per_s : 0},
		    .worker = w,
		};
	}
	*floor = strangers_floor(strangers);
	for (unsigned i = first; i < n; i++) {
		o->found[i].row.drops -= *floor;
		o->found[i].row.error -= *floor;
	}
	return n;
}

/* Whoever lost a place and got another while the worker was read was found twice there: the later counts. */
static int offenders_by_block(const void *a_, const void *b_)
{
	const struct offender *a = a_, *b = b_;
	int order = memcmp(&a->row.block, &b->row.block, sizeof(a->row.block));

	if (order == 0)
		order = (a->worker > b->worker) - (a->worker < b->worker);
	return order ? order
		     : ((int64_t)(a->row.drops - b->row.drops) < 0) - ((int64_t)(a->row.drops - b->row.drops) > 0);
}

static int offenders_by_drops(const void *a_, const void *b_)
{
	const struct xf_link_stranger *a = &((const struct offender *)a_)->row,
				      *b = &((const struct offender *)b_)->row;
	uint64_t a_least = a->drops - a->error, b_least = b->drops - b->error;

	if (a_least != b_least)
		return a_least < b_least ? 1 : -1;
	if (a->drops != b->drops)
		return a->drops < b->drops ? 1 : -1;
	return memcmp(&a->block, &b->block, sizeof(a->block));
}

/* One row an address; how many. */
static unsigned offenders_sum(struct offender *found, unsigned n)
{
	unsigned sums = 0, worker = 0;

	for (unsigned i = 0; i < n; i++) {
		struct xf_link_stranger *sum = &found[sums - (sums > 0)].row, *row = &found[i].row;
		if (sums == 0 || memcmp(&sum->block, &row->block, sizeof(row->block)) != 0) {
			worker = found[i].worker;
			found[sums++] = found[i];
			continue;
		}
		if (found[i].worker == worker)
			continue;
		worker = found[i].worker;
		sum->drops += row->drops;
		sum->error += row->error;
		sum->drops_per_s += row->drops_per_s;
	}
	return sums;
}

unsigned offenders_list(struct offenders *o, struct xf_link_stranger rows[XF_LINK_STRANGERS])
{
	uint64_t floors = 0;
	unsigned n = 0;

	for (unsigned w = 0; w < o->commands->count; w++) {
		uint64_t floor;
		n = offenders_gather(o, w, n, &floor);
		floors += floor;
	}
	qsort(o->found, n, sizeof(o->found[0]), offenders_by_block);
	n = offenders_sum(o->found, n);
	for (unsigned i = 0; i < n; i++) {
		o->found[i].row.drops += floors;
		o->found[i].row.error += floors;
	}
	qsort(o->found, n, sizeof(o->found[0]), offenders_by_drops);
	if (n > XF_LINK_STRANGERS)
		n = XF_LINK_STRANGERS;
	for (unsigned i = 0; i < n; i++)
		rows[i] = o->found[i].row;
	return n;
}
