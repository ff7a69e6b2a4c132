#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "screen/signatures_build.h"

#define IDS (2 * SIGNATURES_MAX) /* places in the table of ids; a power of two */

/* A file being read. */
struct signatures_reader {
	struct signatures *set;
	struct signatures_problems problems;
	unsigned line;
	uint16_t *ids; /* open addressing: index of a rule and 1; 0: free */
};

void signatures_problem(struct signatures_problems *problems, unsigned line, const char *format, ...)
{
	if (problems->count++ >= SIGNATURES_ERRORS_MAX || !problems->out)
		return;
	va_list args;
	va_start(args, format);
	fprintf(problems->out, line ? "%s:%u: " : "%s: ", problems->name, line);
	vfprintf(problems->out, format, args);
	fputc('\n', problems->out);
	va_end(args);
}

/* By the whole message: others repeat what stands in the pattern. */
static bool hs_no_memory(const hs_compile_error_t *error)
{
	return error && (strcmp(error->message, "Unable to allocate memory.") == 0 ||
			 strcmp(error->message, "Could not allocate memory for bytecode.") == 0);
}

void signatures_problem_hs(struct signatures_problems *problems, unsigned line, const char *what,
			   hs_compile_error_t *error)
{
	if (hs_no_memory(error))
		problems->no_memory = true;
	else
		signatures_problem(problems, line, "%s: Hyperscan refuses: %s", what,
				   error ? error->message : "no reason");
	if (error)
		hs_free_compile_error(error);
}

/* The next word of the line, cut off; "" at its end. */
static char *word(char **at)
{
	char *start = *at + strspn(*at, " \t");
	size_t len = strcspn(start, " \t");
	*at = start + len;
	if (**at)
		*(*at)++ = 0;
	return start;
}

