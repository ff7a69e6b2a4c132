#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "screen/signatures_build.h"

/* All expressions of one place that go into one database. */
struct signatures_batch {
	const char **texts;
	unsigned *flags, *ids;
	unsigned count;
};

/* The databases of a place: one a level, and that of the second regexes. */
#define PART_CONFIRM SIGNATURE_LEVELS

/* What nearly every span of a place holds. */
static const uint8_t usual[] = {
#define X(symbol, name, level, text) SIGNATURE_##level,
    SIGNATURE_PLACES(X)
#undef X
};

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct signature *)a)->id, ((const struct signature *)b)->id);
}

static bool batch_create(struct signatures_batch *batch, unsigned count)
{
	*batch = (struct signatures_batch){.texts = calloc(count + 1, sizeof(*batch->texts)),
					   .flags = calloc(count + 1, sizeof(*batch->flags)),
					   .ids = calloc(count + 1, sizeof(*batch->ids))};
	return batch->texts && batch->flags && batch->ids;
}

static void batch_destroy(struct signatures_batch *batch)
{
	free(batch->texts);
	free(batch->flags);
	free(batch->ids);
}

/* What of a rule is in this database of this place; NULL: nothing. */
static const struct signature_expression *part_of(const struct signatures *set,
						  const struct signature_pattern *patterns, unsigned rule,
						  unsigned place, unsigned part)
{
	const struct signature_expression *e = part == PART_CONFIRM ? &patterns[rule].confirm : &patterns[rule].main;
	unsigned level = e->level <= usual[place] ? SIGNATURE_NUMBER : e->level;
	if (!(set->rules[rule].places >> place & 1) || e->text[0] == 0)
		return NULL;
	return part == PART_CONFIRM || part == level ? e : NULL;
}

static void batch_fill(struct signatures_batch *batch, const struct signatures *set,
		       const struct signature_pattern *patterns, unsigned place, unsigned part)
{
	batch->count = 0;
	for (unsigned i = 0; i < set->count; i++) {
		const struct signature_expression *e = part_of(set, patterns, i, place, part);
		if (!e)
			continue;
		batch->texts[batch->count] = e->text;
		batch->flags[batch->count] = e->flags;
		batch->ids[batch->count++] = i;
	}
}

static void batch_remove(struct signatures_batch *batch, unsigned at)
{
	batch->count--;
	for (unsigned i = at; i < batch->count; i++) {
		batch->texts[i] = batch->texts[i + 1];
		batch->flags[i] = batch->flags[i + 1];
		batch->ids[i] = batch->ids[i + 1];
	}
}

/* NULL if there is nothing to compile, or something wrong with it. Hyperscan stops at the first bad expression; without
 * it the next one is found. */
static hs_database_t *batch_compile(struct signatures_batch *batch, const struct signatures *set,
				    struct signature_pattern *patterns, unsigned place,
				    struct signatures_problems *problems)
{
	while (batch->count && !problems->no_memory) {
		hs_database_t *db = NULL;
		hs_compile_error_t *error = NULL;
		if (hs_compile_multi(batch->texts, batch->flags, batch->ids, batch->count, HS_MODE_BLOCK, NULL, &db,
				     &error) == HS_SUCCESS)
			return db;
		if (!error || error->expression < 0 || (unsigned)error->expression >= batch->count) {
			char what[64];
			snprintf(what, sizeof(what), "all for %s together", signature_place_name(place));
			signatures_problem_hs(problems, 0, what, error);
			break;
		}
		unsigned bad = (unsigned)error->expression, rule = batch->ids[bad];
		signatures_problem_hs(problems, set->rules[rule].line, "pattern", error);
		batch_remove(batch, bad);
		patterns[rule] = (struct signature_pattern){0}; /* told once, though it has several places */
	}
	return NULL;
}

static hs_database_t **part_db(struct signatures *set, unsigned place, unsigned part)
{
	struct signatures_place *at = &set->places[place];
	return part == PART_CONFIRM ? &at->confirm : &at->levels[part];
}

/* Several places often have the same rules, user parts above all: one database then serves them, and stays in the cache
 * from one to the next. NULL: no place before has the same. */
static hs_database_t *part_same(struct signatures *set, const struct signature_pattern *patterns, unsigned place,
				unsigned part)
{
	for (unsigned before = 0; before < place; before++) {
		bool same = true;
		for (unsigned i = 0; i < set->count && same; i++)
			same = part_of(set, patterns, i, before, part) == part_of(set, patterns, i, place, part);
		if (same)
			return *part_db(set, before, part);
	}
	return NULL;
}

static void place_compile(struct signatures *set, unsigned place, struct signature_pattern *patterns,
			  struct signatures_batch *batch, struct signatures_problems *problems)
{
	for (unsigned part = 0; part <= PART_CONFIRM; part++) {
		hs_database_t *db = part_same(set, patterns, place, part);
		if (!db) {
			batch_fill(batch, set, patterns, place, part);
			db = batch_compile(batch, set, patterns, place, problems);
		}
		*part_db(set, place, part) = db;
	}
}

