/* An endpoint: one media socket of one leg. See design: endpoints and patch cords.
 *
 * Its memory is its place in the flow table's arena (flow.h), life after life, and never goes away while workers run.
 * The main thread posts COMMAND_OPEN with its settings; the owner worker fills the memory in and writes every byte of
 * it until it has applied COMMAND_CLOSE. Another worker reads `owner` and `lockstep`, and nothing else. Other threads
 * read what endpoint_state copies: under a sequence count, which goes on from life to life.
 */
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include "xfergate/endpoint.h"
#include "counter.h"
#include "stream.h"
#include "worker.h"

#define ENDPOINT_SINKS	      2	  /* while a patch is armed a source feeds its present and its next receiver */
#define ENDPOINT_HEADER_MAX   66  /* Ethernet, 802.1Q, IPv6, UDP */
#define ENDPOINT_CHUNK	      128 /* endpoints whose memory is taken at once: 45 times that fill a hugepage of 2 MB */
#define ENDPOINT_PROMPT_ENDED 0x8000
#define ENDPOINT_OWES_BITS    5
#define ENDPOINT_OWES_MASK    0x1f
#define ENDPOINT_PROMPT_HEARD 0x4000

struct flow_table;
struct prompt;

/* Its media time-out. */
enum endpoint_timeout {
	ENDPOINT_TIMEOUT_NONE, /* has not passed, or nobody knows of it yet */
	ENDPOINT_TIMEOUT_TOLD,
	ENDPOINT_TIMEOUT_OWED, /* has passed, and found no room */
};

/* Ethernet, IP and UDP of what an endpoint sends, complete but for the UDP checksum if the payload has payload_len
 * bytes; for another length header_fit() completes it anew. */
struct endpoint_header {
	uint16_t payload_len;
	uint16_t pseudo_sum; /* of addresses, ports and protocol: what they add to the UDP checksum */
	uint8_t len;	     /* 0: there is nobody to send to yet; `bytes` has Ethernet's part alone then */
	uint8_t port;	     /* of the way out */
	uint8_t bytes[ENDPOINT_HEADER_MAX];
};

/* 64-byte lines: on the express way a packet writes line 0 of its sender and reads line 2 of its receiver, no more
 * (lockstep.h). Fields with "shown" are read by other threads: their writer hides the endpoint (endpoint_hide), uses
 * counter32_set, shown8_set or shown16_set, and publishes it. Endpoints are named by their index, XF_ENDPOINT_NONE:
 * none. Milliseconds count from opened_ns. Counters of 32 bits that whoever sends us packets could make wrap stop at
 * their end (counter32_saturate).
 */
struct endpoint {
	/* Receiving, for every packet. */
	uint64_t
	    locked_key; /* endpoint_key() of the locked source; while there is none, media.c's mark of a candidate */
	uint64_t last_rx_ns; /* 0: never */
	uint64_t rx_bytes;   /* of UDP payload */
	uint32_t rx_packets;
	uint32_t ssrc_in;
	uint32_t seq_ext;	 /* highest sequence of ssrc_in, with cycles */
	uint32_t timestamp;	 /* of the latest packet; of one without a clock of its own: where the clock stood */
	uint32_t jitter;	 /* times 16, in timestamp units (RFC 3550 A.8) */
	uint32_t gap_longest_us; /* rounded up */
	uint32_t follower;	 /* in lockstep: whom its packets go to */
	uint16_t duration;	 /* in lockstep: that of the follower's stream */
	uint16_t sum_change;	 /* in lockstep: what addresses, ports and SSRC change of the UDP checksum's sum */
	uint8_t lockstep;	 /* worker + 1: its packets may take the express way (lockstep.h). Read by all */
	uint8_t pt_in;		 /* in lockstep: the payload type of its packets */
	uint8_t rate_khz;	 /* shown: of the clock of `timestamp` and `jitter`; 0: none yet */
	uint8_t timed_out;	 /* enum endpoint_timeout; a new packet arms it again. Read by other threads */
	uint8_t owner;		 /* worker + 1; 0: closed. Read by all (endpoint_owner) */
	uint8_t locked;		 /* shown: 1: a source is locked, and what is sent goes there */
	uint8_t dscp;
	uint8_t digits; /* keys that its peer has pressed; saturates; read by other threads */

	struct xf_endpoint_id id; /* the generation stays when it is closed: the highest that was ever open here */
	struct stream stream;	  /* its last fields are read for every packet; while its source is in lockstep part of
				     it is counted from that (lockstep.h) */

	/* Sending, for every packet. */
	uint16_t seq_offset;	       /* its source is in lockstep: sent minus received sequence */
	uint8_t pt_change;	       /* its source is in lockstep: the bits by which what pt_in becomes differs */
	uint8_t family;		       /* of local address and remotes: 4 or 6 */
	struct endpoint_header header; /* shown: where it leads */

