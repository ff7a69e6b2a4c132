/* What became of calls and transfers in a replay, and all figures as JSON.
 *
 * The control plane forgets a call when its last leg is gone, so the report looks again and again: after every step in
 * which SIP, commands or timers may have changed something. One thread.
 */
#pragma once

#include <jansson.h>
#include "capture/capture.h"
#include "judge/judge.h"
#include "world/world.h"

struct report;

/* start_ns: the world's clock at the capture's first packet. 0 or -ENOMEM. */
int report_create(struct report **out, const struct config *config, uint64_t start_ns);
void report_destroy(struct report *report);

/* Reads what there is now of calls and transfers. */
void report_look(struct report *report, struct world *world);

/* "1" for the first call of the replay …: its id; NULL: there was none. */
const char *report_call_id(const struct report *report, unsigned number);

/* Tells the judge what must stay the same: calls, transfers, drops by name. */
void report_outcomes(const struct report *report, struct world *world, struct judge *judge);
/* The same for people, and packets in and out. */
void report_print(const struct report *report, struct world *world, FILE *out);

/* New reference; NULL: no memory. never_sent, added, stand_ins: arrays of strings, of the caller (kept). */
json_t *report_json(const struct report *report, struct world *world, const struct judge *judge, const char *capture,
		    const struct capture_notes *notes, json_t *never_sent, json_t *added, json_t *stand_ins);
/* path "-": standard output. 0, or -errno and `why`. */
int report_write(json_t *json, const char *path, char why[static JUDGE_WHY]);
