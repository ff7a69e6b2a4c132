#include "show_messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ladder/ladder.h"
#include "table.h"

#define TARGETS_MAX 32 /* lanes besides the first three */

enum { LANE_CALLER, LANE_GATEWAY, LANE_AGENT, LANE_FIRST_TARGET };

struct lanes {
	struct ladder *ladder;
	const char *targets[TARGETS_MAX]; /* strings of the answer */
	unsigned target_count;
};

/* Of a leg's name: "caller", "agent", "target", "target 2". -1: no lane. */
static int lane_of(struct lanes *lanes, const char *leg)
{
	if (!leg)
		return -1;
	if (strcmp(leg, "caller") == 0)
		return LANE_CALLER;
	if (strcmp(leg, "agent") == 0)
		return LANE_AGENT;
	for (unsigned i = 0; i < lanes->target_count; i++)
		if (strcmp(lanes->targets[i], leg) == 0)
			return LANE_FIRST_TARGET + (int)i;
	if (lanes->target_count == TARGETS_MAX)
		return -1;
	lanes->targets[lanes->target_count++] = leg;
	return ladder_lane(lanes->ladder, leg);
}

static const char *text(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static bool is_true(const json_t *row, const char *key)
{
	return json_is_true(json_object_get(row, key));
}

static uint64_t time_of(const json_t *row)
{
	double at = json_number_value(json_object_get(row, "at"));
	return at > 0 && at < 1e9 ? (uint64_t)(at * 1e9) : 0;
}

static int add_message(struct lanes *lanes, const json_t *row)
{
	const struct ladder_message message = {
	    .start_line = text(row, "start_line"),
	    .cseq = text(row, "cseq"),
	    .in_dialog = is_true(row, "in_dialog"),
	    .sipfrag = text(row, "sipfrag"),
	    .refer_to = text(row, "refer_to"),
	};
	int lane = lane_of(lanes, text(row, "leg"));
	bool sent = is_true(row, "sent");
	char label[LADDER_LABEL];
	if (lane < 0)
		return lane == -ENOMEM ? lane : 0;
	return ladder_message(lanes->ladder, time_of(row), sent ? LANE_GATEWAY : lane, sent ? lane : LANE_GATEWAY,
			      ladder_label(label, &message), is_true(row, "repeated"));
}

/* Where it began: what the caller heard, for how long, and how it ended. */
static int add_announcement(struct lanes *lanes, const json_t *row)
{
	const char *sound = text(row, "sound"), *reason = text(row, "reason");
	char *time = table_seconds(json_object_get(row, "duration_s")), note[512];
	if (!sound || !time) {
		free(time);
		return sound ? -ENOMEM : 0;
	}
	snprintf(note, sizeof(note), "announcement %s, %s: %s", sound, time, reason ? reason : "under way");
	free(time);
	return ladder_note(lanes->ladder, time_of(row), note);
}

/* At the call's beginning, so that times count from there. */
static int add_lost(struct lanes *lanes, json_int_t lost)
{
	char note[64];
	snprintf(note, sizeof(note), "%" JSON_INTEGER_FORMAT " older message%s not kept", lost,
		 lost == 1 ? " is" : "s are");
	return ladder_note(lanes->ladder, 0, note);
}

int show_messages(const struct view *view, const json_t *call)
{
	static const char *const first[LANE_FIRST_TARGET] = {
	    [LANE_CALLER] = "caller", [LANE_GATEWAY] = "gateway", [LANE_AGENT] = "agent"};
	const json_t *messages = json_object_get(call, "messages"), *row;
	json_int_t lost = json_integer_value(json_object_get(call, "messages_lost"));
	struct lanes lanes = {0};
	size_t i;
	if (!json_is_array(messages) || json_array_size(messages) == 0)
		return 0;
	int r = ladder_create(&lanes.ladder);
	for (unsigned lane = 0; r >= 0 && lane < LANE_FIRST_TARGET; lane++)
		r = ladder_lane(lanes.ladder, first[lane]);
	if (r >= 0 && lost > 0)
		r = add_lost(&lanes, lost);
	json_array_foreach((json_t *)messages, i, row)
	{
		if (r >= 0)
			r = add_message(&lanes, row);
	}
	json_array_foreach(json_object_get(call, "announcements"), i, row)
	{
		if (r >= 0)
			r = add_announcement(&lanes, row);
	}
	if (r >= 0) {
		fputs("\nmessages\n", view->out);
		ladder_print(lanes.ladder, view->out, LANE_GATEWAY, (unsigned)view->width);
	}
	ladder_destroy(lanes.ladder);
	return r < 0 ? r : 0;
}
