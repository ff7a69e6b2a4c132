/* The inside of a worker, for the files of the loop. Everything here is the owner core's, but for the counters, which
 * others read relaxed. */
#pragma once

#include "classify.h"
#include "counter.h"
#include "dtmf.h"
#include "endpoint.h"
#include "flow.h"
#include "fragments.h"
#include "index_set.h"
#include "meter.h"
#include "prompt.h"
#include "report.h"
#include "strangers.h"
#include "worker.h"

#define LOOP_QUEUE    64 /* packets gathered before they are given away */
#define LOOP_COMMANDS 16 /* taken up in one turn */
#define LOOP_RING     1024
#define LOOP_TIMEOUTS 8	  /* endpoints looked at in one turn */
#define LOOP_ARMED    32  /* armed patches looked at in one turn */
#define LOOP_PROMPTS  128 /* packets of prompts in one turn */

/* Packets gathered for one place. */
struct loop_queue {
	unsigned n;
	struct rte_mbuf *pkts[LOOP_QUEUE];
};

/* Who hears a prompt, by the millisecond in which its packet is due. It takes as long to go round as a packet lasts, so
 * an endpoint stays in its slot for as long as its prompt plays. */
struct prompt_wheel {
	uint32_t slots[PROMPT_MS]; /* first of each, or XF_ENDPOINT_NONE */
	unsigned slot_count[PROMPT_MS], count;
	uint64_t ms;   /* of the slot that is next, or is being played if begun */
	uint32_t next; /* in it, if begun; XF_ENDPOINT_NONE: no more */
	bool begun;
};

struct worker {
	unsigned index, workers, port_count;
	const struct flow_table *flows;
	struct classify_tables tables;
	struct worker_ops ops;
	struct worker_port ports[WORKER_MAX_PORTS];
	struct rte_ring *handover_in[WORKER_MAX], *handover_out[WORKER_MAX];
	struct rte_ring *commands, *done;
	bool received;	 /* something, since the last turn */
	uint64_t now_ns; /* of the burst or turn under way, for captures */
	struct meter meter;
	/* What a frame's first six bytes must be, as a word of eight shifted by two bytes, and below them the port's
	 * VLAN: without a tag no frame has one, so the one compare that all pay for refuses it where a port has. */
	uint64_t port_words[WORKER_MAX_PORTS];

	struct loop_queue out[WORKER_MAX_PORTS];
	struct loop_queue kernel[WORKER_MAX_PORTS], urgent[WORKER_MAX_PORTS];
	struct loop_queue handover[WORKER_MAX];

	struct index_set owned, armed;	 /* endpoints; of these, those with `armed` */
	uint64_t *sets;			 /* their memory */
	uint32_t owned_next, armed_next; /* to be looked at */
	uint64_t timeout_due_ns;	 /* when the next are due, if there is traffic */
	uint64_t owed_due_ns;		 /* when events that found no room are tried again */

	struct prompt_set *prompts; /* NULL: there are none */
	struct rte_mempool *pool;   /* for their packets, and for reports; NULL: neither are sent */
	struct report_table reports;
	uint8_t secret[CNAME_SECRET];
	struct prompt_wheel prompt_wheel;

	struct worker_stats stats;
	struct dtmf dtmf;
	struct screen screen; /* behind what media uses */
	struct strangers strangers;
	struct fragments *fragments;
	struct rte_mempool *fragments_pool;
	uint64_t fragments_due_ns; /* when the next is too old; UINT64_MAX: there is none */
} __rte_cache_aligned;

/* worker.c */

/* Counts and frees. */
void loop_drop(struct worker *worker, struct rte_mbuf *mbuf, enum xf_drop drop);
/* Sends what is queued for the port. */
void loop_flush_out(struct worker *worker, uint16_t port);
/* Queues for the port; takes ownership. Does not count it. */
static inline void loop_queue_out(struct worker *worker, uint16_t port, struct rte_mbuf *mbuf)
{
	struct loop_queue *q = &worker->out[port];
	q->pkts[q->n++] = mbuf;
	if (unlikely(q->n == LOOP_QUEUE))
		loop_flush_out(worker, port);
}
/* Queues for the port, and counts it as forwarded; takes ownership. */
static inline void loop_transmit(struct worker *worker, uint16_t port, struct rte_mbuf *mbuf)
{
	counter_add(&worker->stats.forwarded, 1);
	loop_queue_out(worker, port, mbuf);
}
/* Queues for the port's kernel interface; takes ownership of the mbuf. */
void loop_kernel(struct worker *worker, uint16_t port, const struct packet *packet, bool urgent);
/* Queues for the worker that owns the packet's endpoint or its peer; takes ownership. */
void loop_handover(struct worker *worker, unsigned to, struct rte_mbuf *mbuf);

