/* Files of signatures with something wrong: each message, each line, all at once, and nothing is applied. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "screen/signatures.h"

#define ACTIONS "allowed are drop, alert, count"
#define PLACES                                                                                                         \
	"allowed are anywhere, start-line, request-user, from-user, from-display, to-user, contact-user, user-agent, " \
	"call-id, via, subject, with commas between"
#define PATTERN "no pattern; allowed are \"literal\", /regex/ and \"literal\" && /regex/"
#define ANYWHERE                                                                                                       \
	"place anywhere without a literal of at least 4 bytes; allowed are \"literal\" and \"literal\" && /regex/"
#define REGEX_FLAG                                                                                                     \
	"behind a regex; allowed are i (either case), s (. is any byte) and m (^ and $ at every line), and a / "       \
	"within a regex "                                                                                              \
	"is written \\/"
#define LITERAL_FLAG "behind a literal; allowed is i (either case), and a \" within one is written \\\""
#define ESCAPE	     "unknown escape in a literal; allowed are \\\" \\\\ \\r \\n \\t and \\x with two hex digits"
#define REST	     "behind the pattern; allowed are a comment that begins with # and, behind a literal, && /regex/"

/* The errors, written; NULL: there were none. */
static char *errors_of(const char *text, size_t len, int want)
{
	char *written = NULL;
	size_t size;
	struct signatures *set = (struct signatures *)&size;
	FILE *out = open_memstream(&written, &size);
	int ret = signatures_read(&set, text, len, "f", out);
	fclose(out);
	cr_assert_eq(ret, want, "%d: %s%s", ret, text, written);
	cr_assert_eq(set == NULL, ret != 0);
	signatures_destroy(set);
	return written;
}

static const struct {
	const char *text, *errors;
} files[] = {
    {"", ""},
    {"# nothing\n\n   \t\n", ""},
    {"a drop via \"x\"", ""},
    {"a drop via \"x\"\r\n", ""},
    {"a drop via /x#/\n", ""},
    {"a drop via \"x\"i # why\n", ""},
    {"a drop anywhere \"abcd\"\nb drop anywhere \"abcd\" && /x/\n", ""},
    {"a\n", "f:1: not a whole rule; it is: id action place pattern\n"},
    {"a drop\n", "f:1: not a whole rule; it is: id action place pattern\n"},
    {"a drop via\n", "f:1: not a whole rule; it is: id action place pattern\n"},
    {"a drop via  \n", "f:1: not a whole rule; it is: id action place pattern\n"},
    {"a,b drop via \"x\"\n", "f:1: id 'a,b' holds ','; allowed are letters, digits, '.', '_' and '-'\n"},
    {"abcdefghijklmnopqrstuvwxyz012345 drop via \"x\"\n",
     "f:1: id 'abcdefghijklmnopqrstuvwxyz012345' too long; allowed are 31 characters\n"},
    {"a drop via \"x\"\nb drop via \"x\"\na count via \"y\"\n",
     "f:3: id 'a' is line 1's already; each rule has one of its own\n"},
    {"a block via \"x\"\n", "f:1: unknown action 'block'; " ACTIONS "\n"},
    {"a drop body \"x\"\n", "f:1: unknown place 'body'; " PLACES "\n"},
    {"a drop via, \"x\"\n", "f:1: unknown place ''; " PLACES "\n"},
    {"a drop via,subject,via \"x\"\n", "f:1: place via twice; once is enough\n"},
    {"a drop via x\n", "f:1: " PATTERN "\n"},
    {"a drop via \"\"\n", "f:1: empty literal; it has at least one byte\n"},
    {"a drop via \"x\n", "f:1: literal without its closing quote; a \" within it is written \\\"\n"},
    {"a drop via \"x", "f:1: literal without its closing quote; a \" within it is written \\\"\n"},
    {"a drop via \"x\\", "f:1: " ESCAPE "\n"},
    {"a drop via /x", "f:1: regex without its closing slash; a / within it is written \\/\n"},
    {"a drop via /x\\", "f:1: regex without its closing slash; a / within it is written \\/\n"},
    {"a drop via \"x\\\"\n", "f:1: literal without its closing quote; a \" within it is written \\\"\n"},
    {"a drop via \"x\\\n", "f:1: " ESCAPE "\n"},
    {"a drop via \"\\q\"\n", "f:1: " ESCAPE "\n"},
    {"a drop via \"\\x4\"\n", "f:1: " ESCAPE "\n"},
    {"a drop via \"x\"s\n", "f:1: 's' " LITERAL_FLAG "\n"},
    {"a drop via \"x\"y\"\n", "f:1: 'y' " LITERAL_FLAG "\n"},
    {"a drop via //\n", "f:1: empty regex; it matches at least one byte\n"},
    {"a drop via /x\n", "f:1: regex without its closing slash; a / within it is written \\/\n"},
    {"a drop via /x\\/\n", "f:1: regex without its closing slash; a / within it is written \\/\n"},
    {"a drop via /x\\\n", "f:1: regex without its closing slash; a / within it is written \\/\n"},
    {"a drop via /a/b/\n", "f:1: 'b' " REGEX_FLAG "\n"},
    {"a drop via /a/g\n", "f:1: 'g' " REGEX_FLAG "\n"},
    {"a drop via \"x\" y\n", "f:1: 'y' " REST "\n"},
    {"a drop via /x/ && /y/\n", "f:1: '&& /y/' " REST "\n"},
    {"a drop via \"x\" &&\n", "f:1: no regex behind &&; it is \"literal\" && /regex/\n"},
    {"a drop via \"x\" && \"y\"\n", "f:1: no regex behind &&; it is \"literal\" && /regex/\n"},
    {"a drop anywhere \"abc\"\n", "f:1: " ANYWHERE "\n"},
    {"a drop anywhere /abcdef/\n", "f:1: " ANYWHERE "\n"},
    {"a drop via,anywhere /abcdef/\n", "f:1: " ANYWHERE "\n"},
    {"a drop anywhere \"abc\" && /abcdef/\n", "f:1: " ANYWHERE "\n"},
    {"a drop via /x*/\n", "f:1: the regex finds even nothing; it must need at least one byte\n"},
    {"a drop via /^$/\n", "f:1: the regex finds even nothing; it must need at least one byte\n"},
    {"a drop via \"ab\" && /x?/\n", "f:1: the regex finds even nothing; it must need at least one byte\n"},
    {"a drop via /(x/\n", "f:1: pattern: Hyperscan refuses: Missing close parenthesis for group started at index 0.\n"},
    {"a drop via \"ab\" && /(x/\n",
     "f:1: pattern: Hyperscan refuses: Missing close parenthesis for group started at index 0.\n"},
    {"a drop via /(a)\\1/\n", "f:1: pattern: Hyperscan refuses: Back-references are unsupported.\n"},
    {"a drop via /(*allocate memory)/\n",
     "f:1: pattern: Hyperscan refuses: Unknown control verb (*allocate memory) at index 0.\n"},
    {"a drop via \"\x01\"\n",
     "f:1: byte 0x01; allowed are printable characters, blanks and tabs, all else in a pattern as \\xHH\n"},
    {"# \x7f\n", "f:1: byte 0x7f; allowed are printable characters, blanks and tabs, all else in a pattern as \\xHH\n"},
    /* All of a line, and of all lines in their order. */
    {"ok drop via \"x\"\n? stop body,body \"\"\n\nx\nc drop via /[/\nc drop via \"y\"\n",
     "f:2: id '?' holds '?'; allowed are letters, digits, '.', '_' and '-'\n"
     "f:2: unknown action 'stop'; " ACTIONS "\n"
     "f:2: unknown place 'body'; " PLACES "\n"
     "f:2: unknown place 'body'; " PLACES "\n"
     "f:2: empty literal; it has at least one byte\n"
     "f:4: not a whole rule; it is: id action place pattern\n"
     "f:5: pattern: Hyperscan refuses: Unterminated character class starting at index 0.\n"
     "f:6: id 'c' is line 5's already; each rule has one of its own\n"},
};

