/* The express way: for nearly all packets of a call that is up. RTP over IPv4 or IPv6 without options or extension
 * headers, tagged or not, with a plain RTP header and a checksum, from the locked source, next in its stream, to the
 * one receiver that is in lockstep with it (lockstep.h). It looks ahead over a whole burst, so that no packet waits for
 * memory.
 *
 * Whatever is different in the least takes the long way (classify, media), which knows all rules; what comes out of
 * either way is the same, byte for byte. */
#pragma once

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "loop.h"
#include "rtp.h"

#define EXPRESS_ETHER sizeof(struct rte_ether_hdr)
#define EXPRESS_V4    sizeof(struct rte_ipv4_hdr)
#define EXPRESS_V6    sizeof(struct rte_ipv6_hdr)
#define EXPRESS_UDP   sizeof(struct rte_udp_hdr)
#define EXPRESS_PLAIN (EXPRESS_ETHER + EXPRESS_V4 + EXPRESS_UDP) /* offset of RTP in most frames */

/* A burst that is being looked at. */
struct express {
	struct endpoint *from[WORKER_BURST]; /* the place of the endpoint that a packet leads to, or NULL */
	struct endpoint *to[WORKER_BURST];   /* whom it feeds; NULL: not for the express way */
	uint8_t rtp[WORKER_BURST];	     /* offset of the RTP header */
};

/* express_look.c */

/* For worker.port_words. */
uint64_t express_port_word(const struct worker_port *port);

/* n <= WORKER_BURST. Reads packets and tables, changes nothing. */
void express_look(const struct worker *worker, struct express *express, struct rte_mbuf *const *pkts, unsigned n);

/* Packets `at` to n - 1 again, after others have taken the long way, which may have changed who feeds whom. */
void express_look_to(const struct worker *worker, struct express *express, unsigned at, unsigned n);

/* express.c */

/* Forwards packets from `at` on that express_look found, and takes ownership, up to the first, or n, that it says no
 * to: of that one it has changed nothing. Returns which. Whoever calls counts them (worker_stats.forwarded). */
unsigned express_forward(struct worker *worker, const struct express *express, struct rte_mbuf **pkts, unsigned at,
			 unsigned n, uint64_t now_ns);
