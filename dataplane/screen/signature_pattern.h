/* The pattern of a rule: "literal", /regex/ or "literal" && /regex/, as Hyperscan wants it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "screen/signatures.h"

#define SIGNATURE_EXPRESSION_MAX                                                                                       \
	(4 * SIGNATURES_MAX_LITERAL + 1 > SIGNATURES_MAX_REGEX + 1 ? 4 * SIGNATURES_MAX_LITERAL + 1                    \
								   : SIGNATURES_MAX_REGEX + 1)
#define SIGNATURE_WHY_MAX 256

/* One expression for Hyperscan. */
struct signature_expression {
	char text[SIGNATURE_EXPRESSION_MAX];
	unsigned flags;	   /* HS_FLAG_… */
	unsigned level;	   /* enum signature_level: each match holds a byte of this level or above */
	uint8_t first[32]; /* bit a byte: each match is of a span that begins with one of these */
};

struct signature_pattern {
	struct signature_expression main;
	struct signature_expression confirm; /* text "": the main one alone decides */
	unsigned literal_len;		     /* bytes; 0: the main one is a regex */
};

/* Reads a pattern from the front of text; *end is behind it. 0, or -EINVAL and why as text ("what; what is allowed").
 * Does not ask Hyperscan. */
int signature_pattern_parse(struct signature_pattern *pattern, const char *text, const char **end,
			    char why[static SIGNATURE_WHY_MAX]);

/* The highest level (enum signature_level) of which every string that the regex matches holds a byte, or of one above;
 * lower if that is not sure. Of Perl's syntax it knows groups, alternatives, repeats, classes and the usual escapes,
 * and gives up at all else: level 0. */
unsigned signature_regex_level(const char *regex);

/* The bytes of which one stands first in every span that the regex matches, a bit each; all, if that is not sure.
 * flags: HS_FLAG_…. */
void signature_regex_first(uint8_t first[32], const char *regex, unsigned flags);
