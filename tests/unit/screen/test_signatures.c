/* What a set of signatures finds, and what is made of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "screen/signatures.h"

static struct signatures *set;
static struct signatures_scratch *scratch;

static void load(const char *text)
{
	cr_assert_eq(signatures_read(&set, text, strlen(text), "rules", stderr), 0);
	cr_assert_eq(signatures_scratch_create(&scratch, set), 0);
}

static void unload(void)
{
	signatures_scratch_destroy(scratch);
	signatures_destroy(set);
	scratch = NULL;
	set = NULL;
}

static struct signatures_verdict scan(enum signature_place place, const char *text, size_t len)
{
	struct signatures_hits hits;
	signatures_hits_clear(&hits);
	cr_assert_eq(signatures_scan(set, scratch, place, text, len, &hits), 0);
	return signatures_verdict(&hits);
}

static const char *named(enum signature_place place, const char *text, size_t len)
{
	struct signatures_verdict verdict = scan(place, text, len);
	return verdict.action == SIGNATURE_NONE ? "none" : signatures_rule(set, verdict.rule)->id;
}

/* One rule, one span. */
static const struct {
	const char *pattern, *span;
	bool found;
} patterns[] = {
    {"\"abc\"", "xxabcxx", true},
    {"\"abc\"", "xxABCxx", false},
    {"\"abc\"i", "xxABCxx", true},
    {"\"a.c\"", "abc", false},
    {"\"a.c\"", "xa.c", true},
    {"\"a\\\"b\\\\c\"", "a\"b\\c", true},
    {"\"\\x41\\r\\n\\t\"", "A\r\n\t", true},
    {"\"[(*+?{|^$)]\"", "[(*+?{|^$)]", true},
    {"\"\xc3\xa9\"", "caf\xc3\xa9", true},
    {"/^abc$/", "abc", true},
    {"/^abc$/", "abcd", false},
    {"/^abc$/i", "aBc", true},
    {"/a.c/", "a\nc", false},
    {"/a.c/s", "a\nc", true},
    {"/^b/", "a\nb", false},
    {"/^b/m", "a\nb", true},
    {"/a\\/b/", "a/b", true},
    {"/[0-9]{3}/", "12x345", true},
    {"/[0-9]{3}/", "12x34", false},
    {"\"ab\" && /c$/", "abc", true},
    {"\"ab\" && /c$/", "ab", false},
    {"\"ab\" && /c$/", "c", false},
    {"\"ab\"i && /^x/i", "XaB", true},
    /* Kept apart by what their matches must hold, found all the same. */
    {"/'|a/", "12a", true},
    {"/'|1/", "12", true},
    {"/['1]/", "12", true},
    {"/[^a]b/", "1b", true},
    {"/'?1/", "1", true},
    {"/'*1/", "1", true},
    {"/'{0,2}1/", "1", true},
    {"/('x)?1/", "1", true},
    {"/(?:'|)1/", "1", true},
    {"/'+?1/", "'1", true},
    {"/\\w/", "1", true},
    {"/\\x311/", "11", true},
    {"/[\\x30-\\x39]/", "0", true},
    {"/\\Q'\\E?1/", "1", true},
    {"\"'\"", "12'", true},
    {"\"a\"", "12a", true},
};

Test(signatures, patterns)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		char text[256];
		snprintf(text, sizeof(text), "r drop from-user %s\n", patterns[i].pattern);
		load(text);
		cr_expect_eq(scan(SIGNATURE_PLACE_FROM_USER, patterns[i].span, strlen(patterns[i].span)).action,
			     patterns[i].found ? SIGNATURE_DROP : SIGNATURE_NONE, "%s in '%s'", patterns[i].pattern,
			     patterns[i].span);
		unload();
	}
}

Test(signatures, place_only)
{
	for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++) {
		char text[64];
		snprintf(text, sizeof(text), "r drop %s \"scanner\"\n", signature_place_name(place));
		load(text);
		for (unsigned other = 0; other < SIGNATURE_PLACE_COUNT; other++)
			cr_expect_eq(scan(other, "a scanner", 9).action,
				     other == place ? SIGNATURE_DROP : SIGNATURE_NONE);
		unload();
	}
}

