/* An endpoint: one media socket of one leg. See design: endpoints and patch cords.
 *
 * The main thread prepares it aside (endpoint_create) and posts COMMAND_OPEN; from then on the owner worker writes
 * every byte, until COMMAND_CLOSE brings it back to the main thread, which frees it after a grace period. Others read
 * only what endpoint_state copies: counters word by word, the rest under a sequence count.
 */
#pragma once

#include <assert.h>
#include <sys/queue.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include "xfergate/endpoint.h"
#include "counter.h"
#include "stream.h"
#include "worker.h"

#define ENDPOINT_SINKS	    2  /* while a patch is armed a source feeds its present and its next receiver */
#define ENDPOINT_HEADER_MAX 66 /* Ethernet, 802.1Q, IPv6, UDP */
#define ENDPOINT_PT_NONE    0xff

struct flow_table;
struct prompt;

/* Ethernet, IP and UDP of what an endpoint sends, complete but for the UDP checksum if the payload has payload_len
 * bytes; for another length header_fit() completes it anew. */
struct endpoint_header {
	uint16_t payload_len;
	uint16_t pseudo_sum; /* of addresses, ports and protocol: what they add to the UDP checksum */
	uint8_t len;
	uint8_t l3; /* offset of the IP header */
	uint8_t bytes[ENDPOINT_HEADER_MAX];
};

/* What other threads may see of the parts that are no counters. Whole 32-bit words. */
struct endpoint_view {
	struct xf_endpoint_id source, armed;
	struct xf_sockaddr remote, locked;
	uint32_t neighbour_resolved;
	uint32_t paused;
};

struct endpoint {
	/* Receiving, for every packet: line 0. */
	uint64_t locked_key;   /* endpoint_key() of `locked`; 0: not yet */
	struct endpoint *sink; /* who hears it, if that is one, else NULL; other workers may ask where it lies */
	uint64_t last_rx_ns;   /* 0: never */
	uint64_t rx_bytes;     /* of UDP payload */
	uint32_t rx_packets;
	uint32_t ssrc_in;
	uint32_t seq_ext;	 /* highest sequence of ssrc_in, with cycles */
	uint32_t transit;	 /* of the latest packet, in timestamp units (RFC 3550 A.8) */
	uint32_t jitter;	 /* times 16, in timestamp units (RFC 3550 A.8) */
	uint32_t gap_longest_us; /* rounded up */
	uint16_t locked_sum;	 /* what addresses, ports and protocol add to the UDP checksum of what comes */
	uint8_t owner;		 /* worker */
	uint8_t express;	 /* express_receives: its packets may take the express way */
	uint8_t pt_in;	   /* of its last packet, if `sink` sends that type on as its pt_out; else ENDPOINT_PT_NONE */
	uint8_t rate_khz;  /* of pt_in */
	uint8_t timed_out; /* told; a new packet arms it again */
	uint8_t captured;  /* what it receives is copied to the main thread; as captured_out */

	/* Sending, for every packet: line 1, with the header of IPv4; line 3. */
	struct endpoint *source; /* feeds the stream; NULL: nothing, or a prompt */
	uint16_t port;		 /* of the way out */
	uint8_t pt_out;		 /* what `source`'s pt_in becomes */
	uint8_t express_out;	 /* express_sends: resolved, not paused, not captured */
	struct endpoint_header header;
	struct endpoint *armed; /* will feed it from its first valid packet on */
	struct stream stream;
	uint64_t tx_bytes; /* of UDP payload */

	/* Seldom. */
	struct xf_endpoint_id id;
	struct endpoint *sinks[ENDPOINT_SINKS]; /* whose `source` or `armed` this is */
	struct xf_sockaddr locked;		/* family 0: not yet */
	struct xf_pt pts[XF_ENDPOINT_PTS];
	uint8_t pt_count, sink_count;
	uint8_t strict;
	uint8_t family; /* of the way out: 4, 6, or 0: no remote yet */
	uint8_t resolved, paused;
	uint8_t captured_out; /* what it sends is copied */
	uint64_t rx_wrong_source, rx_dropped, rx_rtcp, tx_rtcp;
	uint32_t tx_failed;	  /* mapped, but too long for the MTU */
	uint64_t expected_before; /* packets of the SSRCs before ssrc_in, by their sequences */
	uint32_t seq_first;	  /* of ssrc_in; seq_ext counts its cycles from 0 */
	uint32_t rx_duplicate, rx_reordered;
	uint8_t timed; /* kHz of the clock that `transit` is of; 0: none */
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
static_assert(offsetof(struct endpoint, source) == 64, "receiving: one line");
static_assert(offsetof(struct endpoint, header.bytes) + 46 <= 128, "a header of IPv4 and 802.1Q: one line");
static_assert(offsetof(struct endpoint, stream.ssrc) >= 192 && offsetof(struct endpoint, id) <= 256,
	      "stream: one line");

TAILQ_HEAD(endpoint_list, endpoint);

/* What endpoint_create needs. */
struct endpoint_config {
	struct xf_endpoint_id id;
	uint8_t owner; /* worker */
	struct xf_endpoint_settings settings;
	struct egress egress; /* resolved or not; .port is taken from the settings */
	struct stream_seed seed;
};

/* A source for comparing: of IPv4 nothing is left out, IPv6 is to be compared in full when the key is the same. Address
 * words and port as they stand in the packet. Never 0. */
static inline uint64_t endpoint_key4(uint32_t addr_be, uint16_t port_be)
{
	return 4ull << 48 | (uint64_t)port_be << 32 | addr_be;
}

static inline uint64_t endpoint_key6(const uint8_t addr[16], uint16_t port_be)
{
	uint32_t word;
	memcpy(&word, addr + 12, sizeof(word));
	return 6ull << 48 | (uint64_t)port_be << 32 | word;
}

static inline uint64_t endpoint_key(const struct xf_sockaddr *source)
{
	uint16_t port_be = rte_cpu_to_be_16(source->port);
	uint32_t word;
	memcpy(&word, source->addr.bytes, sizeof(word));
	return source->addr.family == 4 ? endpoint_key4(word, port_be) : endpoint_key6(source->addr.bytes, port_be);
}

/* Main thread. In the table's memory; it is not in its slot before COMMAND_OPEN. 0; -EINVAL: see endpoint_check, or an
 * index beyond the table; -ENOMEM. */
int endpoint_create(struct endpoint **out, struct flow_table *flows, const struct endpoint_config *config);
/* Main thread, after a grace period. NULL is fine. */
void endpoint_destroy(struct flow_table *flows, struct endpoint *endpoint);

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
/* After a change of what feeds it, whom it feeds, its lock, its way out, pause or captures: whether its packets may
 * take the express way. */
void endpoint_settle(struct endpoint *endpoint);
/* Shows the present state to other threads. */
void endpoint_publish(struct endpoint *endpoint);
/* The codec that a received payload type means here, or -1; the payload type that a codec has here, or -1. */
int endpoint_codec(const struct endpoint *endpoint, uint8_t pt);
int endpoint_pt(const struct endpoint *endpoint, uint8_t codec);
