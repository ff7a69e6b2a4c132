/* The table of a call's states by what can happen to it: which cells can be reached, and how often they were. The
 * transfer's is the one that acts (transfer.c); a call's declares and counts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* X(symbol, "name") */
#define CALL_EVENTS(X)                                                                                                 \
	X(AGENT_PROGRESS, "agent-progress")                                                                            \
	X(AGENT_ANSWERED, "agent-answered")                                                                            \
	X(AGENT_FAILED, "agent-failed") /* its INVITE ended without a dialog, or with one that is of no use */         \
	X(AGENT_RINGS_TOO_LONG, "agent-rings-too-long")                                                                \
	X(AGENT_GONE, "agent-gone")                                                                                    \
	X(AGENT_LOST, "agent-lost") /* gone, and no transfer under way */                                              \
	X(TARGET_PROGRESS, "target-progress")                                                                          \
	X(TARGET_ANSWERED, "target-answered")                                                                          \
	X(TARGET_FAILED, "target-failed")                                                                              \
	X(TARGET_GONE, "target-gone")                                                                                  \
	X(CALLER_GONE, "caller-gone")                                                                                  \
	X(HANGUP, "hangup")                                                                                            \
	X(TOO_LONG, "too-long")                                                                                        \
	X(TRANSFER_STARTED, "transfer-started")                                                                        \
	X(TRANSFER_FINISHED, "transfer-finished")

#define X(symbol, name) CALL_EVENT_##symbol,
enum call_event { CALL_EVENTS(X) CALL_EVENT_COUNT };
#undef X

struct call;
struct shard;

/* Counts the event in the call's present state, and logs event=impossible if the table says that it cannot be. */
void call_note(const struct call *call, enum call_event event);

struct shard_cell {
	const char *table; /* "call", "transfer" */
	const char *state, *event;
	bool possible;
	uint64_t visits; /* of this shard */
};
/* Every cell of both tables, always in the same order. */
void shard_tables(const struct shard *shard, void (*each)(void *arg, const struct shard_cell *cell), void *arg);
