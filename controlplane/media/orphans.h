/* Endpoints that are open in the dataplane but not ours: of a control plane that is gone. They go on forwarding until
 * their media time-out; until then nobody else may have their ports. One thread. */
#pragma once

#include "media/ports.h"

struct orphan {
	struct xf_endpoint_id id;
	bool marked; /* its port was marked as used by us */
	bool seen;   /* in the dump that is under way */
};

struct orphans {
	struct orphan *orphan; /* by rising index */
	uint32_t count, room;
	struct ports *ports;
};

void orphans_init(struct orphans *orphans, struct ports *ports);
void orphans_fini(struct orphans *orphans);
/* Indices must rise from one to the next. 0 or -ENOMEM. */
int orphans_add(struct orphans *orphans, struct xf_endpoint_id id);
/* It is gone: its port rests. Others than orphans are ignored. */
void orphans_gone(struct orphans *orphans, struct xf_endpoint_id id, uint64_t now_ns);
void orphans_clear(struct orphans *orphans, uint64_t now_ns);

/* Around a new dump: begin, each row, end. Those that it did not show are gone. */
void orphans_look_begin(struct orphans *orphans);
void orphans_look(struct orphans *orphans, struct xf_endpoint_id id);
void orphans_look_end(struct orphans *orphans, uint64_t now_ns);