static uint16_t *id_place(struct signatures_reader *in, const char *id)
{
	uint32_t hash = 2166136261u;
	for (const char *c = id; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	uint16_t *place = &in->ids[hash % IDS];
	while (*place && strcmp(in->set->rules[*place - 1].id, id) != 0)
		place = place == &in->ids[IDS - 1] ? in->ids : place + 1;
	return place;
}

static void read_id(struct signatures_reader *in, struct signature *rule, const char *text)
{
	size_t len = strlen(text);
	for (const char *c = text; *c; c++) {
		if (isascii((unsigned char)*c) && (isalnum((unsigned char)*c) || strchr("._-", *c)))
			continue;
		signatures_problem(&in->problems, in->line,
				   "id '%.64s' holds '%c'; allowed are letters, digits, '.', '_' and '-'", text, *c);
		return;
	}
	if (len > SIGNATURES_MAX_ID) {
		signatures_problem(&in->problems, in->line, "id '%.64s' too long; allowed are %u characters", text,
				   SIGNATURES_MAX_ID);
		return;
	}
	memcpy(rule->id, text, len + 1);
	uint16_t *place = id_place(in, rule->id);
	if (*place) {
		signatures_problem(&in->problems, in->line,
				   "id '%s' is line %u's already; each rule has one of its own", rule->id,
				   in->set->rules[*place - 1].line);
		rule->id[0] = 0;
	} else {
		*place = (uint16_t)(in->set->count + 1);
	}
}

static void read_action(struct signatures_reader *in, struct signature *rule, const char *text)
{
	while (rule->action < SIGNATURE_NONE && strcmp(text, signature_action_name(rule->action)) != 0)
		rule->action++;
	if (rule->action == SIGNATURE_NONE)
#define X(symbol, name) ", " name
		signatures_problem(&in->problems, in->line, "unknown action '%.64s'; allowed are%s", text,
				   &SIGNATURE_ACTIONS(X)[1]);
#undef X
}

static void read_places(struct signatures_reader *in, struct signature *rule, char *text)
{
	for (char *next, *name = text; name; name = next) {
		unsigned place = 0;
		next = strchr(name, ',');
		if (next)
			*next++ = 0;
		while (place < SIGNATURE_PLACE_COUNT && strcmp(name, signature_place_name(place)) != 0)
			place++;
		if (place == SIGNATURE_PLACE_COUNT)
#define X(symbol, place_name, level, span) ", " place_name
			signatures_problem(&in->problems, in->line,
					   "unknown place '%.64s'; allowed are%s, with commas between", name,
					   &SIGNATURE_PLACES(X)[1]);
#undef X
		else if (rule->places >> place & 1)
			signatures_problem(&in->problems, in->line, "place %s twice; once is enough", name);
		else
			rule->places |= (uint16_t)(1u << place);
	}
}

static void check_expression(struct signatures_reader *in, const struct signature_expression *expression)
{
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *error = NULL;
	if (hs_expression_info(expression->text, expression->flags, &info, &error) != HS_SUCCESS)
		signatures_problem_hs(&in->problems, in->line, "pattern", error);
	else if (info->min_width == 0)
		signatures_problem(&in->problems, in->line,
				   "the regex finds even nothing; it must need at least one byte");
	free(info);
}

static void read_pattern(struct signatures_reader *in, struct signature *rule, char *text)
{
	struct signature_pattern pattern;
	const char *end;
	char why[SIGNATURE_WHY_MAX];
	text += strspn(text, " \t");
	rule->pattern = text;
	if (signature_pattern_parse(&pattern, text, &end, why) < 0) {
		signatures_problem(&in->problems, in->line, "%s", why);
		return;
	}
	const char *rest = end + strspn(end, " \t");
	if (*rest && (*rest != '#' || rest == end)) {
		signatures_problem(&in->problems, in->line,
				   "'%.64s' behind the pattern; allowed are a comment that begins with # and, behind a "
				   "literal, && /regex/",
				   rest);
		return;
	}
	text[end - text] = 0;
	if (rule->places >> SIGNATURE_PLACE_ANYWHERE & 1 && pattern.literal_len < SIGNATURES_ANYWHERE_LEAST)
		signatures_problem(&in->problems, in->line,
				   "place anywhere without a literal of at least %u bytes; allowed are \"literal\" and "
				   "\"literal\" && /regex/",
				   SIGNATURES_ANYWHERE_LEAST);
	check_expression(in, &pattern.main);
	if (pattern.confirm.text[0])
		check_expression(in, &pattern.confirm);
}

static bool clean(struct signatures_reader *in, const char *text, size_t len)
{
	if (len > SIGNATURES_MAX_LINE) {
		signatures_problem(&in->problems, in->line, "line too long; allowed are %u bytes", SIGNATURES_MAX_LINE);
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)text[i];
		if ((byte >= ' ' && byte != 0x7f) || byte == '\t')
			continue;
		signatures_problem(
		    &in->problems, in->line,
		    "byte 0x%02x; allowed are printable characters, blanks and tabs, all else in a pattern as \\xHH",
		    byte);
		return false;
	}
	return true;
}

/* NUL-terminated at len, and the set's own. */
static void read_line(struct signatures_reader *in, char *text, size_t len)
{
	if (len && text[len - 1] == '\r')
		text[--len] = 0;
	if (!clean(in, text, len))
		return;
	char *at = text + strspn(text, " \t");
	if (*at == 0 || *at == '#')
		return;
	if (in->set->count == SIGNATURES_MAX) {
		signatures_problem(&in->problems, in->line, "one rule too many; allowed are %u", SIGNATURES_MAX);
		return;
	}
	char *id = word(&at), *action = word(&at), *places = word(&at);
	if (!at[strspn(at, " \t")] || *places == 0) {
		signatures_problem(&in->problems, in->line, "not a whole rule; it is: id action place pattern");
		return;
	}
	struct signature *rule = &in->set->rules[in->set->count];
	rule->line = in->line < UINT16_MAX ? (uint16_t)in->line : UINT16_MAX;
	read_id(in, rule, id);
	read_action(in, rule, action);
	read_places(in, rule, places);
	read_pattern(in, rule, at);
	in->set->count++;
}

