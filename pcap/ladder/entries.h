/* What a ladder holds, shared by its files. One thread at a time uses a ladder. */
#pragma once

#include "ladder/ladder.h"

enum entry_kind {
	ENTRY_MESSAGE,
	ENTRY_RTP, /* the first packet of a stream */
	ENTRY_NOTE,
};

struct entry {
	uint64_t ns;
	enum entry_kind kind;
	uint16_t from, to; /* lanes; of a note: 0 */
	bool repeated;
	char *text;    /* escaped, with room for the mark of a cut */
	size_t width;  /* its columns */
	char *media;   /* while it is drawn: packets from here to the next message, or NULL */
	size_t number; /* place in the order in which they were added */
};

struct packet {
	uint64_t ns;
	uint16_t from, to;
};

/* Streams that have begun: a hash table of `room` places (a power of two), filled to a half at most. */
struct stream {
	uint64_t id;
	uint16_t from, to;
	size_t entry; /* its arrow's place in entries, plus 1; 0: the place is free */
};

struct ladder {
	char **lanes; /* escaped names */
	size_t lane_count;
	struct entry *entries;
	size_t entry_count, entry_room;
	struct packet *packets;
	size_t packet_count, packet_room;
	bool packets_sorted;
	struct stream *streams;
	size_t stream_count, stream_room;
};

/* Doubles an array that is full. 0 or -ENOMEM. */
int entries_room(void **array, size_t *room, size_t used, size_t size);
/* 0, -ENOMEM or -EINVAL. */
int entries_add(struct ladder *ladder, struct entry entry, const char *text);

/* Writes into the `media` of the entries that begin a stretch (each message, and the first entry) the packets of that
 * stretch: "caller 150/148, agent 148/150". `order`: the entries by time. 0 or -ENOMEM. */
int media_count(struct ladder *ladder, struct entry *const *order, int hub);
