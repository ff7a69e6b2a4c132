/* The dataplane whole on a desk: link packets, frames and neighbours go in from memory, what comes out is collected in
 * the order in which it comes, the clock is a number. */
#pragma once

#include <stdalign.h>
#include "../fast/rig.h"
#include "plane/dplane.h"

#define DESK_SECOND 1000000000ull
#define DESK_ROWS   32

#define DESK_CALLER "198.51.100.7"
#define DESK_AGENT  "198.51.100.8"

/* Media addresses 192.0.2.1 and 2001:db8::1, SIP on both at 5060; two workers, one port with rig_mac. */
struct desk {
	struct dplane *dplane;
	struct config config;
	struct config_network networks[2];
	struct rig rig; /* for frames: only what rig_frame, rig_mbuf and rig_seen use */
	uint64_t random;
	uint64_t now_ns;
	uint32_t sequence;

	uint8_t *trace; /* everything that came out */
	size_t trace_len, trace_size;

	int send_result; /* what the world says to a packet of the link */
	unsigned packets, hung_up;
	char hang_up_reason[64];
	unsigned acks;
	struct xf_link_ack ack; /* the last */
	uint32_t ack_sequence;
	struct xf_link_hello_ok hello;
	struct xf_endpoint_state rows[DESK_ROWS];
	unsigned row_count, port_rows, worker_rows, event_count;
	struct xf_link_drops drops;
	struct xf_link_screen screen;
	struct xf_link_peer peers[DESK_ROWS]; /* of the last STATS, as the signatures */
	struct xf_link_signature signatures[DESK_ROWS];
	struct xf_link_stranger strangers[XF_LINK_STRANGERS];
	unsigned peer_rows, signature_rows, stranger_rows;
	unsigned prompt_rows;
	struct xf_link_prompt prompt; /* the last whose name is wanted_prompt */
	const char *wanted_prompt;
	unsigned copy_count;
	struct xf_link_captured copies[DESK_ROWS];
	struct xf_link_event events[DESK_ROWS];
	bool events_counted; /* those that do not fit are, and not kept */
	unsigned events_more;

	bool known; /* the world knows neighbours when it is asked */
	unsigned watches, releases;
	int watch_result;
	unsigned urgent, kernel;
};

/* Once a test process. */
void desk_eal(void);
/* The plane is up, the link is not. */
void desk_start(struct desk *desk);
/* The same with what `configure` makes of the configuration; what dplane_create says. */
int desk_try(struct desk *desk, void (*configure)(struct config *config));
/* How often the trace, the log's lines among it, holds this. */
unsigned desk_said(const struct desk *desk, const char *text);
/* Ends the plane; fails the test if anything is left of it in DPDK's heap, or a packet. */
void desk_stop(struct desk *desk);
void desk_free(struct desk *desk);

/* Until nobody has anything to do. */
void desk_settle(struct desk *desk);
/* Time goes on, in steps of 20 ms, in each of which all workers and the main thread have their turns. */
void desk_wait(struct desk *desk, uint64_t ns);

/* One command in one packet, not settled. */
void desk_post(struct desk *desk, uint16_t type, const void *body, size_t len);
/* The same, settled; the result of its ACK. */
int desk_say(struct desk *desk, uint16_t type, const void *body, size_t len);
/* A new connection and HELLO. */
void desk_hello(struct desk *desk, uint64_t instance);

/* A frame to the worker; not settled, the worker has not had its turn. */
void desk_frame(struct desk *desk, unsigned worker, const struct frame *frame);
/* 20 ms of RTP, settled. */
void desk_rtp(struct desk *desk, unsigned worker, const char *src, uint16_t sport, const char *dst, uint16_t dport,
	      uint16_t seq);

struct xf_link_open desk_opening(uint16_t port, uint32_t generation, uint8_t worker, const char *remote,
				 uint16_t remote_port);
/* The caller on 20000, the agent on 20002, both worker 1's, patched both ways; their next hop is not known yet. */
void desk_open_pair(struct desk *desk);