static void read_lines(struct signatures_reader *in, size_t len)
{
	char *text = in->set->text, *end = text + len;
	bool full = false;
	while (text < end && !in->problems.no_memory && !full) {
		char *next = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((next ? next : end) - text);
		text[line_len] = 0;
		in->line++;
		unsigned before = in->problems.count;
		full = in->set->count == SIGNATURES_MAX;
		read_line(in, text, line_len);
		full = full && in->problems.count > before; /* all that follow would be too many, too */
		text += line_len + 1;
	}
}

static int reader_init(struct signatures_reader *in, const char *text, size_t len, const char *name, FILE *errors)
{
	size_t lines = 1;
	for (size_t i = 0; i < len && lines < SIGNATURES_MAX; i++)
		lines += text[i] == '\n';
	*in = (struct signatures_reader){.problems = {.name = name, .out = errors}};
	in->set = calloc(1, sizeof(*in->set));
	in->ids = calloc(IDS, sizeof(*in->ids));
	if (!in->set || !in->ids)
		return -ENOMEM;
	in->set->rules = calloc(lines, sizeof(*in->set->rules));
	in->set->text = malloc(len + 1);
	if (!in->set->rules || !in->set->text)
		return -ENOMEM;
	if (len)
		memcpy(in->set->text, text, len);
	in->set->text[len] = 0;
	return 0;
}

int signatures_read(struct signatures **out, const char *text, size_t len, const char *name, FILE *errors)
{
	struct signatures_reader in;
	*out = NULL;
	if (hs_valid_platform() != HS_SUCCESS) {
		in.problems = (struct signatures_problems){.name = name, .out = errors};
		signatures_problem(&in.problems, 0, "Hyperscan does not run on this processor; it needs SSSE3");
		return -ENOTSUP;
	}
	int ret = reader_init(&in, text, len, name, errors);
	if (ret == 0 && len > SIGNATURES_MAX_FILE)
		signatures_problem(&in.problems, 0, "%zu bytes; allowed are %u", len, SIGNATURES_MAX_FILE);
	else if (ret == 0)
		read_lines(&in, len);
	if (ret == 0 && in.problems.count == 0 && !in.problems.no_memory)
		signatures_compile(in.set, &in.problems);
	if (in.problems.no_memory)
		ret = -ENOMEM;
	else if (in.problems.count)
		ret = -EINVAL;
	if (in.problems.count > SIGNATURES_ERRORS_MAX && errors)
		fprintf(errors, "%s: %u more\n", name, in.problems.count - SIGNATURES_ERRORS_MAX);
	free(in.ids);
	if (ret == 0)
		*out = in.set;
	else
		signatures_destroy(in.set);
	return ret;
}

/* One byte more than allowed is enough to know. */
static int file_read(FILE *file, char **text, size_t *len)
{
	size_t room = SIGNATURES_MAX_FILE + 1;
	*text = malloc(room);
	if (!*text)
		return -ENOMEM;
	*len = fread(*text, 1, room, file);
	return ferror(file) ? -errno : 0;
}

int signatures_load(struct signatures **out, const char *file, FILE *errors)
{
	struct signatures_problems problems = {.name = file, .out = errors};
	char *text = NULL;
	size_t len = 0;
	*out = NULL;
	errno = 0;
	FILE *in = fopen(file, "r");
	int ret = in ? file_read(in, &text, &len) : -errno;
	if (ret < 0 && ret != -ENOMEM)
		signatures_problem(&problems, 0, "cannot be read: %s", strerror(-ret));
	if (in)
		fclose(in);
	if (ret == 0)
		ret = signatures_read(out, text, len, file, errors);
	free(text);
	return ret;
}
