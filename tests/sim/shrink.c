/* A failing history made shorter: its choices are made plain again, chunk by chunk, as long as the same invariant
 * breaks (delta debugging). What is left is what it takes. */
#include "parts.h"

#include <stdlib.h>

#define PLAYS_MAX 900

struct shrink {
	uint64_t seed;
	struct sim_options options;
	const char *invariant;
	struct dice_trace trace;
	unsigned plays;
};

/* Without the choices from `at` on. */
static bool still_fails(struct shrink *s, size_t at, size_t count)
{
	struct dice_trace fewer = {0};
	struct sim_result result;
	struct dice_trace made = {0};
	for (size_t i = 0; i < s->trace.count; i++)
		if (i < at || i >= at + count)
			dice_trace_add(&fewer, &s->trace.choices[i]);
	sim_play(s->seed, &fewer, &s->options, &result, &made);
	s->plays++;
	bool fails = result.failed && strcmp(result.invariant, s->invariant) == 0;
	if (fails) {
		/* Choices that were never asked for are gone, too. */
		dice_trace_free(&s->trace);
		s->trace = made;
	} else {
		dice_trace_free(&made);
	}
	dice_trace_free(&fewer);
	return fails;
}

void shrink(uint64_t seed, const struct dice_trace *trace, const struct sim_options *options, const char *invariant,
	    struct dice_trace *out)
{
	struct shrink s = {.seed = seed, .invariant = invariant};
	s.options.fault = options->fault;
	for (size_t i = 0; i < trace->count; i++)
		dice_trace_add(&s.trace, &trace->choices[i]);
	for (size_t chunk = s.trace.count; chunk > 0 && s.plays < PLAYS_MAX;) {
		bool shorter = false;
		for (size_t at = 0; at < s.trace.count && s.plays < PLAYS_MAX;) {
			if (still_fails(&s, at, chunk))
				shorter = true;
			else
				at += chunk;
		}
		if (chunk > 1)
			chunk /= 2;
		else if (!shorter)
			break;
	}
	printf("shrunk from %zu choices to %zu in %u plays\n", trace->count, s.trace.count, s.plays);
	*out = s.trace;
}
