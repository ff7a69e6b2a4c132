/* The SIP sockets: one UDP socket a network. Main thread. */
#pragma once

#include <event2/event.h>
#include "xfergate/addr.h"

struct udp;

typedef void (*udp_handler)(void *arg, uint32_t network, const struct xf_sockaddr *from, const void *data, size_t len);

/* Binds to the address even before it is on an interface: the dataplane may set it later. The handler is called from
 * the loop. dscp, 0 to 63: of what is sent. 0 or -errno. */
int udp_open(struct udp **out, struct event_base *base, uint32_t network, const struct xf_sockaddr *local, uint8_t dscp,
	     udp_handler handler, void *arg);
void udp_close(struct udp *udp);
/* Best effort, as UDP is; never blocks. 0 or -errno. */
int udp_send(struct udp *udp, const struct xf_sockaddr *to, const void *data, size_t len);
