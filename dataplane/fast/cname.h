/* The CNAME that goes with a send stream in RTCP (RFC 3550 6.5.1): for each life of an endpoint another one, which says
 * nothing about it, always the same while it lives (RFC 7022 4.2), and not kept anywhere: it is made from a secret. */
#pragma once

#include <stdint.h>
#include "xfergate/endpoint.h"

#define CNAME_SECRET 16
#define CNAME_LEN    12 /* bytes; twice as many characters on the wire (RFC 7022 4.2: at least 96 bits) */

void cname_make(uint8_t out[CNAME_LEN], const uint8_t secret[CNAME_SECRET], const struct xf_endpoint_id *id,
		uint32_t ssrc);
