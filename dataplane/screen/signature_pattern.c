#include "screen/signature_pattern.h"
#include <ctype.h>
#include <errno.h>
#include <hs/hs.h>
#include <stdarg.h>
#include <string.h>
#include "screen/signatures_set.h"

struct pattern_reader {
	const char *at;
	char *why;
};

__attribute__((format(printf, 2, 3))) static int pattern_refuse(struct pattern_reader *in, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(in->why, SIGNATURE_WHY_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The reader never goes over the NUL at the end. */

/* One byte of a literal, behind its quote. */
static int literal_byte(struct pattern_reader *in, uint8_t *byte)
{
	char c = *in->at++;
	*byte = (uint8_t)c;
	if (c != '\\')
		return 0;
	c = *in->at;
	if (c)
		in->at++;
	switch (c) {
	case '"':
	case '\\':
		*byte = (uint8_t)c;
		return 0;
	case 'r':
		*byte = '\r';
		return 0;
	case 'n':
		*byte = '\n';
		return 0;
	case 't':
		*byte = '\t';
		return 0;
	case 'x':
		if (hex_value(in->at[0]) >= 0 && hex_value(in->at[1]) >= 0) {
			*byte = (uint8_t)(hex_value(in->at[0]) << 4 | hex_value(in->at[1]));
			in->at += 2;
			return 0;
		}
	}
	return pattern_refuse(
	    in, "unknown escape in a literal; allowed are \\\" \\\\ \\r \\n \\t and \\x with two hex digits");
}

/* Each byte that is no letter or digit as \xHH, so that nothing in it means anything to Hyperscan. */
static size_t literal_put(char *to, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";
	if (byte < 0x80 && isalnum(byte)) {
		*to = (char)byte;
		return 1;
	}
	to[0] = '\\';
	to[1] = 'x';
	to[2] = digits[byte >> 4];
	to[3] = digits[byte & 15];
	return 4;
}

/* The letters behind the closing quote or slash. */
static int pattern_flags(struct pattern_reader *in, unsigned *flags, bool regex)
{
	*flags = HS_FLAG_SINGLEMATCH;
	for (; *in->at && *in->at != ' ' && *in->at != '\t'; in->at++) {
		if (*in->at == 'i')
			*flags |= HS_FLAG_CASELESS;
		else if (*in->at == 's' && regex)
			*flags |= HS_FLAG_DOTALL;
		else if (*in->at == 'm' && regex)
			*flags |= HS_FLAG_MULTILINE;
		else if (regex)
			return pattern_refuse(
			    in,
			    "'%c' behind a regex; allowed are i (either case), s (. is any byte) and m (^ and "
			    "$ at every line), and a / within a regex is written \\/",
			    *in->at);
		else
			return pattern_refuse(
			    in,
			    "'%c' behind a literal; allowed is i (either case), and a \" within one is written \\\"",
			    *in->at);
	}
	return 0;
}

static int pattern_literal(struct pattern_reader *in, struct signature_expression *expression, unsigned *len)
{
	size_t used = 0;
	*len = 0;
	for (in->at++; *in->at && *in->at != '"'; (*len)++) {
		uint8_t byte;
		if (*len == SIGNATURES_MAX_LITERAL)
			return pattern_refuse(in, "literal too long; allowed are %u bytes", SIGNATURES_MAX_LITERAL);
		int ret = literal_byte(in, &byte);
		if (ret < 0)
			return ret;
		used += literal_put(expression->text + used, byte);
		if (signature_levels[byte] > expression->level)
			expression->level = signature_levels[byte];
	}
	expression->text[used] = 0;
	memset(expression->first, 0xff, sizeof(expression->first));
	if (*in->at != '"')
		return pattern_refuse(in, "literal without its closing quote; a \" within it is written \\\"");
	in->at++;
	if (*len == 0)
		return pattern_refuse(in, "empty literal; it has at least one byte");
	return pattern_flags(in, &expression->flags, false);
}

static int pattern_regex(struct pattern_reader *in, struct signature_expression *expression)
{
	const char *start = ++in->at;
	for (; *in->at && *in->at != '/'; in->at++)
		if (*in->at == '\\' && in->at[1])
			in->at++;
	size_t len = (size_t)(in->at - start);
	if (*in->at != '/')
		return pattern_refuse(in, "regex without its closing slash; a / within it is written \\/");
	in->at++;
	if (len == 0)
		return pattern_refuse(in, "empty regex; it matches at least one byte");
	if (len > SIGNATURES_MAX_REGEX)
		return pattern_refuse(in, "regex too long; allowed are %u bytes", SIGNATURES_MAX_REGEX);
	memcpy(expression->text, start, len);
	expression->text[len] = 0;
	expression->level = signature_regex_level(expression->text);
	int ret = pattern_flags(in, &expression->flags, true);
	signature_regex_first(expression->first, expression->text, expression->flags);
	return ret;
}

static const char *blanks(const char *at)
{
	return at + strspn(at, " \t");
}

int signature_pattern_parse(struct signature_pattern *pattern, const char *text, const char **end,
			    char why[static SIGNATURE_WHY_MAX])
{
	struct pattern_reader in = {text, why};
	int ret;
	*pattern = (struct signature_pattern){0};
	if (*text == '/') {
		ret = pattern_regex(&in, &pattern->main);
	} else if (*text == '"') {
		ret = pattern_literal(&in, &pattern->main, &pattern->literal_len);
		const char *next = blanks(in.at);
		if (ret == 0 && strncmp(next, "&&", 2) == 0) {
			in.at = blanks(next + 2);
			ret = *in.at == '/' ? pattern_regex(&in, &pattern->confirm)
					    : pattern_refuse(&in, "no regex behind &&; it is \"literal\" && /regex/");
		}
	} else {
		ret = pattern_refuse(&in, "no pattern; allowed are \"literal\", /regex/ and \"literal\" && /regex/");
	}
	*end = in.at;
	return ret;
}
