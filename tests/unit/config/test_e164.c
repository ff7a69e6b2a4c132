/* Telephone numbers: a table of spellings, and the published example numbers of every region where they are at hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xfergate/e164.h"

static const struct e164_case {
	const char *text, *region;
	enum e164_result result;
	const char *e164, *country;
	bool valid;
} e164_cases[] = {
    {"(202) 555-0143", "US", E164_OK, "+12025550143", "US", true},
    {"202.555.0143", "US", E164_OK, "+12025550143", "US", true},
    {"1 202 555 0143", "US", E164_OK, "+12025550143", "US", true},
    {"+1 (202) 555-0143", NULL, E164_OK, "+12025550143", "US", true},
    {"+1\xc2\xa0(202)\xe2\x80\x93"
     "555\xe2\x80\x91"
     "0143",
     "GB", E164_OK, "+12025550143", "US", true},
    {"011 44 20 7946 0000", "US", E164_OK, "+442079460000", "GB", true},
    {"020 7946 0000", "GB", E164_OK, "+442079460000", "GB", true},
    {"+39 06 1234 5678", NULL, E164_OK, "+390612345678", "IT", true},
    {"+15550100000", NULL, E164_OK, "+15550100000", "", false},
    {"+15550100", NULL, E164_OK, "+15550100", "", false},
    {"555-0100", "US", E164_TOO_SHORT, "", "", false},
    {"+80012345678", NULL, E164_OK, "+80012345678", "001", true},
    {"2025550143", NULL, E164_NO_REGION, "", "", false},
    {"2025550143", "", E164_NO_REGION, "", "", false},
    {"", "US", E164_EMPTY, "", "", false},
    {"  ", "US", E164_EMPTY, "", "", false},
    {"()", "US", E164_NOT_A_NUMBER, "", "", false},
    {"1-800-FLOWERS", "US", E164_LETTERS, "", "", false},
    {"202 555 0143 x12", "US", E164_LETTERS, "", "", false},
    {"202-555-0143;ext=1", "US", E164_NOT_A_NUMBER, "", "", false},
    {"*67 202 555 0143", "US", E164_NOT_A_NUMBER, "", "", false},
    {"12+02", "US", E164_NOT_A_NUMBER, "", "", false},
    {"++12025550143", "US", E164_NOT_A_NUMBER, "", "", false},
    {"\xd9\xa1\xd9\xa2", "US", E164_NOT_A_NUMBER, "", "", false},
    {"+999 123456789", NULL, E164_BAD_COUNTRY, "", "", false},
    {"555-0143", "US", E164_TOO_SHORT, "", "", false},
    {"+1202555014", NULL, E164_TOO_SHORT, "", "", false},
    {"+120255501433", NULL, E164_TOO_LONG, "", "", false},
    {"1111111111111111111111111111111111111111111111111111111111111111111", "US", E164_TOO_LONG, "", "", false},
    {"911", "US", E164_EMERGENCY, "", "", false},
    {"112", "GB", E164_EMERGENCY, "", "", false},
    {"+1 911", NULL, E164_EMERGENCY, "", "", false},
};

Test(e164, spellings)
{
	for (size_t i = 0; i < sizeof(e164_cases) / sizeof(e164_cases[0]); i++) {
		const struct e164_case *c = &e164_cases[i];
		struct e164 n;
		enum e164_result result = e164_parse(&n, c->text, c->region);

		cr_expect_eq(result, c->result, "'%s': %s", c->text, e164_result_text(result));
		cr_expect_str_eq(n.text, c->e164, "'%s': %s", c->text, n.text);
		cr_expect_str_eq(n.country, c->country, "'%s': country '%s'", c->text, n.country);
		cr_expect_eq(n.valid, c->valid, "'%s'", c->text);
	}
}

/* A number whose country is not certain still says how others are read beside it. */
Test(e164, a_wrong_length_is_that_of_a_country)
{
	static const struct {
		const char *text, *region, *why;
	} cases[] = {
	    {"12", "US", "is too short for a number of US"},
	    {"+1555", NULL, "is too short for a number of US"},
	    {"+1555", "GB", "is too short for a number of US"},
	    {"555-0143", "US", "is too short for a number of US"},
	    {"+4420", NULL, "is too short for a number of GB"},
	    {"+120255501433", NULL, "is too long for a number of US"},
	    {"+800 123", NULL, "is too short for its country"}, /* of no country */
	    {"12025550143", NULL, "has no country code; write it with + and the country code, or set a region"},
	    {"911", "US", "is an emergency number, which is never dialled"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct e164 n;
		char why[E164_WHY_MAX];
		enum e164_result result = e164_parse(&n, cases[i].text, cases[i].region);
		cr_expect_str_eq(e164_explain(why, sizeof(why), result, &n), cases[i].why, "%s: %s", cases[i].text,
				 why);
		cr_expect(!n.text[0] && !n.country[0]);
	}
}

Test(e164, region_of_an_uncertain_country)
{
	struct e164 n;

	cr_expect_eq(e164_parse(&n, "+15550100000", NULL), E164_OK);
	cr_expect_str_eq(n.country, "");
	cr_expect_str_eq(n.region, "US");
	cr_expect_str_eq(e164_plain(n.text), "15550100000");
	cr_expect(e164_region_known("US") && !e164_region_known("us") && !e164_region_known("ZZ"));
	cr_expect(e164_is_spelling("(202) 555-0143") && !e164_is_spelling("bob") && !e164_is_spelling("-"));
}

Test(e164, data_says_its_age)
{
	cr_expect_not_null(strstr(e164_data_version(), "libphonenumber"));
	/* between 2015 and 2100 */
	cr_expect_gt(e164_data_time(), 1420070400);
	cr_expect_lt(e164_data_time(), 4102444800);
	cr_expect_str_eq(e164_result_text(E164_RESULT_COUNT), "unknown");
}

static void expect_example(char *line)
{
	char *column[6];
	struct e164 n;

	line[strcspn(line, "\n")] = 0;
	for (int i = 0; i < 6; i++)
		cr_assert_not_null(column[i] = strsep(&line, "\t"));
	if (strcmp(column[5], "invalid") == 0) {
		cr_expect(e164_parse(&n, column[2], NULL) != E164_OK || !n.valid, "%s", column[2]);
		return;
	}
	const char *spellings[] = {column[2], column[3], column[4][0] ? column[4] + strlen("tel:") : ""};
	for (int i = 0; i < 3; i++) {
		if (!spellings[i][0])
			continue;
		enum e164_result result = e164_parse(&n, spellings[i], column[0]);
		cr_expect(result == E164_OK && n.valid, "%s '%s': %s", column[0], spellings[i],
			  e164_result_text(result));
		cr_expect_str_eq(n.text, column[2], "%s '%s': %s", column[0], spellings[i], n.text);
	}
}

Test(e164, published_examples)
{
	FILE *in = fopen(CORPUS, "re");
	char line[512];
	unsigned count = 0;

	if (!in)
		cr_skip_test("the example numbers are not at hand: %s", CORPUS);
	cr_assert_not_null(fgets(line, sizeof(line), in));
	cr_expect_str_eq(line, "region\ttype\te164\tnational_format\trfc3966\tvalidity\n");
	for (; fgets(line, sizeof(line), in); count++)
		expect_example(line);
	fclose(in);
	cr_expect_gt(count, 500);
}
