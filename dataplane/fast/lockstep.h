/* A source and its one receiver in lockstep: each packet of the source is sent on, and nothing else goes into the
 * receiver's stream. Then the stream is wherever the source is, but for differences that do not change, and a packet on
 * the express way need not write to its receiver at all: line 0 of the source says what has been sent, too.
 *
 * So while `lockstep` of a source is set, of its follower these are kept as what they are less what the source counts:
 * stream.in_ext and .out_ext less seq_ext, .packets less rx_packets, .octets less the payload in rx_bytes, tx_bytes
 * less rx_bytes; and stream.in_timestamp and .out_timestamp are those of when it began. Whoever wants to read or to
 * change any of it, what feeds the receiver, whom the source feeds, a lock, a way, a pause, a prompt or a capture, ends
 * the lockstep first. The next packet takes the long way (media.c) and may begin another.
 *
 * All of it on the owner worker of both; other threads read through endpoint_state. */
#pragma once

#include "endpoint.h"
#include "flow.h"

/* After a packet of `from`, the newest of its stream, was mapped to `to`: its next ones of this payload type may take
 * the express way, if that is all that there is to do with them. pt_out: what `to` makes of pt_in. */
void lockstep_begin(struct endpoint *from, struct endpoint *to, uint8_t pt_in, uint8_t pt_out);

/* Ends that of `from` with its receiver, if there is one. */
void lockstep_end(const struct flow_table *flows, struct endpoint *from);

/* Ends that of the source of `to` with it, if there is one, and returns the source then; else NULL. */
struct endpoint *lockstep_end_to(const struct flow_table *flows, struct endpoint *to);

/* Both. */
void lockstep_leave(const struct flow_table *flows, struct endpoint *endpoint);

/* After lockstep_end_to, what came between having changed nothing of the two: goes on. from: NULL: nothing. */
void lockstep_resume(struct endpoint *from, struct endpoint *to);
