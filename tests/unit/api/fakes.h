/* What the API stands on, as memory that a test fills: calls, legs, transfers, a dataplane that answers when told. */
#pragma once

#include <jansson.h>
#include "api/api.h"

#define FAKE_REPLIES 64

struct fake_row {
	enum xf_link_type type;
	const void *row;
};

struct fakes {
	struct env env;
	struct seam seam;
	struct config config;
	struct api *api;

	struct call *calls;
	size_t call_count;
	struct leg *legs;
	size_t leg_count;
	struct transfer *transfers;
	size_t transfer_count;

	/* what shard_transfer_start does */
	int start_status;
	const char *start_why;
	uint64_t started_call;
	char started_to[128], started_plan[128], started_caller_id[128];
	uint64_t hung_up;
	unsigned media_captures; /* under way */
	char hang_up_reason[128];

	/* the dataplane */
	int link_result;     /* what media_dump and media_stats return */
	bool answers_inside; /* rows and end come before media_dump returns */
	const struct fake_row *rows;
	size_t row_count;
	const struct media_query *query; /* asked and not answered */
	uint64_t cookie;
	unsigned questions;

	/* what came back */
	char *replies[FAKE_REPLIES];
	uint64_t clients[FAKE_REPLIES];
	unsigned reply_count;
	bool gone_on_reply; /* the seam says at once that the client is gone */
};

extern struct fakes fakes;

void fakes_init(void);
void fakes_fini(void);
/* Hands the rows and the end to the one who asked. */
void fakes_answer(int result);
/* Sends a line and returns the single reply, parsed (to be freed); NULL: there was none. */
json_t *fakes_ask(const char *line);
/* error.code of a reply; 0: it has none. Frees it. `text` must stand in the message (NULL: not looked at). */
int fakes_error(json_t *reply, const char *text);
