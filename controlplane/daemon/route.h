/* The kernel's routes, one question at a time over netlink. Synchronous: the kernel answers within the call. And its
 * word that they may have changed, from the loop. */
#pragma once

#include <event2/event.h>
#include "core/env.h"
#include "xfergate/config.h"

struct route;

/* 0 or -errno. `config` must outlive it. */
int route_open(struct route **out, const struct config *config);
void route_close(struct route *route);

/* `changed` is called from the loop when routes, rules, next hops, addresses or links have changed in any way, or
 * notices of that were lost; often once for many. Once only. 0 or -errno. */
int route_watch(struct route *route, struct event_base *base, void (*changed)(void *arg), void *arg);

/* Which network's port the kernel would use to reach `to`, and the neighbour it would send to. 0; -ENETUNREACH: no
 * route, our own address, or a route that leaves by no port of ours. */
int route_look_up(struct route *route, const struct xf_addr *to, struct seam_route *out);
