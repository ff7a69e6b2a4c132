/* A worker: one core's share of the dataplane, without clock, socket, lock, log or allocation in its loop.
 *
 * The worker library knows no threads and no ports. Whoever drives it hands it bursts and the time, and takes what it
 * sends through `ops`. The daemon drives it from an lcore with ethdev (host/lcore.c), replay and tests from memory.
 *
 * One turn: worker_begin(), worker_receive() for each burst, worker_turn(), worker_flush(). All on the owner's core
 * only.
 */
#pragma once

#include <rte_mbuf.h>
#include <rte_ring.h>
#include "xfergate/drop.h"
#include "cname.h"
#include "screen.h"
#include "xfergate/link.h"

#define WORKER_MAX	 16
#define WORKER_MAX_PORTS 8
#define WORKER_BURST	 32

struct worker;
struct endpoint;
struct endpoint_config;
struct flow_table;
struct source_table;
struct admitted;
struct prompt_set;
struct strangers;

/* What a worker gives away. Called on the worker's core; must not block. */
struct worker_ops {
	void *arg;
	/* Takes ownership of all n packets (Ethernet frames ready to send); frees and counts what the port refuses. */
	void (*transmit)(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n);
	/* Takes ownership. To the port's kernel interface. urgent: ARP, ND, ICMP, routing protocols. */
	void (*to_kernel)(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent);
	/* A hint for the control plane. False: there is no room for it. */
	bool (*event)(void *arg, const struct xf_link_event *event);
	/* Takes ownership of a struct xf_link_captured, cut after its last used byte. False: there was no room, and the
	 * packet stays the worker's. NULL: nothing is captured. */
	bool (*captured)(void *arg, struct rte_mbuf *pkt);
};

struct worker_port {
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t vlan; /* 802.1Q VLAN identifier that frames must have; 0: tagged or not, as they come */
} __rte_aligned(16);   /* a port is found by a shift */

struct worker_config {
	unsigned index;			    /* of this worker */
	unsigned workers;		    /* of all */
	int socket;			    /* NUMA, or SOCKET_ID_ANY */
	const struct flow_table *flows;	    /* shared: an endpoint is written by its owner only */
	const struct source_table *sources; /* at start; NULL: nobody is known. Replaced by COMMAND_SOURCES */
	const struct admitted *admitted;    /* shared, written by the main thread only; NULL: nobody is admitted */
	struct prompt_set *prompts;	    /* at start; NULL: there are none. Replaced by COMMAND_PROMPTS */
	struct rte_mempool *pool;	    /* for what prompts send; NULL only if prompts is */
	/* For datagrams put together from fragments: buffers of FRAGMENTS_BUFFER bytes, FRAGMENTS_BUFFERS for each
	 * worker that shares it; outlives what was given to the kernel. NULL: fragments of SIP are dropped, as no-mbuf.
	 */
	struct rte_mempool *fragments_pool;
	uint64_t wall_offset_ns;      /* what now_ns lacks to the time since 1970 in UTC, as it was once: for reports */
	uint8_t secret[CNAME_SECRET]; /* random, of this life of the dataplane: what CNAMEs are made from */
	struct worker_port ports[WORKER_MAX_PORTS];
	unsigned port_count;
	struct screen_rules screen;		   /* at start; signatures are replaced by COMMAND_SIGNATURES */
	struct rte_ring *handover_in[WORKER_MAX];  /* [from]; single producer, single consumer; NULL for itself */
	struct rte_ring *handover_out[WORKER_MAX]; /* [to] */
	struct worker_ops ops;
	uint64_t (*cycles)(void); /* the core's cycle counter, called by the worker; NULL: stages are not measured */
};

/* A command from the main thread to the owner worker. The main thread allocates it, checks it, and posts it on
 * worker_command_ring(); the worker applies it between two bursts, sets result and now_ns, and posts it back on
 * worker_done_ring(), where the main thread takes it and frees it. The worker never frees. */
