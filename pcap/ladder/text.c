#include "ladder/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* One character at p; its length, or 0 if the bytes are no UTF-8 (RFC 3629: no surrogates, nothing over-long). */
static size_t decode(const char *p, uint32_t *character)
{
	const unsigned char *b = (const unsigned char *)p;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = b[0] < 0x80 ? 1 : b[0] >= 0xf0 && b[0] < 0xf8 ? 4 : b[0] >= 0xe0 ? 3 : b[0] >= 0xc0 ? 2 : 0;
	if (len == 0 || b[0] >= 0xf8)
		return 0;
	uint32_t c = len == 1 ? b[0] : b[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*character = c;
	return len;
}

static int steers(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

char *text_escape(const char *text)
{
	size_t size = strlen(text) * 10 + 1, used = 0;
	char *out = malloc(size);
	if (!out)
		return NULL;
	while (*text) {
		uint32_t c = 0;
		size_t len = decode(text, &c);
		if (len == 0) {
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", (unsigned char)*text);
			len = 1;
		} else if (steers(c)) {
			used += (size_t)snprintf(out + used, size - used, c < 0x80 ? "\\x%02x" : "\\u{%04x}", c);
		} else {
			memcpy(out + used, text, len);
			used += len;
		}
		text += len;
	}
	out[used] = 0;
	return out;
}

static size_t width_of(uint32_t c)
{
	int width = wcwidth((wchar_t)c);
	return width < 0 ? 1 : (size_t)width;
}

size_t text_width(const char *text)
{
	size_t columns = 0;
	while (*text) {
		uint32_t c = 0;
		size_t len = decode(text, &c);
		columns += len ? width_of(c) : 1;
		text += len ? len : 1;
	}
	return columns;
}

size_t text_fit(const char *text, size_t columns)
{
	size_t used = 0, at = 0;
	while (text[at]) {
		uint32_t c = 0;
		size_t len = decode(text + at, &c), width = len ? width_of(c) : 1;
		if (used + width > columns)
			break;
		used += width;
		at += len ? len : 1;
	}
	return at;
}

void text_cut(char *text, size_t columns)
{
	if (text_width(text) > columns)
		strcpy(text + text_fit(text, columns - 1), "…");
}
