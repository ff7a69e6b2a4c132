/* Packets of a file in order of time: each is held until one has come that is more than 1 s later.
 *
 * A packet whose time is more than 1 s before one already seen (a clock that was set, captures put one after the other)
 * starts a new order: what is held goes out before it. Held are at most 64 MB and 2^19 packets; beyond it the oldest
 * goes out early.
 */
#pragma once

#include "capture.h"

struct capture_order;

/* Takes file over. 0 or -ENOMEM (file stays the caller's). */
int capture_order_create(struct capture_order **out, struct capture_file *file);
void capture_order_destroy(struct capture_order *order);
/* 1: *packet, valid until the next call; 0: end; -ENOMEM; -EBADMSG and `why`: after all packets before the damage were
 * given. late: counts packets whose time is before that of the one before. */
int capture_order_next(struct capture_order *order, struct capture_packet *packet, uint64_t *late,
		       char why[static CAPTURE_WHY]);
