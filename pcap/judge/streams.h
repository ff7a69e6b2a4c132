/* All RTP streams of one place, in order of appearance. */
#pragma once

#include <jansson.h>
#include "judge/stream.h"
#include "judge/strmap.h"

struct streams {
	struct stream *stream;
	uint32_t *order_next; /* chains of the hash table: index + 1 */
	uint32_t count, room;
	uint32_t *buckets; /* index + 1 of the latest */
	uint32_t last;	   /* the one that was found last: packets come in runs */
};

int streams_init(struct streams *streams);
void streams_fini(struct streams *streams);
/* Counts it where it belongs. NULL: no memory. */
struct stream *streams_add(struct streams *streams, uint64_t ns, const struct xf_sockaddr *from,
			   const struct xf_sockaddr *to, const struct rtp_packet *packet);
json_t *streams_json(const struct streams *streams);

/* Media addresses that SDPs have named. */
struct media_names {
	struct strmap known;
	bool failed; /* no memory: some are not there */
};

/* Adds what an SDP in the message names. */
void media_names_learn(struct media_names *names, const void *message, size_t len);
bool media_names_has(const struct media_names *names, const struct xf_sockaddr *address);
void media_names_fini(struct media_names *names);
