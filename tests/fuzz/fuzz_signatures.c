/* A file of signatures, a NUL, and a span. Refused: a line says where. Accepted: what the set finds in the span, in
 * each place, is what each rule finds when it is compiled alone and scanned for by itself; the verdict is the strongest
 * of these. */
#include <errno.h>
#include <hs/hs.h>
#include "fuzz.h"
#include "screen/signature_pattern.h"
#include "screen/signatures.h"

#define RULES_MAX 16 /* held against rules alone */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

static void refused(const char *errors, const char *text)
{
	fuzz_check(*errors, "'%s' is refused without a word", text);
	for (const char *line = errors; *line;) {
		const char *next = strchr(line, '\n');
		fuzz_check(next && strncmp(line, "f:", 2) == 0, "'%s'", line);
		line = next + 1;
	}
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

static bool alone(const struct signature_expression *expression, const uint8_t *data, size_t len)
{
	hs_database_t *db = NULL;
	hs_compile_error_t *error = NULL;
	hs_scratch_t *scratch = NULL;
	bool any = false;
	fuzz_check(hs_compile(expression->text, expression->flags, HS_MODE_BLOCK, NULL, &db, &error) == HS_SUCCESS,
		   "/%s/: %s", expression->text, error->message);
	fuzz_check(hs_alloc_scratch(db, &scratch) == HS_SUCCESS);
	fuzz_check(hs_scan(db, (const char *)data, (unsigned)len, 0, scratch, found, &any) == HS_SUCCESS);
	hs_free_scratch(scratch);
	hs_free_database(db);
	return any;
}

/* Whether the rule is to be found in the span. */
static bool expected(const struct signature *rule, const uint8_t *data, size_t len)
{
	struct signature_pattern pattern;
	const char *end;
	char why[SIGNATURE_WHY_MAX];
	fuzz_check(signature_pattern_parse(&pattern, rule->pattern, &end, why) == 0 && *end == 0, "'%s'",
		   rule->pattern);
	return len > 0 && alone(&pattern.main, data, len) &&
	       (pattern.confirm.text[0] == 0 || alone(&pattern.confirm, data, len));
}

static void place(const struct signatures *set, struct signatures_scratch *scratch, unsigned at, const bool *wanted,
		  const uint8_t *data, size_t len)
{
	struct signatures_hits hits;
	struct signatures_verdict best = {.action = SIGNATURE_NONE};
	uint64_t before[RULES_MAX];
	for (unsigned i = 0; i < signatures_count(set); i++)
		before[i] = signatures_scratch_hits(scratch, i);
	signatures_hits_clear(&hits);
	fuzz_check(signatures_scan(set, scratch, at, data, len, &hits) == 0);
	signatures_tally(scratch, &hits);
	for (unsigned i = 0; i < signatures_count(set); i++) {
		const struct signature *rule = signatures_rule(set, i);
		bool hit = wanted[i] && (rule->places >> at & 1);
		fuzz_check(signatures_scratch_hits(scratch, i) == before[i] + hit, "%s, %s", rule->id, rule->pattern);
		if (hit && rule->action < best.action)
			best = (struct signatures_verdict){rule->action, (uint16_t)i};
	}
	struct signatures_verdict verdict = signatures_verdict(&hits);
	fuzz_check(verdict.action == best.action && verdict.rule == best.rule, "%u %u", verdict.rule, best.rule);
}

static void accepted(const struct signatures *set, const uint8_t *data, size_t len)
{
	struct signatures_scratch *scratch;
	bool wanted[RULES_MAX];
	if (signatures_count(set) > RULES_MAX)
		return;
	fuzz_check(signatures_scratch_create(&scratch, set) == 0);
	for (unsigned i = 0; i < signatures_count(set); i++)
		wanted[i] = expected(signatures_rule(set, i), data, len);
	for (unsigned i = 1; i < signatures_count(set); i++)
		fuzz_check(strcmp(signatures_rule(set, i - 1)->id, signatures_rule(set, i)->id) < 0);
	for (unsigned at = 0; at < SIGNATURE_PLACE_COUNT; at++)
		place(set, scratch, at, wanted, data, len);
	signatures_scratch_destroy(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *zero = len ? memchr(data, 0, len) : NULL;
	size_t text_len = zero ? (size_t)(zero - data) : len, size;
	const uint8_t *span = zero ? zero + 1 : data;
	size_t span_len = zero ? len - text_len - 1 : 0;
	struct signatures *set;
	char *errors = NULL;
	if (len > 1024)
		return 0;
	FILE *out = open_memstream(&errors, &size);
	int ret = signatures_read(&set, (const char *)data, text_len, "f", out);
	fclose(out);
	fuzz_check(ret == 0 || ret == -EINVAL, "%d", ret);
	if (ret < 0)
		refused(errors, "the file");
	else
		accepted(set, span, span_len);
	signatures_destroy(set);
	free(errors);
	return 0;
}
