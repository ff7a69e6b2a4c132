/* How two lists of SIP messages, or of outcomes, differ, in words. */
#include <stdlib.h>
#include "judge/align.h"
#include "judge/inside.h"
#include "judge/rename.h"

#define DIFFER_SHOWN 40 /* differences of one kind that are said; the rest is counted */

/* "192.0.2.1:5060 -> 192.0.2.20:5060" without the time before it. */
static const char *way(const struct expectation *item)
{
	const char *space = strchr(item->head, ' ');
	return space ? space + 1 : item->head;
}

static const char *start_line(const struct expectation *item)
{
	return item->line_count ? item->lines[0] : "";
}

static const char *cseq_method(const struct expectation *item)
{
	for (uint32_t i = 1; i < item->line_count; i++)
		if (strncmp(item->lines[i], "CSeq: ", 6) == 0) {
			/* the number may be a word with a space in it: "{cseq 3}" */
			const char *space = strrchr(item->lines[i] + 6, ' ');
			return space ? space + 1 : "";
		}
	return "";
}

/* Messages of one kind on the same way are set side by side: a request's method, or an answer's code and method. */
static bool add_kind(struct align_list *list, struct strmap *known, const struct expectation *item)
{
	const char *start = start_line(item);
	size_t n = strncmp(start, "SIP/2.0 ", 8) == 0 ? 11 : strcspn(start, " ");
	char *text;
	if (asprintf(&text, "%s\n%.*s\n%s", way(item), (int)n, start, cseq_method(item)) < 0)
		return false;
	bool good = align_add(list, known, text);
	free(text);
	return good;
}

static void name(FILE *out, const char *what, uint32_t number, const struct expectation *item)
{
	const char *start = start_line(item);
	double at = strtod(item->head, NULL);
	if (strncmp(start, "SIP/2.0 ", 8) == 0)
		fprintf(out, "%s: SIP message %u at %.3f s, %s: %s (%s)", what, number + 1, at, way(item), start + 8,
			cseq_method(item));
	else
		fprintf(out, "%s: SIP message %u at %.3f s, %s: %s", what, number + 1, at, way(item), start);
}

/* What a line is about: a header's name, an SDP line's letter, a status line. */
static const char *line_name(const char *line, size_t *len)
{
	*len = strncmp(line, "SIP/2.0 ", 8) == 0 ? 7 : strcspn(line, ":=");
	return line;
}

static const char *find_like(const struct expectation *item, const char *line, uint32_t after)
{
	size_t n, m;
	line_name(line, &n);
	for (uint32_t i = after; i < item->line_count; i++) {
		line_name(item->lines[i], &m);
		if (n == m && strncmp(line, item->lines[i], n) == 0)
			return item->lines[i];
	}
	return NULL;
}

/* Says what differs in two messages of one kind, line by line; how many lines. */
static unsigned differ_lines(struct rename *names, const struct expectation *expected, const struct expectation *got,
			     uint32_t number, FILE *out)
{
	unsigned differences = 0;
	uint32_t e = 0, g = 0;
	while (e < expected->line_count || g < got->line_count) {
		const char *want = e < expected->line_count ? expected->lines[e] : NULL;
		const char *have = g < got->line_count ? got->lines[g] : NULL;
		if (want && have && rename_equal(names, want, have)) {
			e++;
			g++;
			continue;
		}
		if (differences++ == 0) {
			name(out, "differs", number, got);
			fputc('\n', out);
		}
		size_t n = 0, m = 0;
		if (want && have && strncmp(line_name(want, &n), line_name(have, &m), n) == 0 && n == m) {
			fprintf(out, "    expected %s\n    got      %s\n", want, have);
			e++;
			g++;
		} else if (want && (!have || !find_like(got, want, g))) {
			fprintf(out, "    missing  %s\n", want);
			e++;
		} else {
			fprintf(out, "    added    %s\n", have ? have : "");
			g++;
		}
	}
	return differences;
}

/* Partners of the expected messages; NULL: no memory. */
static uint32_t *pair_messages(const struct expectations *expected, const struct expectations *got)
{
	struct strmap known = {0};
	struct align_list e = {0}, g = {0};
	uint32_t *pair = calloc(expected->count + 1, sizeof(*pair));
	bool good = pair;
	for (uint32_t i = 0; good && i < expected->count; i++)
		good = add_kind(&e, &known, &expected->items[i]);
	for (uint32_t i = 0; good && i < got->count; i++)
		good = add_kind(&g, &known, &got->items[i]);
	if (!good || !align(&e, &g, pair)) {
		free(pair);
		pair = NULL;
	}
	align_fini(&e);
	align_fini(&g);
	strmap_fini(&known);
	return pair;
}

