/* The link: how the control plane commands the dataplane.
 *
 * A Unix SEQPACKET socket; the dataplane listens, one control plane at a time (a newer one replaces the older,
 * which may be dead or hung). A packet carries one or more records, each a struct xf_link_record followed by its
 * body, padded to 8 bytes. Host byte order: both ends are on one machine.
 *
 * Each command has a sequence number that rises by one; each is answered by exactly one XF_LINK_ACK with that number
 * (for DUMP and STATS, after their rows). Commands take effect in order per owner worker. Events have sequence number
 * 0 and are hints: what they tell is also in the endpoint's dump.
 *
 * The first record on a connection is HELLO from the control plane; the dataplane answers HELLO_OK, or ACK with
 * -EPROTO when the versions differ, and closes. HELLO of another instance than the last one's ends all admissions
 * (ADMIT); endpoints and patches stay.
 */
#pragma once

#include "xfergate/addr.h"
#include "xfergate/drop.h"
#include "xfergate/endpoint.h"
#include "xfergate/prompt.h"
#include "xfergate/signature.h"
#include "xfergate/sip_scan.h"
#include "xfergate/source.h"
#include "xfergate/stage.h"

#define XF_LINK_VERSION	    7
#define XF_LINK_PACKET_MAX  65536
#define XF_LINK_MOVES_MAX   32
#define XF_LINK_CAPTURE_MAX 2048 /* bytes of a packet that is copied */
#define XF_LINK_STRANGERS   64

#define XF_LINK_SIZE(type, bytes)                                                                                      \
	_Static_assert(sizeof(type) == (bytes), "crosses the link: raise XF_LINK_VERSION when it changes")

/* X(symbol, number, "name", struct of the body). Control plane to dataplane below 64, back from 64 on. */
#define XF_LINK_TYPES(X)                                                                                               \
	X(HELLO, 1, "hello", struct xf_link_hello)                                                                     \
	X(SOURCES_BEGIN, 2, "sources-begin", struct xf_link_empty)                                                     \
	X(SOURCE_ADD, 3, "source-add", struct xf_source)                                                               \
	X(SOURCES_COMMIT, 4, "sources-commit", struct xf_link_empty)                                                   \
	X(ADMIT, 5, "admit", struct xf_link_admit)                                                                     \
	X(WITHDRAW, 6, "withdraw", struct xf_link_admit)                                                               \
	X(OPEN, 7, "open", struct xf_link_open)                                                                        \
	X(UPDATE, 8, "update", struct xf_link_update)                                                                  \
	X(CLOSE, 9, "close", struct xf_link_close)                                                                     \
	X(PATCH, 10, "patch", struct xf_link_patch)                                                                    \
	X(DUMP, 11, "dump", struct xf_link_dump)                                                                       \
	X(STATS, 12, "stats", struct xf_link_empty)                                                                    \
	X(CAPTURE, 13, "capture", struct xf_link_capture)                                                              \
	X(HELLO_OK, 64, "hello-ok", struct xf_link_hello_ok)                                                           \
	X(ACK, 65, "ack", struct xf_link_ack)                                                                          \
	X(EVENT, 66, "event", struct xf_link_event)                                                                    \
	X(ENDPOINT, 67, "endpoint", struct xf_endpoint_state)                                                          \
	X(PORT, 68, "port", struct xf_link_port)                                                                       \
	X(DROPS, 69, "drops", struct xf_link_drops)                                                                    \
	X(WORKER, 70, "worker", struct xf_link_worker)                                                                 \
	X(PEER, 71, "peer", struct xf_link_peer)                                                                       \
	X(CAPTURED, 72, "captured", struct xf_link_captured)                                                           \
	X(SCREEN, 73, "screen", struct xf_link_screen)                                                                 \
	X(SIGNATURE, 74, "signature", struct xf_link_signature)                                                        \
	X(PROMPT, 75, "prompt", struct xf_link_prompt)                                                                 \
	X(STRANGER, 76, "stranger", struct xf_link_stranger)

enum xf_link_type {
#define X(symbol, number, name, body) XF_LINK_##symbol = number,
	XF_LINK_TYPES(X)
#undef X
};

struct xf_link_record {
	uint16_t type;	   /* enum xf_link_type */
	uint16_t body_len; /* bytes, without this header and without padding */
	uint32_t sequence; /* of the command; in an answer, of the command that it answers; 0 in an event */
};
XF_LINK_SIZE(struct xf_link_record, 8);

