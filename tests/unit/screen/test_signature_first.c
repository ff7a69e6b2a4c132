/* What a regex must begin with: by a table, and against Hyperscan itself, which must find nothing in a span that begins
 * otherwise. And what was found clean stays so: a scratch that remembers against one that has just been made. */
#include <criterion/criterion.h>
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>
#include "screen/signature_pattern.h"
#include "screen/signatures.h"

#define ALL NULL

static const struct {
	const char *regex, *first; /* ALL: nothing is sure */
	unsigned flags;
} cases[] = {
    {"^a", "a"},
    {"^a", "aA", HS_FLAG_CASELESS},
    {"^a", ALL, HS_FLAG_MULTILINE},
    {"a", ALL},
    {"^", ALL},
    {"^$", ALL},
    {"^.a", ALL},
    {"^a?b", ALL},
    {"^a*b", ALL},
    {"^a+b", "a"},
    {"^a{0,2}b", ALL},
    {"^a{2}b", "a"},
    {"^a{,2}b", ALL},
    {"^a|b", ALL},
    {"^a(?:b|c)d", "a"},
    {"^a(?:b|c)d|e", ALL},
    {"^a(?:b|c", ALL},
    {"^a[|)]b", "a"},
    {"^a[]|]b|c", ALL},
    {"^a\\|b", "a"},
    {"^a\\Q|\\E", ALL},
    {"^a[\\Q]\\E|]", ALL},
    {"^\\+1", "+"},
    {"^\\d1", ALL},
    {"^\\x41", ALL},
    {"^[a-c1]x", "abc1"},
    {"^[a-c]", "abcABC", HS_FLAG_CASELESS},
    {"^[^a]", ALL},
    {"^[A.0]{32}", "A.0"},
    {"^[0-9]{24,}$", "0123456789"},
    {"^[1-9]?0", ALL},
    {"^[a-]", "a-"},
    {"^[+-9]", ALL},
    {"^[[:alpha:]]", ALL},
    {"^[\\d]", ALL},
    {"^(?:ab|cd)", "ac"},
    {"^(?:ab|cd)?e", ALL},
    {"^(?:a?b|c)", ALL},
    {"^(?:|c)", ALL},
    {"^(?:a|b|)", ALL},
    {"^(?:a(?:x|y)|b)c", "ab"},
    {"^(?:a|(?:b|c))", ALL},
    {"^(?:\\+|00|011)8", "+0"},
    {"^(a|b)", ALL},
    {"^(?i)a", ALL},
    {"^a(?#|)b", ALL},
};

Test(signature_first, cases)
{
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t first[32], expected[32];
		memset(expected, cases[i].first ? 0 : 0xff, sizeof(expected));
		for (const char *c = cases[i].first; c && *c; c++)
			expected[(uint8_t)*c / 8] |= (uint8_t)(1u << ((uint8_t)*c % 8));
		signature_regex_first(first, cases[i].regex, cases[i].flags);
		cr_expect_arr_eq(first, expected, 32, "%s", cases[i].regex);
	}
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

/* Regexes put together at random from what they are made of. */
static void regex_random(char text[64])
{
	static const char *const parts[] = {"a", "b", "1", ".", "?",  "*",   "+", "{2}", "{0,1}", "(?:",    ")",
					    "|", "[", "]", "^", "\\", "\\d", "$", "-",	 "[ab]",  "(?:a|b)"};
	size_t len = 0;
	text[len++] = '^';
	for (unsigned n = 1 + (unsigned)rand() % 7; n > 0; n--)
		len += (size_t)snprintf(text + len, 64 - len, "%s",
					parts[(size_t)rand() % (sizeof(parts) / sizeof(*parts))]);
	text[len] = 0;
}

