/* The shape of a SIP message, before anyone looks at what its headers mean: start line, unfolded header lines, body.
 * Names, limits and form are those of xfergate/sip_scan.h; a differential test holds the two together. It cannot stop
 * at the first fault, as that one does: what follows is needed for the answer.
 *
 * Strict where two readers could differ: lines end with CRLF only; a header name is a token, directly or after spaces
 * and tabs followed by the colon (RFC 3261 7.3.1); control characters stand nowhere but as quoted pairs in quoted
 * strings. All of it is remembered in one `error`, and the reading goes on, so that a 400 can be built. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "sip/message.h"

/* Memory that goes in one piece: blocks in a list. */
struct arena_block;
struct arena {
	struct arena_block *blocks;
};
void *arena_alloc(struct arena *arena, size_t size);		     /* aligned, zeroed; NULL: no memory */
char *arena_copy(struct arena *arena, const char *text, size_t len); /* with a NUL behind */
void arena_fini(struct arena *arena);

/* What is wrong with a message: the first finding counts. */
struct scan_error {
	int code; /* 0, -EBADMSG, -E2BIG, -EPROTONOSUPPORT, -ENOMEM */
	char *why;
	size_t why_size;
};
__attribute__((format(printf, 3, 4))) void scan_fail(struct scan_error *error, int code, const char *format, ...);

struct scan {
	char *start_line; /* without CRLF */
	size_t start_len;
	struct sip_header *headers;
	unsigned header_count;
	const char *rest; /* what follows the empty line, in the caller's data */
	size_t rest_len;
};

/* 0, or error->code for what cannot even be answered. Else error->code may be set nevertheless. */
int scan_message(struct scan *scan, struct arena *arena, const char *data, size_t len, struct scan_error *error);

/* "f" → "From"; NULL if the name is no compact form. */
const char *scan_expand(const char *name);
/* Is it a header that RFC 3261 and its extensions allow once only, and that decides where something goes or who asks?
 */
bool scan_is_single(const char *name);