struct xf_link_empty {
	uint64_t zero;
};
XF_LINK_SIZE(struct xf_link_empty, 8);

struct xf_link_hello {
	uint32_t version; /* XF_LINK_VERSION */
	uint32_t zero;
	uint64_t instance; /* random, of this life of the control plane */
};
XF_LINK_SIZE(struct xf_link_hello, 16);

struct xf_link_hello_ok {
	uint32_t version;
	uint32_t generation_last; /* highest endpoint generation seen; 0: none */
	uint64_t instance; /* random, of this life of the dataplane: another one means that all endpoints are gone */
	uint64_t now_ns;   /* dataplane clock */
	uint16_t workers;
	uint16_t ports;
	uint16_t media_addrs; /* how many of the following are set; the index is the endpoint's local address index */
	uint16_t zero;
	struct xf_addr media_addr[XF_MAX_MEDIA_ADDRS];
};
XF_LINK_SIZE(struct xf_link_hello_ok, 2592);

/* An address outside the source table that may send us SIP while a target's transaction or dialog lives. */
struct xf_link_admit {
	struct xf_addr addr;
	uint32_t zero;
};
XF_LINK_SIZE(struct xf_link_admit, 24);

struct xf_link_open {
	struct xf_endpoint_id
	    id; /* the index says local address and port; -EEXIST: open; -ESTALE: generation not above its last */
	uint8_t worker; /* owner; all endpoints of one call have the same; -EINVAL if there is no such worker */
	uint8_t zero[7];
	struct xf_endpoint_settings settings;
};
XF_LINK_SIZE(struct xf_link_open, 120);

/* New settings for an open endpoint; its send stream goes on unbroken. A media time-out that has passed, by the new
 * settings too, is told again. -ENOENT, -ESTALE. */
struct xf_link_update {
	struct xf_endpoint_id id;
	struct xf_endpoint_settings settings;
};
XF_LINK_SIZE(struct xf_link_update, 112);

/* Its patches go with it. -ENOENT, -ESTALE. */
struct xf_link_close {
	struct xf_endpoint_id id;
};
XF_LINK_SIZE(struct xf_link_close, 8);

/* Feed `to`'s send stream from `from` (index XF_ENDPOINT_NONE: from nothing; XF_ENDPOINT_PROMPT: from a prompt, which
 * begins at once, whatever the limit says; -EINVAL: there is no such prompt). A prompt that comes to an end is followed
 * by nothing, with the event `prompt-ended`. It begins with its first packet that can be sent, and anew after a pause:
 * so it may end later than its length says, and one that cannot be sent does not end at all. while_silent: the number
 * of a prompt that is heard while nothing that `from`, an endpoint, sends comes through: what a party on hold hears.
 * -EINVAL with another `from`, or with armed_limit_ns. armed_limit_ns > 0: only from `from`'s first valid packet on, or
 * when the limit has passed; until then the present source goes on. paused: `to` is on hold: what feeds it is dropped
 * as "paused" until a move without it. */
struct xf_link_move {
	struct xf_endpoint_id to;
	struct xf_endpoint_id from;
	uint64_t armed_limit_ns;
	uint8_t paused;
	uint8_t zero[3];
	uint32_t while_silent; /* number, or XF_PROMPT_NONE */
};
XF_LINK_SIZE(struct xf_link_move, 32);

/* What a move says of prompts. */
static inline bool xf_move_ok(const struct xf_link_move *move)
{
	return move->while_silent == XF_PROMPT_NONE ||
	       (move->armed_limit_ns == 0 && move->from.index != XF_ENDPOINT_NONE &&
		move->from.index != XF_ENDPOINT_PROMPT);
}

/* The number of the prompt that it names, in either place; XF_PROMPT_NONE: none. */
static inline uint32_t xf_move_prompt(const struct xf_link_move *move)
{
	return move->from.index == XF_ENDPOINT_PROMPT ? move->from.generation : move->while_silent;
}

/* All or none, between two bursts of the owner. All endpoints must have one owner worker (-EXDEV). */
struct xf_link_patch {
	uint32_t count; /* 1..XF_LINK_MOVES_MAX */
	uint32_t zero;
	struct xf_link_move moves[XF_LINK_MOVES_MAX]; /* body_len may end after the last used one */
};
XF_LINK_SIZE(struct xf_link_patch, 1032);

