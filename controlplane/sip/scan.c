#include "sip/scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "sip/lex.h"

#define ARENA_BLOCK 2048

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	_Alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *arena, size_t size)
{
	size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	struct arena_block *block = arena->blocks;
	if (!block || block->room - block->used < size) {
		size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct arena_block){.next = arena->blocks, .room = room};
		arena->blocks = block;
	}
	void *out = block->bytes + block->used;
	block->used += size;
	return memset(out, 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t len)
{
	char *out = arena_alloc(arena, len + 1);
	if (out && len)
		memcpy(out, text, len);
	return out;
}

void arena_fini(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;
		free(arena->blocks);
		arena->blocks = next;
	}
}

void scan_fail(struct scan_error *error, int code, const char *format, ...)
{
	if (error->code && code != -ENOMEM)
		return;
	error->code = code;
	va_list args;
	va_start(args, format);
	if (error->why_size)
		vsnprintf(error->why, error->why_size, format, args);
	va_end(args);
}

const char *scan_expand(const char *name)
{
	/* What has no compact form goes behind the letters, each to a place of its own. */
	static const char *const names[26 + SIP_HEADER_COUNT] = {
#define X(symbol, text, compact, once) [(compact) ? (compact) - 'a' : 26 + SIP_HEADER_##symbol] = text,
	    SIP_HEADER_NAMES(X)
#undef X
	};
	char c = name[0] >= 'A' && name[0] <= 'Z' ? (char)(name[0] + 32) : name[0];
	return c >= 'a' && c <= 'z' && name[1] == 0 ? names[c - 'a'] : NULL;
}

bool scan_is_single(const char *name)
{
#define X(symbol, text, compact, once)                                                                                 \
	if ((once) && strcasecmp(name, text) == 0)                                                                     \
		return true;
	SIP_HEADER_NAMES(X)
#undef X
	return false;
}

/* End of the line that begins at p (its CR), or NULL without a CRLF. */
static const char *line_end(const char *p, const char *end)
{
	while ((p = memchr(p, '\r', (size_t)(end - p)))) {
		if (p + 1 < end && p[1] == '\n')
			return p;
		p++;
	}
	return NULL;
}

/* Copies a line that may be folded (up to stop, a CRLF or the end) with each fold and the space round it made one SP.
 */
static size_t unfold(char *to, const char *p, const char *stop)
{
	size_t n = 0;
	while (p < stop) {
		if (p[0] == '\r' && p + 2 < stop && p[1] == '\n') {
			while (n > 0 && (to[n - 1] == ' ' || to[n - 1] == '\t'))
				n--;
			p += 2;
			while (p < stop && (*p == ' ' || *p == '\t'))
				p++;
			to[n++] = ' ';
		} else {
			to[n++] = *p++;
		}
	}
	to[n] = 0;
	return n;
}

/* Control characters may only be quoted pairs. Turns those NULs into "?" in `text`. */
static bool clean_value(char *text, size_t len)
{
	bool quoted = false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (quoted && c == '\\' && i + 1 < len) {
			char *pair = &text[++i];
			if (*pair == '\r' || *pair == '\n')
				return false;
			if (*pair == 0)
				*pair = '?';
			continue;
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
		if (c == '"')
			quoted = !quoted;
	}
	return true;
}

/* The field from p to `stop`; its first line ends at `first`, before which its colon must stand (RFC 3261 25.1 HCOLON).
 */
static void scan_header(struct scan *scan, struct arena *arena, const char *p, const char *first, const char *stop,
			struct scan_error *error)
{
	if (stop - p > SIP_LINE_MAX)
		scan_fail(error, -E2BIG, "header line %u is longer than %d bytes", scan->header_count + 1,
			  SIP_LINE_MAX);
	char *line = arena_alloc(arena, (size_t)(stop - p) + 1);
	if (!line) {
		scan_fail(error, -ENOMEM, "no memory");
		return;
	}
	size_t len = unfold(line, p, stop);
	size_t name_len = 0;
	while (name_len < len && lex_is_token_char((unsigned char)line[name_len]))
		name_len++;
	size_t colon = name_len;
	while (colon < len && (line[colon] == ' ' || line[colon] == '\t'))
		colon++;
	if (name_len == 0 || colon == len || line[colon] != ':' || !memchr(p, ':', (size_t)(first - p))) {
		scan_fail(error, -EBADMSG, "header line %u is not \"name: value\"", scan->header_count + 1);
		return;
	}
	if (name_len > SIP_NAME_MAX)
		scan_fail(error, -E2BIG, "a header name of more than %d bytes", SIP_NAME_MAX);
	line[name_len] = 0;
	struct sip_header *header = &scan->headers[scan->header_count];
	const char *expanded = scan_expand(line);
	header->name = expanded ? expanded : line;
	struct lex_span value = lex_trim(line + colon + 1, line + len);
	char *text = line + (value.text - line);
	text[value.len] = 0;
	header->value = header->wire = text;
	header->wire_len = value.len;
	if (memchr(text, 0, value.len)) {
		header->wire = arena_copy(arena, text, value.len);
		if (!header->wire) {
			scan_fail(error, -ENOMEM, "no memory");
			return;
		}
	}
	if (!clean_value(text, value.len)) {
		scan_fail(error, -EBADMSG, "%.40s holds a control character", header->name);
		return;
	}
	scan->header_count++;
}

