/* What a regex cannot match without: by a table, and against Hyperscan itself, which must not find a match of a rule in
 * a span whose bytes are all below the rule's level. */
#include <criterion/criterion.h>
#include <hs/hs.h>
#include <string.h>
#include "screen/signature_pattern.h"
#include "screen/signatures_set.h"

static const struct {
	const char *regex;
	unsigned level;
} levels[] = {
    {"1", SIGNATURE_NUMBER},
    {"[0-9+.-]", SIGNATURE_NUMBER},
    {"a", SIGNATURE_WORD},
    {"1a", SIGNATURE_WORD},
    {"a1", SIGNATURE_WORD},
    {"'", SIGNATURE_ODD},
    {"a'1", SIGNATURE_ODD},
    {"a|1", SIGNATURE_NUMBER},
    {"a|'", SIGNATURE_WORD},
    {"'|;", SIGNATURE_ODD},
    {"'|", SIGNATURE_NUMBER},
    {"|'", SIGNATURE_NUMBER},
    {"(?:'|;)1", SIGNATURE_ODD},
    {"(a|')", SIGNATURE_WORD},
    {"a(b|')c", SIGNATURE_WORD},
    {"'(b|1)", SIGNATURE_ODD},
    {"'?", SIGNATURE_NUMBER},
    {"'*", SIGNATURE_NUMBER},
    {"'+", SIGNATURE_ODD},
    {"'+?", SIGNATURE_NUMBER}, /* lazy: odd in truth, not seen */
    {"'{2}", SIGNATURE_ODD},
    {"'{1,}", SIGNATURE_ODD},
    {"'{0,3}", SIGNATURE_NUMBER},
    {"'{00,3}", SIGNATURE_NUMBER},
    {"'{,3}", SIGNATURE_NUMBER},
    {"'{x}", SIGNATURE_NUMBER},
    {"(')*a", SIGNATURE_WORD},
    {"(?:'a){0}b", SIGNATURE_WORD},
    {".", SIGNATURE_NUMBER},
    {"^'$", SIGNATURE_ODD},
    {"^$", SIGNATURE_NUMBER},
    {"[a-c]", SIGNATURE_WORD},
    {"[a-c1]", SIGNATURE_NUMBER},
    {"['\"]", SIGNATURE_ODD},
    {"['-)]", SIGNATURE_ODD},
    {"['-+]", SIGNATURE_NUMBER},
    {"[^1]", SIGNATURE_NUMBER},
    {"[^']", SIGNATURE_NUMBER},
    {"[]']", SIGNATURE_ODD},
    {"[^]']", SIGNATURE_NUMBER},
    {"[\\]']", SIGNATURE_ODD},
    {"['-]", SIGNATURE_NUMBER},
    {"[\\x00-\\x08]", SIGNATURE_ODD},
    {"[\\x00-\\xff]", SIGNATURE_NUMBER},
    {"[\\d']", SIGNATURE_NUMBER},
    {"[\\n\\r]", SIGNATURE_ODD},
    {"[[:alpha:]]'", SIGNATURE_NUMBER},
    {"[\\Q]\\E]'", SIGNATURE_NUMBER},
    {"\\x27", SIGNATURE_ODD},
    {"\\x31", SIGNATURE_NUMBER},
    {"\\x{27}", SIGNATURE_NUMBER},
    {"\\x2", SIGNATURE_NUMBER},
    {"\\.", SIGNATURE_NUMBER},
    {"\\$", SIGNATURE_ODD},
    {"\\(", SIGNATURE_ODD},
    {"\\/", SIGNATURE_WORD},
    {"\\d+'", SIGNATURE_ODD},
    {"\\b'", SIGNATURE_ODD},
    {"\\s", SIGNATURE_NUMBER},
    {"\\n", SIGNATURE_ODD},
    {"\\Q'", SIGNATURE_NUMBER},
    {"\\cA", SIGNATURE_NUMBER},
    {"\\047", SIGNATURE_NUMBER},
    {"\\pL'", SIGNATURE_NUMBER},
    {"(?i)a", SIGNATURE_NUMBER},
    {"(?#')1", SIGNATURE_NUMBER},
    {"(*UTF8)'", SIGNATURE_NUMBER},
    {"'\\", SIGNATURE_NUMBER},
    {"'[", SIGNATURE_NUMBER},
    {"'(", SIGNATURE_NUMBER},
    {"')", SIGNATURE_NUMBER},
    {"*'", SIGNATURE_NUMBER},
    {"((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))'", SIGNATURE_NUMBER},
};

Test(signature_level, table)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		cr_expect_eq(signature_regex_level(levels[i].regex), levels[i].level, "%s: %u", levels[i].regex,
			     signature_regex_level(levels[i].regex));
}

static unsigned state = 11;

static unsigned dice(unsigned sides)
{
	state = state * 1103515245u + 12345u;
	return (state >> 16) % sides;
}

/* A regex put together from pieces, not always a valid one. */
static void make(char *to, size_t room)
{
	static const char *const pieces[] = {"a",     "1",	   "'",	  ".",	   "(",	   ")",	   "|",	   "?",
					     "*",     "+",	   "{2}", "{0,2}", "[a1]", "['x]", "[^a]", "\\d",
					     "\\x27", "\\'",	   "(?:", "1",	   "\\w",  "^",	   "$",	   "[+-9]",
					     "{1,}",  "[\\x20-,]", "-",	  "\\b",   "b",	   ";"};
	unsigned count = 1 + dice(7);
	for (*to = 0; count > 0; count--)
		strncat(to, pieces[dice(sizeof(pieces) / sizeof(*pieces))], room - strlen(to) - 1);
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	*(bool *)arg = true;
	return 1;
}

static void try_spans(const hs_database_t *db, const char *regex, unsigned level)
{
	static const char bytes[] = "10+-9ab/ x'";
	hs_scratch_t *scratch = NULL;
	cr_assert_eq(hs_alloc_scratch(db, &scratch), HS_SUCCESS);
	for (unsigned n = 0; n < 60; n++) {
		char span[8];
		unsigned len = 1 + dice(sizeof(span));
		for (unsigned i = 0; i < len; i++)
			do
				span[i] = bytes[dice(sizeof(bytes) - 1)];
			while (signature_levels[(uint8_t)span[i]] >= level);
		bool any = false;
		hs_scan(db, span, len, 0, scratch, found, &any);
		cr_assert(!any, "/%s/ of level %u matches '%.*s'", regex, level, (int)len, span);
	}
	hs_free_scratch(scratch);
}

Test(signature_level, never_more_than_hyperscan_needs)
{
	unsigned tried = 0;
	for (unsigned n = 0; n < 30000 && tried < 1500; n++) {
		char regex[128];
		hs_database_t *db = NULL;
		hs_compile_error_t *error = NULL;
		make(regex, sizeof(regex));
		unsigned level = signature_regex_level(regex);
		if (level == SIGNATURE_NUMBER)
			continue;
		if (hs_compile(regex, HS_FLAG_CASELESS, HS_MODE_BLOCK, NULL, &db, &error) != HS_SUCCESS) {
			hs_free_compile_error(error);
			continue;
		}
		try_spans(db, regex, level);
		hs_free_database(db);
		tried++;
	}
	cr_assert_gt(tried, 500);
}
