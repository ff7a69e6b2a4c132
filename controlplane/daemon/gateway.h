/* The world around one plane: sockets, names, routes, clock and randomness, wired to plane/plane.h and the seam. Main
 * thread. */
#pragma once

#include <event2/event.h>
#include "daemon/privileges.h"
#include "xfergate/config.h"

struct gateway;

/* The rungs of main()'s ladder, in this order. All 0 or -errno, and logged where it is known what is wrong. Each may be
 * followed by gateway_close. */
int gateway_open(struct gateway **out, const struct config *config);
int gateway_open_sip(struct gateway *gateway);
int gateway_open_api(struct gateway *gateway, const struct identity *identity);
int gateway_open_link(struct gateway *gateway);
int gateway_open_kernel(struct gateway *gateway); /* routes, names */
int gateway_open_signals(struct gateway *gateway);
int gateway_open_plane(struct gateway *gateway);

/* Until the plane has stopped after a signal. 0 or -EIO (the loop failed). */
int gateway_run(struct gateway *gateway);
/* The mirror of the above. */
void gateway_close(struct gateway *gateway);
