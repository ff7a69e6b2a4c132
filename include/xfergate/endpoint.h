/* What both planes say of an endpoint: its name, its settings, its state.
 *
 * The flow table is indexed by what the gateway itself hands out, so an endpoint's index *is* its place:
 * local address index × XF_PORT_PAIRS + (port − XF_MEDIA_PORT_FIRST) / 2. RTP has the even port, RTCP the next.
 */
#pragma once

#include <stdint.h>
#include "xfergate/addr.h"

#define XF_MEDIA_PORT_FIRST 16384
#define XF_MEDIA_PORT_LAST  32767
#define XF_PORT_PAIRS	    ((XF_MEDIA_PORT_LAST - XF_MEDIA_PORT_FIRST + 1) / 2)
#define XF_MAX_MEDIA_ADDRS  128
#define XF_ENDPOINT_NONE    UINT32_MAX
#define XF_ENDPOINT_PROMPT  (UINT32_MAX - 1) /* as a source: the generation is the number of a prompt (prompt.h) */

/* An endpoint's name on the link. A slot is used again and again; the generation says which life is meant.
 * The control plane chooses it, above every one that the dataplane has seen (hello.generation_last). */
struct xf_endpoint_id {
	uint32_t index;	     /* XF_ENDPOINT_NONE: no endpoint */
	uint32_t generation; /* from 1 */
};

static inline uint32_t xf_endpoint_index(unsigned local_addr, uint16_t rtp_port)
{
	return local_addr * XF_PORT_PAIRS + (rtp_port - XF_MEDIA_PORT_FIRST) / 2u;
}

static inline uint16_t xf_endpoint_port(uint32_t index)
{
	return (uint16_t)(XF_MEDIA_PORT_FIRST + index % XF_PORT_PAIRS * 2);
}

static inline unsigned xf_endpoint_local_addr(uint32_t index)
{
	return index / XF_PORT_PAIRS;
}

/* X(symbol, "name in SDP", clock rate Hz, static payload type or 255, video/channels for rtpmap) */
#define XF_CODECS(X)                                                                                                   \
	X(PCMU, "PCMU", 8000, 0, "")                                                                                   \
	X(PCMA, "PCMA", 8000, 8, "")                                                                                   \
	X(G722, "G722", 8000, 9, "")                                                                                   \
	X(G729, "G729", 8000, 18, "")                                                                                  \
	X(OPUS, "opus", 48000, 255, "/2")                                                                              \
	X(EVENT, "telephone-event", 8000, 255, "")                                                                     \
	X(EVENT48, "telephone-event", 48000, 255, "")                                                                  \
	X(CN, "CN", 8000, 13, "")

enum xf_codec {
#define X(symbol, name, rate, pt, channels) XF_CODEC_##symbol,
	XF_CODECS(X)
#undef X
	    XF_CODEC_COUNT
};

#define XF_ENDPOINT_PTS 6

/* One payload type that the leg negotiated, numbered as this leg's peer numbers it. */
struct xf_pt {
	uint8_t pt;    /* 0..127 */
	uint8_t codec; /* enum xf_codec */
};

enum xf_learn {
	/* The SDP address locks at once. Within learn_window_ns another source (NAT) may lock before it is heard, and
	 * it takes back the lock of such a one. */
	XF_LEARN_ONCE = 0,
	XF_LEARN_STRICT = 1, /* only the SDP address and port */
};

/* Everything that the control plane sets of an endpoint. */
struct xf_endpoint_settings {
	struct xf_sockaddr
	    remote; /* RTP of the peer, from its SDP; family 0: not known yet, nothing is sent or taken */
	struct xf_sockaddr remote_rtcp; /* RTCP of the peer (a=rtcp, or port + 1) */
	struct xf_addr next_hop;	/* on-link address: the peer, or the router toward it */
	uint16_t port;			/* index of the DPDK port, in the configuration's order */
	uint8_t learn;			/* enum xf_learn */
	uint8_t relearn; /* 1: the SDP names another address: forget the locked source, unless it is `remote` */
	uint8_t pt_count;
	uint8_t dscp; /* 0..63 */
	uint8_t zero[2];
	struct xf_pt pts[XF_ENDPOINT_PTS];
	uint64_t learn_window_ns; /* a foreign source may win only within this time after the open or relearn */
	uint64_t timeout_ns;	  /* no valid packet for so long: media time-out event; 0: never */
};
_Static_assert(sizeof(struct xf_endpoint_settings) == 104, "crosses the link: raise XF_LINK_VERSION when it changes");

/* An endpoint as `xfergate show endpoints` prints it and as a returning control plane reads it back. */
struct xf_endpoint_state {
	struct xf_endpoint_id id;
	struct xf_endpoint_id
	    source; /* what feeds its send stream; index XF_ENDPOINT_NONE: nothing, XF_ENDPOINT_PROMPT: a prompt */
	struct xf_endpoint_id armed; /* what will feed it from its first valid packet on */
	struct xf_sockaddr local;
	struct xf_sockaddr remote;  /* from SDP */
	struct xf_sockaddr locked;  /* learned source, or family 0 */
	uint8_t neighbour_resolved; /* 0, 1 */
	uint8_t paused;		    /* 0, 1 */
	uint8_t worker;		    /* owner */
	uint8_t prompt_ended;	    /* 0, 1: `source` is a prompt that has come to its end */
	uint32_t prompt;   /* number of the one that is heard while `source`, an endpoint, is silent; 0: none */
	uint32_t ssrc_out; /* of the send stream; valid once tx_packets > 0 */
	uint32_t ssrc_in;  /* last seen from the locked source */
	uint64_t rx_packets, rx_bytes;
	uint64_t rx_wrong_source;
	uint64_t rx_dropped; /* valid source, but dropped by name */
	uint64_t rx_rtcp, tx_rtcp;
	uint64_t tx_packets, tx_bytes;
	uint64_t last_rx_ns;	 /* dataplane clock; 0: never */
	uint64_t opened_ns;	 /* dataplane clock */
	uint64_t gap_longest_ns; /* longest time between two valid packets */
	/* Of what was received, RFC 3550 6.4.1 and A.3: by the sequences of all its SSRCs. */
	uint64_t rx_expected;
	uint32_t rx_reordered, rx_duplicate;
	uint32_t jitter_us;
	uint32_t rx_digits; /* keys pressed (RFC 4733); 255: that or more */
	uint32_t rtt_us; /* to the peer and back, as the latest report that answers one of ours has it; 0: not known */
	uint16_t heard_ms; /* if timed_out: as MEDIA_TIMEOUT's duration_ms has it; else 0 */
	uint8_t timed_out; /* 0, 1: its media time-out has passed and was told; whether anybody heard it is not known */
	uint8_t zero;
};
_Static_assert(sizeof(struct xf_endpoint_state) == 232, "crosses the link: raise XF_LINK_VERSION when it changes");
