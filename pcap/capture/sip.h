/* SIP messages cut out of a stream of bytes (RFC 3261 section 18.3). */
#pragma once

#include "capture.h"

#define CAPTURE_SIP_MAX (64 * 1024)

struct capture_sip {
	bool synced;	/* the stream stands where a message may begin; else a start line is looked for */
	size_t scanned; /* bytes of the unfinished message that have been looked at */
	size_t need;	/* bytes of the unfinished message, when its header is whole; else 0 */
};

enum capture_sip_cut {
	CAPTURE_SIP_MORE,    /* nothing whole yet */
	CAPTURE_SIP_MESSAGE, /* *message_len bytes after the *skip */
};
/* Looks at what of the stream has not been consumed. *skip: bytes that are no message (keep-alives, what is no SIP): to
 * be consumed in any case. Beyond CAPTURE_SIP_MAX bytes without a message all is skipped. */
enum capture_sip_cut capture_sip_cut(struct capture_sip *sip, const uint8_t *data, size_t len, size_t *skip,
				     size_t *message_len);
