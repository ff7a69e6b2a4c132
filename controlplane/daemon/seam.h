/* struct seam over the daemon's sockets: what the plane gives to the world. */
#pragma once

#include "core/env.h"

struct api_socket;
struct dns;
struct link_socket;
struct route;
struct udp;

struct seam_world {
	struct udp **udp; /* by network */
	uint32_t network_count;
	struct api_socket *api;
	struct link_socket *link;
	struct dns *dns;
	struct route *route;
	uint64_t send_failed; /* datagrams that the kernel did not take */
};

/* `world` must outlive the seam; all of it is open when the plane uses it. */
void seam_wire(struct seam *seam, struct seam_world *world);
