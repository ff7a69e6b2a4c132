/* Media addresses that the SDPs of a capture name, and what their payload types mean (RFC 8866, RFC 3551). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "xfergate/addr.h"

struct trace_sdp;

int trace_sdp_create(struct trace_sdp **out); /* 0 or -ENOMEM */
void trace_sdp_destroy(struct trace_sdp *sdp);
/* Remembers the audio and video lines of a message's body; of one address the last word counts. What is no SDP names
 * nothing. 0 or -ENOMEM. */
int trace_sdp_add(struct trace_sdp *sdp, const char *body, size_t len);
/* Has an SDP named this address? */
bool trace_sdp_has(const struct trace_sdp *sdp, const struct xf_sockaddr *address);

#define TRACE_CODEC 32
/* "PCMU" by the SDP of the receiver, of the sender, or by the payload type's fixed meaning; else "payload 97". */
const char *trace_sdp_codec(const struct trace_sdp *sdp, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
			    uint8_t payload_type, char buf[static TRACE_CODEC]);