Test(signatures, several_places)
{
	load("r alert from-user,subject /x$/\n");
	cr_expect_eq(scan(SIGNATURE_PLACE_FROM_USER, "ax", 2).action, SIGNATURE_ALERT);
	cr_expect_eq(scan(SIGNATURE_PLACE_SUBJECT, "ax", 2).action, SIGNATURE_ALERT);
	cr_expect_eq(scan(SIGNATURE_PLACE_TO_USER, "ax", 2).action, SIGNATURE_NONE);
	unload();
}

Test(signatures, strongest_then_first_id)
{
	load("z drop from-user \"d\"\ny drop from-user \"e\"\nb alert from-user \"a\"\nc alert from-user \"b\"\n"
	     "a count from-user \"c\"\n");
	cr_expect_str_eq(named(SIGNATURE_PLACE_FROM_USER, "c", 1), "a");
	cr_expect_str_eq(named(SIGNATURE_PLACE_FROM_USER, "cb", 2), "c");
	cr_expect_str_eq(named(SIGNATURE_PLACE_FROM_USER, "cba", 3), "b");
	cr_expect_str_eq(named(SIGNATURE_PLACE_FROM_USER, "cbad", 4), "z");
	cr_expect_str_eq(named(SIGNATURE_PLACE_FROM_USER, "cbade", 5), "y");
	cr_expect_str_eq(named(SIGNATURE_PLACE_FROM_USER, "edabc", 5), "y");
	cr_expect_str_eq(named(SIGNATURE_PLACE_FROM_USER, "x", 1), "none");
	unload();
}

Test(signatures, rules_in_order_of_id)
{
	load("# a comment\n\n  two   drop\tfrom-user,via \"x\"  # behind it\r\none count anywhere \"long\" && "
	     "/l.ng/i\n");
	cr_assert_eq(signatures_count(set), 2);
	const struct signature *one = signatures_rule(set, 0), *two = signatures_rule(set, 1);
	cr_expect_str_eq(one->id, "one");
	cr_expect_eq(one->action, SIGNATURE_COUNT);
	cr_expect_eq(one->places, 1 << SIGNATURE_PLACE_ANYWHERE);
	cr_expect_eq(one->line, 4);
	cr_expect_str_eq(one->pattern, "\"long\" && /l.ng/i");
	cr_expect_str_eq(two->id, "two");
	cr_expect_eq(two->places, 1 << SIGNATURE_PLACE_FROM_USER | 1 << SIGNATURE_PLACE_VIA);
	cr_expect_str_eq(two->pattern, "\"x\"");
	cr_expect_null(signatures_rule(set, 2));
	unload();
}

Test(signatures, counts_a_message_once)
{
	struct signatures_hits hits;
	load("a count from-user,to-user \"x\"\nb drop from-user \"xy\"\nc count via \"z\"\n");
	signatures_hits_clear(&hits);
	signatures_scan(set, scratch, SIGNATURE_PLACE_FROM_USER, "xyxyxy", 6, &hits);
	signatures_scan(set, scratch, SIGNATURE_PLACE_TO_USER, "x", 1, &hits);
	signatures_tally(scratch, &hits);
	cr_expect_eq(signatures_scratch_hits(scratch, 0), 1);
	cr_expect_eq(signatures_scratch_hits(scratch, 1), 1);
	cr_expect_eq(signatures_scratch_hits(scratch, 2), 0);
	signatures_hits_clear(&hits);
	signatures_tally(scratch, &hits);
	signatures_scan(set, scratch, SIGNATURE_PLACE_TO_USER, "x", 1, &hits);
	signatures_tally(scratch, &hits);
	cr_expect_eq(signatures_scratch_hits(scratch, 0), 2);
	cr_expect_eq(signatures_scratch_hits(scratch, 1), 1);
	cr_expect_eq(signatures_scratch_hits(scratch, 3), 0);
	unload();
}

