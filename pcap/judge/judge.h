/* What came out of a replay: as figures (report), and beside what is expected of it (expect, accept).
 *
 * The judge is fed with what happened, in order of virtual time, and knows nothing of the planes. One thread.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>
#include "xfergate/addr.h"

#define JUDGE_WHY 512

struct judge;

/* keep: what --expect and --accept need of each packet is kept (some 24 bytes a packet of RTP). 0 or -ENOMEM. */
int judge_create(struct judge **out, bool keep);
void judge_destroy(struct judge *judge);

/* ---- being fed; ns: since the capture's first packet */

/* Every SIP message and other datagram of the capture, whoever sent it: gives the report's `captured` streams. RTP is
 * what goes to or comes from an address that an SDP seen before has named, in SIP or another protocol (as Wireshark
 * does). */
void judge_captured_sip(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
			const void *data, size_t len);
void judge_captured(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len);
/* A datagram that entered the gateway at a media address. */
void judge_received(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len);
/* A SIP message, RTP or RTCP packet that the gateway sent. */
void judge_sent_sip(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len);
void judge_sent(struct judge *judge, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		const void *data, size_t len);
/* A line of what people want to know in the end and what must stay the same: "transfer 1: connected to +1202…, 200",
 * "drop wrong-source: 3". No identifiers that change. */
void judge_outcome(struct judge *judge, const char *line);

/* ---- figures */

/* Array of streams as RFC 3550 counts them: {"from","to","ssrc","payload_type","codec","packets","expected","lost",
 * "duplicates","reordered","jitter_ms","longest_gap_ms","first_s","last_s"}. New reference; NULL: no memory. */
json_t *judge_captured_streams(const struct judge *judge);
json_t *judge_received_streams(const struct judge *judge);
json_t *judge_sent_streams(const struct judge *judge);
/* Longest silence, as far as it is in or reaches into [from_ns, until_ns], of who is behind an address and port of the
 * gateway: between two packets sent from there, or after the last one up to until_ns. UINT64_MAX: none was sent. */
uint64_t judge_longest_gap(const struct judge *judge, const struct xf_sockaddr *own, uint64_t from_ns,
			   uint64_t until_ns);

/* ---- expectation: DIR/sip.txt, DIR/rtp.txt, DIR/outcome.txt */

/* Stores what came out. 0, or -errno and `why`. */
int judge_accept(const struct judge *judge, const char *dir, char why[static JUDGE_WHY]);
/* 0: as stored; 1: it differs, and `out` says how, as a person would; -errno and `why`: it cannot be compared. */
int judge_expect(const struct judge *judge, const char *dir, FILE *out, char why[static JUDGE_WHY]);
