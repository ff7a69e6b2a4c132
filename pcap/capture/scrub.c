#include "scrub.h"

#include <string.h>
#include <strings.h>

struct span {
	char *text;
	size_t len;
};

static void blank(char *text, size_t len)
{
	memset(text, 'x', len);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t blank_len(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && is_space(text[n]))
		n++;
	return n;
}

bool scrub_is_sip(const void *data, size_t len)
{
	const char *text = data;
	size_t at = blank_len(text, len);
	return at < len && text[at] > ' ' && text[at] < 0x7f;
}

static size_t line_len(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	size_t n = end ? (size_t)(end - text) + 1 : len;
	/* some end with a CR alone, which parsers take */
	const char *cr = memchr(text, '\r', n);
	return cr && (size_t)(cr + 1 - text) < n && cr[1] != '\n' ? (size_t)(cr + 1 - text) : n;
}

static bool begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && strncasecmp(text, with, strlen(with)) == 0;
}

/* ---- URIs, wherever they stand */

static bool ends_uri(char c)
{
	return (unsigned char)c <= ' ' || strchr("<>\",", c);
}

/* A password may hold commas, so only one that another URI follows ends a user part. */
static bool ends_user(const char *text, size_t len)
{
	return *text == ',' ? begins(text + 1, len - 1, "sip:") || begins(text + 1, len - 1, "sips:") ||
				  begins(text + 1, len - 1, "tel:")
			    : ends_uri(*text);
}

/* Behind "sip:" or "sips:": "user:password@host". Without an "@" there is a host only. */
static void scrub_user(const struct scrub *scrub, char *text, size_t len)
{
	size_t at = 0, colon = len;
	while (at < len && text[at] != '@' && !ends_user(text + at, len - at)) {
		if (text[at] == ':' && colon == len)
			colon = at;
		at++;
	}
	if (at == len || text[at] != '@')
		return;
	if (colon < at)
		blank(text + colon + 1, at - colon - 1);
	scrub_numbers(scrub, text, colon < at ? colon : at, false);
}