Test(signature_first, hyperscan_agrees, .timeout = 120)
{
	unsigned tried = 0, sure = 0;
	srand(11);
	for (unsigned round = 0; round < 6000; round++) {
		char text[64];
		uint8_t first[32];
		hs_database_t *db = NULL;
		hs_compile_error_t *error = NULL;
		hs_scratch_t *scratch = NULL;
		unsigned flags = HS_FLAG_SINGLEMATCH | (round % 2 ? HS_FLAG_CASELESS : 0);
		regex_random(text);
		if (hs_compile(text, flags, HS_MODE_BLOCK, NULL, &db, &error) != HS_SUCCESS) {
			hs_free_compile_error(error);
			continue;
		}
		cr_assert_eq(hs_alloc_scratch(db, &scratch), HS_SUCCESS);
		signature_regex_first(first, text, flags);
		tried++;
		sure += first[0] != 0xff;
		for (unsigned k = 0; k < 200; k++) {
			char span[6];
			bool any = false;
			for (unsigned i = 0; i < sizeof(span); i++)
				span[i] = "ab1-AB|)]"[(unsigned)rand() % 9];
			cr_assert_eq(hs_scan(db, span, sizeof(span), 0, scratch, found, &any), HS_SUCCESS);
			cr_assert(!any || first[(uint8_t)span[0] / 8] >> ((uint8_t)span[0] % 8) & 1, "%s in %.6s", text,
				  span);
		}
		hs_free_scratch(scratch);
		hs_free_database(db);
	}
	cr_expect_gt(tried, 1000u);
	cr_expect_gt(sure, 200u);
}

static bool same_hits(const struct signatures_hits *a, const struct signatures_hits *b)
{
	if (a->used != b->used || a->best != b->best)
		return false;
	for (unsigned word = 0; word < SIGNATURES_MAX / 64; word++)
		if (a->used >> word & 1 && a->words[word] != b->words[word])
			return false;
	return true;
}

/* Spans that come again and again, clean ones and such as match, of every length round the limit, in all places. */
Test(signature_first, what_was_clean_is_remembered_only_for_the_same, .timeout = 120)
{
	static const char *const words[] = {"Trunk Gateway", "friendly-scanner",
					    "+12025550100",  "sipvicious",
					    "100",	     "88213",
					    "+8821612345",   "' or 1=1--",
					    "FPBX-16(18.9)", "%n%n%n%n",
					    "null",	     "nm2",
					    "asterisk",	     "OPTIONS sip:nm SIP/2.0",
					    "50000",	     "AAAAAAAAAAAAAAAA"};
	struct signatures *set;
	struct signatures_scratch *remembers;
	unsigned matched = 0;
	cr_assert_eq(signatures_load(&set, RULES, stderr), 0);
	cr_assert_eq(signatures_scratch_create(&remembers, set), 0);
	srand(5);
	for (unsigned round = 0; round < 600; round++) {
		struct signatures_scratch *fresh;
		cr_assert_eq(signatures_scratch_create(&fresh, set), 0);
		for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++) {
			struct signatures_hits a, b;
			char span[128];
			size_t len = 0;
			for (unsigned n = 1 + (unsigned)rand() % 3; n > 0; n--)
				len += (size_t)snprintf(span + len, sizeof(span) - len, "%s",
							words[(unsigned)rand() % (sizeof(words) / sizeof(*words))]);
			if (rand() % 4 == 0)
				len = 1 + (size_t)rand() % len;
			for (unsigned again = 0; again < 2; again++) {
				signatures_hits_clear(&a);
				signatures_hits_clear(&b);
				cr_assert_eq(signatures_scan(set, remembers, place, span, len, &a), 0);
				cr_assert_eq(signatures_scan(set, fresh, place, span, len, &b), 0);
				cr_assert(same_hits(&a, &b), "%s: %.*s", signature_place_name(place), (int)len, span);
				signatures_scratch_destroy(fresh);
				cr_assert_eq(signatures_scratch_create(&fresh, set), 0);
				matched += a.used != 0;
			}
		}
		signatures_scratch_destroy(fresh);
	}
	cr_expect_gt(matched, 500u);
	signatures_scratch_destroy(remembers);
	signatures_destroy(set);
}
