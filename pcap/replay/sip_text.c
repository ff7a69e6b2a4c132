#include "sip_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sip_text_block {
	struct sip_text_block *next;
	char bytes[];
};

static const struct {
	char compact;
	const char *name;
} compact_forms[] = {
    {'a', "Accept-Contact"},
    {'b', "Referred-By"},
    {'c', "Content-Type"},
    {'d', "Request-Disposition"},
    {'e', "Content-Encoding"},
    {'f', "From"},
    {'i', "Call-ID"},
    {'j', "Reject-Contact"},
    {'k', "Supported"},
    {'l', "Content-Length"},
    {'m', "Contact"},
    {'n', "Identity-Info"},
    {'o', "Event"},
    {'r', "Refer-To"},
    {'s', "Subject"},
    {'t', "To"},
    {'u', "Allow-Events"},
    {'v', "Via"},
    {'x', "Session-Expires"},
};

/* Room for len bytes and a NUL; NULL marks the text. */
static char *sip_text_alloc(struct sip_text *text, size_t len)
{
	struct sip_text_block *block = malloc(sizeof(*block) + len + 1);
	if (!block) {
		text->out_of_memory = true;
		return NULL;
	}
	block->next = text->blocks;
	text->blocks = block;
	block->bytes[len] = 0;
	return block->bytes;
}

bool sip_text_span_is(struct sip_text_span span, const char *word)
{
	return span.at && strlen(word) == span.len && memcmp(span.at, word, span.len) == 0;
}

bool sip_text_span_like(struct sip_text_span span, const char *word)
{
	return span.at && strlen(word) == span.len && strncasecmp(span.at, word, span.len) == 0;
}

struct sip_text_span sip_text_trim(struct sip_text_span span)
{
	while (span.len && memchr(" \t\r\n", span.at[0], 4)) {
		span.at++;
		span.len--;
	}
	while (span.len && memchr(" \t\r\n", span.at[span.len - 1], 4))
		span.len--;
	return span;
}

bool sip_text_name_is(struct sip_text_span name, const char *long_name)
{
	if (name.len != 1)
		return sip_text_span_like(name, long_name);
	for (size_t i = 0; i < sizeof(compact_forms) / sizeof(compact_forms[0]); i++)
		if (compact_forms[i].compact == (name.at[0] | 0x20))
			return strcasecmp(compact_forms[i].name, long_name) == 0;
	return sip_text_span_like(name, long_name);
}

bool sip_text_is_sip(const void *data, size_t len)
{
	const char *p = data;
	if (len >= 8 && memcmp(p, "SIP/2.0 ", 8) == 0)
		return true;
	/* "METHOD uri SIP/"; what most packets are is no text at their first byte */
	size_t i = 0, max = len < 65 ? len : 65;
	while (i < max && p[i] > ' ' && p[i] < 0x7f && p[i] != ':')
		i++;
	if (i == 0 || i == max || p[i] != ' ')
		return false;
	const char *line_end = memchr(p, '\n', len);
	size_t n = line_end ? (size_t)(line_end - p) : len;
	if (n < i)
		return false;
	return memmem(p + i, n - i, " SIP/", 5) != NULL;
}

/* Length of the line at p with its line end (CRLF or LF), and that of the end; a line without end goes to the last
 * byte. */
static size_t line_length(const char *p, const char *end, size_t *end_len)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));
	*end_len = 0;
	if (!lf)
		return (size_t)(end - p);
	*end_len = lf > p && lf[-1] == '\r' ? 2 : 1;
	return (size_t)(lf + 1 - p);
}

static struct sip_text_line line_of(const char *p, size_t len, size_t end_len)
{
	struct sip_text_line line = {.raw = {p, len}};
	const char *colon = memchr(p, ':', len);
	if (colon) {
		line.name = sip_text_trim((struct sip_text_span){p, (size_t)(colon - p)});
		line.value = sip_text_trim((struct sip_text_span){colon + 1, len - end_len - (size_t)(colon + 1 - p)});
	}
	return line;
}

int sip_text_parse(struct sip_text *text, const void *data, size_t len)
{
	const char *p = data, *end = p + len;
	size_t end_len;
	text->line_count = 0;
	text->blocks = NULL;
	text->out_of_memory = false;
	text->separator = text->body = (struct sip_text_span){end, 0};
	if (!sip_text_is_sip(data, len))
		return -EBADMSG;
	size_t n = line_length(p, end, &end_len);
	text->start = (struct sip_text_span){p, n - end_len};
	text->start_end = (struct sip_text_span){p + n - end_len, end_len};
	for (p += n; p < end; p += n) {
		n = line_length(p, end, &end_len);
		if (end_len && n == end_len) {
			text->separator = (struct sip_text_span){p, n};
			text->body = (struct sip_text_span){p + n, (size_t)(end - p - (long)n)};
			return 0;
		}
		while (end_len && p + n < end && (p[n] == ' ' || p[n] == '\t'))
			n += line_length(p + n, end, &end_len);
		if (text->line_count == SIP_TEXT_LINES_MAX)
			return -E2BIG;
		text->lines[text->line_count++] = line_of(p, n, end_len);
	}
	return 0;
}

