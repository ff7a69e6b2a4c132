/* An endpoint: one media socket of one leg. See design: endpoints and patch cords.
 *
 * The main thread prepares it aside (endpoint_create) and posts COMMAND_OPEN; from then on the owner worker writes
 * every byte, until COMMAND_CLOSE brings it back to the main thread, which frees it after a grace period. Others read
 * only what endpoint_state copies: counters word by word, the rest under a sequence count.
 */
#pragma once

#include <assert.h>
#include <sys/queue.h>
#include <rte_common.h>
#include "xfergate/endpoint.h"
#include "counter.h"
#include "stream.h"
#include "worker.h"

#define ENDPOINT_SINKS	    2  /* while a patch is armed a source feeds its present and its next receiver */
#define ENDPOINT_HEADER_MAX 66 /* Ethernet, 802.1Q, IPv6, UDP */

struct flow_table;
struct prompt;

/* Ethernet, IP and UDP of what an endpoint sends, but for lengths and checksums. */
struct endpoint_header {
	uint8_t bytes[ENDPOINT_HEADER_MAX];
	uint8_t len;
	uint8_t l3;	     /* offset of the IP header */
	uint16_t pseudo_sum; /* of addresses, ports and protocol: what they add to the UDP checksum */
};

/* What other threads may see of the parts that are no counters. Whole 32-bit words. */
struct endpoint_view {
	struct xf_endpoint_id source, armed;
	struct xf_sockaddr remote, locked;
	uint32_t neighbour_resolved;
	uint32_t paused;
};

struct endpoint {
	/* Receiving, read for every packet: line 0. */
	struct xf_endpoint_id id;
	uint8_t owner;
	uint8_t strict;
	uint8_t pt_count;
	uint8_t sink_count;
	struct xf_pt pts[XF_ENDPOINT_PTS];
	struct xf_sockaddr locked;		/* family 0: not yet */
	struct endpoint *sinks[ENDPOINT_SINKS]; /* whose `source` or `armed` this is */

	/* Receiving, written for every packet: line 1. */
	uint64_t rx_packets, rx_bytes; /* bytes of UDP payload */
	uint64_t last_rx_ns;	       /* 0: never */
	uint64_t gap_longest_ns;
	uint64_t rx_wrong_source, rx_dropped, rx_rtcp;
	uint32_t ssrc_in;
	uint8_t timed_out; /* told; a new packet arms it again */
	uint8_t captured;  /* what it receives is copied to the main thread; as captured_out */
	uint8_t zero[2];

	/* Sending: lines 2 to 5. */
	struct stream stream;
	struct endpoint *source; /* feeds the stream; NULL: nothing, or a prompt */
	struct endpoint *armed;	 /* will feed it from its first valid packet on */
	uint64_t tx_packets, tx_bytes, tx_rtcp;
	uint16_t port; /* of the way out */
	uint8_t resolved, paused;
	uint8_t captured_out; /* what it sends is copied */
	uint8_t family;	      /* of the way out: 4, 6, or 0: no remote yet */
	struct endpoint_header header;

	/* Seldom. */
	uint64_t armed_until_ns;
	const struct prompt *prompt;	  /* feeds the stream; NULL: none. `source` is NULL then */
	uint64_t prompt_since_ms;	  /* when its first packet is due */
	LIST_ENTRY(endpoint) prompt_link; /* of its slot in the wheel, if prompt */
	uint64_t opened_ns;
	uint64_t learn_since_ns; /* open or relearn: the learning window counts from here */
	uint64_t
	    watch_since_ns; /* as learn_since_ns, or when timeout_ns was set: the media time-out counts from here */
	uint64_t learn_window_ns, timeout_ns;
	uint64_t wrong_source_told_ns; /* if wrong_source_told */
	struct xf_sockaddr local, remote, remote_rtcp;
	struct xf_sockaddr rtcp_source; /* where RTCP came from last; family 0: never */
	struct xf_sockaddr candidate;	/* a foreign source that may lock with its next packet; family 0: none */
	uint32_t candidate_ssrc;
	uint16_t candidate_seq;
	uint8_t dscp, wrong_source_told;
	uint32_t capture_lost; /* copies that found no room */
	uint8_t cname[STREAM_CNAME_LEN];
	struct egress egress;
	TAILQ_ENTRY(endpoint) owned;	  /* all of the worker's */
	TAILQ_ENTRY(endpoint) armed_link; /* those with `armed` set */
	uint32_t view_version;		  /* odd: being written */
	struct endpoint_view view;
} __rte_cache_aligned;

/* A field more than a line says makes every packet touch another line. Put what is not needed for each packet under
 * "Seldom" before raising a number here. */
static_assert(offsetof(struct endpoint, rx_packets) == 64, "receiving, read: one line");
static_assert(offsetof(struct endpoint, stream) == 128, "receiving, written: one line");
static_assert(offsetof(struct endpoint, armed_until_ns) <= 128 + 4 * 64, "sending: four lines");

TAILQ_HEAD(endpoint_list, endpoint);

/* What endpoint_create needs. */
struct endpoint_config {
	struct xf_endpoint_id id;
	uint8_t owner; /* worker */
	struct xf_endpoint_settings settings;
	struct egress egress; /* resolved or not; .port is taken from the settings */
	struct stream_seed seed;
};

/* Main thread. 0; -EINVAL: see endpoint_check, or an index beyond the flow table; -ENOMEM. */
int endpoint_create(struct endpoint **out, const struct flow_table *flows, const struct endpoint_config *config,
		    int socket);
/* Main thread, after a grace period. NULL is fine. */
void endpoint_destroy(struct endpoint *endpoint);

/* Any thread: whether the settings are such as OPEN and UPDATE take. 0 or -EINVAL: address families, payload types,
 * codecs, DSCP, learning or port out of range, or a remote of another family than `local`. */
int endpoint_check(const struct xf_endpoint_settings *settings, const struct xf_addr *local, unsigned port_count);

/* Any thread while the endpoint cannot be freed (the main thread frees, so it always may). */
void endpoint_state(const struct endpoint *endpoint, struct xf_endpoint_state *state);

/* The rest: owner worker only (endpoint_settings: also endpoint_create, before anybody else sees the endpoint). */

/* settings have been checked; egress.port is taken from them. */
void endpoint_settings(struct endpoint *endpoint, const struct xf_endpoint_settings *settings,
		       const struct egress *egress);

/* Its life begins at now_ns. */
void endpoint_open(struct endpoint *endpoint, uint64_t now_ns);
/* settings have been checked. The send stream goes on. */
void endpoint_update(struct endpoint *endpoint, const struct xf_endpoint_settings *settings,
		     const struct egress *egress, uint64_t now_ns);
void endpoint_set_egress(struct endpoint *endpoint, const struct egress *egress);
/* Locks the source; what is sent goes there from now on. */
void endpoint_lock(struct endpoint *endpoint, const struct xf_sockaddr *source);
/* Where RTCP is to be sent; family 0: nowhere. */
struct xf_sockaddr endpoint_rtcp_remote(const struct endpoint *endpoint);
/* Shows the present state to other threads. */
void endpoint_publish(struct endpoint *endpoint);
/* The codec that a received payload type means here, or -1; the payload type that a codec has here, or -1. */
int endpoint_codec(const struct endpoint *endpoint, uint8_t pt);
int endpoint_pt(const struct endpoint *endpoint, uint8_t codec);