unsigned differ_sip(const struct expectations *expected, const struct expectations *got, FILE *out)
{
	struct rename names = {0};
	unsigned differences = 0;
	uint32_t *pair = pair_messages(expected, got);
	if (!pair) {
		fprintf(out, "out of memory: SIP was not compared\n");
		return 1;
	}
	uint32_t next = 0;
	for (uint32_t i = 0; i <= expected->count; i++) {
		uint32_t until = i < expected->count ? pair[i] : got->count;
		for (; until != ALIGN_NONE && next < until; next++)
			if (differences++ < DIFFER_SHOWN) {
				name(out, "not expected", next, &got->items[next]);
				fputc('\n', out);
			}
		if (i == expected->count)
			break;
		if (until == ALIGN_NONE) {
			if (differences++ < DIFFER_SHOWN) {
				name(out, "missing", i, &expected->items[i]);
				fputc('\n', out);
			}
			continue;
		}
		differences += differ_lines(&names, &expected->items[i], &got->items[until], until, out) > 0;
		next = until + 1;
	}
	if (differences > DIFFER_SHOWN)
		fprintf(out, "SIP: %u differences in all\n", differences);
	free(pair);
	rename_fini(&names);
	return differences;
}

/* Lines of all records, in order. */
struct outcome_lines {
	const char **line;
	struct align_list kinds;
};

static bool outcome_lines(struct outcome_lines *lines, struct strmap *known, const struct expectations *list)
{
	uint32_t room = 1;
	for (uint32_t i = 0; i < list->count; i++)
		room += list->items[i].line_count + 1;
	if (!(lines->line = reallocarray(NULL, room, sizeof(*lines->line))))
		return false;
	for (uint32_t i = 0; i < list->count; i++) {
		/* what is stored has one record; another one is a difference like a line */
		for (uint32_t n = i ? 0 : 1; n <= list->items[i].line_count; n++) {
			const char *line = n ? list->items[i].lines[n - 1] : list->items[i].head;
			lines->line[lines->kinds.count] = line;
			if (!align_add(&lines->kinds, known, line))
				return false;
		}
	}
	return true;
}

/* "call 1", "drop wrong-source": what the line is about. */
static bool about_the_same(const char *a, const char *b)
{
	size_t n = strcspn(a, ":");
	return n == strcspn(b, ":") && memcmp(a, b, n) == 0;
}

/* Lines between two pairs stand beside each other where they are about the same. */
static unsigned differ_between(const struct outcome_lines *e, uint32_t i, uint32_t e_end, const struct outcome_lines *g,
			       uint32_t k, uint32_t g_end, unsigned before, FILE *out)
{
	unsigned differences = 0;
	while (i < e_end || k < g_end) {
		uint32_t like = k;
		while (i < e_end && like < g_end && !about_the_same(e->line[i], g->line[like]))
			like++;
		/* first what comes before its like; without one it stands alone */
		bool want = i < e_end && (like == k || like == g_end), have = k < g_end && (i == e_end || like < g_end);
		if (before + differences++ < DIFFER_SHOWN)
			fprintf(out, "outcome: expected %s\n         got      %s\n", want ? e->line[i] : "nothing",
				have ? g->line[k] : "nothing");
		i += want;
		k += have;
	}
	return differences;
}

unsigned differ_outcome(const struct expectations *expected, const struct expectations *got, FILE *out)
{
	struct strmap known = {0};
	struct outcome_lines e = {0}, g = {0};
	uint32_t *pair = NULL, from = 0, next = 0;
	unsigned differences = 0;
	bool good = outcome_lines(&e, &known, expected) && outcome_lines(&g, &known, got) &&
		    (pair = calloc(e.kinds.count + 1, sizeof(*pair))) && align(&e.kinds, &g.kinds, pair);
	for (uint32_t i = 0; good && i <= e.kinds.count; i++) {
		uint32_t until = i < e.kinds.count ? pair[i] : g.kinds.count;
		if (until == ALIGN_NONE)
			continue;
		differences += differ_between(&e, from, i, &g, next, until, differences, out);
		from = i + 1;
		next = until + 1;
	}
	if (!good) {
		fprintf(out, "out of memory: the outcome was not compared\n");
		differences = 1;
	}
	if (differences > DIFFER_SHOWN)
		fprintf(out, "outcome: %u differences in all\n", differences);
	free(pair);
	free(e.line);
	free(g.line);
	align_fini(&e.kinds);
	align_fini(&g.kinds);
	strmap_fini(&known);
	return differences;
}