/* Header fields from p to the empty line. *lines: how many lines they take. */
static unsigned count_fields(const char *p, const char *end, unsigned *lines)
{
	unsigned count = 0;
	*lines = 0;
	while (p < end) {
		const char *stop = line_end(p, end);
		if (!stop || stop == p)
			break;
		count += *p != ' ' && *p != '\t';
		++*lines;
		p = stop + 2;
	}
	return count;
}

static int scan_start_line(struct scan *scan, struct arena *arena, const char **p, const char *end,
			   struct scan_error *error)
{
	while (end - *p >= 2 && (*p)[0] == '\r' && (*p)[1] == '\n') /* RFC 3261 7.5 */
		*p += 2;
	const char *stop = line_end(*p, end);
	if (!stop) {
		scan_fail(error, -EBADMSG, "no start line");
		return error->code;
	}
	scan->start_len = (size_t)(stop - *p);
	scan->start_line = arena_copy(arena, *p, scan->start_len);
	if (!scan->start_line) {
		scan_fail(error, -ENOMEM, "no memory");
		return error->code;
	}
	for (size_t i = 0; i < scan->start_len; i++) {
		unsigned char c = (unsigned char)scan->start_line[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			scan_fail(error, -EBADMSG, "start line holds a control character");
			return error->code;
		}
	}
	if (scan->start_len > SIP_LINE_MAX)
		scan_fail(error, -E2BIG, "start line is longer than %d bytes", SIP_LINE_MAX);
	*p = stop + 2;
	return 0;
}

int scan_message(struct scan *scan, struct arena *arena, const char *data, size_t len, struct scan_error *error)
{
	const char *p = data, *end = data + len;
	*scan = (struct scan){0};
	if (len > SIP_MESSAGE_MAX) {
		scan_fail(error, -E2BIG, "longer than %d bytes", SIP_MESSAGE_MAX);
		return error->code;
	}
	int rc = scan_start_line(scan, arena, &p, end, error);
	if (rc < 0)
		return rc;
	unsigned lines, fields = count_fields(p, end, &lines);
	if (fields > SIP_HEADERS_MAX) {
		scan_fail(error, -E2BIG, "more than %d header lines", SIP_HEADERS_MAX);
		fields = SIP_HEADERS_MAX;
	}
	if (lines + 2 > SIP_LINES_MAX) /* with start line and empty line */
		scan_fail(error, -E2BIG, "more than %d lines", SIP_LINES_MAX);
	scan->headers = arena_alloc(arena, (fields + 1) * sizeof(*scan->headers));
	if (!scan->headers) {
		scan_fail(error, -ENOMEM, "no memory");
		return error->code;
	}
	while (p < end) {
		const char *stop = line_end(p, end);
		if (!stop) {
			scan_fail(error, -EBADMSG, "header line %u does not end", scan->header_count + 1);
			break;
		}
		if (stop == p) {
			scan->rest = p + 2;
			scan->rest_len = (size_t)(end - scan->rest);
			return error->code == -ENOMEM ? error->code : 0;
		}
		const char *first = stop, *next = stop + 2;
		while (next < end && (*next == ' ' || *next == '\t')) {
			stop = line_end(next, end);
			stop = stop ? stop : end;
			next = stop == end ? end : stop + 2;
		}
		if (scan->header_count < fields)
			scan_header(scan, arena, p, first, stop, error);
		p = next;
	}
	scan_fail(error, -EBADMSG, "the headers do not end with an empty line");
	scan->rest = end;
	return error->code == -ENOMEM ? error->code : 0;
}
