/* The wires between the parties and the gateway. Each side's network loses, repeats, delays, reorders and is cut. */
#pragma once

#include "sim.h"

struct datagram {
	struct xf_sockaddr from, to;
	const uint8_t *data;
	size_t len;
	enum sim_network network;
};

/* Whose network an address of a party belongs to; -1: none's. */
int network_of(const struct xf_addr *addr);
/* The gateway's SIP socket there. */
struct xf_sockaddr network_gateway(const struct sim *sim, enum sim_network network);
/* From a party to the gateway. */
void network_send(struct sim *sim, const struct xf_sockaddr *from, const struct xf_sockaddr *to, const void *data,
		  size_t len);
/* A frame that the gateway has sent: judged, then brought to whom it is for. */
void network_frame(struct sim *sim, unsigned port, const void *frame, size_t len);
