/* signature_regex_first: what an anchored regex must begin with. Of "^" and a byte, a class or a group of alternatives
 * it knows what can stand first; of all else nothing. */
#include <ctype.h>
#include <hs/hs.h>
#include <string.h>
#include "screen/signature_pattern.h"

static void first_add(uint8_t first[32], uint8_t byte, unsigned flags)
{
	first[byte / 8] |= (uint8_t)(1u << (byte % 8));
	if (flags & HS_FLAG_CASELESS && isalpha(byte))
		first[(byte ^ 0x20) / 8] |= (uint8_t)(1u << ((byte ^ 0x20) % 8));
}

/* What stands behind an atom that is there once or more. */
static bool first_needed(const char *behind)
{
	return *behind != '?' && *behind != '*' && (*behind != '{' || (behind[1] >= '1' && behind[1] <= '9'));
}

/* One byte that stands for itself; its end, or NULL. */
static const char *first_byte(const char *at, uint8_t *byte)
{
	if (*at == '\\' && ispunct((unsigned char)at[1])) {
		*byte = (uint8_t)at[1];
		return at + 2;
	}
	if (*at && (unsigned char)*at < 0x80 && !strchr("\\^$.|?*+()[]{}", *at)) {
		*byte = (uint8_t)*at;
		return at + 1;
	}
	return NULL;
}

/* Behind "[": letters, digits and what else needs no backslash, and ranges of them; behind "]", or NULL. */
static const char *first_class(const char *at, uint8_t first[32], unsigned flags)
{
	if (*at == ']' || *at == '^' || *at == '-')
		return NULL;
	while (*at != ']') {
		unsigned low = (uint8_t)*at, high;
		if (low == 0 || low >= 0x80 || low == '[' || low == '\\')
			return NULL;
		high = low;
		if (at[1] == '-' && at[2] != ']') {
			high = (uint8_t)at[2];
			if (!isalnum((int)low) || high >= 0x80 || !isalnum((int)high) || high < low)
				return NULL;
			at += 2;
		}
		at++;
		for (unsigned byte = low; byte <= high; byte++)
			first_add(first, (uint8_t)byte, flags);
	}
	return at + 1;
}

/* To the next "|" or ")" that is not within brackets of its own, or the end; NULL: brackets that are not understood. */
static const char *first_skip(const char *at)
{
	unsigned depth = 0;
	for (; *at && (depth || (*at != '|' && *at != ')')); at++) {
		if (*at == '\\' && at[1]) {
			/* Quoted text has no meaning until its end. */
			if (*++at == 'Q')
				return NULL;
		} else if (*at == '[') {
			at += at[1] == '^' ? 2 : 1;
			if (*at == ']')
				at++;
			for (; *at && *at != ']'; at++)
				if (*at == '[' || (*at == '\\' && (!*++at || *at == 'Q')))
					return NULL;
			if (!*at)
				return NULL;
		} else if (*at == '(') {
			if (at[1] == '*' || (at[1] == '?' && at[2] != ':'))
				return NULL;
			depth++;
		} else if (*at == ')') {
			depth--;
		}
	}
	return depth ? NULL : at;
}

/* Behind "(?:": each alternative begins with a byte; behind ")", or NULL. */
static const char *first_group(const char *at, uint8_t first[32], unsigned flags)
{
	for (;; at++) {
		uint8_t byte;
		const char *behind = first_byte(at, &byte);
		if (!behind || !first_needed(behind))
			return NULL;
		first_add(first, byte, flags);
		at = first_skip(behind);
		if (!at || !*at)
			return NULL;
		if (*at == ')')
			return at + 1;
	}
}

static bool first_find(uint8_t first[32], const char *regex, unsigned flags)
{
	uint8_t byte;
	const char *behind;
	if (*regex != '^' || flags & HS_FLAG_MULTILINE)
		return false;
	regex++;
	if (*regex == '[')
		behind = first_class(regex + 1, first, flags);
	else if (strncmp(regex, "(?:", 3) == 0)
		behind = first_group(regex + 3, first, flags);
	else if ((behind = first_byte(regex, &byte)))
		first_add(first, byte, flags);
	if (!behind || !first_needed(behind))
		return false;
	/* An alternative beside all of it begins with something else. */
	const char *end = first_skip(behind);
	return end && *end == 0;
}

void signature_regex_first(uint8_t first[32], const char *regex, unsigned flags)
{
	memset(first, 0, 32);
	if (!first_find(first, regex, flags))
		memset(first, 0xff, 32);
}
