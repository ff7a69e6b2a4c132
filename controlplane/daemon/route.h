/* The kernel's routes, one question at a time over netlink. Synchronous: the kernel answers within the call. */
#pragma once

#include "core/env.h"
#include "xfergate/config.h"

struct route;

/* 0 or -errno. `config` must outlive it. */
int route_open(struct route **out, const struct config *config);
void route_close(struct route *route);

/* Which network's port the kernel would use to reach `to`, and the neighbour it would send to. 0; -ENETUNREACH: no
 * route, our own address, or a route that leaves by no port of ours. */
int route_look_up(struct route *route, const struct xf_addr *to, struct seam_route *out);
