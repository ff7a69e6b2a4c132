/* Which datagrams of a capture are RTP (RFC 3550), where no SDP says so: those whose SSRC and sequence numbers go on.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "xfergate/addr.h"

#define TRACE_RTP_STABLE 4 /* packets in a row make a stream */

struct trace_rtp_header {
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t ssrc;
};
/* Has it the shape of an RTP packet, and not that of RTCP (RFC 5761 section 4)? */
bool trace_rtp_parse(struct trace_rtp_header *header, const void *data, size_t len);

struct trace_rtp_flow {
	struct xf_sockaddr from, to; /* these three: the key */
	uint32_t ssrc;
	uint16_t sequence; /* of the last packet */
	bool known;
	unsigned count; /* packets in a row, while it is not known */
	struct {
		uint64_t ns;
		uint8_t payload_type;
	} waiting[TRACE_RTP_STABLE];
};

struct trace_rtp;
int trace_rtp_create(struct trace_rtp **out); /* 0 or -ENOMEM */
void trace_rtp_destroy(struct trace_rtp *rtp);
/* One more packet; `known`: an SDP says what it is. *waiting: how many of flow->waiting, this packet the last, are RTP
 * by now and were not before; 0: it is not clear yet. NULL: no memory. */
const struct trace_rtp_flow *trace_rtp_add(struct trace_rtp *rtp, uint64_t ns, const struct xf_sockaddr *from,
					   const struct xf_sockaddr *to, const struct trace_rtp_header *header,
					   bool known, unsigned *waiting);