/* A literal found in one message must not wait for a regex in the next. */
Test(signatures, nothing_waits_for_the_next)
{
	load("a drop from-user \"ab\" && /z/\n");
	cr_expect_eq(scan(SIGNATURE_PLACE_FROM_USER, "ab", 2).action, SIGNATURE_NONE);
	cr_expect_eq(scan(SIGNATURE_PLACE_FROM_USER, "z", 1).action, SIGNATURE_NONE);
	cr_expect_eq(scan(SIGNATURE_PLACE_FROM_USER, "abz", 3).action, SIGNATURE_DROP);
	unload();
}

Test(signatures, nothing_to_do)
{
	struct signatures_hits hits;
	signatures_hits_clear(&hits);
	cr_expect_eq(signatures_scan(NULL, NULL, SIGNATURE_PLACE_VIA, "x", 1, &hits), 0);
	cr_expect_eq(signatures_count(NULL), 0);
	cr_expect_null(signatures_rule(NULL, 0));
	signatures_destroy(NULL);
	signatures_scratch_destroy(NULL);
	cr_expect_eq(signatures_scratch_create(&scratch, NULL), -EINVAL);
	load("# nothing\n");
	cr_expect_eq(signatures_count(set), 0);
	cr_expect_eq(signatures_scan(set, scratch, SIGNATURE_PLACE_VIA, "x", 1, &hits), 0);
	cr_expect_eq(signatures_scan(set, scratch, SIGNATURE_PLACE_VIA, NULL, 0, &hits), 0);
	cr_expect_eq(signatures_scan(set, scratch, SIGNATURE_PLACE_COUNT, "x", 1, &hits), -EINVAL);
	cr_expect_eq(signatures_scan(set, NULL, SIGNATURE_PLACE_VIA, "x", 1, &hits), -EINVAL);
	cr_expect_eq(signatures_verdict(&hits).action, SIGNATURE_NONE);
	unload();
}

/* A worker goes over to a new set while another still has the old one. */
Test(signatures, old_and_new_side_by_side)
{
	struct signatures_hits hits;
	load("a drop via \"x\"\n");
	struct signatures *old = set;
	struct signatures_scratch *old_scratch = scratch, *second;
	cr_assert_eq(signatures_scratch_create(&second, old), 0);
	load("a count via \"x\"\nb drop via \"y\"\n");
	cr_expect_eq(scan(SIGNATURE_PLACE_VIA, "x", 1).action, SIGNATURE_COUNT);
	signatures_hits_clear(&hits);
	cr_expect_eq(signatures_scan(old, old_scratch, SIGNATURE_PLACE_VIA, "xy", 2, &hits), 0);
	cr_expect_eq(signatures_verdict(&hits).action, SIGNATURE_DROP);
	signatures_tally(old_scratch, &hits);
	cr_expect_eq(signatures_scratch_hits(old_scratch, 0), 1);
	cr_expect_eq(signatures_scratch_hits(second, 0), 0, "each worker counts for itself");
	signatures_scratch_destroy(second);
	signatures_scratch_destroy(old_scratch);
	signatures_destroy(old);
	cr_expect_eq(scan(SIGNATURE_PLACE_VIA, "xy", 2).action, SIGNATURE_DROP);
	unload();
}

