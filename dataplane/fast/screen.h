/* The screen: what SIP over UDP from a known peer must get through on its way to the kernel, in this order: the peer's
 * bucket of packets, the scan, the peer's bucket of that class of message, the operator's signatures. Each drop has its
 * name (XF_SCREEN_DROPS). Keep-alives are charged to the packets' bucket only. What the scan refuses counts as another
 * request, or is dropped by name, as configured.
 *
 * A peer's buckets belong to one worker; a packet that another one polled is handed over to it. */
#pragma once

#include "screen/buckets.h"
#include "screen/signatures.h"
#include "xfergate/sip_scan.h"

#define SCREEN_BURST 32 /* packets at a time, at most */

struct packet;
struct worker;

/* What a worker screens by. All NULL: known peers' SIP is scanned and counted, and passes. */
struct screen_rules {
	const struct signatures *signatures; /* shared, read-only */
	struct signatures_scratch *scratch;  /* this worker's; NULL only if signatures is */
	struct buckets *buckets;	     /* this worker's, and nobody else's; NULL: nobody has limits */
	bool malformed_drop;
};

/* A packet on its way through the stage. */
struct screen_message {
	const uint8_t *data; /* of its datagram */
	bool looked_at;	     /* by the signatures: spans and hits are set */
	uint8_t drop;	     /* enum xf_drop; XF_DROP_COUNT: it passes */
	struct sip_span spans[SIGNATURE_PLACE_COUNT];
	struct signatures_hits hits;
};

/* Of a worker; all its own. */
struct screen {
	struct screen_rules rules;
	struct sip_scan scan;
	struct screen_message messages[SCREEN_BURST];
};

/* n <= SCREEN_BURST packets of VERDICT_SIP; takes ownership. What passes keeps its order. Owner's core. */
void screen_stage(struct worker *worker, const struct packet *packets, unsigned n, uint64_t now_ns);
/* To the worker that has the peer's buckets; takes ownership. Half of the way there is kept free for media: a flood of
 * SIP fills the other. Owner's core. */
void screen_handover(struct worker *worker, const struct packet *packet);