	/* Seldom. */
	uint32_t version;  /* odd: what is shown is being written */
	uint64_t tx_bytes; /* of UDP payload; while its source is in lockstep counted from that */
	uint64_t opened_ns;
	uint32_t sinks[ENDPOINT_SINKS]; /* whose `source` or `armed` this is; the first sink_count of them */
	uint32_t source, armed;		/* shown: feeds the stream; will feed it from its first valid packet on */
	uint32_t learn_since_ms, learn_window_ms; /* since open or relearn: the learning window */
	uint32_t watch_since_ms,
	    timeout_ms; /* shown: since open or relearn, or when a time-out was set: until media is missed */
	uint32_t rx_wrong_source, rx_dropped, rx_rtcp, tx_rtcp; /* saturate */
	uint32_t expected_before; /* packets of the SSRCs before ssrc_in, by their sequences */
	uint32_t seq_first;	  /* of ssrc_in; seq_ext counts its cycles from 0 */
	uint32_t rx_duplicate, rx_reordered;
	struct xf_pt pts[XF_ENDPOINT_PTS];
	uint16_t remote_port;	    /* shown: of the SDP's RTP address (endpoint_remote_addr); 0: not known yet */
	uint16_t remote_rtcp_port;  /* of the SDP's RTCP address; 0: none */
	uint16_t rtcp_source_port;  /* where RTCP came from last, if from the address that RTP goes to; 0: never */
	uint16_t wrong_source_told; /* when, in 1/16 s; 0: never */
	uint8_t neighbour;	    /* shown: the next hop's MAC is known */
	uint8_t paused;		    /* shown */
	uint8_t pt_count : 3;
	uint8_t owes : 5; /* event.c: what is to be told once and found no room */
	uint8_t sink_count : 2;
	uint8_t strict : 1;
	uint8_t captured : 1;	  /* what it receives is copied to the main thread */
	uint8_t captured_out : 1; /* what it sends is copied */
	uint8_t report_round : 2; /* report.c: the interval that has had its report, modulo 4 */
	uint8_t has_dtmf : 1;	  /* there is a slot of events (dtmf.h) for it */
} __rte_cache_aligned;

/* What is seldomer still, or as long as an address: endpoint_rest(). Lies behind the endpoints of its chunk. */
struct endpoint_rest {
	struct prompt *prompt;	  /* feeds the stream while `source`, if any, is silent; NULL: none */
	uint32_t prompt_since_ms; /* of the worker's time, modulo PROMPT_WRAP_MS: when its first packet is due; moves on
				     while nobody hears it */
	uint32_t prompt_next, prompt_prev; /* in its slot of the wheel, if prompt */
	uint32_t armed_until_ms;	   /* of the worker's time, modulo 2^32, rounded up */
	uint32_t capture_lost;		   /* copies that found no room */
	uint16_t prompt_number; /* shown: of `prompt`; ENDPOINT_PROMPT_ENDED: of the one that fed it to its end;
				   ENDPOINT_PROMPT_HEARD: the stream is mapped to it */
	uint16_t dtmf;		/* its slot of events, if has_dtmf */
	uint8_t remotes[];	/* shown: of RTP, then of RTCP; 4 or 16 bytes each */
};

/* A field more than a line says makes every packet touch another line, and a million endpoints cost 1 MB a byte. What
 * is not needed for each packet belongs under "Seldom" or into the rest. The limit is what is asked of all memory of an
 * endpoint, 384 bytes: 320, 40 (64 with IPv6) and 2 here, 16 in the main thread's book, up to 4 in the workers' sets.
 */
static_assert(offsetof(struct endpoint, id) == 64, "receiving: one line");
static_assert(offsetof(struct endpoint, stream.ssrc) == 128, "sending: one line");
static_assert(offsetof(struct endpoint, header.bytes) + 46 <= 192, "with a header of IPv4 and 802.1Q");
static_assert(sizeof(struct endpoint) == 320, "memory of an endpoint");
static_assert(offsetof(struct endpoint_rest, remotes) + 2 * 4 <= 40, "memory of an endpoint");
static_assert(XF_PORT_PAIRS % ENDPOINT_CHUNK == 0, "a chunk has one local address");

/* What COMMAND_OPEN needs; the main thread's, until the command is done. */
struct endpoint_config {
	struct xf_endpoint_id id;
	uint8_t owner; /* worker */
	struct xf_endpoint_settings settings;
	struct egress egress; /* resolved or not; .port is taken from the settings */
	struct stream_seed seed;
};

