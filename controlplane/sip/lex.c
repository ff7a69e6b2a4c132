#include "sip/lex.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "sip/uri.h"

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool lex_is_token_char(unsigned char c)
{
	return is_alnum(c) || (c && strchr("-.!%*_+`'~", c));
}

bool lex_is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!lex_is_token_char((unsigned char)text[i]))
			return false;
	return len > 0;
}

static bool is_ipv6(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_alnum((unsigned char)text[i]) && text[i] != ':' && text[i] != '.')
			return false;
	return len > 1 && memchr(text, ':', len);
}

bool lex_is_host(const char *text, size_t len)
{
	if (len == 0 || len >= SIP_HOST_MAX)
		return false;
	if (text[0] == '[')
		return len > 3 && text[len - 1] == ']' && is_ipv6(text + 1, len - 2);
	/* The underscore is not in the grammar, but in the names of real networks. */
	for (size_t i = 0; i < len; i++)
		if (!is_alnum((unsigned char)text[i]) && text[i] != '.' && text[i] != '-' && text[i] != '_')
			return false;
	return text[0] != '.' && text[0] != '-';
}

bool lex_number(const char *text, size_t len, unsigned long max, unsigned long *value)
{
	unsigned long v = 0;
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		unsigned long digit = (unsigned long)(text[i] - '0');
		if (v > (max - digit) / 10 || digit > max)
			return false;
		v = v * 10 + digit;
	}
	*value = v;
	return true;
}

const char *lex_find(const char *p, const char *end, const char *stops)
{
	bool quoted = false, bracket = false;
	for (; p < end; p++) {
		if (quoted) {
			if (*p == '\\' && p + 1 < end)
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"' && !bracket) {
			quoted = true;
		} else if (bracket) {
			bracket = *p != '>';
		} else if (*p && strchr(stops, *p)) {
			return p;
		} else if (*p == '<') {
			bracket = true;
		}
	}
	return quoted || bracket ? NULL : end;
}

struct lex_span lex_trim(const char *begin, const char *end)
{
	while (begin < end && (*begin == ' ' || *begin == '\t'))
		begin++;
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct lex_span){begin, (size_t)(end - begin)};
}

bool lex_span_is(struct lex_span span, const char *word)
{
	return strlen(word) == span.len && strncasecmp(span.text, word, span.len) == 0;
}

static bool is_quoted(struct lex_span value)
{
	return value.len >= 2 && value.text[0] == '"' && value.text[value.len - 1] == '"';
}

/* gen-value, and what only some parameters may hold: ":", "[", "]" in received= and maddr=, "/" and "@" in vendors'. */
static bool is_param_value(struct lex_span value)
{
	if (value.len > 0 && value.text[0] == '"')
		return is_quoted(value) &&
		       lex_find(value.text, value.text + value.len - 1, "") == NULL; /* closed by its last byte only */
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.text[i];
		if (!lex_is_token_char(c) && c < 0x80 && !(c && strchr(":[]/@&$^|#?{}()", c)))
			return false;
	}
	return value.len > 0;
}

int lex_param(const char **p, const char *end, struct lex_span *name, struct lex_span *value)
{
	struct lex_span rest = lex_trim(*p, end);
	if (rest.len == 0) {
		*p = end;
		return 0;
	}
	if (rest.text[0] != ';')
		return -EBADMSG;
	const char *begin = rest.text + 1, *stop = lex_find(begin, end, ";");
	if (!stop)
		return -EBADMSG;
	const char *equals = memchr(begin, '=', (size_t)(stop - begin));
	*name = lex_trim(begin, equals ? equals : stop);
	*value = equals ? lex_trim(equals + 1, stop) : (struct lex_span){NULL, 0};
	if (!lex_is_token(name->text, name->len) || (equals && !is_param_value(*value)))
		return -EBADMSG;
	*p = stop;
	return 1;
}

int lex_unquote(char *buf, size_t size, struct lex_span value)
{
	const char *p = value.text, *end = p + value.len;
	size_t n = 0;
	bool quoted = is_quoted(value);
	if (quoted) {
		p++;
		end--;
	}
	for (; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		if (n + 1 >= size)
			return -E2BIG;
		buf[n++] = *p;
	}
	if (size == 0)
		return -E2BIG;
	buf[n] = 0;
	return 0;
}