Test(signature_file, messages)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char *errors = errors_of(files[i].text, strlen(files[i].text), *files[i].errors ? -EINVAL : 0);
		cr_expect_str_eq(errors, files[i].errors, "%s gives\n%swants\n%s", files[i].text, errors,
				 files[i].errors);
		free(errors);
	}
}

Test(signature_file, null_byte)
{
	char *errors = errors_of("a drop via \"x\0\"\n", 16, -EINVAL);
	cr_expect_str_eq(errors, "f:1: byte 0x00; allowed are printable characters, blanks and tabs, all else in a "
				 "pattern as \\xHH\n");
	free(errors);
}

/* What only compiling finds is told with its line, too: every one, each once, though it has two places. */
Test(signature_file, too_large_for_hyperscan)
{
	static const char text[] = "a drop via,subject /(?:a.{1,900}b.{1,900}c){900}/s\nb drop via \"x\"\n"
				   "c drop via,subject /(?:a.{1,900}d.{1,900}c){900}/s\n"
				   "d drop subject /(?:a.{1,900}d.{1,900}c){900}/s\n";
	char *errors = errors_of(text, strlen(text), -EINVAL);
	static const char *const lines[] = {"f:1: pattern: Hyperscan refuses: ", "f:3: pattern: Hyperscan refuses: ",
					    "f:4: pattern: Hyperscan refuses: "};
	unsigned count = 0;
	for (const char *line = errors; *line; line = strchr(line, '\n') + 1, count++)
		if (count < 3)
			cr_expect_eq(strncmp(line, lines[count], strlen(lines[count])), 0, "%s", errors);
	cr_expect_eq(count, 3, "%s", errors);
	free(errors);
}

