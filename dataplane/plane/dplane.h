/* The dataplane whole, as a library: its workers, the main thread's book of endpoints, the source table, admitted
 * addresses, and its end of the link. No clock, socket, thread, NIC or randomness: the daemon (host/) wires it to the
 * real ones, the replay tool and the simulation to memory.
 *
 * Threads: functions marked "worker" run on the named worker's core, all others on the main thread. Where nothing runs
 * in parallel (replay) one thread calls both.
 */
#pragma once

#include "fast/worker.h"
#include "xfergate/config.h"

struct dplane;
struct rte_rcu_qsbr;
struct sound_list;

struct dplane_port {
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t vlan; /* tag of what is sent, and of what is taken; 0: sent without, taken as it comes */
};

enum dplane_log_level {
	DPLANE_LOG_ERROR,
	DPLANE_LOG_WARNING,
	DPLANE_LOG_INFO,
};

struct dplane_seam {
	void *arg;
	/* What now_ns lacks to the time since 1970 in UTC, as it is when the plane is created. Reports of RTCP say the
	 * time; that it never jumps is worth more to those who compare two of them than that it is right. */
	uint64_t wall_offset_ns;
	/* Worker. As worker_ops; take ownership. */
	void (*transmit)(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n);
	void (*to_kernel)(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent);
	/* One packet on the link. 0; -EAGAIN: not now, dplane_main offers it again; else the connection is lost, and
	 * dplane_link_down is expected, from inside or later. Never called while no link is up. */
	int (*send_link)(void *arg, const void *packet, size_t len);
	/* The connection is to be closed, for the reason; dplane_link_down is expected, from inside or later. */
	void (*hang_up)(void *arg, const char *reason);
	/* Starts or stops watching a next hop; one watch a next hop and port, however many endpoints use it. What is
	 * found is told by dplane_neighbour, which may be called from inside this. */
	int (*neighbour_watch)(void *arg, unsigned port, const struct xf_addr *next_hop);
	void (*neighbour_release)(void *arg, unsigned port, const struct xf_addr *next_hop);
	/* Fills bytes that nobody can guess. */
	void (*random)(void *arg, void *buf, size_t len);
	/* Worker. The core's cycle counter and its rate, for what each stage costs. NULL, 0: there is none. */
	uint64_t (*cycles)(void);
	uint64_t cycle_hz;
	/* Fills what only the world knows of a port (name, driver, TAP, counters). NULL: nothing. Any thread. */
	void (*port_stats)(void *arg, unsigned port, struct xf_link_port *row);
	/* The same of a worker (its lcore). NULL: nothing. Any thread. */
	void (*worker_stats)(void *arg, unsigned worker, struct xf_link_worker *row);
	/* Adds the drops that the world counted itself. NULL: none. Any thread. */
	void (*add_drops)(void *arg, struct xf_link_drops *row);
	/* text: "key=value …". */
	void (*log)(void *arg, enum dplane_log_level level, const char *event, const char *text);
};

/* rte_eal_init has been called. config, pool and seam.arg outlive the plane; one plane at a time in a process (its
 * rings have names). 0 or -errno, logged. */
int dplane_create(struct dplane **out, const struct config *config, const struct dplane_port *ports,
		  struct rte_mempool *pool, const struct dplane_seam *seam);
/* When no worker runs any more, and what was given to the kernel is freed. Neighbours that are still watched are
 * released; else the seam is not used but for the log. NULL is fine. */
void dplane_destroy(struct dplane *dplane);

unsigned dplane_workers(const struct dplane *dplane);
struct worker *dplane_worker(struct dplane *dplane, unsigned index);
/* For those that look. */
const struct flow_table *dplane_flows(const struct dplane *dplane);
/* Each worker reports every turn that it holds nothing. */
struct rte_rcu_qsbr *dplane_qsbr(struct dplane *dplane);
/* Worker: worker_turn, worker_flush and the report, for drivers without threads of their own. How much was done. */
unsigned dplane_worker_turn(struct dplane *dplane, unsigned index, uint64_t now_ns);
/* Is there something for the worker to take up (commands, packets handed over, a report that is waited for)? For
 * drivers without threads. What a worker does by the clock (armed limits, time-outs, prompts) needs turns as time goes
 * on. */
