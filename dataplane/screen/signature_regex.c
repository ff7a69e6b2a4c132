/* signature_regex_level: what a regex cannot match without. A byte has its own level; what stands side by side the
 * highest, what stands side by side with "|" the lowest, what may be left out none. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "screen/signature_pattern.h"
#include "screen/signatures_set.h"

#define REGEX_DEPTH 32

struct regex_reader {
	const char *at;
	unsigned depth;
	bool lost; /* something that is not understood: nothing is sure */
};

static unsigned regex_lost(struct regex_reader *in)
{
	in->lost = true;
	return 0;
}

static unsigned lesser(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned greater(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* Behind the backslash. True: it stands for this byte; false: for one of several, or none. */
static bool regex_escape(struct regex_reader *in, bool in_class, uint8_t *byte)
{
	char c = *in->at;
	if (c)
		in->at++;
	if (c == 'n' || c == 'r' || c == 't') {
		*byte = c == 'n' ? '\n' : c == 'r' ? '\r' : '\t';
		return true;
	}
	if (c == 'x' && isxdigit((unsigned char)in->at[0]) && isxdigit((unsigned char)in->at[1])) {
		char digits[3] = {in->at[0], in->at[1]};
		in->at += 2;
		*byte = (uint8_t)strtoul(digits, NULL, 16);
		return true;
	}
	if (ispunct((unsigned char)c)) {
		*byte = (uint8_t)c;
		return true;
	}
	if (c == 0 || !strchr(in_class ? "dDwWsS" : "dDwWsSbBAzZ", c))
		regex_lost(in);
	return false;
}

/* One byte of a class, or the first and the last of a range; the lowest level among them. */
static unsigned regex_range(struct regex_reader *in)
{
	uint8_t low = (uint8_t)*in->at, high;
	if (low == 0 || low == '[')
		return regex_lost(in);
	in->at++;
	bool one = low != '\\' || regex_escape(in, true, &low);
	if (*in->at != '-' || in->at[1] == ']')
		return one ? signature_levels[low] : 0;
	high = (uint8_t) * ++in->at;
	if (high == 0 || high == '[' || !one)
		return regex_lost(in);
	in->at++;
	if (high == '\\' && !regex_escape(in, true, &high))
		return regex_lost(in);
	unsigned level = SIGNATURE_ODD;
	for (unsigned byte = low; byte <= high; byte++)
		level = lesser(level, signature_levels[byte]);
	return level;
}

/* Behind "[". */
static unsigned regex_class(struct regex_reader *in)
{
	unsigned level = SIGNATURE_ODD;
	if (*in->at == '^') {
		level = 0;
		in->at++;
	}
	for (bool first = true; !in->lost && (*in->at != ']' || first); first = false)
		level = lesser(level, regex_range(in));
	if (!in->lost)
		in->at++;
	return level;
}

static unsigned regex_alternatives(struct regex_reader *in);

/* Behind "(". */
static unsigned regex_group(struct regex_reader *in)
{
	if (*in->at == '*' || (*in->at == '?' && in->at[1] != ':') || in->depth == REGEX_DEPTH)
		return regex_lost(in);
	if (*in->at == '?')
		in->at += 2;
	in->depth++;
	unsigned level = regex_alternatives(in);
	in->depth--;
	if (*in->at != ')')
		return regex_lost(in);
	in->at++;
	return level;
}

static unsigned regex_atom(struct regex_reader *in)
{
	uint8_t byte = (uint8_t)*in->at++;
	switch (byte) {
	case '(':
		return regex_group(in);
	case '[':
		return regex_class(in);
	case '\\':
		return regex_escape(in, false, &byte) ? signature_levels[byte] : 0;
	case '.':
	case '^':
	case '$':
		return 0;
	case '*':
	case '+':
	case '?':
	case '{':
		return regex_lost(in);
	}
	return signature_levels[byte];
}

/* "{2}", "{2,}" or "{2,5}" at the reader, which is moved to its end; whether it can be none. */
static bool regex_none(struct regex_reader *in)
{
	const char *close = strchr(in->at, '}');
	if (!close || !isdigit((unsigned char)in->at[1]) ||
	    strspn(in->at + 1, "0123456789,") != (size_t)(close - in->at - 1)) {
		regex_lost(in);
		return true;
	}
	bool none = strtoul(in->at + 1, NULL, 10) == 0;
	in->at = close;
	return none;
}

/* Behind an atom: whether it must be there. The "?" of a lazy repeat is taken for one more repeat, on the safe side. */
static bool regex_needed(struct regex_reader *in)
{
	bool needed = true;
	for (; !in->lost && *in->at && strchr("*?+{", *in->at); in->at++)
		if (*in->at == '*' || *in->at == '?' || (*in->at == '{' && regex_none(in)))
			needed = false;
	return needed;
}

static unsigned regex_alternatives(struct regex_reader *in)
{
	unsigned all = SIGNATURE_ODD, one = 0;
	while (!in->lost && *in->at && *in->at != ')') {
		if (*in->at == '|') {
			in->at++;
			all = lesser(all, one);
			one = 0;
			continue;
		}
		unsigned level = regex_atom(in);
		if (regex_needed(in))
			one = greater(one, level);
	}
	return lesser(all, one);
}

unsigned signature_regex_level(const char *regex)
{
	struct regex_reader in = {.at = regex};
	unsigned level = regex_alternatives(&in);
	return in.lost || *in.at ? 0 : level;
}
