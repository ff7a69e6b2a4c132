/* The dataplane whole, its workers on threads of their own, the main thread the test's: packets go in and come out by
 * rings, the clock is a number, the link is memory. */
#pragma once

#include <pthread.h>
#include "../fast/rig.h"
#include "plane/dplane.h"
#include "plane/link_record.h"

#define LANES	  3
#define LANE_RING 512

/* What no worker may let pass to the kernel. */
#define LANES_STRANGER4 "192.0.2.66"
#define LANES_STRANGER6 "2001:db8:bad:1::50"
#define LANES_BAD	"always-bad"

/* A worker's thread. */
struct lane {
	struct lanes *lanes;
	unsigned index;
	struct rte_ring *in, *out;	    /* packets from and to the main thread */
	struct rte_ring *plans, *plans_old; /* plans for its token buckets, and back */
	struct buckets *buckets;	    /* the worker's */
	uint64_t kernel, wrong;		    /* written by the lane; read after it has ended */
	pthread_t thread;
};

struct lanes {
	struct rig rig; /* for frames: what rig_frame, rig_mbuf and rig_seen use */
	struct config config;
	struct config_network networks[2];
	struct xf_addr media[2];
	struct dplane *dplane;
	struct lane lanes[LANES];
	cpu_set_t processors;
	uint64_t now_ns; /* written by the main thread */
	bool stop;	 /* likewise */
	uint64_t random;
	uint32_t sequence;
	/* A record of the link, on the main thread. */
	void (*record)(const struct link_view *view);
};

/* The plane is up and greeted, and runs: sources are none, SIP is 192.0.2.1 and 2001:db8::1 at 5060, media likewise.
 * configure: the rest of the configuration. */
void lanes_start(struct lanes *lanes, void (*configure)(struct config *config),
		 void (*record)(const struct link_view *view));
/* Its threads have ended; the plane is there to be looked at. */
void lanes_stop(struct lanes *lanes);
/* Fails the test if a packet is lost. */
void lanes_destroy(struct lanes *lanes);

/* 0 to below - 1; always the same ones. */
unsigned lanes_random(struct lanes *lanes, unsigned below);
/* To any worker; waits if it has much to do. */
void lanes_frame(struct lanes *lanes, const struct frame *frame);
/* A command; its sequence number. */
uint32_t lanes_post(struct lanes *lanes, uint16_t type, const void *body, size_t len);
/* A turn of the main thread; what the workers sent is given to `sent`, which frees it. */
void lanes_turn(struct lanes *lanes, void (*sent)(struct lanes *lanes, struct rte_mbuf *mbuf));
/* Whether a worker has packets that it has not looked at. */
bool lanes_busy(const struct lanes *lanes);
/* A plan for a worker's buckets; NULL: only those that come back. The latter, or NULL. */
const struct buckets_plan *lanes_plan(struct lanes *lanes, unsigned lane, struct buckets_plan *plan);
