#include "sip.h"

#include <ctype.h>
#include <stddef.h>
#include <sys/types.h>

#define SIP_LINE_MAX (8 * 1024) /* of a start line */

/* Bytes of a line, its end included; 0: no end yet. */
static size_t sip_line(const uint8_t *p, size_t len)
{
	const uint8_t *end = len ? memchr(p, '\n', len) : NULL;
	return end ? (size_t)(end - p) + 1 : 0;
}

static bool sip_is_blank(const uint8_t *line, size_t len)
{
	return len == 1 || (len == 2 && line[0] == '\r');
}

/* "SIP/2.0", of any version: what is wrong with it is for who reads the message. */
static bool sip_is_version(const uint8_t *p, size_t len)
{
	return len == 7 && strncasecmp((const char *)p, "SIP/", 4) == 0 && isdigit(p[4]) && p[5] == '.' &&
	       isdigit(p[6]);
}

static bool sip_is_token(uint8_t c)
{
	return isalnum(c) || (c && strchr("-.!%*_+`'~", c));
}

static bool sip_is_start(const uint8_t *line, size_t len)
{
	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	if (len >= 11 && sip_is_version(line, 7))
		return line[7] == ' ' && isdigit(line[8]) && isdigit(line[9]) && isdigit(line[10]);
	size_t method = 0;
	while (method < len && sip_is_token(line[method]))
		method++;
	return method && len >= method + 10 && line[method] == ' ' && line[len - 8] == ' ' &&
	       sip_is_version(line + len - 7, 7);
}

/* Bytes of the method that ends at p: of a known one, which may stand behind anything; else of the whole token. */
static size_t sip_method_before(const uint8_t *line, const uint8_t *p)
{
	static const char *const known[] = {"INVITE",	"ACK",	 "BYE",	      "CANCEL", "OPTIONS",
					    "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "UPDATE",
					    "REFER",	"INFO",	 "MESSAGE",   "PUBLISH"};
	size_t token = 0;
	while (p - token > line && sip_is_token(p[-1 - (ptrdiff_t)token]))
		token++;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i]);
		if (n <= token && memcmp(p - n, known[i], n) == 0)
			return n;
	}
	return token;
}

/* Where a start line begins in a line that may begin with the end of a body, which need not end with a line. 0: at its
 * beginning or nowhere. */
static size_t sip_start_within(const uint8_t *line, size_t len)
{
	const uint8_t *end = line + len, *p;
	while (end > line && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
		end--;
	for (p = line; (p = memmem(p, (size_t)(end - p), "SIP/2.0 ", 8)); p++)
		if (sip_is_start(p, (size_t)(end - p)))
			return (size_t)(p - line);
	if (end - line < 10 || end[-8] != ' ')
		return 0;
	for (p = end - 9; p > line && *p != ' '; p--)
		;
	return (size_t)(p - line) - sip_method_before(line, p);
}

/* The line is this header: its value's offset; else 0. */
static size_t sip_header(const uint8_t *line, size_t len, const char *name)
{
	size_t n = strlen(name);
	if (len <= n || strncasecmp((const char *)line, name, n) != 0)
		return 0;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	return n < len && line[n] == ':' ? n + 1 : 0;
}

/* Digits after white space (a folded line's included), up to the end of the header. -1: no such number. */
static long sip_number(const uint8_t *p, size_t len)
{
	size_t i = 0;
	long v = 0;
	while (i < len && isspace(p[i]))
		i++;
	if (i == len || !isdigit(p[i]))
		return -1;
	for (; i < len && isdigit(p[i]); i++)
		if ((v = v * 10 + (p[i] - '0')) > CAPTURE_SIP_MAX)
			return -1;
	while (i < len && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i == len || p[i] == '\r' || p[i] == '\n' ? v : -1;
}

struct sip_headers {
	long content_length; /* 0 if there is none; -1: bad */
	bool call_id, cseq;
};

static struct sip_headers sip_headers(const uint8_t *p, size_t len)
{
	struct sip_headers h = {0};
	size_t line, at;

	for (; (line = sip_line(p, len)) && !sip_is_blank(p, line); p += line, len -= line) {
		if ((at = sip_header(p, line, "Content-Length")) || (at = sip_header(p, line, "l")))
			h.content_length = sip_number(p + at, len - at);
		h.call_id |= sip_header(p, line, "Call-ID") || sip_header(p, line, "i");
		h.cseq |= sip_header(p, line, "CSeq") != 0;
	}
	return h;
}

/* Bytes of start line and headers, the blank line included; 0: not whole yet. */
static size_t sip_head(struct capture_sip *sip, const uint8_t *p, size_t len)
{
	size_t at = sip->scanned, line;
	for (; (line = sip_line(p + at, len - at)); at += line)
		if (sip_is_blank(p + at, line))
			return at + line;
	sip->scanned = at;
	return 0;
}

/* Bytes of the message that begins at p; 0: not known yet; -1: none begins here. */
static ssize_t sip_length(struct capture_sip *sip, const uint8_t *p, size_t len)
{
	if (sip->need)
		return (ssize_t)sip->need;
	size_t line = sip_line(p, len);
	if (!line)
		return len > SIP_LINE_MAX ? -1 : 0;
	if (sip->scanned == 0 && !sip_is_start(p, line))
		return -1;
	size_t head = sip_head(sip, p, len);
	if (!head)
		return len > CAPTURE_SIP_MAX ? -1 : 0;
	struct sip_headers h = sip_headers(p, head);
	/* Where it is not known that a message begins, it could be a start line within a body (message/sipfrag). */
	if (h.content_length < 0 || head + (size_t)h.content_length > CAPTURE_SIP_MAX ||
	    (!sip->synced && (!h.call_id || !h.cseq)))
		return -1;
	return (ssize_t)(sip->need = head + (size_t)h.content_length);
}

enum capture_sip_cut capture_sip_cut(struct capture_sip *sip, const uint8_t *data, size_t len, size_t *skip,
				     size_t *message_len)
{
	for (*skip = 0;;) {
		const uint8_t *p = data + *skip;
		size_t left = len - *skip;
		if (left && sip->scanned == 0 && (*p == '\r' || *p == '\n')) {
			++*skip;
			continue;
		}
		if (left && sip->scanned == 0 && !sip->synced) {
			size_t within = sip_start_within(p, sip_line(p, left));
			*skip += within;
			p += within;
			left -= within;
		}
		ssize_t length = left ? sip_length(sip, p, left) : 0;
		if (length > 0 && (size_t)length <= left) {
			*sip = (struct capture_sip){.synced = true};
			*message_len = (size_t)length;
			return CAPTURE_SIP_MESSAGE;
		}
		if (length >= 0)
			return CAPTURE_SIP_MORE;
		size_t line = sip_line(p, left);
		*sip = (struct capture_sip){0};
		*skip += line ? line : left;
	}
}
