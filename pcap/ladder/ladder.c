#include "ladder/ladder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ladder/entries.h"
#include "ladder/text.h"

/* More are no picture any more. */
#define LANES_MAX 1024

int ladder_create(struct ladder **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void ladder_destroy(struct ladder *ladder)
{
	if (!ladder)
		return;
	for (size_t i = 0; i < ladder->lane_count; i++)
		free(ladder->lanes[i]);
	for (size_t i = 0; i < ladder->entry_count; i++)
		free(ladder->entries[i].text);
	free(ladder->lanes);
	free(ladder->entries);
	free(ladder->packets);
	free(ladder->streams);
	free(ladder);
}

int entries_room(void **array, size_t *room, size_t used, size_t size)
{
	if (used < *room)
		return 0;
	size_t more = *room ? *room * 2 : 64;
	void *bigger = reallocarray(*array, more, size);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*room = more;
	return 0;
}

/* Escaped, with room for the mark of a cut. */
static char *escape(const char *text)
{
	char *safe = text_escape(text ? text : ""), *fitting = safe ? realloc(safe, strlen(safe) + 4) : NULL;
	if (!fitting)
		free(safe);
	return fitting;
}

int ladder_lane(struct ladder *ladder, const char *name)
{
	if (ladder->lane_count == LANES_MAX)
		return -E2BIG;
	char **bigger = reallocarray(ladder->lanes, ladder->lane_count + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	ladder->lanes = bigger;
	bigger[ladder->lane_count] = escape(name);
	return bigger[ladder->lane_count] ? (int)ladder->lane_count++ : -ENOMEM;
}

int entries_add(struct ladder *ladder, struct entry entry, const char *text)
{
	if (entries_room((void **)&ladder->entries, &ladder->entry_room, ladder->entry_count, sizeof(entry)) < 0)
		return -ENOMEM;
	entry.text = escape(text);
	if (!entry.text)
		return -ENOMEM;
	entry.width = text_width(entry.text);
	entry.number = ladder->entry_count;
	ladder->entries[ladder->entry_count++] = entry;
	return 0;
}

static bool is_lane(const struct ladder *ladder, int lane)
{
	return lane >= 0 && (size_t)lane < ladder->lane_count;
}

int ladder_message(struct ladder *ladder, uint64_t ns, int from, int to, const char *label, bool repeated)
{
	if (!is_lane(ladder, from) || !is_lane(ladder, to))
		return -EINVAL;
	return entries_add(
	    ladder,
	    (struct entry){
		.ns = ns, .kind = ENTRY_MESSAGE, .from = (uint16_t)from, .to = (uint16_t)to, .repeated = repeated},
	    label);
}

int ladder_note(struct ladder *ladder, uint64_t ns, const char *text)
{
	return entries_add(ladder, (struct entry){.ns = ns, .kind = ENTRY_NOTE}, text);
}

static struct stream *find_stream(struct stream *streams, size_t room, struct stream wanted)
{
	uint64_t hash = (wanted.id ^ (uint64_t)wanted.from << 48 ^ (uint64_t)wanted.to << 32) * 0x9e3779b97f4a7c15u;
	for (size_t at = (size_t)(hash >> 32);; at++) {
		struct stream *place = &streams[at & (room - 1)];
		if (!place->entry || (place->id == wanted.id && place->from == wanted.from && place->to == wanted.to))
			return place;
	}
}

static int grow_streams(struct ladder *ladder)
{
	size_t room = ladder->stream_room ? ladder->stream_room * 2 : 64;
	struct stream *bigger = calloc(room, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	for (size_t i = 0; i < ladder->stream_room; i++)
		if (ladder->streams[i].entry)
			*find_stream(bigger, room, ladder->streams[i]) = ladder->streams[i];
	free(ladder->streams);
	ladder->streams = bigger;
	ladder->stream_room = room;
	return 0;
}

/* An arrow at the stream's earliest packet. */
static int draw_stream(struct ladder *ladder, uint64_t ns, struct stream wanted, const char *codec)
{
	char label[LADDER_LABEL];
	if (ladder->stream_count * 2 >= ladder->stream_room && grow_streams(ladder) < 0)
		return -ENOMEM;
	struct stream *stream = find_stream(ladder->streams, ladder->stream_room, wanted);
	if (stream->entry) {
		struct entry *arrow = &ladder->entries[stream->entry - 1];
		arrow->ns = ns < arrow->ns ? ns : arrow->ns;
		return 0;
	}
	snprintf(label, sizeof(label), codec && *codec ? "RTP %s" : "RTP", codec);
	int r = entries_add(ladder, (struct entry){.ns = ns, .kind = ENTRY_RTP, .from = wanted.from, .to = wanted.to},
			    label);
	if (r < 0)
		return r;
	*stream = wanted;
	stream->entry = ladder->entry_count;
	ladder->stream_count++;
	return 0;
}

int ladder_rtp(struct ladder *ladder, uint64_t ns, int from, int to, uint64_t stream, const char *codec)
{
	if (!is_lane(ladder, from) || !is_lane(ladder, to))
		return -EINVAL;
	if (entries_room((void **)&ladder->packets, &ladder->packet_room, ladder->packet_count,
			 sizeof(*ladder->packets)) < 0)
		return -ENOMEM;
	struct stream wanted = {.id = stream, .from = (uint16_t)from, .to = (uint16_t)to};
	int r = draw_stream(ladder, ns, wanted, codec);
	if (r < 0)
		return r;
	ladder->packets[ladder->packet_count++] = (struct packet){ns, wanted.from, wanted.to};
	ladder->packets_sorted = false;
	return 0;
}
