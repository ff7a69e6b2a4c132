/* Whose address is it? Lanes of a ladder by the addresses that belong to them. */
#pragma once

#include "ladder/ladder.h"
#include "xfergate/addr.h"

#define TRACE_LANES 24 /* that appear by themselves; what comes after them shares one lane */

struct trace_place {
	struct xf_sockaddr address; /* port 0: any */
	int lane;
};

struct trace_lanes {
	struct ladder *ladder;
	struct trace_place *places;
	size_t place_count;
	char **names; /* by lane */
	int name_count;
	int others; /* lane of addresses that came too late; -1: none yet */
	bool given; /* only what trace_lanes_give was told has a lane */
};

void trace_lanes_init(struct trace_lanes *lanes, struct ladder *ladder);
void trace_lanes_fini(struct trace_lanes *lanes);
/* "NAME=ADDRESS[,ADDRESS]...", each address with or without a port. 0, -ENOMEM, or -EINVAL and `why`. */
int trace_lanes_give(struct trace_lanes *lanes, const char *text, char *why, size_t why_size);
/* The lanes of a packet's ends, made if they may appear by themselves: by address, and where both ends have the same
 * one, by address and port. 1; 0: an end has no lane; or -ENOMEM. */
int trace_lanes_find(struct trace_lanes *lanes, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		     int *from_lane, int *to_lane);
/* The lane of that name; -1: there is none. */
int trace_lanes_named(const struct trace_lanes *lanes, const char *name);