/* Bytes of an address of family 4 or 6. */
static inline unsigned endpoint_addr_len(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static inline size_t endpoint_rest_size(uint8_t family)
{
	return RTE_ALIGN_CEIL(offsetof(struct endpoint_rest, remotes) + 2 * endpoint_addr_len(family),
			      alignof(struct endpoint_rest));
}

/* Owner worker; what is shown of it also the main thread. */
static inline struct endpoint_rest *endpoint_rest(const struct endpoint *e)
{
	uint32_t place = e->id.index % ENDPOINT_CHUNK;
	uintptr_t rests = (uintptr_t)(e - place + ENDPOINT_CHUNK);
	return (struct endpoint_rest *)(rests + place * endpoint_rest_size(e->family));
}

/* Behind the rests of its chunk: the round trip to its peer in 100 us; 0: not known. The owner writes, all may read. */
static inline uint16_t *endpoint_rtt(const struct endpoint *e)
{
	uint32_t place = e->id.index % ENDPOINT_CHUNK;
	uintptr_t rests = (uintptr_t)(e - place + ENDPOINT_CHUNK);
	return (uint16_t *)(rests + ENDPOINT_CHUNK * endpoint_rest_size(e->family)) + place;
}

/* Any worker: whose it is, or -1: closed. */
static inline int endpoint_owner(const struct endpoint *e)
{
	return __atomic_load_n(&e->owner, __ATOMIC_ACQUIRE) - 1;
}

/* The owner: whether it may be sent to, for it has a remote and the next hop's MAC is known. */
static inline bool endpoint_resolved(const struct endpoint *e)
{
	return e->neighbour && e->header.len > 0;
}

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

/* Any thread: whether the settings are such as OPEN and UPDATE take. 0 or -EINVAL: address families, payload types,
 * codecs, DSCP, learning or port out of range, or a remote of another family than `local`. */
int endpoint_check(const struct xf_endpoint_settings *settings, const struct xf_addr *local, unsigned port_count);

/* Any thread: the state of the endpoint that is open on the index. False: none is. */
bool endpoint_state(const struct flow_table *flows, uint32_t index, struct xf_endpoint_state *state);
/* The owner; or the main thread between the end of OPEN and the posting of CLOSE: its media time-out; 0: none. */
uint64_t endpoint_timeout_ns(const struct endpoint *endpoint);

/* The rest: owner worker only. */

/* Its life begins at now_ns. config has been checked. */
void endpoint_open(const struct flow_table *flows, struct endpoint *endpoint, const struct endpoint_config *config,
		   uint64_t now_ns);
/* Its life ends; no patch has it any more. */
void endpoint_close(struct endpoint *endpoint);
/* settings have been checked; egress.port is taken from them. The send stream goes on. */
void endpoint_update(const struct flow_table *flows, struct endpoint *endpoint,
		     const struct xf_endpoint_settings *settings, const struct egress *egress, uint64_t now_ns);
void endpoint_set_egress(const struct flow_table *flows, struct endpoint *endpoint, const struct egress *egress);
/* Locks the source; what is sent goes there from now on. */
void endpoint_lock(const struct flow_table *flows, struct endpoint *endpoint, const struct xf_sockaddr *source);
/* Whether this is the locked source. */
bool endpoint_is_locked(const struct endpoint *endpoint, const struct xf_sockaddr *source);
/* The address and port that it receives on. */
struct xf_sockaddr endpoint_local(const struct flow_table *flows, const struct endpoint *endpoint);
/* What the SDP says of RTP and of RTCP; family 0: nothing. */
struct xf_sockaddr endpoint_remote(const struct endpoint *endpoint);
struct xf_sockaddr endpoint_remote_rtcp(const struct endpoint *endpoint);
/* Where RTP goes: the locked source, else what the SDP says; family 0: nowhere. */
struct xf_sockaddr endpoint_target(const struct endpoint *endpoint);
/* Where RTCP is to be sent; family 0: nowhere. */
struct xf_sockaddr endpoint_rtcp_target(const struct endpoint *endpoint);
/* The Ethernet part of what it sends. */
struct egress endpoint_egress(const struct endpoint *endpoint);
/* Before a change of what is shown: whoever reads it waits for endpoint_publish. Twice is fine. */
void endpoint_hide(struct endpoint *endpoint);
/* Shows the present state to other threads. */
void endpoint_publish(struct endpoint *endpoint);
/* The codec that a received payload type means here, or -1; the payload type that a codec has here, or -1. */
int endpoint_codec(const struct endpoint *endpoint, uint8_t pt);
int endpoint_pt(const struct endpoint *endpoint, uint8_t codec);

/* How long after its time-out was set, or set anew, the last packet came, in milliseconds; 0: none came; 65,535: that
 * or longer. The owner; under the sequence count all others. */
static inline uint16_t endpoint_heard_ms(const struct endpoint *e)
{
	const uint64_t since_ns = counter_get(&e->opened_ns) + counter32_get(&e->watch_since_ms) * 1000000ull;
	const uint64_t last_rx_ns = counter_get(&e->last_rx_ns);
	const uint64_t heard_ms = last_rx_ns > since_ns ? (last_rx_ns - since_ns) / 1000000 : 0;
	return (uint16_t)RTE_MIN(heard_ms, (uint64_t)UINT16_MAX);
}

/* Milliseconds of its life. */
static inline uint64_t endpoint_ms(const struct endpoint *e, uint64_t now_ns)
{
	return (now_ns - e->opened_ns) / 1000000;
}