struct xf_link_dump {
	uint32_t
	    index_first; /* rows from this index on; at most as many ENDPOINT rows as fit one packet, then the ACK */
	uint32_t zero;
};
XF_LINK_SIZE(struct xf_link_dump, 8);

struct xf_link_ack {
	int32_t result;	 /* 0 or -errno; for DUMP: > 0 if there are more rows, from `detail` on */
	uint32_t detail; /* PATCH, on error: number of the first bad move. DUMP: next index_first */
	uint64_t now_ns; /* dataplane clock when the owner applied it */
};
XF_LINK_SIZE(struct xf_link_ack, 16);

/* X(symbol, "name") */
#define XF_LINK_EVENTS(X)                                                                                              \
	X(FIRST_PACKET, "first-packet")                                                                                \
	X(SOURCE_LOCKED, "source-locked")                                                                              \
	X(WRONG_SOURCE, "wrong-source")                                                                                \
	X(MEDIA_TIMEOUT, "media-timeout")                                                                              \
	X(ARMED_FIRED, "armed-fired")                                                                                  \
	X(ARMED_LIMIT, "armed-limit")                                                                                  \
	X(CLOSED_ORPHAN, "closed-orphan")                                                                              \
	X(DIGIT, "digit")                                                                                              \
	X(PROMPT_ENDED, "prompt-ended")

enum xf_link_event_type {
#define X(symbol, name) XF_EVENT_##symbol,
	XF_LINK_EVENTS(X)
#undef X
	    XF_EVENT_COUNT
};

struct xf_link_event {
	struct xf_endpoint_id id;
	uint32_t event; /* enum xf_link_event_type */
	/* DIGIT: of the key, as its sender says. MEDIA_TIMEOUT: how long after its time-out was set, or set anew for
	 * another remote, the last packet came; 0: none came. 65,535: that or longer. */
	uint16_t duration_ms;
	uint8_t digit; /* DIGIT: event code of RFC 4733, 0 to 16 */
	uint8_t zero;
	uint64_t now_ns;
	struct xf_sockaddr source; /* for FIRST_PACKET, SOURCE_LOCKED, WRONG_SOURCE */
	uint32_t prompt;	   /* PROMPT_ENDED: its number */
	uint32_t zero_too;
};
XF_LINK_SIZE(struct xf_link_event, 56);

struct xf_link_port {
	char name[16];	 /* NUL-terminated */
	char driver[24]; /* DPDK's name of it */
	char tap[16];	 /* its twin */
	uint8_t mac[6];
	uint8_t link_up; /* 0, 1 */
	uint8_t zero;
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors;
	uint64_t tx_packets, tx_bytes, tx_errors;
	uint64_t tap_in, tap_out; /* packets from the kernel, to the kernel */
};
XF_LINK_SIZE(struct xf_link_port, 136);

struct xf_link_drops {
	uint64_t count[XF_DROP_COUNT]; /* all workers and the main thread together */
};
XF_LINK_SIZE(struct xf_link_drops, 376);

struct xf_link_worker {
	uint16_t worker;
	uint16_t lcore;
	uint32_t endpoints;
	uint64_t turns, busy_turns; /* of its loop; busy: it received something */
	uint64_t rx_packets, forwarded, to_kernel, handed_over;
	uint64_t events_lost; /* found no room. Lost are keys and wrong sources; all others are told later */
	uint64_t own_reports; /* of RTCP, that the gateway sent for itself; not in `forwarded` */
	uint64_t keys_untold; /* more than anybody presses: counted at their endpoint, and not told */
	uint64_t cycle_hz;    /* of the counter that the stages are measured with; 0: there is none */
	struct xf_stage_count stages[XF_STAGE_COUNT];
};
XF_LINK_SIZE(struct xf_link_worker, 216);

/* SIP by peer, as the screen saw it; peer: a number of the control plane, or XF_PEER_TARGETS. Only peers that sent. */
struct xf_link_peer {
	uint16_t peer;
	uint8_t zero[6];
	uint64_t passed;
	uint64_t dropped;		      /* all that follow */
	uint64_t drops[XF_SCREEN_DROP_COUNT]; /* from XF_DROP_SCREEN_FIRST on */
	uint64_t passed_per_s, dropped_per_s; /* in the last whole second */
};
XF_LINK_SIZE(struct xf_link_peer, 136);

