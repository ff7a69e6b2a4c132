/* Both planes in one process on a virtual clock, with memory in place of NICs, TAPs, sockets and the link: what replay,
 * the simulation, fuzzers and tests drive. Nothing here reads a clock or a socket: the same inputs give the same bytes.
 *
 * Actors take steps one at a time: worker 0 … n-1, the main thread of the dataplane, the control plane. Whenever
 * something is ready they are stepped in that order until nothing moves; or in the order that `choose` says.
 * One thread. Callbacks may call world_frame, world_datagram, world_rpc and world_resolved (they are queued), nothing
 * else.
 */
#pragma once

/* Before env.h: see NS_PER_S there. */
#include "plane/dplane.h"

#include "core/env.h"
#include "plane/plane.h"

/* Actors: 0 … workers-1 are workers. */
#define WORLD_MAIN(workers)    (workers)
#define WORLD_CONTROL(workers) ((workers) + 1)
#define WORLD_WAIT	       UINT32_MAX
#define WORLD_WAIT_NS	       50000 /* the clock goes on by so much when `choose` says to wait */

struct world;

struct world_ops {
	void *arg;
	/* An Ethernet frame leaves a port at world_now(). */
	void (*frame)(void *arg, unsigned port, const void *frame, size_t len);
	/* The control plane asks for a name; answered by world_resolved, at once or later. */
	void (*resolve)(void *arg, uint64_t query, const char *name);
	/* As seam.route. NULL, or -ENOENT: on-link by the ports' addresses, else the first network of that family whose
	 * port has an address of it; the next hop is the address itself. */
	int (*route)(void *arg, const struct xf_addr *to, struct seam_route *out);
	/* JSON-RPC line to the client of the request. NULL: thrown away. */
	void (*reply)(void *arg, uint64_t client, const char *json, size_t len);
	/* Of both planes; line: "event=… key=value …". NULL: thrown away. */
	void (*log)(void *arg, enum log_level level, const char *line);
	/* Which of the actors that have something to do (bit n: actor n) takes its step; or WORLD_WAIT. NULL: the
	 * lowest. */
	unsigned (*choose)(void *arg, uint32_t ready);
	/* Which worker's queue the frame comes in at. NULL: by a hash of addresses and ports, as RSS does. */
	unsigned (*spread)(void *arg, unsigned port, const void *frame, size_t len);
};

struct world_config {
	const struct config *config; /* outlives the world */
	struct world_ops ops;
	uint64_t seed;	   /* of all that is random in both planes */
	uint64_t start_ns; /* the clock at first; > 0 */
};

/* Once a process, before the first world: DPDK without hugepages, devices, files or root. argv0: for its messages.
 * 0 or -errno, said on stderr. */
int world_init(const char *argv0, unsigned memory_mb);

/* Both planes are up, the link between them is up, sources are in the screen. 0 or -errno. */
int world_create(struct world **out, const struct world_config *config);
void world_destroy(struct world *world);

uint64_t world_now(const struct world *world);
/* When something is due without anybody's input; UINT64_MAX: never. */
uint64_t world_next(const struct world *world);
/* Does all that is due up to and including until_ns, and sets the clock there (now or in the past: only what is ready
 * now). */
void world_run(struct world *world, uint64_t until_ns);
/* The clock jumps: what was due in between is late, as after a pause of the machine. */
void world_jump(struct world *world, uint64_t ns);

/* Arrives at world_now(); taken up by the next world_run. Copied. Ethernet frame, to the port's MAC (world_mac) or not.
 */
void world_frame(struct world *world, unsigned port, const void *frame, size_t len);
/* The same with an IP packet; the Ethernet header is added. */
void world_packet(struct world *world, unsigned port, const void *packet, size_t len);
/* A UDP datagram of at most 65,507 bytes, in fragments where the port's MTU asks for it. from and to: one family. */
void world_datagram(struct world *world, unsigned port, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len);
void world_rpc(struct world *world, uint64_t client, const char *line, size_t len);
void world_rpc_gone(struct world *world, uint64_t client);
void world_resolved(struct world *world, uint64_t query, const struct xf_addr *addrs, unsigned count, const char *why);

/* The port whose network has this SIP or media address; -1: none. */
int world_port_of(const struct world *world, const struct xf_addr *own);
const uint8_t *world_mac(const struct world *world, unsigned port);

/* ---- what can go wrong */

/* The link breaks (packets under way are lost), or is connected again. */
void world_link(struct world *world, bool up);
/* kill -9: its state is gone; what was under way to it is lost. Start: a new life with new randomness; the link comes
 * up when both are alive. The control plane can also be asked to stop in good order by plane_stop (world_stop). */
void world_control(struct world *world, bool alive);
void world_dataplane(struct world *world, bool alive);
void world_stop(struct world *world);
/* The next hops on a port are not resolved (any more), or are again. */
void world_neighbours(struct world *world, unsigned port, bool resolved);

/* ---- for those that look */
struct plane *world_plane(struct world *world);	  /* NULL: dead */
struct dplane *world_dplane(struct world *world); /* NULL: dead */

struct world_counts {
	uint64_t frames_in, frames_out;
	uint64_t sip_in, sip_out; /* datagrams at the control plane's sockets */
	uint64_t missed;	  /* frames too long for the port, or while its queue or the pool was full */
	uint64_t to_kernel_other; /* frames for the kernel that are no SIP: ARP, ND, ICMP, TCP */
	uint64_t drops[XF_DROP_COUNT];
	uint64_t peer_passed[XF_MAX_PEERS], peer_dropped[XF_MAX_PEERS];
	uint32_t mbufs;	     /* in use */
	uint64_t heap_bytes; /* DPDK's */
};
void world_counts(struct world *world, struct world_counts *counts);
/* Calls each(arg, row) for every open endpoint. */
void world_endpoints(struct world *world, void (*each)(void *arg, const struct xf_endpoint_state *state), void *arg);
