/* RTP as it arrives: the fixed header, read and checked (RFC 3550 5.1, 5.3.1; appendix A.1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_LEN 12

struct rtp {
	uint32_t timestamp, ssrc; /* host byte order */
	uint16_t seq;		  /* host byte order */
	uint16_t payload_len;	  /* bytes, without CSRCs, extension and padding */
	uint16_t payload_at;	  /* where they begin */
	uint8_t pt;
	bool marker;
};

/* What a datagram on a media port can be, by its first two bytes (RFC 7983; RFC 5761 4). */
enum rtp_kind {
	RTP_KIND_OTHER, /* empty, or in no range */
	RTP_KIND_STUN,
	RTP_KIND_ZRTP,
	RTP_KIND_DTLS,
	RTP_KIND_TURN_CHANNEL,
	RTP_KIND_RTP,
	RTP_KIND_RTCP,
};

/* Any bytes, any length. */
enum rtp_kind rtp_kind(const uint8_t *data, size_t len);

/* Reads and checks version, CSRC list, extension and padding against the length. 0 or -EBADMSG. */
int rtp_parse(struct rtp *out, const uint8_t *data, size_t len);

/* Overwrites the parts that a relay changes; the packet has been parsed. */
void rtp_write(uint8_t *data, uint8_t pt, bool marker, uint16_t seq, uint32_t timestamp, uint32_t ssrc);