/* The screen as a whole. */
struct xf_link_screen {
	uint64_t scanned[SIP_SCAN_VERDICT_COUNT]; /* datagrams by what the scan said */
	uint32_t rules;				  /* in use; a SIGNATURE row each */
	uint32_t reloads;			  /* sets of rules taken up since the start */
};
XF_LINK_SIZE(struct xf_link_screen, 192);

/* A rule of the signatures in use. */
struct xf_link_signature {
	char id[XF_SIGNATURE_ID_SIZE]; /* NUL-terminated */
	uint16_t line;		       /* in the file; UINT16_MAX: that or later */
	uint16_t places;	       /* bit 1 << enum signature_place */
	uint8_t action;		       /* enum signature_action */
	uint8_t zero[3];
	uint64_t hits;	     /* messages; a rule whose id stays keeps its count when the file is reloaded */
	uint64_t hits_per_s; /* in the last whole second */
};
XF_LINK_SIZE(struct xf_link_signature, 56);

/* A prompt and its number, one of several names for the same sound, perhaps. All are told behind HELLO_OK, and again,
 * with those that are gone, after a reload; sequence number 0. */
struct xf_link_prompt {
	char name[XF_PROMPT_NAME_SIZE]; /* NUL-terminated */
	uint32_t number;		/* XF_PROMPT_NONE: there is no prompt of that name any more */
	uint32_t length_ms;		/* of one playing */
	uint32_t times;			/* that it is played; 0: over and over */
	uint32_t zero;
};
XF_LINK_SIZE(struct xf_link_prompt, 48);

/* An address outside the source table, and not admitted, that SIP, TCP to a SIP port or fragments were dropped of:
 * `drops` of them at most, `drops` - `error` at least. Those with the most, at most XF_LINK_STRANGERS rows, the worst
 * first. */
struct xf_link_stranger {
	struct xf_prefix block; /* an IPv4 address, or an IPv6 /64 */
	uint64_t drops, error;
	uint64_t drops_per_s; /* in the last whole second */
};
XF_LINK_SIZE(struct xf_link_stranger, 48);

/* Whether what an endpoint receives and sends is copied to the control plane as CAPTURED, from its owner's next turn
 * on. It ends with the endpoint and with the connection. -ENOENT, -ESTALE. */
struct xf_link_capture {
	struct xf_endpoint_id id;
	uint8_t on; /* 0, 1 */
	uint8_t zero[7];
};
XF_LINK_SIZE(struct xf_link_capture, 16);

/* An RTP or RTCP packet of an endpoint that is captured; sequence number 0. What finds no room on its way is lost, and
 * counted as "capture-lost". */
struct xf_link_captured {
	struct xf_endpoint_id id;
	uint64_t now_ns; /* dataplane clock, of the turn that it passed in */
	struct xf_sockaddr from, to;
	uint32_t lost; /* copies of this endpoint's packets so far that were lost */
	uint8_t sent;  /* 0, 1 */
	uint8_t zero;
	uint16_t len;			    /* of the UDP payload */
	uint8_t bytes[XF_LINK_CAPTURE_MAX]; /* body_len ends after the last used one */
};
XF_LINK_SIZE(struct xf_link_captured, 2120);

static inline const char *xf_link_type_name(unsigned type)
{
	switch (type) {
#define X(symbol, number, name, body)                                                                                  \
	case number:                                                                                                   \
		return name;
		XF_LINK_TYPES(X)
#undef X
	}
	return "unknown";
}

static inline size_t xf_link_body_size(unsigned type)
{
	switch (type) {
#define X(symbol, number, name, body)                                                                                  \
	case number:                                                                                                   \
		return sizeof(body);
		XF_LINK_TYPES(X)
#undef X
	}
	return 0;
}

static inline const char *xf_link_event_name(unsigned event)
{
	static const char *const names[] = {
#define X(symbol, name) name,
	    XF_LINK_EVENTS(X)
#undef X
	};
	return event < XF_EVENT_COUNT ? names[event] : "unknown";
}

/* Size of a record on the wire, header and padding included. */
static inline size_t xf_link_record_size(size_t body_len)
{
	return sizeof(struct xf_link_record) + ((body_len + 7) & ~(size_t)7);
}
