/* The plane's seam to the real world: ports, TAPs, the kernel's neighbours and randomness, the link's socket, the log.
 */
#pragma once

#include "host.h"

/* host outlives the plane. Ports, kernel interfaces and neighbours stand before dplane_create. */
struct dplane_seam wire_seam(struct host *host);

/* For neighbour_init. arg: struct host. */
void wire_neighbour_changed(const struct neighbour *neighbour, void *arg);
/* For link_server_start: a packet of the control plane, and the end of a connection. arg: struct host. */
void wire_link_packet(const void *packet, size_t len, void *arg);
void wire_link_down(void *arg);
