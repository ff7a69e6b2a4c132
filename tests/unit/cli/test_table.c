/* Text for terminals: widths, escapes, tables. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <locale.h>
#include "cli/table.h"
#include "ladder/text.h"

static void setup(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

TestSuite(table, .init = setup);

Test(table, escapes)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
	    {"", ""},
	    {"plain +1 <sip:a@b>", "plain +1 <sip:a@b>"},
	    {"M\xc3\xbcller \xe7\x94\xb0", "M\xc3\xbcller \xe7\x94\xb0"},
	    {"\x1b[31mred\r\n\t", "\\x1b[31mred\\x0d\\x0a\\x09"},
	    {"a\x7f", "a\\x7f"},
	    {"\xc2\x9b", "\\u{009b}"},			  /* CSI in one character */
	    {"\xe2\x80\xae", "\\u{202e}"},		  /* right to left override */
	    {"\xe2\x81\xa6", "\\u{2066}"},		  /* isolate */
	    {"\xff\xfe", "\\xff\\xfe"},			  /* never in UTF-8 */
	    {"\xc3", "\\xc3"},				  /* cut */
	    {"\xe7\x94", "\\xe7\\x94"},			  /* cut */
	    {"\xc0\xaf", "\\xc0\\xaf"},			  /* over-long '/' */
	    {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},	  /* over-long */
	    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},	  /* surrogate */
	    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
	    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = text_escape(cases[i].text);
		cr_expect_str_eq(text, cases[i].wanted, "case %zu: %s", i, text);
		free(text);
	}
}

Test(table, widths)
{
	cr_expect(text_width("") == 0);
	cr_expect(text_width("abc") == 3);
	cr_expect(text_width("M\xc3\xbcller") == 6);
	cr_expect(text_width("\xe7\x94\xb0\xe4\xb8\xad") == 4, "wide characters take two columns");
	cr_expect(text_width("e\xcc\x81") == 1, "a combining accent takes none");
}

Test(table, cuts)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *wanted;
	} cases[] = {
	    {"abcdef", 6, "abcdef"},
	    {"abcdef", 5, "abcd…"},
	    {"abcdef", 1, "…"},
	    {"M\xc3\xbcller", 3, "M\xc3\xbc…"},
	    {"\xe7\x94\xb0\xe4\xb8\xad", 3, "\xe7\x94\xb0…"},
	    {"\xe7\x94\xb0\xe4\xb8\xad", 2, "…"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		strcpy(text, cases[i].text);
		text_cut(text, cases[i].columns);
		cr_expect_str_eq(text, cases[i].wanted, "case %zu: %s", i, text);
	}
}

Test(table, cells)
{
	static const struct {
		const char *json;
		table_cell cell;
		const char *wanted;
	} cases[] = {
	    {"null", table_text, "-"},
	    {"\"\"", table_text, ""},
	    {"true", table_text, "yes"},
	    {"false", table_text, "no"},
	    {"true", table_yes, "yes"},
	    {"false", table_yes, "-"},
	    {"42", table_count, "42"},
	    {"0.25", table_text, "0.25"},
	    {"3.249", table_seconds, "3.2 s"},
	    {"60", table_seconds, "1:00"},
	    {"245.9", table_seconds, "4:05"},
	    {"3723", table_seconds, "1:02:03"},
	    {"360000", table_seconds, "100:00:00"},
	    {"null", table_seconds, "-"},
	    {"-1", table_seconds, "-"},
	    {"1e300", table_seconds, "-"},
	    {"3735928559", table_ssrc, "0xdeadbeef"},
	    {"1", table_ssrc, "0x00000001"},
	    {"null", table_ssrc, "-"},
	    {"[\"a\",\"b\\n\"]", table_list, "a, b\\x0a"},
	    {"[]", table_list, "-"},
	    {"7", table_list, "-"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *value = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
		char *text = cases[i].cell(value);
		cr_expect_str_eq(text, cases[i].wanted, "%s: %s", cases[i].json, text);
		free(text);
		json_decref(value);
	}
	char *missing = table_text(NULL);
	cr_expect_str_eq(missing, "-");
	free(missing);
}

static const struct table_column columns[] = {
    {"NAME", "name", table_text},
    {"COUNT", "count", table_count},
    {"END", "end", table_text},
};

static char *printed(const char *json, size_t width)
{
	json_t *rows = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	cr_assert(rows);
	cr_expect(table_print(out, columns, 3, rows, width) == 0);
	fclose(out);
	json_decref(rows);
	return text;
}

static const char two_rows[] = "[{\"name\":\"M\xc3\xbcller\",\"count\":5,\"end\":\"x\"},"
			       "{\"name\":\"a long name of somebody\",\"count\":1234567,\"end\":null}]";

Test(table, aligned_and_whole)
{
	char *text = printed(two_rows, 0);
	cr_expect_str_eq(text,
			 "NAME                       COUNT  END\n"
			 "M\xc3\xbcller                         5  x\n"
			 "a long name of somebody  1234567  -\n",
			 "%s", text);
	free(text);
}

Test(table, cut_to_a_terminal)
{
	char *text = printed(two_rows, 30);
	cr_expect_str_eq(text,
			 "NAME                COUNT  END\n"
			 "M\xc3\xbcller                  5  x\n"
			 "a long name of …  1234567  -\n",
			 "%s", text);
	free(text);
	/* a terminal too narrow for anything still gets rows, and no endless loop */
	text = printed(two_rows, 1);
	cr_expect(strstr(text, "1234567"), "%s", text);
	free(text);
}

Test(table, fields)
{
	json_t *object = json_loads("{\"name\":\"n\",\"count\":3}", 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	cr_expect(table_fields(out, columns, 3, object, 2) == 0);
	fclose(out);
	cr_expect_str_eq(text, "  NAME   n\n  COUNT  3\n  END    -\n");
	free(text);
	json_decref(object);
}