enum command_type {
	COMMAND_OPEN,	    /* open, checked by endpoint_check; its place has been provided by flow_provide */
	COMMAND_UPDATE,	    /* id, settings, egress */
	COMMAND_CLOSE,	    /* id; nobody looks at the endpoint any more when it is done */
	COMMAND_PATCH,	    /* patch */
	COMMAND_HEADER,	    /* id, egress: next hop's MAC learned, changed or lost */
	COMMAND_SOURCES,    /* sources: the new table; the old one comes back in `sources` */
	COMMAND_CAPTURE,    /* id, on */
	COMMAND_PROMPTS,    /* prompts: the new set; the old one comes back */
	COMMAND_SIGNATURES, /* signatures, scratch: the new ones, or NULL; the old ones come back */
};

/* Ethernet part of an endpoint's egress header. */
struct egress {
	bool resolved;
	bool awaited; /* UPDATE: there is a next hop, not resolved yet; until it is, the present way to the same peer
			 by the same port is kept */
	uint16_t port;
	uint16_t vlan; /* 802.1Q VLAN identifier; 0: untagged */
	uint8_t dst_mac[6];
	uint8_t src_mac[6];
};

struct command {
	enum command_type type;
	struct xf_endpoint_id id;
	bool on;			    /* CAPTURE */
	const struct endpoint_config *open; /* the main thread's; not needed any more when the command is done */
	struct xf_endpoint_settings settings;
	struct egress egress;
	const struct source_table *sources;
	const struct signatures *signatures;
	struct signatures_scratch *scratch;
	struct prompt_set *prompts;
	uint32_t sequence;	    /* the main thread's: link sequence number; 0: its own */
	void *cookie;		    /* the main thread's */
	int32_t result;		    /* 0 or -errno */
	uint32_t detail;	    /* PATCH: first bad move */
	uint64_t now_ns;	    /* applied at */
	struct xf_link_patch patch; /* PATCH: may end after its last used move; of others it may be missing */
};

/* Counters that only the owner writes; others read them relaxed. */
struct worker_stats {
	uint64_t turns, busy_turns;
	uint64_t rx_packets, forwarded, to_kernel, handed_over;
	uint64_t events_lost; /* found no room. Lost are keys and wrong sources; all others are told later, once there
				 is room */
	uint64_t own_reports; /* of RTCP that the gateway sent for itself; not in `forwarded` */
	uint64_t keys_untold; /* of telephone-events that come faster than people press keys: counted, not told */
	uint64_t express;     /* of `forwarded`: by the express way */
	uint64_t fragments, datagrams; /* fragments of SIP that are in datagrams put together; those datagrams */
	uint64_t fragmented;	       /* datagrams under way at present */
	uint64_t drops[XF_DROP_COUNT];
	uint64_t scanned[SIP_SCAN_VERDICT_COUNT]; /* SIP packets by what the scan said */
	uint64_t peer_passed[XF_PEER_ROWS];
	uint64_t peer_drops[XF_PEER_ROWS][XF_SCREEN_DROP_COUNT]; /* from XF_DROP_SCREEN_FIRST on */
	struct xf_stage_count stages[XF_STAGE_COUNT];
};

/* Main thread, before the core starts; rte_eal_init must have been called. 0 or -errno. */
int worker_create(struct worker **out, const struct worker_config *config);
/* When its core has ended. What it has gathered and not sent is freed. NULL is fine. */
void worker_destroy(struct worker *worker);

struct rte_ring *worker_command_ring(struct worker *worker);
struct rte_ring *worker_done_ring(struct worker *worker);
const struct worker_stats *worker_stats(const struct worker *worker);
/* Whom most was dropped of that no source block knows. */
const struct strangers *worker_strangers(const struct worker *worker);

/* For the `ops` functions, on the owner's core: what they could not take (TX_FULL, KERNEL_RING_FULL). */
void worker_count_drop(struct worker *worker, enum xf_drop drop, unsigned n);

/* Before a turn asks its ports for packets: from here on cycles count as receiving, if the turn is measured. A driver
 * that never calls it measures nothing. */
void worker_begin(struct worker *worker);
/* Takes ownership of the n <= WORKER_BURST packets, received on `port` at now_ns (any monotonic clock, the same for
 * all). */
void worker_receive(struct worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n, uint64_t now_ns);
/* Packets that other workers handed over, then commands, then deadlines (armed patches, media time-outs: a bounded
 * share of the endpoints each turn), then packets of prompts that are due. Returns how much was done; 0: idle. */
unsigned worker_turn(struct worker *worker, uint64_t now_ns);
/* Sends what the stages have gathered. */
void worker_flush(struct worker *worker);
