/* What the shipped signatures cost an INVITE: each place's rules over its span, against the same rules in one database
 * over the whole message.
 *
 * 1,024 INVITEs of about 800 bytes as providers send them, each with other numbers, names, tags and agents; no rule
 * drops one. Finding the spans is the SIP scan's work (`scan`) and not in the figure. The other side has one database
 * of the same patterns, with the same flags; of a literal with a regex behind it the literal alone, which is the
 * cheaper part. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../unit/screen/spans.h"
#include "screen/signature_pattern.h"
#include "screen/signatures.h"
#include "invites.h"
#include "turns.h"

#define MESSAGES 256u
#define SIZE	 INVITE_SIZE

struct bench {
	char text[MESSAGES][SIZE];
	size_t len[MESSAGES];
	struct spans spans[MESSAGES];
	unsigned rounds; /* over all of them, in a turn */
	struct signatures *set;
	struct signatures_scratch *scratch;
	hs_database_t *whole;
	hs_scratch_t *whole_scratch;
	uint64_t found;
	unsigned place; /* of the turns for one place */
};

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	++*(uint64_t *)arg;
	return 0;
}

/* All rules in one database. */
static void whole_create(struct bench *bench)
{
	static struct signature_pattern patterns[SIGNATURES_MAX];
	static const char *texts[SIGNATURES_MAX];
	static unsigned flags[SIGNATURES_MAX], ids[SIGNATURES_MAX];
	unsigned count = signatures_count(bench->set);
	hs_compile_error_t *error;
	for (unsigned i = 0; i < count; i++) {
		const char *end;
		char why[SIGNATURE_WHY_MAX];
		turns_require(
		    signature_pattern_parse(&patterns[i], signatures_rule(bench->set, i)->pattern, &end, why) == 0,
		    "%s", why);
		texts[i] = patterns[i].main.text;
		flags[i] = patterns[i].main.flags;
		ids[i] = i;
	}
	turns_require(hs_compile_multi(texts, flags, ids, count, HS_MODE_BLOCK, NULL, &bench->whole, &error) ==
			  HS_SUCCESS,
		      "the rules do not compile into one database");
	turns_require(hs_alloc_scratch(bench->whole, &bench->whole_scratch) == HS_SUCCESS, "out of memory");
}

static double scan_places(void *arg)
{
	struct bench *bench = arg;
	uint64_t start = turns_now_ns(), drops = 0;
	for (unsigned round = 0; round < bench->rounds; round++)
		for (unsigned i = 0; i < MESSAGES; i++)
			drops += spans_scan(bench->set, bench->scratch, &bench->spans[i]).action == SIGNATURE_DROP;
	uint64_t spent = turns_now_ns() - start;
	turns_require(drops == 0, "a rule drops what it should let pass");
	return (double)spent / (double)(bench->rounds * MESSAGES);
}

static double scan_whole(void *arg)
{
	struct bench *bench = arg;
	uint64_t start = turns_now_ns();
	unsigned rounds = bench->rounds / 8 + 1;
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned i = 0; i < MESSAGES; i++)
			turns_require(hs_scan(bench->whole, bench->text[i], (unsigned)bench->len[i], 0,
					      bench->whole_scratch, found, &bench->found) == HS_SUCCESS,
				      "a scan failed");
	return (double)(turns_now_ns() - start) / (double)(rounds * MESSAGES);
}

static double scan_place(struct bench *bench)
{
	struct signatures_hits hits;
	uint64_t start = turns_now_ns();
	for (unsigned round = 0; round < bench->rounds; round++)
		for (unsigned i = 0; i < MESSAGES; i++) {
			signatures_hits_clear(&hits);
			signatures_scan(bench->set, bench->scratch, bench->place, bench->spans[i].at[bench->place],
					bench->spans[i].len[bench->place], &hits);
		}
	return (double)(turns_now_ns() - start) / (double)(bench->rounds * MESSAGES);
}

static void bench_create(struct bench *bench, bool quick)
{
	bench->rounds = quick ? 1 : 240;
	struct invites invites = invites_begin();
	turns_require(signatures_load(&bench->set, RULES, stderr) == 0 &&
			  signatures_scratch_create(&bench->scratch, bench->set) == 0,
		      "the shipped signatures cannot be used");
	for (unsigned i = 0; i < MESSAGES; i++) {
		bench->len[i] = invites_write(&invites, bench->text[i], 0);
		spans_cut(&bench->spans[i], bench->text[i], bench->len[i]);
	}
	whole_create(bench);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	struct turns_options options;
	struct turns_result result;
	size_t bytes = 0;
	turns_parse(&options, argc, argv, 0);
	bench_create(&bench, options.quick);
	for (unsigned i = 0; i < MESSAGES; i++)
		bytes += bench.len[i];
	turns_run(&result, options.pairs, scan_places, scan_whole, &bench);
	printf("%u rules, INVITEs of %zu bytes\n", signatures_count(bench.set), bytes / MESSAGES);
	for (bench.place = 0; bench.place < SIGNATURE_PLACE_COUNT; bench.place++)
		printf("  %-14s %6.1f ns\n", signature_place_name(bench.place), scan_place(&bench));
	printf("all places       %6.1f ns a message\none database     %6.1f ns a message, %.1f times as much\n",
	       result.a_ns, result.b_ns, 1 / result.ratio);
	if (options.json)
		printf("{\"bench\":\"signatures\",\"rules\":%u,\"bytes\":%zu,\"places_ns\":%.1f,\"whole_ns\":%.1f,"
		       "\"ratio\":%.4f,\"ratio_min\":%.4f,\"ratio_max\":%.4f,\"pairs\":%u}\n",
		       signatures_count(bench.set), bytes / MESSAGES, result.a_ns, result.b_ns, result.ratio,
		       result.ratio_min, result.ratio_max, options.pairs);
	hs_free_scratch(bench.whole_scratch);
	hs_free_database(bench.whole);
	signatures_scratch_destroy(bench.scratch);
	signatures_destroy(bench.set);
	return 0;
}
