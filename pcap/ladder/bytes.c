#include "ladder/bytes.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

bool bytes_line(struct bytes *rest, struct bytes *line)
{
	if (rest->len == 0)
		return false;
	const char *end = memchr(rest->ptr, '\n', rest->len);
	size_t used = end ? (size_t)(end - rest->ptr) + 1 : rest->len;
	*line = (struct bytes){rest->ptr, end ? used - 1 : used};
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	rest->ptr += used;
	rest->len -= used;
	return true;
}

struct bytes bytes_trim(struct bytes bytes)
{
	while (bytes.len > 0 && is_space(bytes.ptr[0])) {
		bytes.ptr++;
		bytes.len--;
	}
	while (bytes.len > 0 && is_space(bytes.ptr[bytes.len - 1]))
		bytes.len--;
	return bytes;
}

bool bytes_begin(struct bytes bytes, const char *text)
{
	size_t len = strlen(text);
	return bytes.len >= len && strncasecmp(bytes.ptr, text, len) == 0;
}

struct bytes bytes_start_line(const void *data, size_t len)
{
	struct bytes rest = {data, len}, line = {data, 0};
	bytes_line(&rest, &line);
	return line;
}

static bool is_token(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-.!%*_+`'~", c));
}

bool bytes_are_sip(const void *data, size_t len)
{
	static const char version[] = "SIP/2.0";
	const size_t size = sizeof(version) - 1;
	struct bytes line = bytes_start_line(data, len);
	size_t method = 0;
	if (bytes_begin(line, version))
		return line.len >= size + 4 && line.ptr[size] == ' ' && line.ptr[size + 1] >= '1' &&
		       line.ptr[size + 1] <= '6';
	while (method < line.len && is_token(line.ptr[method]))
		method++;
	/* "A b SIP/2.0" */
	if (method == 0 || line.len < method + size + 3 || line.ptr[method] != ' ')
		return false;
	return line.ptr[line.len - size - 1] == ' ' && memcmp(line.ptr + line.len - size, version, size) == 0;
}

static bool is_named(struct bytes line, const char *name, char compact, struct bytes *value)
{
	const char *colon = memchr(line.ptr, ':', line.len);
	if (!colon)
		return false;
	struct bytes head = bytes_trim((struct bytes){line.ptr, (size_t)(colon - line.ptr)});
	bool is = head.len == strlen(name) && strncasecmp(head.ptr, name, head.len) == 0;
	if (!is && !(compact && head.len == 1 && (head.ptr[0] | 0x20) == compact))
		return false;
	*value = (struct bytes){colon + 1, line.len - (size_t)(colon + 1 - line.ptr)};
	return true;
}

struct bytes bytes_header(const void *data, size_t len, const char *name, char compact)
{
	struct bytes rest = {data, len}, line, value = {NULL, 0};
	bytes_line(&rest, &line);
	while (bytes_line(&rest, &line) && line.len > 0) {
		if (!is_named(line, name, compact, &value))
			continue;
		while (rest.len > 0 && is_blank(rest.ptr[0]) && bytes_line(&rest, &line))
			value.len = (size_t)(line.ptr + line.len - value.ptr);
		return bytes_trim(value);
	}
	return (struct bytes){NULL, 0};
}

struct bytes bytes_body(const void *data, size_t len)
{
	struct bytes rest = {data, len}, line;
	while (bytes_line(&rest, &line))
		if (line.len == 0)
			return rest;
	return (struct bytes){NULL, 0};
}

/* Behind a quoted string or an angle bracket that begins at ptr[at]. */
static size_t skip_group(struct bytes value, size_t at)
{
	char end = value.ptr[at] == '"' ? '"' : '>';
	for (at++; at < value.len && value.ptr[at] != end; at++)
		if (end == '"' && value.ptr[at] == '\\')
			at++;
	return at + 1;
}

bool bytes_have_tag(struct bytes value)
{
	for (size_t at = 0; at < value.len;) {
		if (value.ptr[at] == '"' || value.ptr[at] == '<') {
			at = skip_group(value, at);
			continue;
		}
		if (value.ptr[at++] != ';')
			continue;
		struct bytes parameter = bytes_trim((struct bytes){value.ptr + at, value.len - at});
		if (!bytes_begin(parameter, "tag"))
			continue;
		parameter = bytes_trim((struct bytes){parameter.ptr + 3, parameter.len - 3});
		if (parameter.len > 0 && parameter.ptr[0] == '=')
			return true;
	}
	return false;
}