static void scrub_tel(const struct scrub *scrub, char *text, size_t len)
{
	size_t at = 0;
	while (at < len && !ends_uri(text[at]))
		at++;
	scrub_numbers(scrub, text, at, false);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "sip%3A" up to "%40", or "tel%3A", as in the headers that a URI asks for. */
static void scrub_escaped(const struct scrub *scrub, char *text, size_t len, bool tel)
{
	size_t at = 0;
	while (at < len && !ends_uri(text[at]) && text[at] != '&' && !begins(text + at, len - at, "%40"))
		at++;
	if (tel || (at < len && begins(text + at, len - at, "%40")))
		scrub_numbers(scrub, text, at, false);
}

/* "?Authorization=…&Proxy-Authorization=…" */
static void scrub_asked(char *text, size_t len)
{
	size_t name = begins(text + 1, len - 1, "authorization=")	  ? 15
		      : begins(text + 1, len - 1, "proxy-authorization=") ? 21
									  : len;
	for (size_t at = name; at < len && !ends_uri(text[at]) && text[at] != '&'; at++)
		text[at] = 'x';
}

static void scrub_uris(const struct scrub *scrub, char *text, size_t len)
{
	for (size_t at = 0; at + 4 < len; at++) {
		if (text[at] == '?' || text[at] == '&')
			scrub_asked(text + at, len - at);
		bool escaped = at >= 3 && text[at - 3] == '%'; /* "%3Csip" */
		if (!strchr("sStT", text[at]) || (at > 0 && is_word(text[at - 1]) && !escaped))
			continue;
		if (begins(text + at, len - at, "sip:"))
			scrub_user(scrub, text + at + 4, len - at - 4);
		else if (begins(text + at, len - at, "sips:"))
			scrub_user(scrub, text + at + 5, len - at - 5);
		else if (begins(text + at, len - at, "tel:"))
			scrub_tel(scrub, text + at + 4, len - at - 4);
		else if (begins(text + at, len - at, "sip%3A") || begins(text + at, len - at, "tel%3A"))
			scrub_escaped(scrub, text + at + 6, len - at - 6, (text[at] | 0x20) == 't');
		else if (begins(text + at, len - at, "sips%3A"))
			scrub_escaped(scrub, text + at + 7, len - at - 7, false);
	}
}

/* ---- header values */

/* Length of the quoted string at text, quotes included. */
static size_t quoted_len(const char *text, size_t len)
{
	size_t at = 1;
	while (at < len && text[at] != '"')
		at += text[at] == '\\' ? 2 : 1;
	return at < len ? at + 1 : len;
}

static bool is_secret(const char *name, size_t len)
{
	static const char *const names[] = {"username", "username*", "realm", "nonce", "cnonce", "response", "rspauth"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* Everything but white space, which may fold a line. */
static void blank_words(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_space(text[i]))
			text[i] = 'x';
}

/* "name=value, name="value"". */
static void scrub_parameters(char *p, char *end)
{
	while (p < end) {
		while (p < end && (is_space(*p) || *p == ','))
			p++;
		char *name = p;
		while (p < end && !is_space(*p) && *p != '=' && *p != ',')
			p++;
		bool secret = is_secret(name, (size_t)(p - name));
		while (p < end && (is_space(*p) || *p == '='))
			p++;
		size_t n = p < end && *p == '"' ? quoted_len(p, (size_t)(end - p)) : 0;
		char *begin = n ? p + 1 : p;
		p += n;
		while (!n && p < end && !is_space(*p) && *p != ',')
			p++;
		if (secret)
			blank_words(begin, (size_t)(p - begin) - (n > 1 && p[-1] == '"'));
	}
}

/* "Digest" and its parameters. */
static void scrub_credentials(struct span value)
{
	char *p = value.text, *end = value.text + value.len;
	while (p < end && is_space(*p))
		p++;
	bool digest = begins(p, (size_t)(end - p), "digest") && end - p > 6 && is_space(p[6]);
	while (p < end && !is_space(*p))
		p++;
	if (digest)
		scrub_parameters(p, end);
	else
		blank_words(p, (size_t)(end - p));
}

/* Addresses of a list: what stands before "<" is read by people, the rest are URIs and parameters. */
static void scrub_addresses(const struct scrub *scrub, struct span value)
{
	char *p = value.text, *end = value.text + value.len, *begin = p;
	bool bracket = false;
	for (; p < end; p++) {
		if (*p == '"') {
			p += quoted_len(p, (size_t)(end - p)) - 1;
		} else if (*p == '<' && !bracket) {
			bracket = true;
			scrub_numbers(scrub, begin, (size_t)(p - begin), true);
			begin = p;
			while (p < end && *p != '>')
				p++;
		} else if (*p == ',') {
			scrub_uris(scrub, begin, (size_t)(p - begin));
			bracket = false;
			begin = p + 1;
		}
	}
	scrub_uris(scrub, begin, (size_t)(end - begin));
}

/* Only within quotes: around them stand addresses and codes. */
static void scrub_quoted(const struct scrub *scrub, struct span value)
{
	for (size_t at = 0; at < value.len; at++) {
		if (value.text[at] != '"')
			continue;
		size_t n = quoted_len(value.text + at, value.len - at);
		scrub_numbers(scrub, value.text + at, n, true);
		at += n - 1;
	}
}

enum header_kind {
	HEADER_OTHER,
	HEADER_CREDENTIALS,
	HEADER_PROOF,	 /* of the other side, that it knows the password */
	HEADER_PASSPORT, /* both numbers, encoded and signed (RFC 8224) */
	HEADER_ADDRESS,
	HEADER_QUOTED, /* for people, in quotes */
	HEADER_TEXT,   /* for people */
	HEADER_NAMES,  /* that other messages refer to: never touched */
};

static enum header_kind header_kind(const char *name, size_t len)
{
	static const struct {
		const char *name;
		enum header_kind kind;
	} headers[] = {
	    {"Authorization", HEADER_CREDENTIALS},
	    {"Proxy-Authorization", HEADER_CREDENTIALS},
	    {"Authentication-Info", HEADER_PROOF},
	    {"Proxy-Authentication-Info", HEADER_PROOF},
	    {"Identity", HEADER_PASSPORT},
	    {"y", HEADER_PASSPORT},
	    {"From", HEADER_ADDRESS},
	    {"f", HEADER_ADDRESS},
	    {"To", HEADER_ADDRESS},
	    {"t", HEADER_ADDRESS},
	    {"Contact", HEADER_ADDRESS},
	    {"m", HEADER_ADDRESS},
	    {"P-Asserted-Identity", HEADER_ADDRESS},
	    {"P-Preferred-Identity", HEADER_ADDRESS},
	    {"P-Called-Party-ID", HEADER_ADDRESS},
	    {"Remote-Party-ID", HEADER_ADDRESS},
	    {"Diversion", HEADER_ADDRESS},
	    {"History-Info", HEADER_ADDRESS},
	    {"Refer-To", HEADER_ADDRESS},
	    {"r", HEADER_ADDRESS},
	    {"Referred-By", HEADER_ADDRESS},
	    {"b", HEADER_ADDRESS},
	    {"Reply-To", HEADER_ADDRESS},
	    {"Warning", HEADER_QUOTED},
	    {"Reason", HEADER_QUOTED},
	    {"Subject", HEADER_TEXT},
	    {"s", HEADER_TEXT},
	    {"Call-ID", HEADER_NAMES},
	    {"i", HEADER_NAMES},
	    {"Via", HEADER_NAMES},
	    {"v", HEADER_NAMES},
	    {"CSeq", HEADER_NAMES},
	    {"In-Reply-To", HEADER_NAMES},
	    {"Replaces", HEADER_NAMES},
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (strlen(headers[i].name) == len && strncasecmp(headers[i].name, name, len) == 0)
			return headers[i].kind;
	return HEADER_OTHER;
}

/* Of a line that begins with a name and a colon. */
static enum header_kind line_kind(const char *line, const char *colon)
{
	size_t name_len = (size_t)(colon - line);
	while (name_len && is_space(line[name_len - 1]))
		name_len--;
	return header_kind(line, name_len);
}

/* A header with its continuation lines. */
static void scrub_header(const struct scrub *scrub, char *line, size_t len)
{
	char *colon = memchr(line, ':', len), *stop;
	if (!colon)
		return;
	struct span value = {colon + 1, len - (size_t)(colon + 1 - line)};
	switch (line_kind(line, colon)) {
	case HEADER_NAMES:
		return;
	case HEADER_CREDENTIALS:
		scrub_credentials(value);
		scrub_uris(scrub, value.text, value.len);
		return;
	case HEADER_PROOF:
		scrub_parameters(value.text, value.text + value.len);
		return;
	case HEADER_PASSPORT:
		stop = memchr(value.text, ';', value.len);
		blank_words(value.text, stop ? (size_t)(stop - value.text) : value.len);
		return;
	case HEADER_ADDRESS:
		scrub_addresses(scrub, value);
		return;
	case HEADER_QUOTED:
		scrub_quoted(scrub, value);
		return;
	case HEADER_TEXT:
		scrub_numbers(scrub, value.text, value.len, true);
		return;
	default:
		scrub_uris(scrub, value.text, value.len);
	}
}

/* ---- bodies */

/* "a=crypto:1 SUITE inline:KEY|2^20|1:32 PARAMETERS": all of each inline value. */
static void scrub_crypto(char *text, size_t len)
{
	for (size_t at = 0; at + 7 < len; at++) {
		if (!begins(text + at, len - at, "inline:"))
			continue;
		for (at += 7; at < len && !is_space(text[at]); at++)
			text[at] = 'x';
	}
}

/* A line of SDP. False: it is none. */
static bool scrub_sdp(const struct scrub *scrub, char *line, size_t len)
{
	char *value;
	if (len < 2 || line[1] != '=')
		return false;
	if (begins(line, len, "a=crypto:")) {
		scrub_crypto(line, len);
	} else if (begins(line, len, "a=fingerprint:")) {
		value = memchr(line, ' ', len);
		if (value)
			blank_words(value, len - (size_t)(value - line));
	} else if (begins(line, len, "a=ice-pwd:") || begins(line, len, "a=key-mgmt:")) {
		value = memchr(line, ':', len);
		blank_words(value + 1, len - (size_t)(value + 1 - line));
	} else if (begins(line, len, "k=")) {
		blank_words(line + 2, len - 2);
	} else if (begins(line, len, "o=")) {
		value = memchr(line, ' ', len);
		scrub_numbers(scrub, line + 2, value ? (size_t)(value - line) - 2 : len - 2, false);
	} else if (begins(line, len, "p=") || begins(line, len, "s=") || begins(line, len, "i=")) {
		scrub_numbers(scrub, line + 2, len - 2, true);
	} else {
		return false;
	}
	return true;
}

/* The lines at text that continue the one before them. */
static size_t folded_len(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && (text[n] == ' ' || text[n] == '\t'))
		n += line_len(text + n, len - n);
	return n;
}

/* A body may be SDP, a sipfrag, or several of these in parts. */
static void scrub_body(const struct scrub *scrub, char *text, size_t len)
{
	while (len) {
		size_t n = line_len(text, len);
		if (!scrub_sdp(scrub, text, n)) {
			char *colon = memchr(text, ':', n);
			if (colon && line_kind(text, colon) != HEADER_OTHER) {
				n += folded_len(text + n, len - n);
				scrub_header(scrub, text, n);
			} else {
				scrub_uris(scrub, text, n);
			}
		}
		text += n;
		len -= n;
	}
}

void scrub_sip(const struct scrub *scrub, void *data, size_t len)
{
	size_t blank = blank_len(data, len), n;
	char *text = (char *)data + blank;
	len -= blank;
	n = line_len(text, len);
	scrub_uris(scrub, text, n);
	while (text += n, len -= n) {
		n = line_len(text, len);
		bool empty = text[0] == '\n' || text[0] == '\r';
		if (empty) {
			scrub_body(scrub, text + n, len - n);
			return;
		}
		n += folded_len(text + n, len - n);
		scrub_header(scrub, text, n);
	}
}
