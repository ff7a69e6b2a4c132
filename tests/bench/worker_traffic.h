/* RTP over IPv4 in memory for the worker benchmark: N senders, each with one endpoint of the gateway, half of them
 * talking with the other half through it. */
#pragma once

#include <rte_mbuf.h>
#include "fast/endpoint.h"
#include "fast/flow.h"
#include "fast/worker.h"

#define TRAFFIC_BATCH	  1024 /* frames at a time, as many as a NIC's ring commonly holds */
#define TRAFFIC_RTP_LEN	  172  /* 20 ms of G.711 with its RTP header */
#define TRAFFIC_FRAME_LEN 214
#define TRAFFIC_PERIOD_NS 20000000ull

/* What the senders send to one side of the benchmark. */
struct traffic_line {
	uint8_t (*frames)[TRAFFIC_FRAME_LEN]; /* by sender: its last frame */
	uint64_t made;			      /* frames since the start */
};

struct traffic {
	unsigned flows;		     /* even */
	uint32_t *order;	     /* in which the senders send, the same in every period */
	int32_t *last_seq;	     /* by sender: the sequence that came out for it last; -1: none */
	struct traffic_line line[2]; /* to be swapped, to be forwarded */
	uint64_t now_ns;	     /* the worker's clock */
	struct rte_mempool *pool;
	struct rte_mbuf *in[TRAFFIC_BATCH], *out[TRAFFIC_BATCH];
	unsigned out_count;
	struct flow_table *flow_table;
	struct worker *worker;
};

/* EAL, worker, endpoints and patches. flows: 2 to 100,000, even. */
void traffic_init(struct traffic *traffic, unsigned flows);

/* Fills `in` with the line's next batch: each sender's sequence and timestamp go on from its last frame. */
void traffic_make(struct traffic *traffic, bool forwarded);

/* Looks at each frame in `out` and frees it. forwarded: what the worker must have made of it (addresses, checksums, an
 * unbroken sequence); else: what swapping must have. */
void traffic_take(struct traffic *traffic, bool forwarded);
