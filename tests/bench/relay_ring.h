/* What comes in on an interface, IPv4 only, as the kernel writes it into a ring shared with it (packet(7),
 * TPACKET_V2). One thread. */
#pragma once

#include <stdint.h>

struct relay_ring;

/* 0 or -errno. */
int relay_ring_create(struct relay_ring **out, unsigned interface);
/* NULL is fine. */
void relay_ring_destroy(struct relay_ring *ring);

/* The next packet from its IP header on, *len bytes; NULL: none. Valid until it is given back. */
const uint8_t *relay_ring_next(struct relay_ring *ring, uint32_t *len);
void relay_ring_give_back(struct relay_ring *ring);
