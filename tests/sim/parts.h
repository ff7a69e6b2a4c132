/* What may happen to a history beside its parties. */
#pragma once

#include "sim.h"

/* ---- names.c: answers to look-ups */
void names_asked(void *arg, uint64_t query, const char *name);

/* ---- trouble.c: links, planes, neighbours and clocks that fail */
void trouble_plan(struct sim *sim);
void trouble_mend(struct sim *sim);
void trouble_networks(struct sim *sim);

/* ---- operator.c: JSON-RPC */
void operator_plan(struct sim *sim);
void operator_answered(void *arg, uint64_t client, const char *json, size_t len);

/* ---- stranger.c: those who are nobody */
void stranger_plan(struct sim *sim);

/* ---- shrink.c: free *out with dice_trace_free */
void shrink(uint64_t seed, const struct dice_trace *trace, const struct sim_options *options, const char *invariant,
	    struct dice_trace *out);

/* ---- fault.c: turns on a deliberate fault of the planes; NULL: none. Where they are not built in, does nothing. */
void fault_set(const char *name);
extern const bool fault_built_in;

/* ---- setting.c: configurations, made once a process */
#define SETTINGS 24
/* NULL: said on stderr. Text in *text if text is not NULL. */
const struct config *setting_get(unsigned variant, const char **text);
