/* What the two ways of scanning have in common. portable.c and avx2.c each define, in their own way, the functions
 * below; lines.h and values.h are written once over them and compiled in each. So the two cannot differ but in these.
 *
 *   needles_make  what the others need, made once
 *   block_load    marks of 64 bytes; bit i is byte i
 *   find3         first position in [at, end) with one of three characters, or end
 *   clear         zeros
 *   header_plain  reads a header of one line, in a message without control characters but line ends, with NAMES_WIDTH
 *                 bytes to be read at its start. Its id, or SIP_HEADER_OTHER: it has left that header to header_read
 *
 * SCAN_FN, SCAN_SMALL and SCAN_RARE are a function as the compiler likes it, one to be inlined, and one that is not to
 * crowd the loop that calls it. */
#pragma once

#include <string.h>
#include "names.h"

/* The message whole: nothing outside it is read. */
struct text {
	const uint8_t *d;
	size_t len;
};

struct block {
	uint64_t cr, lf;
	/* Below 0x20, and DEL. With CR and LF, and with TAB: so few messages have one that those take the way of what
	 * is wrong, where it is found innocent. */
	uint64_t controls;
};

static inline bool is_blank(uint8_t c)
{
	return c <= ' ' && (c == ' ' || c == '\t');
}

/* White space of a value that may be folded. */
static inline bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline struct sip_span span_of(size_t from, size_t end)
{
	return (struct sip_span){(uint16_t)from, (uint16_t)(end - from)};
}

static inline struct sip_span span_trim(struct text t, size_t from, size_t end)
{
	while (from < end && is_space(t.d[from]))
		from++;
	while (end > from && is_space(t.d[end - 1]))
		end--;
	return span_of(from, end);
}

static inline bool is_word(struct text t, size_t from, size_t end, const char *lower)
{
	for (; from < end && *lower; from++, lower++) {
		uint8_t c = t.d[from];
		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)*lower)
			return false;
	}
	return from == end && !*lower;
}

/* Decimal digits only, at least one, below 2^32. */
static inline bool number_read(struct text t, size_t from, size_t end, uint32_t *number)
{
	uint64_t n = 0;
	if (from == end)
		return false;
	for (; from < end; from++) {
		unsigned digit = (unsigned)t.d[from] - '0';
		if (digit > 9)
			return false;
		n = n * 10 + digit;
		if (n > UINT32_MAX)
			return false;
	}
	*number = (uint32_t)n;
	return true;
}
