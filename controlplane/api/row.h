/* A JSON object under construction. What does not fit in memory is remembered, so that builders need not ask after each
 * field: row_take gives NULL then. Text from outside need not be UTF-8: what is not becomes '?'. */
#pragma once

#include <jansson.h>
#include "xfergate/addr.h"
#include "xfergate/endpoint.h"

struct row {
	json_t *json;
	bool failed;
};

void row_init(struct row *row);
/* The object, now the caller's; NULL if a field did not fit in memory. */
json_t *row_take(struct row *row);

/* `value` is taken over; NULL: out of memory. */
void row_set(struct row *row, const char *key, json_t *value);
void row_null(struct row *row, const char *key);
void row_bool(struct row *row, const char *key, bool value);
void row_count(struct row *row, const char *key, uint64_t value); /* cut at INT64_MAX */
void row_text(struct row *row, const char *key, const char *text);
/* NULL and "" become null. */
void row_text_or_null(struct row *row, const char *key, const char *text);
/* Without a password that stands in it. */
void row_uri(struct row *row, const char *key, const char *uri);
/* Seconds from start to end, to the millisecond; 0 if end is before start. */
void row_seconds(struct row *row, const char *key, uint64_t start_ns, uint64_t end_ns);
void row_milliseconds(struct row *row, const char *key, uint64_t ms);		     /* as seconds */
void row_addr(struct row *row, const char *key, const struct xf_addr *addr);	     /* family 0: null */
void row_sockaddr(struct row *row, const char *key, const struct xf_sockaddr *addr); /* family 0: null */
/* What feeds an endpoint: an index, or null for XF_ENDPOINT_NONE. */
void row_endpoint(struct row *row, const char *key, struct xf_endpoint_id id);

/* Appends to an array; both may be NULL, which then is the result. Returns the array, or NULL after freeing it. */
json_t *rows_add(json_t *rows, json_t *row);
json_t *row_string(const char *text); /* as row_text's value */
