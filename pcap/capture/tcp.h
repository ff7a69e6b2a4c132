/* TCP streams of a capture, followed in both directions, and the SIP messages in them.
 *
 * Bytes count in the order of their sequence numbers; what came first stands when segments overlap. A hole is given up
 * (a gap) when the receiver has acknowledged what lies in it, when 64 kB or 256 segments wait behind it, after 10 s,
 * and at the end. 1024 streams; the one longest silent goes for another.
 */
#pragma once

#include "ip.h"

struct capture_tcp;

int capture_tcp_create(struct capture_tcp **out, struct capture_notes *notes); /* notes outlive it */
void capture_tcp_destroy(struct capture_tcp *tcp);
/* A TCP packet; capture_tcp_next must have said 0 before. 0, -ENODATA (cut within its header), -EBADMSG, -ENOMEM. */
int capture_tcp_add(struct capture_tcp *tcp, const struct capture_ip *ip, uint64_t ns, uint64_t number);
/* No packet comes any more; call it once, then capture_tcp_next until it says 0. */
void capture_tcp_end(struct capture_tcp *tcp);
/* 1: *unit is a message, valid until the next call of anything here; 0: none; -ENOMEM. */
int capture_tcp_next(struct capture_tcp *tcp, struct capture_unit *unit);