/* What a span must begin with, or the database is not asked. */
static void places_first(struct signatures *set, const struct signature_pattern *patterns)
{
	for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++)
		for (unsigned level = 0; level < SIGNATURE_LEVELS; level++)
			for (unsigned rule = 0; rule < set->count; rule++) {
				const struct signature_expression *e = part_of(set, patterns, rule, place, level);
				for (unsigned i = 0; e && i < sizeof(e->first); i++)
					set->places[place].first[level][i] |= e->first[i];
			}
}

/* Of the places whose spans are short and come again. */
static void places_remember(struct signatures *set)
{
	const hs_database_t *request = set->places[SIGNATURE_PLACE_REQUEST_USER].levels[SIGNATURE_NUMBER];
	struct signatures_place *to = &set->places[SIGNATURE_PLACE_TO_USER];
	set->places[SIGNATURE_PLACE_USER_AGENT].memory = SIGNATURES_REMEMBER;
	set->places[SIGNATURE_PLACE_FROM_DISPLAY].memory = SIGNATURES_REMEMBER;
	if (request && to->levels[SIGNATURE_NUMBER] == request)
		set->places[SIGNATURE_PLACE_REQUEST_USER].memory = to->memory = SIGNATURES_REMEMBER_NUMBERS;
}

/* The pattern was read before; now its rule has an index. */
static void rule_compile(struct signatures *set, unsigned index, struct signature_pattern *pattern)
{
	char why[SIGNATURE_WHY_MAX];
	const char *end;
	const struct signature *rule = &set->rules[index];
	signature_pattern_parse(pattern, rule->pattern, &end, why);
	set->rank[index] = SIGNATURES_RANK(rule->action, index);
	if (pattern->confirm.text[0])
		set->conditional[index / 64] |= 1ull << (index % 64);
}

void signatures_compile(struct signatures *signatures, struct signatures_problems *problems)
{
	struct signatures_batch batch;
	struct signature_pattern *patterns = calloc(signatures->count + 1, sizeof(*patterns));
	problems->no_memory = !batch_create(&batch, signatures->count) || !patterns;
	if (!problems->no_memory) {
		qsort(signatures->rules, signatures->count, sizeof(*signatures->rules), by_id);
		for (unsigned i = 0; i < signatures->count; i++)
			rule_compile(signatures, i, &patterns[i]);
		for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++)
			place_compile(signatures, place, patterns, &batch, problems);
		places_remember(signatures);
		places_first(signatures, patterns);
	}
	batch_destroy(&batch);
	free(patterns);
}

/* Frees it where it is first; it may be that of later places, too. */
static void part_destroy(struct signatures *set, unsigned place, unsigned part)
{
	hs_database_t *db = *part_db(set, place, part);
	for (unsigned after = place + 1; after < SIGNATURE_PLACE_COUNT; after++)
		if (*part_db(set, after, part) == db)
			*part_db(set, after, part) = NULL;
	hs_free_database(db);
}

void signatures_destroy(struct signatures *signatures)
{
	if (!signatures)
		return;
	for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++)
		for (unsigned part = 0; part <= PART_CONFIRM; part++)
			part_destroy(signatures, place, part);
	free(signatures->rules);
	free(signatures->text);
	free(signatures);
}

static int scratch_grow(struct signatures_scratch *scratch, const hs_database_t *db)
{
	hs_error_t error = db ? hs_alloc_scratch(db, &scratch->hs) : HS_SUCCESS;
	return error == HS_SUCCESS ? 0 : error == HS_NOMEM ? -ENOMEM : -EINVAL;
}

/* Large enough for every database of the set. */
static int scratch_size(struct signatures_scratch *scratch, const struct signatures *set)
{
	int ret = 0;
	for (unsigned i = 0; i < SIGNATURE_PLACE_COUNT && ret == 0; i++) {
		const struct signatures_place *at = &set->places[i];
		for (unsigned level = 0; level < SIGNATURE_LEVELS && ret == 0; level++)
			ret = scratch_grow(scratch, at->levels[level]);
		if (ret == 0)
			ret = scratch_grow(scratch, at->confirm);
	}
	return ret;
}

int signatures_scratch_create(struct signatures_scratch **out, const struct signatures *signatures)
{
	*out = NULL;
	if (!signatures)
		return -EINVAL;
	size_t size = sizeof(**out) + signatures->count * sizeof(uint64_t);
	struct signatures_scratch *scratch = aligned_alloc(64, (size + 63) / 64 * 64);
	if (!scratch)
		return -ENOMEM;
	memset(scratch, 0, size);
	scratch->count = signatures->count;
	int ret = scratch_size(scratch, signatures);
	if (ret < 0) {
		signatures_scratch_destroy(scratch);
		return ret;
	}
	*out = scratch;
	return 0;
}

void signatures_scratch_destroy(struct signatures_scratch *scratch)
{
	if (!scratch)
		return;
	hs_free_scratch(scratch->hs);
	free(scratch);
}
