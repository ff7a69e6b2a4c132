/* Fragments of SIP: put together before they are screened, so that what the kernel gets is what was screened, whole.
 *
 * All fragments of a peer are one worker's, the one that has its buckets: its share of the room is exact, and its
 * datagrams need no second way. A fragment is copied to its place in a buffer for the whole datagram and freed at once,
 * so that nothing of a port's own buffers is held back.
 *
 * A datagram whose fragments overlap is given up, with what of it is still to come (RFC 5722, for IPv4 as well); an
 * exact copy of a fragment is dropped alone (RFC 8200 4.5). Every bound has its name: XF_DROP_FRAGMENT_*. */
#pragma once

#include <rte_mbuf.h>
#include "xfergate/addr.h"

#define FRAGMENTS_DATAGRAMS   64    /* under way at a worker, given up ones included */
#define FRAGMENTS_PEER	      16    /* of them, a peer's */
#define FRAGMENTS_EACH	      16    /* a datagram */
#define FRAGMENTS_BYTES	      16384 /* of a datagram, behind its IP header */
#define FRAGMENTS_FIRST_LEAST 256   /* bytes of a first fragment likewise: no sender's path has an MTU below 552 */
#define FRAGMENTS_NS	      1000000000ull /* from a datagram's first fragment to its last */
#define FRAGMENTS_HEADERS     256	    /* Ethernet, tag, IP and what stands before IPv6's fragment header */

/* A buffer of the pool that datagrams are put together in, and how many a worker needs: those under way, and those that
 * wait for the kernel. */
#define FRAGMENTS_BUFFER  (RTE_PKTMBUF_HEADROOM + FRAGMENTS_HEADERS + FRAGMENTS_BYTES)
#define FRAGMENTS_BUFFERS (FRAGMENTS_DATAGRAMS + 32)

struct packet;
struct worker;

struct fragments_piece {
	uint16_t at, len;
};

struct fragments_datagram {
	struct xf_addr src, dst;
	uint64_t since_ns;
	struct rte_mbuf *whole; /* NULL: given up */
	uint16_t peer;
	uint16_t vlan;		       /* that they come by; 0: none */
	uint16_t l3, headers, next_at; /* of the first fragment; headers 0: it has not come */
	uint16_t bytes, end;	       /* there; of the datagram, 0: not known */
	uint8_t proto;
	uint8_t drop; /* enum xf_drop: why it was given up */
	uint8_t count;
	struct fragments_piece pieces[FRAGMENTS_EACH];
};

/* Of a worker; all its own. */
struct fragments {
	uint64_t used; /* bit a datagram */
	uint32_t ids[FRAGMENTS_DATAGRAMS];
	struct fragments_datagram datagrams[FRAGMENTS_DATAGRAMS];
};
_Static_assert(FRAGMENTS_DATAGRAMS == 64, "fragments.used is a bit a datagram");

/* A packet of VERDICT_FRAGMENT; takes ownership. The datagram in one buffer, from Ethernet on, as if it had come so, if
 * this was what it lacked; NULL: not yet, or dropped, or handed over. Owner's core. */
struct rte_mbuf *fragments_take(struct worker *worker, const struct packet *packet, uint64_t now_ns);
/* Gives up what has waited too long; how many datagrams. When worker.fragments_due_ns has come. */
unsigned fragments_run(struct worker *worker, uint64_t now_ns);
/* Frees what is under way. When the worker's core has ended. */
void fragments_fini(struct worker *worker);
