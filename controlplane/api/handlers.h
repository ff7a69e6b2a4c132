/* One handler a method. Each answers or refuses its ask once, now or later; `params` (NULL: none) were checked against
 * include/xfergate/rpc.h and live only during the call. */
#pragma once

#include "ask.h"

void calls_show_all(struct api *api, struct ask *ask, const json_t *params);
void calls_show_one(struct api *api, struct ask *ask, const json_t *params);
void calls_hang_up(struct api *api, struct ask *ask, const json_t *params);
void transfers_show(struct api *api, struct ask *ask, const json_t *params);
void transfers_start(struct api *api, struct ask *ask, const json_t *params);
void endpoints_show(struct api *api, struct ask *ask, const json_t *params);
void ports_show(struct api *api, struct ask *ask, const json_t *params);
void dataplane_show(struct api *api, struct ask *ask, const json_t *params);
void sources_show(struct api *api, struct ask *ask, const json_t *params);
void numbers_show(struct api *api, struct ask *ask, const json_t *params);
void plans_show(struct api *api, struct ask *ask, const json_t *params);
void providers_show(struct api *api, struct ask *ask, const json_t *params);
void screen_show(struct api *api, struct ask *ask, const json_t *params);
void stats_show(struct api *api, struct ask *ask, const json_t *params);
void version_show(struct api *api, struct ask *ask, const json_t *params);
void captures_start(struct api *api, struct ask *ask, const json_t *params);
void captures_stop(struct api *api, struct ask *ask, const json_t *params);

/* Answers the asks that wait for its result. */
void transfers_finished(struct api *api, const struct transfer *transfer);

/* Shared by rows. NULL: out of memory. */
json_t *transfers_row(const struct api *api, const struct transfer *transfer);
json_t *announcements_of(const struct api *api, const struct call *call); /* earliest first */
json_t *ports_part(const struct xf_link_port *port);
json_t *stats_worker_part(const struct xf_link_worker *worker);
json_t *stats_drops_part(const struct xf_link_drops *drops);
const char *plans_target_name(unsigned type); /* enum config_target_type, as the configuration spells it */
/* The call that params name; NULL after refusing the ask with 404. */
/* The codec that the leg settled on: the first audio codec of both descriptions, in the peer's order; -1: none yet. */
int calls_leg_codec(const struct leg *leg);
const struct call *calls_find(struct api *api, struct ask *ask, const json_t *params);
const char *params_text(const json_t *params, const char *name); /* NULL: not given */

/* Names by index of the configuration; "" for XF_NONE. */
const char *name_network(const struct config *config, uint32_t network);
const char *name_provider(const struct config *config, uint32_t provider);
const char *name_agent(const struct config *config, uint32_t agent);
const char *name_plan(const struct config *config, uint32_t plan);
struct row;
/* The prompt's name, or null; and what feeds an endpoint: another one's index, the name of a prompt, or null.
 * name, prompt: NULL if a prompt's is not known, which is said; not read where there is no prompt. */
void name_prompt(struct row *row, const char *key, uint32_t number, const char *name);
void name_feed(struct row *row, const char *key, struct xf_endpoint_id source, const char *prompt);

enum question {
	QUESTION_DUMP,	/* ENDPOINT rows */
	QUESTION_STATS, /* PORT, DROPS, WORKER, PEER, SCREEN, SIGNATURE rows */
};
struct media_query question_query(struct api *api);
/* Asks the dataplane. Rows go to the `…_row` functions below, the end to `…_done`, by the ask's method. Refuses the ask
 * if the link is down. */
void question_ask(struct api *api, struct ask *ask, enum question question);

/* Each adds what it makes of the dataplane's row to ask->rows. */
void endpoints_row(struct api *api, struct ask *ask, const struct xf_endpoint_state *state);
void ports_row(struct ask *ask, const struct xf_link_port *port);
void dataplane_row(struct ask *ask, enum xf_link_type type, const void *row);
void sources_row(struct ask *ask, const struct xf_link_peer *peer);
void screen_row(struct api *api, struct ask *ask, enum xf_link_type type, const void *row);
void stats_row(struct ask *ask, enum xf_link_type type, const void *row);
/* counted: false if the dataplane could not be asked. */
void sources_done(struct api *api, struct ask *ask, bool counted);
void stats_done(struct api *api, struct ask *ask);
