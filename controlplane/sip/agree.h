/* Inside the library: what libosip2 reads in a header value must be what we read, or the message is refused, for
 * whatever else reads SIP in this gateway or behind it may read as libosip2 does. The only file that knows libosip2.
 *
 * Each returns false on disagreement, and when there is no memory. Values of fewer than seven bytes within <> are
 * refused by libosip2 always. */
#pragma once

#include "sip/message.h"

bool agree_address(const struct sip_address *address); /* host, port and tag */
bool agree_via(const struct sip_via *via);	       /* host, port and branch */
bool agree_uri(const struct sip_uri *uri, const char *text);
bool agree_cseq(uint32_t number, const char *method, const char *value);
