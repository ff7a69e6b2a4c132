/* What became of calls and transfers, read from the gateway's own log as it goes by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_TEXT	 160
#define HISTORY_REASON	 256
#define HISTORY_REFUSALS 50 /* reasons that are told apart */

struct history_call {
	char id[24]; /* "c-…" */
	char caller[HISTORY_TEXT], dialled[HISTORY_TEXT], provider[64], agent[64];
	char state[24], reason[HISTORY_TEXT];
	int status;
	uint64_t started_ns, answered_ns, ended_ns; /* 0: not yet */
};

struct history_transfer {
	char id[24], call[24];
	char origin[24], plan[64];
	char result[24], reason[HISTORY_TEXT]; /* result "": not finished */
	int status;
	uint64_t started_ns, ended_ns;
};

/* Calls that were refused for one reason before they were any. */
struct history_refusal {
	char reason[HISTORY_REASON];
	int status;
	uint64_t calls;
};

struct history {
	struct history_call *calls;
	uint32_t call_count, call_room;
	struct history_transfer *transfers;
	uint32_t transfer_count, transfer_room;
	uint64_t refused; /* calls that were refused before they were any */
	/* by reason, in order of their first calls; `refused` has those for further reasons, too */
	struct history_refusal refusals[HISTORY_REFUSALS];
	uint32_t refusal_count;
	bool out_of_memory;
};

void history_fini(struct history *history);
/* A line of the log: "call=c-… leg=caller event=invite caller=…". */
void history_log(struct history *history, uint64_t ns, const char *line);
/* Copies the value of key=value or key="value", unquoted. false: the line has no such key. */
bool history_value(const char *line, const char *key, char *buf, size_t size);
