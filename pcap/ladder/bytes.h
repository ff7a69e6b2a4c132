/* What a ladder must find in the bytes of a SIP message, with nothing taken for granted: every look-up is bounded by
 * the message, and what is not there is empty.
 *
 * This is for drawing: it decides nothing, so it is lenient where a gateway must be strict.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Part of the caller's bytes; ptr is NULL if it is not there. */
struct bytes {
	const char *ptr;
	size_t len;
};

/* Do the bytes begin with a request line or status line of SIP/2.0? */
bool bytes_are_sip(const void *data, size_t len);
/* The start line without its line end. */
struct bytes bytes_start_line(const void *data, size_t len);
/* Value of the first header of that name (any case), folded lines included, or of its compact form ('t' of To; 0:
 * none). */
struct bytes bytes_header(const void *data, size_t len, const char *name, char compact);
/* What follows the empty line. */
struct bytes bytes_body(const void *data, size_t len);
/* The next line of `rest`, without its end, and `rest` moved behind it. False: there is none. */
bool bytes_line(struct bytes *rest, struct bytes *line);
/* Has a To or From value the parameter `tag` (RFC 3261 20.39)? */
bool bytes_have_tag(struct bytes value);
bool bytes_begin(struct bytes bytes, const char *text); /* in any case */
struct bytes bytes_trim(struct bytes bytes);		/* without white space at both ends */
