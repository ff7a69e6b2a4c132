/* Lexical rules of RFC 3261 25.1 that several readers of this folder share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

bool lex_is_token_char(unsigned char c);
/* A non-empty token. */
bool lex_is_token(const char *text, size_t len);
/* Host name, IPv4 address, or "[IPv6]"; at most SIP_HOST_MAX - 1 bytes. */
bool lex_is_host(const char *text, size_t len);
/* Decimal digits only, at least one, value at most max. */
bool lex_number(const char *text, size_t len, unsigned long max, unsigned long *value);

/* First byte at or after p, before end, that is one of `stops` outside quoted strings and <>; end if none.
 * NULL: a quote or bracket is not closed. */
const char *lex_find(const char *p, const char *end, const char *stops);

/* One piece of a text; not NUL-terminated. */
struct lex_span {
	const char *text;
	size_t len;
};

struct lex_span lex_trim(const char *begin, const char *end);
bool lex_span_is(struct lex_span span, const char *word); /* case-blind */

/* Takes the next ";name" or ";name=value" at *p (white space around each piece allowed) and moves *p behind it.
 * 1: taken; 0: *p has reached end; -EBADMSG. value.text is NULL without "="; quotes are left on. */
int lex_param(const char **p, const char *end, struct lex_span *name, struct lex_span *value);
/* Copies a value, without quotes and quoted pairs if it is a quoted string. 0 or -E2BIG. */
int lex_unquote(char *buf, size_t size, struct lex_span value);
