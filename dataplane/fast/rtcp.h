/* RTCP as it arrives, checked (RFC 3550 6.1, 6.4 to 6.6, appendix A.2), and as it leaves.
 *
 * What leaves is written anew: the sender's report or receiver's report, at most one report block, and a CNAME of the
 * send stream's own. So nothing of one side that is not counted here (its CNAME with its address, application data)
 * reaches the other, and nobody's BYE ends a stream that goes on.
 *
 * What has to be true of a compound packet: version 2 in each of its packets; first a sender's or receiver's report,
 * which is not padded (A.2); padding in the last only; lengths that add up to the datagram; at most RTCP_PACKETS_MAX
 * packets; reports, SDES, BYE, APP and feedback whole. A CNAME may be missing, though 6.1 asks for one: many leave it
 * out. What begins with something else (RFC 5506, reduced size) has to be agreed on in SDP, which we never do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cname.h"

/* Sender report with one block, SDES with a CNAME, BYE. */
#define RTCP_OUT_MAX 96

#define RTCP_PACKETS_MAX 32 /* of a compound packet that came */

struct rtcp_block {
	uint32_t ssrc;	  /* whom it is about */
	uint32_t lost;	  /* fraction and cumulative number, as on the wire */
	uint32_t seq_ext; /* highest received */
	uint32_t jitter;
	uint32_t lsr, dlsr;
};

struct rtcp {
	bool sender; /* a sender report; else a receiver report and the next five fields mean nothing */
	bool has_block;
	bool bye; /* of what is written: the stream ends with it */
	uint32_t ssrc;
	uint32_t ntp_high, ntp_low;
	uint32_t timestamp;
	uint32_t packets, octets;
	struct rtcp_block block; /* about the SSRC that was asked for */
};

/* The cumulative number of packets lost, signed (RFC 3550 6.4.1). */
static inline uint32_t rtcp_lost(const struct rtcp_block *block)
{
	return (uint32_t)((int32_t)(block->lost << 8) >> 8);
}

/* The field of both; what is beyond 24 bits stays at their end. */
static inline uint32_t rtcp_lost_field(uint8_t fraction, uint32_t lost)
{
	int32_t number = (int32_t)lost;
	number = number > 0x7fffff ? 0x7fffff : number < -0x800000 ? -0x800000 : number;
	return (uint32_t)fraction << 24 | ((uint32_t)number & 0xffffff);
}

/* Checks a whole compound packet and reads its first report, with the block about `about`. 0; -ENOTSUP: of reduced
 * size, else well formed; -EBADMSG. */
int rtcp_parse(struct rtcp *out, const uint8_t *data, size_t len, uint32_t about);

/* Bytes written, at most RTCP_OUT_MAX. */
size_t rtcp_write(uint8_t out[RTCP_OUT_MAX], const struct rtcp *rtcp, const uint8_t cname[CNAME_LEN]);
