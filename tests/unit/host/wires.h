/* The dataplane with its real ports and lcores, on devices made of rings (net_ring): the test is the wire. It puts
 * frames into any receive queue and takes what comes out of the transmit queues; the workers run host/lcore.c, the
 * ports are started by host/port.c, the clock is the daemon's. The link is memory.
 *
 * outside has a transmit queue for each worker, inside one for all: what others send there goes by worker 0. */
#pragma once

#include "../fast/rig.h"
#include "lcore.h"
#include "plane/dplane.h"
#include "plane/link_record.h"
#include "port.h"

#define WIRES_WORKERS 3
#define WIRES_RING    1024

enum { WIRES_OUTSIDE, WIRES_INSIDE, WIRES_PORTS };

/* A worker's turns, by the daemon's clock. A command that is acknowledged with the time T was applied at the end of the
 * turn that began then. So a packet was taken up after it if, and only if, `before` was T or later then. */
struct wires_turn {
	uint64_t before,
	    now;       /* in the turn before this one, and in this one: worker writes, any thread reads relaxed */
	uint64_t sent; /* bursts: worker releases, main thread acquires */
} __rte_cache_aligned;

struct wires {
	struct rig rig; /* for frames: what rig_frame, rig_mbuf and rig_seen use */
	unsigned workers;
	struct config config;
	struct config_network networks[WIRES_PORTS];
	struct config_port config_ports[WIRES_PORTS];
	struct xf_addr media[WIRES_PORTS];
	struct port ports[WIRES_PORTS];
	struct lcore_set lcores;
	struct dplane *dplane;
	struct rte_ring *in[WIRES_PORTS][WIRES_WORKERS], *out[WIRES_PORTS][WIRES_WORKERS + 1];
	uint64_t fed[WIRES_PORTS][WIRES_WORKERS]; /* frames: main thread releases, worker acquires */
	struct wires_turn turns[WIRES_WORKERS];
	bool ended[WIRES_WORKERS];
	uint64_t random;
	uint32_t sequence;
	uint64_t on_wire[WIRES_PORTS], to_kernel; /* frames that came out */
	/* Worker: a frame that its port has received, and one that it gives to a port. No assertions there. */
	void (*received)(unsigned worker, const uint8_t *frame);
	void (*sent)(unsigned worker, const uint8_t *frame);
	/* Main thread: a record of the link. */
	void (*record)(const struct link_view *view);
};

/* EAL, ports, plane and lcores run; the hooks and `workers` are set. Outside is 192.0.2.1, inside 2001:db8::1. */
void wires_start(struct wires *wires);
/* The workers have ended; what they wrote may be read. */
void wires_stop(struct wires *wires);
/* Fails the test if a packet is lost. */
void wires_destroy(struct wires *wires);

/* 0 to below - 1; always the same ones. */
unsigned wires_random(struct wires *wires, unsigned below);
/* To any queue of the port. */
void wires_frame(struct wires *wires, unsigned port, const uint8_t *frame, uint16_t len);
/* A command; its sequence number. */
uint32_t wires_post(struct wires *wires, uint16_t type, const void *body, size_t len);
/* A turn of the main thread; what came out of a port's queue is given to `out`, which does not free it. How much. */
unsigned wires_turn(struct wires *wires, void (*out)(unsigned port, unsigned queue, struct rte_mbuf *mbuf));
/* Frames to the kernel and drops of all workers: what went in and does not come out. */
uint64_t wires_gone(const struct wires *wires);