bool dplane_worker_pending(const struct dplane *dplane, unsigned index);
/* Likewise for dplane_main: commands done, events, what can be freed, packets for the link; not what seam.send_link has
 * put off by -EAGAIN: whoever did calls dplane_main when there is room again. */
bool dplane_main_pending(const struct dplane *dplane);

/* The main thread's turn: commands done and to do, header changes, events, what can be freed, orphans, the link's
 * packets. How much was done. */
unsigned dplane_main(struct dplane *dplane, uint64_t now_ns);

/* A control plane has connected: the former connection, if any, has been closed by the caller. */
void dplane_link_up(struct dplane *dplane, uint64_t now_ns);
void dplane_link_down(struct dplane *dplane, uint64_t now_ns);
/* Untrusted; 8-byte aligned; at most XF_LINK_PACKET_MAX. */
void dplane_link_packet(struct dplane *dplane, uint64_t now_ns, const void *packet, size_t len);
/* Commands posted and not done: above some thousands the caller reads no more of the link. */
unsigned dplane_outstanding(const struct dplane *dplane);

/* New signatures, as signatures_load makes them, on a thread of the caller's own; NULL: none any more. Takes ownership.
 * The workers take them up between two bursts; a rule that keeps its id keeps its count. 0 or -errno, logged; then the
 * former ones stay. */
int dplane_signatures(struct dplane *dplane, struct signatures *signatures);

/* The configuration's sounds read anew, as sound_list_load makes them, on a thread of the caller's own. Takes what is
 * in the list, which is empty then. The workers take them up between two bursts; an endpoint goes on with the sound
 * that it plays until that ends, and the control plane is told names and numbers anew. 0 or -errno, logged; then the
 * former ones stay: -ENOSPC (more names than there are numbers, in this life of the dataplane), -EBUSY (too much of
 * what was replaced is still played), -ENOMEM. */
int dplane_sounds(struct dplane *dplane, struct sound_list *sounds);

/* mac NULL: not resolved (any more). */
void dplane_neighbour(struct dplane *dplane, unsigned port, const struct xf_addr *next_hop, const uint8_t *mac);

struct dplane_counts {
	uint32_t endpoints, neighbours, admitted;
	uint32_t in_limbo;	    /* taken away from the workers and not freed yet */
	uint64_t endpoint_bytes;    /* of DPDK's heap, kept for endpoints, open or to come */
	uint32_t fragmented;	    /* datagrams whose fragments have not all come */
	uint32_t source_commits;    /* source tables that all workers have taken up so far */
	uint32_t signatures;	    /* rules in use */
	uint32_t sounds;	    /* of the configuration, in use */
	uint32_t sound_reloads;	    /* as signature_reloads */
	uint32_t sounds_retired;    /* replaced, and still played */
	uint32_t signature_reloads; /* replacements that all workers have taken up so far */
};
void dplane_counts(const struct dplane *dplane, struct dplane_counts *counts);

/* What the dataplane counts, row by row as on the link. Any thread, while the plane lives; indexes as they are on the
 * link, in range. */
void dplane_port_row(const struct dplane *dplane, unsigned port, struct xf_link_port *row);
void dplane_worker_row(const struct dplane *dplane, unsigned worker, struct xf_link_worker *row);
void dplane_drops_row(const struct dplane *dplane, struct xf_link_drops *row);
void dplane_peer_row(const struct dplane *dplane, unsigned peer, struct xf_link_peer *row);
void dplane_screen_row(const struct dplane *dplane, struct xf_link_screen *row);
/* Any thread: how many endpoints are open, or about to be. */
uint32_t dplane_endpoints_open(const struct dplane *dplane);
/* Any thread: the endpoint that is open on the index. 0 or -ENOENT. */
int dplane_endpoint_row(const struct dplane *dplane, uint32_t index, struct xf_endpoint_state *state);
