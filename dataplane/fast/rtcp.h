/* RTCP as it arrives, checked (RFC 3550 6.1, 6.4 to 6.6, appendix A.2), and as it leaves.
 *
 * What leaves is written anew: the sender's report or receiver's report, at most one report block, and a CNAME of the
 * send stream's own. So nothing of one side that is not counted here (its CNAME with its address, application data)
 * reaches the other, and nobody's BYE ends a stream that goes on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cname.h"

/* Sender report with one block, SDES with a CNAME. */
#define RTCP_OUT_MAX 88

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
	uint32_t ssrc;
	uint32_t ntp_high, ntp_low;
	uint32_t timestamp;
	uint32_t packets, octets;
	struct rtcp_block block; /* about the SSRC that was asked for */
};

/* Checks a whole compound packet and reads its first report, with the block about `about`. 0 or -EBADMSG. */
int rtcp_parse(struct rtcp *out, const uint8_t *data, size_t len, uint32_t about);

/* Bytes written, at most RTCP_OUT_MAX. */
size_t rtcp_write(uint8_t out[RTCP_OUT_MAX], const struct rtcp *rtcp, const uint8_t cname[CNAME_LEN]);
