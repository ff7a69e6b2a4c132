/* SDP of one audio line (RFC 8866, RFC 3264). Whatever else is offered is refused with port 0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "xfergate/endpoint.h"

#define SDP_MAX	      8192
#define SDP_CODEC_MAX 8
#define SDP_MEDIA_MAX 8

enum sdp_direction { /* bits: as the one who wrote the SDP sees it */
		     SDP_INACTIVE = 0,
		     SDP_SENDONLY = 1,
		     SDP_RECVONLY = 2,
		     SDP_SENDRECV = 3,
};

struct sdp_codec {
	uint8_t pt;    /* 0..127 */
	uint8_t codec; /* enum xf_codec */
	char fmtp[96]; /* printable; "" if none */
};

struct sdp_line { /* an m-line of any kind */
	char media[16];
	char proto[24];
	char format[32]; /* its first format */
};

struct sdp {
	struct xf_sockaddr rtp;	       /* address family 0 or 0.0.0.0 / ::: on hold the old way, direction says so */
	struct xf_sockaddr rtcp;       /* a=rtcp, or port + 1 (0 behind 65535: none); same as rtp with rtcp_mux */
	struct xf_sockaddr rtcp_apart; /* rtcp if there were no rtcp_mux */
	bool rtcp_mux;		       /* RFC 5761 5.1.1: offered, or in an answer to an offer of it */
	uint8_t direction;	       /* enum sdp_direction, of its writer */
	uint16_t ptime_ms;	       /* 0: not said */
	struct sdp_codec codecs[SDP_CODEC_MAX]; /* those that we know, in order of preference */
	unsigned codec_count;
	struct sdp_line lines[SDP_MEDIA_MAX];
	unsigned line_count;
	unsigned audio; /* which of them */
};

/* 0, -EBADMSG (not SDP: 400), -ENOTSUP (no audio over RTP/AVP with a port, multicast, or no codec that we know: 488),
 * -E2BIG. `why`: a sentence. Lines may end with LF alone. */
int sdp_parse(struct sdp *sdp, const char *body, size_t len, char *why, size_t why_size);

/* An answer to an offer without a=rtcp-mux must not have it (RFC 5761 5.1.1): as if it had not. */
void sdp_unmux(struct sdp *sdp);

/* What we say of a leg. */
struct sdp_local {
	uint64_t session_id;
	uint64_t version;
	struct xf_sockaddr rtp; /* as advertised */
	uint8_t direction;	/* as we see it */
	struct sdp_codec codecs[SDP_CODEC_MAX];
	unsigned codec_count;
	uint16_t ptime_ms;
};

/* An answer to `offer`, or (NULL) an offer; an offer of multiplexed RTCP is taken. Returns the length, -E2BIG, or
 * -EINVAL (no address or no codec). NUL-terminated. telephone-event without fmtp gets "0-16". */
int sdp_format(char *buf, size_t size, const struct sdp_local *local, const struct sdp *offer);

/* Codecs of `theirs` (with their numbers and order, and our fmtp) that also stand in `ours`, telephone-event and CN
 * included, but only if an audio codec is common. out holds SDP_CODEC_MAX. Returns how many; 0: none in common. */
unsigned sdp_intersect(struct sdp_codec *out, const struct sdp_codec *theirs, unsigned their_count,
		       const struct sdp_codec *ours, unsigned our_count);
