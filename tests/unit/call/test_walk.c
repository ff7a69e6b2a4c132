/* Histories that nobody would think of. One that goes wrong names its seed: WALK_SEED=seed plays that one alone, and
 * NET_VERBOSE=1 shows every message of it. WALK_HISTORIES=number plays more of them. */
#include "walk.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#define HISTORIES 300
#define STEPS	  150

static uint64_t playing;
static uint64_t answered, connected, referred;

/* For asserts of the net's and for crashes: whoever ends the process, the seed is told. */
static void tell_seed(void)
{
	char text[96];
	int n = snprintf(text, sizeof(text), "walk: replay with WALK_SEED=%llu\n", (unsigned long long)playing);
	if (playing && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
}

void __asan_on_error(void);
void __asan_on_error(void)
{
	tell_seed();
}

TestSuite(walk, .fini = tell_seed);

static void play(uint64_t seed)
{
	struct walk walk;
	playing = seed;
	walk_init(&walk, seed);
	for (unsigned i = 0; i < STEPS && !*walk.wrong && walk.net->sent_count < NET_SENT_MAX / 2; i++)
		walk_step(&walk);
	if (!*walk.wrong)
		walk_end(&walk);
	cr_assert(!*walk.wrong, "seed %llu: %s", (unsigned long long)seed, walk.wrong);
	struct shard_counts counts = net_counts(walk.net);
	answered += counts.calls_answered;
	connected += counts.transfers_connected;
	referred += walk.referred;
	walk_fini(&walk);
	playing = 0;
}

Test(walk, histories)
{
	const char *one = getenv("WALK_SEED");
	if (one) {
		play(strtoull(one, NULL, 10));
		return;
	}
	const char *many = getenv("WALK_HISTORIES");
	uint64_t histories = many ? strtoull(many, NULL, 10) : HISTORIES;
	for (uint64_t seed = 1; seed <= histories; seed++)
		play(seed);
	/* They lead somewhere. */
	cr_expect_gt(answered, HISTORIES);
	cr_expect_gt(referred, HISTORIES / 6);
	cr_expect_gt(connected, HISTORIES / 6);
}
