/* The control plane's end of the link (include/xfergate/link.h), as fast as it goes: many commands a packet and many
 * outstanding. Called from Python (rig.py), so that everything is a plain function. One thread. */
#pragma once

#include <stdint.h>
#include "xfergate/link.h"

struct link_client;

/* STATS, summed up. */
struct link_client_stats {
	uint64_t received, forwarded, to_kernel, turns, busy_turns; /* all workers */
	uint64_t endpoints;
	uint64_t drops[XF_DROP_COUNT];
};

/* DUMP of all, summed up. */
struct link_client_summary {
	uint64_t endpoints, resolved, patched, locked;
	uint64_t received, sent, sent_least, sent_most, wrong_source, dropped;
};

/* Connects and says hello. NULL with errno. */
struct link_client *link_client_create(const char *path);
void link_client_destroy(struct link_client *client);

/* All: 0 or -errno; of a command that was refused, the first one's result. */

/* Endpoints 0 to flows - 1, each to its sender (media_plan.h); worker: by its number and its partner's. */
int link_client_open(struct link_client *client, uint32_t flows);
/* Each hears its partner. */
int link_client_patch(struct link_client *client, uint32_t flows);
/* Nobody may send SIP; and captures begin. */
int link_client_sources(struct link_client *client);
int link_client_stats(struct link_client *client, struct link_client_stats *stats);
int link_client_summary(struct link_client *client, struct link_client_summary *summary);
const char *link_client_drop_name(unsigned drop);
unsigned link_client_drop_count(void);

#define LINK_CLIENT_MOVES 4 /* in a batch: two receivers change sources with two others */

/* A batch of moves and what became of it. */
struct link_client_batch {
	uint64_t now_ns; /* of the ACK */
	uint32_t sequence;
	int32_t result;
	uint32_t outstanding; /* batches that were not acknowledged when it was sent, itself included */
	uint32_t zero;
	uint32_t to[LINK_CLIENT_MOVES], from[LINK_CLIENT_MOVES];
};

/* How batches are sent: `group` of them, a packet each, every period_ns, `groups` times. */
struct link_client_pace {
	uint64_t period_ns;
	uint32_t group, groups;
};

/* Moves patches at random, each source to one receiver all the time. sources: whom each of the flows' receivers hears,
 * kept up to date; random: state of the generator, not 0; batches: room for all. 0 or -errno; refused batches say so
 * themselves. */
int link_client_moves(struct link_client *client, const struct link_client_pace *pace, uint32_t *sources,
		      uint32_t flows, uint64_t *random, struct link_client_batch *batches);