/* event.c: what the control plane is told. */

/* source may be NULL. False: there was no room; of what is told once the endpoint remembers that it owes it. */
bool loop_event(struct worker *worker, struct endpoint *endpoint, enum xf_link_event_type type,
		const struct xf_sockaddr *source, uint64_t now_ns);
/* Of an endpoint with `owes`: tells what is still true. How many were told. */
unsigned loop_event_owed(struct worker *worker, struct endpoint *endpoint, uint64_t now_ns);
/* One that is ready; false: there was no room. It is counted unless it was owed already. */
bool loop_event_post(struct worker *worker, const struct xf_link_event *event, bool owed);
/* Whether what is owed may be tried again: the ring that was full is left alone for a while. */
static inline bool loop_event_again(const struct worker *worker, uint64_t now_ns)
{
	return now_ns >= worker->owed_due_ns;
}

/* media.c: packets to media addresses and ports, sorted by classify; takes ownership. */
void media_stage(struct worker *worker, struct packet *packets, unsigned n, uint64_t now_ns);
/* Counts a packet of a valid source that is not passed on; the packet stays the caller's. */
void media_count_drop(struct worker *worker, struct endpoint *endpoint, enum xf_drop drop);

/* media_rtcp.c */

/* One packet for an endpoint of this worker; takes ownership. */
void media_rtcp(struct worker *worker, struct endpoint *endpoint, const struct packet *packet, uint64_t now_ns);
/* A report of our own, if one is due. Whether it was sent. */
bool media_rtcp_own(struct worker *worker, struct endpoint *endpoint, uint64_t now_ns);
/* The endpoint's last report and its BYE, if it has sent anything. */
void media_rtcp_bye(struct worker *worker, struct endpoint *endpoint, uint64_t now_ns);

/* capture.c: copies of an endpoint's packets, kept out of the way of all others. `payload` is UDP's. */
void capture_received(struct worker *worker, struct endpoint *endpoint, const struct packet *packet,
		      const uint8_t *payload);
void capture_sent(struct worker *worker, struct endpoint *endpoint, const struct xf_sockaddr *from,
		  const struct xf_sockaddr *to, const uint8_t *payload, uint16_t len);

/* The same of RTP that is ready to be sent: `len` bytes of UDP payload behind the endpoint's header. */
void capture_rtp(struct worker *worker, struct endpoint *endpoint, const struct rte_mbuf *mbuf, uint16_t len);

/* patch.c */

/* A whole batch or nothing. 0; -ENOENT, -ESTALE, -EXDEV, -EMLINK (a source with more than ENDPOINT_SINKS receivers) or
 * -EINVAL (count, no such prompt), with the number of the first bad move in *detail. */
int patch_apply(struct worker *worker, const struct xf_link_patch *patch, uint64_t now_ns, uint32_t *detail);
/* The armed source becomes the source. */
void patch_fire(struct worker *worker, struct endpoint *to, enum xf_link_event_type type, uint64_t now_ns);
/* Removes what feeds the endpoint and what it feeds. */
void patch_clear(struct worker *worker, struct endpoint *endpoint);

/* prompt.c */

/* NULL: there is no prompt of that number. */
struct prompt *prompt_get(const struct worker *worker, uint32_t number);
/* What the endpoint plays from now on; NULL: nothing. The one that it plays already goes on. The stream's mapping is
 * the caller's: a prompt whose stream is not mapped to it begins anew. Beside a source (the endpoint's present one) it
 * waits for that to be silent. */
void prompt_play(struct worker *worker, struct endpoint *endpoint, struct prompt *prompt, uint64_t now_ns);
/* Its prompt falls silent, if it is heard, for a packet of somebody else's goes into the stream now. */
void prompt_yield(struct endpoint *endpoint);
/* Its prompt, there is one, waits until that packet's source has been silent for a while. */
void prompt_wait(struct endpoint *endpoint, uint64_t now_ns);
/* Sends what is due, a bounded share; how much was looked at. */
unsigned prompt_run(struct worker *worker, uint64_t now_ns);

/* command.c: takes up to LOOP_COMMANDS; how many. */
unsigned command_run(struct worker *worker, uint64_t now_ns);
/* The endpoint that a command names. 0, -ENOENT, -ESTALE or -EXDEV. */
int command_endpoint(const struct worker *worker, struct endpoint **out, const struct xf_endpoint_id *id);

/* deadlines.c: armed limits and media time-outs, a bounded share; how many have passed. */
unsigned deadlines_run(struct worker *worker, uint64_t now_ns);
