/* The pool of media ports: which RTP/RTCP pairs are free, resting or used, per network.
 *
 * A port is named by its endpoint index (xfergate/endpoint.h). Free ports are taken in the order in which they were
 * released, over all media addresses of the network, so each rests as long as the load allows, and never shorter than
 * the quarantine: packets that are late for its last life must not meet its next one. One thread.
 */
#pragma once

#include "xfergate/config.h"
#include "xfergate/endpoint.h"

struct ports;

struct ports_counts {
	uint32_t free, resting, used;
};

/* seed: any number; the first order of the ports comes from it, so that it cannot be guessed. 0, -ENOMEM, or -EINVAL
 * (more media addresses or another port range than the link can name). */
int ports_create(struct ports **out, const struct config *config, uint64_t seed);
void ports_destroy(struct ports *ports);

/* The port that has rested longest. 0 or -ENOSPC (all are used or still resting). */
int ports_take(struct ports *ports, uint32_t network, uint64_t now_ns, uint32_t *index);
/* Somebody else has this port. 0, -EBUSY (used already), -ERANGE (not in the pool: nothing to keep it from). */
int ports_mark(struct ports *ports, uint32_t index);
/* The port rests from now on. Ports that are not used are left alone. */
void ports_release(struct ports *ports, uint32_t index, uint64_t now_ns);

/* Network of an index; XF_NONE: none has it. */
uint32_t ports_network(const struct ports *ports, uint32_t index);
/* Of all networks together. */
void ports_count(const struct ports *ports, uint64_t now_ns, struct ports_counts *counts);