void sip_text_fini(struct sip_text *text)
{
	while (text->blocks) {
		struct sip_text_block *block = text->blocks;
		text->blocks = block->next;
		free(block);
	}
}

size_t sip_text_len(const struct sip_text *text)
{
	size_t len = text->start.len + text->start_end.len + text->separator.len + text->body.len;
	for (unsigned i = 0; i < text->line_count; i++)
		len += text->lines[i].raw.len;
	return len;
}

static char *put(char *p, struct sip_text_span span)
{
	if (span.len)
		memcpy(p, span.at, span.len);
	return p + span.len;
}

long sip_text_print(const struct sip_text *text, char *buf, size_t size)
{
	size_t len = sip_text_len(text);
	if (text->out_of_memory)
		return -ENOMEM;
	if (len > size)
		return -E2BIG;
	char *p = put(put(buf, text->start), text->start_end);
	for (unsigned i = 0; i < text->line_count; i++)
		p = put(p, text->lines[i].raw);
	put(put(p, text->separator), text->body);
	return (long)len;
}

int sip_text_find(const struct sip_text *text, const char *name, unsigned from)
{
	for (unsigned i = from; i < text->line_count; i++)
		if (sip_text_name_is(text->lines[i].name, name))
			return (int)i;
	return -1;
}

struct sip_text_span sip_text_value(const struct sip_text *text, const char *name)
{
	int i = sip_text_find(text, name, 0);
	return i < 0 ? (struct sip_text_span){NULL, 0} : text->lines[i].value;
}

void sip_text_set_start(struct sip_text *text, const char *start, size_t len)
{
	char *copy = sip_text_alloc(text, len);
	if (!copy)
		return;
	memcpy(copy, start, len);
	text->start = (struct sip_text_span){copy, len};
}

static struct sip_text_line line_build(struct sip_text *text, struct sip_text_span name, const char *value, size_t len)
{
	size_t total = name.len + 2 + len + 2;
	char *copy = sip_text_alloc(text, total);
	if (!copy)
		return (struct sip_text_line){.raw = {"", 0}};
	char *p = put(copy, name);
	p = put(p, (struct sip_text_span){": ", 2});
	p = put(p, (struct sip_text_span){value, len});
	put(p, (struct sip_text_span){"\r\n", 2});
	return line_of(copy, total, 2);
}

void sip_text_set_value(struct sip_text *text, unsigned line, const char *value, size_t len)
{
	struct sip_text_span old = text->lines[line].value;
	if (old.len == len && memcmp(old.at, value, len) == 0)
		return;
	text->lines[line] = line_build(text, text->lines[line].name, value, len);
}

void sip_text_del(struct sip_text *text, unsigned line)
{
	memmove(&text->lines[line], &text->lines[line + 1], (text->line_count - line - 1) * sizeof(text->lines[0]));
	text->line_count--;
}

void sip_text_del_all(struct sip_text *text, const char *name)
{
	int i;
	while ((i = sip_text_find(text, name, 0)) >= 0)
		sip_text_del(text, (unsigned)i);
}

void sip_text_insert(struct sip_text *text, unsigned at, const char *name, const char *value, size_t len)
{
	if (text->line_count == SIP_TEXT_LINES_MAX) {
		text->out_of_memory = true;
		return;
	}
	/* a last line without line end, in a message that was cut there */
	if (at == text->line_count && at && text->separator.len == 0)
		at--;
	memmove(&text->lines[at + 1], &text->lines[at], (text->line_count - at) * sizeof(text->lines[0]));
	text->lines[at] = line_build(text, (struct sip_text_span){name, strlen(name)}, value, len);
	text->line_count++;
}

void sip_text_set_body(struct sip_text *text, const char *body, size_t len)
{
	char number[24], *copy;
	if (text->body.len == len && memcmp(text->body.at, body, len) == 0)
		return;
	copy = sip_text_alloc(text, len);
	if (!copy)
		return;
	memcpy(copy, body, len);
	text->body = (struct sip_text_span){copy, len};
	int n = snprintf(number, sizeof(number), "%zu", len), line = sip_text_find(text, "Content-Length", 0);
	if (line >= 0)
		sip_text_set_value(text, (unsigned)line, number, (size_t)n);
	else
		sip_text_insert(text, text->line_count, "Content-Length", number, (size_t)n);
}
