/* A SIP message as text that can be changed: start line, header lines, body. What is not changed is printed as it came,
 * byte by byte, so that parse and print are without loss. Lenient: whatever has a start line of SIP and lines with a
 * colon is taken, for the capture may hold messages that are wrong on purpose.
 *
 * Spans point into the caller's bytes or into memory of the text; both must outlive it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIP_TEXT_LINES_MAX 512

struct sip_text_span {
	const char *at;
	size_t len;
};

struct sip_text_line {
	struct sip_text_span raw; /* with its line end, folded lines included */
	struct sip_text_span name, value;
};

struct sip_text_block;
struct sip_text {
	struct sip_text_span start; /* without its line end */
	struct sip_text_span start_end;
	struct sip_text_line lines[SIP_TEXT_LINES_MAX];
	unsigned line_count;
	struct sip_text_span separator; /* the empty line; "" if the message ends before it */
	struct sip_text_span body;
	struct sip_text_block *blocks; /* what was put in */
	bool out_of_memory;	       /* a change failed; printing says so */
};

/* 0, or -EBADMSG: not SIP; -E2BIG: more than SIP_TEXT_LINES_MAX lines. */
int sip_text_parse(struct sip_text *text, const void *data, size_t len);
void sip_text_fini(struct sip_text *text);
/* Is it a message at all? Looks at the first bytes only. */
bool sip_text_is_sip(const void *data, size_t len);

size_t sip_text_len(const struct sip_text *text);
/* Returns the length, -E2BIG or (a change before failed) -ENOMEM. */
long sip_text_print(const struct sip_text *text, char *buf, size_t size);

/* The next line of that header at or after `from` (long name; compact forms are known); -1: none. */
int sip_text_find(const struct sip_text *text, const char *name, unsigned from);
/* Value of the first line of that header; at NULL: none. */
struct sip_text_span sip_text_value(const struct sip_text *text, const char *name);
bool sip_text_name_is(struct sip_text_span name, const char *long_name);

void sip_text_set_start(struct sip_text *text, const char *start, size_t len);
/* The line keeps its name as it is written. */
void sip_text_set_value(struct sip_text *text, unsigned line, const char *value, size_t len);
void sip_text_del(struct sip_text *text, unsigned line);
void sip_text_del_all(struct sip_text *text, const char *name);
/* A line before the line `at` (line_count: at the end). */
void sip_text_insert(struct sip_text *text, unsigned at, const char *name, const char *value, size_t len);
/* Sets Content-Length too. */
void sip_text_set_body(struct sip_text *text, const char *body, size_t len);

bool sip_text_span_is(struct sip_text_span span, const char *word);   /* case counts */
bool sip_text_span_like(struct sip_text_span span, const char *word); /* case does not */
struct sip_text_span sip_text_trim(struct sip_text_span span);
/* Value of ";name=value" behind the addr-spec of a From, To, Via or the like, without quotes; at NULL: none. */
struct sip_text_span sip_text_param(struct sip_text_span value, const char *name);
/* The URI of a name-addr or addr-spec. */
struct sip_text_span sip_text_uri(struct sip_text_span value);
/* Parts of a sip: or sips: URI; at NULL: none. host without brackets' contents changed: "[2001:db8::1]" as it stands.
 */
struct sip_text_span sip_text_uri_user(struct sip_text_span uri);
struct sip_text_span sip_text_uri_host(struct sip_text_span uri);
/* Host and port: "192.0.2.1:5060". */
struct sip_text_span sip_text_uri_hostport(struct sip_text_span uri);
/* The first of the values that commas separate. */
struct sip_text_span sip_text_first(struct sip_text_span value);
