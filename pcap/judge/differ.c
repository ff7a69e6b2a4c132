/* How two lists of SIP messages, or of outcomes, differ, in words. */
#include <stdlib.h>
#include "judge/inside.h"
#include "judge/rename.h"

#define DIFFER_CELLS_MAX (1u << 24) /* of the table that aligns two lists */
#define DIFFER_SHOWN	 40	    /* differences of one kind that are said; the rest is counted */

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
			const char *space = strchr(item->lines[i] + 6, ' ');
			return space ? space + 1 : "";
		}
	return "";
}

/* Same kind of message on the same way: a request's method, or an answer's code and method. */
static bool alike(const struct expectation *a, const struct expectation *b)
{
	size_t n = strncmp(start_line(a), "SIP/2.0 ", 8) == 0 ? 11 : strcspn(start_line(a), " ") + 1;
	return strcmp(way(a), way(b)) == 0 && strncmp(start_line(a), start_line(b), n) == 0 &&
	       strcmp(cseq_method(a), cseq_method(b)) == 0;
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

/* Longest common subsequence by alike(): pair[i] is the partner of expected message i, or UINT32_MAX. */
static bool align(const struct expectations *expected, const struct expectations *got, uint32_t *pair)
{
	uint32_t n = expected->count, m = got->count, width = m + 1;
	for (uint32_t i = 0; i < n; i++)
		pair[i] = UINT32_MAX;
	if ((uint64_t)(n + 1) * width > DIFFER_CELLS_MAX) {
		for (uint32_t i = 0; i < n && i < m && alike(&expected->items[i], &got->items[i]); i++)
			pair[i] = i;
		return true;
	}
	uint16_t *best = calloc((size_t)(n + 1) * width, sizeof(*best));
	if (!best)
		return false;
	for (uint32_t i = n; i-- > 0;)
		for (uint32_t k = m; k-- > 0;) {
			uint16_t skip_i = best[(i + 1) * width + k], skip_k = best[i * width + k + 1];
			best[i * width + k] = alike(&expected->items[i], &got->items[k])
						  ? (uint16_t)(best[(i + 1) * width + k + 1] + 1)
					      : skip_i > skip_k ? skip_i
								: skip_k;
		}
	for (uint32_t i = 0, k = 0; i < n && k < m;) {
		if (alike(&expected->items[i], &got->items[k]))
			pair[i++] = k++;
		else if (best[(i + 1) * width + k] >= best[i * width + k + 1])
			i++;
		else
			k++;
	}
	free(best);
	return true;
}

unsigned differ_sip(const struct expectations *expected, const struct expectations *got, FILE *out)
{
	struct rename names = {0};
	unsigned differences = 0;
	uint32_t *pair = calloc(expected->count + 1, sizeof(*pair));
	if (!pair || !align(expected, got, pair)) {
		fprintf(out, "out of memory: SIP was not compared\n");
		free(pair);
		return 1;
	}
	uint32_t next = 0;
	for (uint32_t i = 0; i <= expected->count; i++) {
		uint32_t until = i < expected->count ? pair[i] : got->count;
		for (; until != UINT32_MAX && next < until; next++)
			if (differences++ < DIFFER_SHOWN) {
				name(out, "not expected", next, &got->items[next]);
				fputc('\n', out);
			}
		if (i == expected->count)
			break;
		if (until == UINT32_MAX) {
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

unsigned differ_outcome(const struct expectations *expected, const struct expectations *got, FILE *out)
{
	static const struct expectation nothing;
	const struct expectation *want = expected->count ? &expected->items[0] : &nothing;
	const struct expectation *have = got->count ? &got->items[0] : &nothing;
	unsigned differences = 0;
	for (uint32_t i = 0; i < want->line_count || i < have->line_count; i++) {
		const char *w = i < want->line_count ? want->lines[i] : "nothing";
		const char *h = i < have->line_count ? have->lines[i] : "nothing";
		if (strcmp(w, h) == 0)
			continue;
		if (differences++ < DIFFER_SHOWN)
			fprintf(out, "outcome: expected %s\n         got      %s\n", w, h);
	}
	return differences;
}