/* count rules, each with a pattern of `len` bytes in its quotes or slashes. */
static char *rules(unsigned count, unsigned len, char quote, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);
	for (unsigned i = 0; i < count; i++) {
		fprintf(out, "r%u drop via %c", i, quote);
		for (unsigned k = 0; k < len; k++)
			fputc('a' + (int)((i >> (k % 16)) & 1), out);
		fprintf(out, "%c\n", quote);
	}
	fclose(out);
	return text;
}

static const struct {
	unsigned count, len;
	char quote;
	const char *errors;
} limits[] = {
    {SIGNATURES_MAX, 16, '"', ""},
    {SIGNATURES_MAX + 1, 16, '"', "f:4097: one rule too many; allowed are 4096\n"},
    {SIGNATURES_MAX + 9, 16, '"', "f:4097: one rule too many; allowed are 4096\n"},
    {1, SIGNATURES_MAX_LITERAL, '"', ""},
    {1, SIGNATURES_MAX_LITERAL + 1, '"', "f:1: literal too long; allowed are 256 bytes\n"},
    {1, SIGNATURES_MAX_REGEX, '/', ""},
    {1, SIGNATURES_MAX_REGEX + 1, '/', "f:1: regex too long; allowed are 512 bytes\n"},
    {1, SIGNATURES_MAX_LINE, '/', "f:1: line too long; allowed are 1024 bytes\n"},
};

Test(signature_file, limits, .timeout = 60)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		size_t size;
		char *text = rules(limits[i].count, limits[i].len, limits[i].quote, &size);
		char *errors = errors_of(text, size, *limits[i].errors ? -EINVAL : 0);
		cr_expect_str_eq(errors, limits[i].errors);
		free(errors);
		free(text);
	}
}

Test(signature_file, line_and_id_at_their_limits)
{
	char text[SIGNATURES_MAX_LINE + 2];
	memset(text, ' ', sizeof(text));
	memcpy(text, "abcdefghijklmnopqrstuvwxyz01234 drop via \"x\"", 44);
	text[SIGNATURES_MAX_LINE] = '\n';
	free(errors_of(text, SIGNATURES_MAX_LINE + 1, 0));
	text[SIGNATURES_MAX_LINE] = ' ';
	char *errors = errors_of(text, SIGNATURES_MAX_LINE + 1, -EINVAL);
	cr_expect_str_eq(errors, "f:1: line too long; allowed are 1024 bytes\n");
	free(errors);
}

Test(signature_file, too_many_errors)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	for (unsigned i = 0; i < SIGNATURES_ERRORS_MAX + 3; i++)
		fputs("x\n", out);
	fclose(out);
	char *errors = errors_of(text, size, -EINVAL);
	unsigned lines = 0;
	for (const char *c = errors; *c; c++)
		lines += *c == '\n';
	cr_expect_eq(lines, SIGNATURES_ERRORS_MAX + 1);
	cr_expect(strstr(errors, "\nf: 3 more\n"));
	free(errors);
	free(text);
}

Test(signature_file, too_long)
{
	char *text = malloc(SIGNATURES_MAX_FILE + 1);
	memset(text, '\n', SIGNATURES_MAX_FILE + 1);
	free(errors_of(text, SIGNATURES_MAX_FILE, 0));
	char *errors = errors_of(text, SIGNATURES_MAX_FILE + 1, -EINVAL);
	cr_expect_str_eq(errors, "f: 4194305 bytes; allowed are 4194304\n");
	free(errors);
	free(text);
}

Test(signature_file, nobody_listens)
{
	struct signatures *set;
	cr_expect_eq(signatures_read(&set, "x\n", 2, "f", NULL), -EINVAL);
	cr_expect_null(set);
}

static char *load_errors(const char *file, int want, struct signatures **set)
{
	char *written = NULL;
	size_t size;
	FILE *out = open_memstream(&written, &size);
	int ret = signatures_load(set, file, out);
	fclose(out);
	cr_assert_eq(ret, want, "%d %s", ret, written);
	return written;
}

Test(signature_file, from_disk)
{
	char path[] = "/tmp/signatures-XXXXXX", want[128];
	struct signatures *set;
	int fd = mkstemp(path);
	cr_assert(write(fd, "a drop via \"x\"\nb\n", 17) == 17);
	char *errors = load_errors(path, -EINVAL, &set);
	snprintf(want, sizeof(want), "%s:2: not a whole rule; it is: id action place pattern\n", path);
	cr_expect_str_eq(errors, want);
	free(errors);
	cr_assert_eq(ftruncate(fd, 15), 0);
	errors = load_errors(path, 0, &set);
	cr_expect_str_eq(errors, "");
	cr_expect_eq(signatures_count(set), 1);
	signatures_destroy(set);
	free(errors);
	close(fd);
	unlink(path);
	errors = load_errors(path, -ENOENT, &set);
	snprintf(want, sizeof(want), "%s: cannot be read: No such file or directory\n", path);
	cr_expect_str_eq(errors, want);
	cr_expect_null(set);
	free(errors);
	errors = load_errors("/tmp", -EISDIR, &set);
	cr_expect_str_eq(errors, "/tmp: cannot be read: Is a directory\n");
	free(errors);
}
