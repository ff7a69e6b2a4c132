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
