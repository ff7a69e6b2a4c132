/* The inside of a world. One thread. */
#pragma once

#include <rte_mbuf.h>
#include <sys/queue.h>
#include "capture/capture.h"
#include "world/world.h"

#define WORLD_TICK_NS                                                                                                  \
	1000000ull /* workers and the main thread take a turn so often while there are endpoints or fragments */
#define WORLD_RETRY_NS	 250000000ull /* the control plane connects again after so long */
#define WORLD_RX_MAX	 1024	      /* frames that wait for a worker; more are missed, as at a NIC */
#define WORLD_SIP_MAX	 4096	      /* datagrams that wait at the control plane's sockets */
#define WORLD_LINK_MAX	 256	      /* packets under way on the link, each way */
#define WORLD_KERNEL_MAX 2048	      /* frames that wait for the kernel, as in the workers' rings */
#define WORLD_NO_TIME	 UINT64_MAX

/* Something that waits to be taken up by an actor. */
struct world_item {
	STAILQ_ENTRY(world_item) link;
	struct xf_sockaddr from;
	uint64_t number;      /* client, or query */
	uint32_t network;     /* or port */
	uint32_t addrs_count; /* answers of a look-up: bytes are addresses */
	bool gone;	      /* the client is; the look-up failed with these words */
	size_t len;
	_Alignas(8) uint8_t bytes[];
};

struct world_queue {
	STAILQ_HEAD(, world_item) items;
	unsigned count;
};

struct world_watch {
	LIST_ENTRY(world_watch) link;
	unsigned port;
	struct xf_addr addr;
};

/* A generator of its own for each plane, so that one's draws do not change the other's. */
struct world_random {
	uint64_t state[4];
};

struct world {
	const struct config *config;
	struct world_ops ops;
	uint64_t now_ns, tick_ns; /* WORLD_NO_TIME: no tick is due */
	uint64_t reconnect_ns;
	bool ticking_main;	/* of the tick that is under way */
	uint32_t ticking;	/* bit for each worker */
	uint32_t workers, main; /* main: actor number */

	/* control plane */
	struct plane *plane;
	struct seam seam;
	struct world_random control_random;
	struct world_queue sip, rpc, resolved, link_in; /* link_in: to the control plane */

	/* dataplane */
	struct dplane *dplane;
	struct dplane_seam dplane_seam;
	struct world_random data_random;
	struct rte_mempool *pool;
	struct dplane_port ports[WORKER_MAX_PORTS];
	bool deaf[WORKER_MAX_PORTS]; /* its next hops are not resolved */
	struct rte_mbuf *rx[WORKER_MAX][WORLD_RX_MAX];
	unsigned rx_count[WORKER_MAX];
	struct world_queue kernel, urgent, link_out; /* link_out: to the dataplane */
	LIST_HEAD(, world_watch) watches;

	/* link */
	bool link_allowed;	  /* it is not cut */
	bool connected;		  /* both ends know */
	bool control_told_lost;	  /* the control plane is still to hear that it is down */
	bool dataplane_told_lost; /* likewise */

	uint32_t ip_id;
	uint16_t tx_port; /* of the packet that is being sent */
	struct world_counts counts;
};

/* ---- queue.c */
void world_queue_init(struct world_queue *queue);
/* bytes NULL: only made. NULL: no memory, or (max > 0) the queue is full. */
struct world_item *world_queue_add(struct world_queue *queue, unsigned max, const void *bytes, size_t len);
struct world_item *world_queue_take(struct world_queue *queue); /* NULL: empty; freed by the caller */
void world_queue_clear(struct world_queue *queue);

void world_random_seed(struct world_random *random, uint64_t seed);
void world_random_fill(struct world_random *random, void *buf, size_t len);

/* ---- control.c */
void world_control_wire(struct world *world);
bool world_control_ready(const struct world *world);
void world_control_step(struct world *world);

/* ---- data.c */
void world_data_wire(struct world *world);
int world_data_start(struct world *world);
void world_data_stop(struct world *world);
bool world_worker_ready(const struct world *world, unsigned worker);
void world_worker_step(struct world *world, unsigned worker);
bool world_main_ready(const struct world *world);
void world_main_step(struct world *world);

/* ---- connect.c: the link's ends meet and part */
void world_connect(struct world *world);
/* Packets under way are lost; each end hears of it at its next step. */
void world_disconnect(struct world *world);

/* ---- wire.c */
struct xf_addr world_on_wire(const struct world *world, unsigned port);
void world_mac_of(uint8_t mac[6], const struct xf_addr *addr);
/* Sends an IP packet from a port to the next hop. */
void world_send_packet(struct world *world, unsigned port, const struct xf_addr *next_hop, const void *packet,
		       size_t len);
int world_route(struct world *world, const struct xf_addr *to, struct seam_route *out);

/* ---- kernel.c: what a TAP and the kernel behind it do */
/* A frame that the dataplane gave to the kernel. */
void world_kernel_frame(struct world *world, const void *frame, size_t len);
/* A datagram from the network's SIP socket. */
void world_kernel_send(struct world *world, uint32_t network, const struct xf_sockaddr *to, const void *data,
		       size_t len);