/* As many as there can be, all hit at once: nothing is lost, and the right one is named. */
Test(signatures, all_hit)
{
	size_t room = SIGNATURES_MAX * 64, used = 0;
	char *text = malloc(room);
	for (unsigned i = 0; i < SIGNATURES_MAX; i++)
		used += (size_t)snprintf(text + used, room - used, "r%04u %s via \"x%04u\"\n", SIGNATURES_MAX - i,
					 i % 3 == 0 ? "count" : "alert", i);
	cr_assert_eq(signatures_read(&set, text, used, "rules", stderr), 0);
	cr_assert_eq(signatures_scratch_create(&scratch, set), 0);
	cr_assert_eq(signatures_count(set), SIGNATURES_MAX);
	size_t len = 0;
	for (unsigned i = 0; i < SIGNATURES_MAX; i++)
		len += (size_t)snprintf(text + len, room - len, "x%04u", i);
	struct signatures_hits hits;
	signatures_hits_clear(&hits);
	cr_assert_eq(signatures_scan(set, scratch, SIGNATURE_PLACE_VIA, text, len, &hits), 0);
	signatures_tally(scratch, &hits);
	for (unsigned i = 0; i < SIGNATURES_MAX; i++)
		cr_assert_eq(signatures_scratch_hits(scratch, i), 1, "rule %u", i);
	/* r0001 is the last of the file, number 4095 and count; r0002 alerts. */
	cr_expect_str_eq(signatures_rule(set, signatures_verdict(&hits).rule)->id, "r0002");
	unload();
	free(text);
}

/* Whatever the order of the lines: the same verdicts, the same rules named, the same counts. */
static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16;
}

#define PERMUTED 60
#define ORDERS	 12
#define SPANS	 200

static char permuted[PERMUTED][128];
static char spans[SPANS][24];

static void make_rules(unsigned *state)
{
	static const char *const actions[] = {"drop", "alert", "count"};
	static const char *const forms[] = {"\"%c%c\"", "/%c[0-9]?%c/", "/^%c.*%c$/", "\"%c\" && /%c[a-e]/",
					    "/(?:%c|%c)'/"};
	for (unsigned i = 0; i < PERMUTED; i++) {
		char pattern[64];
		int a = 'a' + (int)(next_random(state) % 5), b = 'a' + (int)(next_random(state) % 5);
		unsigned form = next_random(state) % 5;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(pattern, sizeof(pattern), forms[form], a, b);
#pragma GCC diagnostic pop
		snprintf(permuted[i], sizeof(permuted[i]), "id-%02u %s %s %s\n", i, actions[next_random(state) % 3],
			 next_random(state) % 2 ? "via" : "from-user,via", pattern);
	}
	for (unsigned i = 0; i < SPANS; i++)
		for (unsigned k = 0; k < 6; k++)
			spans[i][k] = "abcde0'"[next_random(state) % 7];
}

static void shuffle(unsigned *order, unsigned *state)
{
	for (unsigned i = PERMUTED - 1; i > 0; i--) {
		unsigned k = next_random(state) % (i + 1), was = order[i];
		order[i] = order[k];
		order[k] = was;
	}
}

Test(signatures, order_of_lines_is_nothing)
{
	unsigned state = 7, order[PERMUTED], drops = 0;
	struct signatures_verdict first[SPANS] = {0};
	uint64_t counts[PERMUTED] = {0};
	make_rules(&state);
	for (unsigned i = 0; i < PERMUTED; i++)
		order[i] = i;
	for (unsigned round = 0; round < ORDERS; round++) {
		char text[PERMUTED * 128] = "";
		for (unsigned i = 0; i < PERMUTED; i++)
			strcat(text, permuted[order[i]]);
		load(text);
		for (unsigned i = 0; i < SPANS; i++) {
			struct signatures_hits hits;
			signatures_hits_clear(&hits);
			signatures_scan(set, scratch, i % 2 ? SIGNATURE_PLACE_VIA : SIGNATURE_PLACE_FROM_USER, spans[i],
					6, &hits);
			signatures_tally(scratch, &hits);
			struct signatures_verdict verdict = signatures_verdict(&hits);
			drops += verdict.action == SIGNATURE_DROP;
			if (round == 0)
				first[i] = verdict;
			cr_assert_eq(verdict.action, first[i].action);
			cr_assert_eq(verdict.rule, first[i].rule);
		}
		for (unsigned i = 0; i < PERMUTED; i++) {
			if (round == 0)
				counts[i] = signatures_scratch_hits(scratch, i);
			cr_assert_eq(signatures_scratch_hits(scratch, i), counts[i]);
		}
		unload();
		shuffle(order, &state);
	}
	cr_assert_gt(drops, ORDERS * 10);
	cr_assert_lt(drops, ORDERS * SPANS);
}
