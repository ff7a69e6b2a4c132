#include "play.h"

#define SETTLE_NS    34000000000ull /* 64·T1 of RFC 3261, and the last message */
#define DROPS_NS     100000000ull
#define TRANSFERS_NS 600000000000ull /* a transfer that is under way at the end of the capture gets so long */

/* ---- what is due */

static void find_dues(struct play *play)
{
	while (play->touched_count) {
		uint32_t leg = play->touched[--play->touched_count];
		struct due due = due_of_leg(play->rec, leg, play->shift_ns);
		play->is_touched[leg] = false;
		if (due.entry == RECORDING_NONE || due.ns == DUE_NEVER)
			heap_del(&play->legs, leg);
		else if (heap_set(&play->legs, leg, due.ns, play->rec->entries[due.entry].number) < 0)
			play->failed = true;
	}
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t command_due(const struct play *play)
{
	const struct commands *commands = &play->options->commands;
	if (play->command_next == commands->count)
		return UINT64_MAX;
	return play->rec->first_ns + play->shift_ns + commands->items[play->command_next].ns;
}

static uint64_t loose_due(const struct play *play)
{
	if (play->loose_next == play->loose_count)
		return UINT64_MAX;
	return play->rec->entries[play->loose[play->loose_next]].ns + play->shift_ns;
}

static uint64_t next_input(const struct play *play)
{
	const struct heap_item *leg = heap_first(&play->legs);
	uint64_t next = min(leg ? leg->due_ns : UINT64_MAX, loose_due(play));
	next = min(next, min(command_due(play), standin_next(&play->standin)));
	return min(next, tracks_next(&play->tracks));
}

/* The gateway's name for the call that the INVITE made, if it made one. */
static void name_call(struct play *play)
{
	char why[128];
	if (play->opened == RECORDING_NONE)
		return;
	struct script_leg *leg = &play->rec->legs[play->opened];
	world_run(play->world, world_now(play->world));
	const struct call *call =
	    leg->call_id ? shard_find_call(plane_shard(world_plane(play->world)), leg->call_id, why, sizeof(why))
			 : NULL;
	if (call)
		snprintf(leg->call_text, sizeof(leg->call_text), "%s", call->text_id);
	play->opened = RECORDING_NONE;
}

/* Everything that is due now, in order: commands, signalling, media. */
static void feed(struct play *play)
{
	uint64_t now = world_now(play->world);
	const struct heap_item *first;
	while (command_due(play) <= now)
		play_command(play);
	while (loose_due(play) <= now) {
		struct due due = {.ns = now, .entry = play->loose[play->loose_next++]};
		play_send_entry(play, &due);
	}
	while ((first = heap_first(&play->legs)) && first->due_ns <= now) {
		uint32_t leg = first->id;
		struct due due = due_of_leg(play->rec, leg, play->shift_ns);
		heap_del(&play->legs, leg);
		play_touch(play, leg);
		if (due.entry != RECORDING_NONE && due.ns <= now)
			play_send_entry(play, &due);
		name_call(play);
		find_dues(play);
	}
	standin_run(&play->standin, now);
	if (tracks_run(&play->tracks, now, play_send_track, play) < 0)
		play->failed = true;
}

/* ---- on the way */

/* What was dropped since the last look goes into the ladder, at most ten times a second. */
static void look_at_drops(struct play *play)
{
	struct world_counts counts;
	uint64_t now = world_now(play->world);
	if (!play->ladder || now < play->drops_next_ns)
		return;
	play->drops_next_ns = now + DROPS_NS;
	world_counts(play->world, &counts);
	for (unsigned d = 0; d < XF_DROP_COUNT; d++) {
		uint64_t more = counts.drops[d] - play->drops_seen[d];
		if (more)
			lanes_note(&play->lanes, now, "dropped: %llu %s", (unsigned long long)more, xf_drop_name(d));
		play->drops_seen[d] = counts.drops[d];
	}
}

/* ---- the end */

static bool transfers_open(const struct play *play)
{
	const struct shard *shard = plane_shard(world_plane(play->world));
	for (const struct call *call = shard_next_call(shard, NULL); call; call = shard_next_call(shard, call))
		if (call->transfer)
			return true;
	return play->replies_open > 0;
}

/* Is there anything that could still come of what went in? */
static bool settled(const struct play *play, uint64_t now)
{
	struct shard_counts counts;
	uint64_t last = play->last_input_ns > play->end_ns ? play->last_input_ns : play->end_ns;
	if (transfers_open(play) && now < last + TRANSFERS_NS)
		return false;
	shard_counts(plane_shard(world_plane(play->world)), &counts);
	return counts.calls == 0 && counts.legs == 0 ? now > last : now >= last + SETTLE_NS;
}

/* A stand-in that talks on does not keep a replay alive. */
static uint64_t next_of_script(const struct play *play)
{
	const struct heap_item *leg = heap_first(&play->legs);
	uint64_t next = min(leg ? leg->due_ns : UINT64_MAX, loose_due(play));
	return min(next, min(command_due(play), tracks_next(&play->tracks)));
}

int play_run(struct play *play)
{
	uint64_t scripted_ns = play->end_ns;
	find_dues(play);
	while (!play->failed) {
		uint64_t own = world_next(play->world), next = min(next_input(play), own), now = world_now(play->world);
		if (next_of_script(play) != UINT64_MAX)
			scripted_ns = now;
		else if (next == UINT64_MAX || (now > scripted_ns && settled(play, now)))
			break;
		if (next < own) /* until then nothing happens by itself */
			world_jump(play->world, next > now ? next - now : 0);
		else
			world_run(play->world, next > now ? next : now);
		find_dues(play);
		feed(play);
		world_run(play->world, world_now(play->world));
		find_dues(play);
		look_at_drops(play);
	}
	play->drops_next_ns = 0;
	look_at_drops(play);
	return play->failed || play->history.out_of_memory || play->standin.out_of_memory ? -ENOMEM : 0;
}
