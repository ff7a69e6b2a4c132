/* xfergate-sim: many bad days of the gateway, one after another. See docs/simulation.md. */
#include "coverage.h"
#include "parts.h"

#include <getopt.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc's package has no header for it */
#endif

struct arguments {
	uint64_t first, last;
	const char *trace;
	bool shrink, coverage, memory;
	uint64_t limit; /* failures after which it ends */
	struct sim_options options;
};

static const char usage[] =
    "usage: xfergate-sim --seeds FIRST..LAST | --seed N | --trace FILE [OPTION]...\n"
    "  --verbose      every message\n"
    "  --log          what both planes log, too\n"
    "  --pcap FILE    what went in and came out, and FILE.yaml, the configuration\n"
    "  --shrink       look for a shorter history that breaks the same invariant; saved as sim-SEED.trace, and as a\n"
    "                 scenario in sim-SEED/\n"
    "  --limit N      ends after so many failures (5)\n"
    "  --fault NAME   with a deliberate fault of the planes (xfergate-sim-faults; names in tests/sim/faults)\n"
    "  --memory       plays the seeds three times; the third must leave no byte more than the second\n"
    "  --coverage     which cells of the tables of call and transfer were visited\n";

static void report(const struct arguments *a, uint64_t seed, const struct sim_result *result)
{
	printf("seed %llu: %s: %s\n", (unsigned long long)seed, result->invariant, result->text);
	printf("  at %.3f s; the last messages:\n", (double)(result->seen_ns - SIM_START_NS) / 1e9);
	sim_print_last(stdout);
	if (a->trace)
		printf("replay: xfergate-sim --trace %s --verbose\n", a->trace);
	else
		printf("replay: xfergate-sim --seed %llu%s%s --verbose\n", (unsigned long long)seed,
		       a->options.fault ? " --fault " : "", a->options.fault ? a->options.fault : "");
	fflush(stdout);
}

/* Saves the shortest history found, as a trace and as a scenario. */
static void shorten(const struct arguments *a, uint64_t seed, const struct sim_result *result,
		    const struct dice_trace *chosen)
{
	char trace_path[64], folder[64], readme[128];
	struct sim_options options = {.fault = a->options.fault, .scenario = folder};
	struct dice_trace shorter;
	struct sim_result again;
	shrink(seed, chosen, &a->options, result->invariant, &shorter);
	snprintf(trace_path, sizeof(trace_path), "sim-%llu.trace", (unsigned long long)seed);
	snprintf(folder, sizeof(folder), "sim-%llu", (unsigned long long)seed);
	snprintf(readme, sizeof(readme), "%s/README.md", folder);
	if (dice_trace_save(&shorter, trace_path, seed, a->options.fault) < 0)
		fprintf(stderr, "xfergate-sim: %s cannot be written\n", trace_path);
	sim_play(seed, &shorter, &options, &again, NULL);
	printf("%s: %s\n  the last messages:\n", again.invariant, again.text);
	sim_print_last(stdout);
	printf("replay: xfergate-sim --trace %s --verbose; scenario: %s/\n", trace_path, folder);
	fflush(stdout);
	FILE *file = fopen(readme, "w");
	if (file) {
		fprintf(file, "# %s\n\nA simulated history (seed %llu) that broke the invariant `%s`:\n\n    %s\n",
			folder, (unsigned long long)seed, again.invariant, again.text);
		fclose(file);
	}
	dice_trace_free(&shorter);
}

static bool play(const struct arguments *a, uint64_t seed, const struct dice_trace *trace, double *world_s,
		 uint64_t *hash)
{
	struct sim_result result;
	struct dice_trace chosen = {0};
	sim_play(seed, trace, &a->options, &result, a->shrink ? &chosen : NULL);
	*world_s += (double)result.world_ns / 1e9;
	*hash ^= result.hash;
	if (a->options.verbose || a->first == a->last)
		printf("seed %llu: %.1f s, %u parties, %llu frames\n", (unsigned long long)seed,
		       (double)result.world_ns / 1e9, result.parties, (unsigned long long)result.frames);
	if (result.failed) {
		report(a, seed, &result);
		if (a->shrink)
			shorten(a, seed, &result, &chosen);
	}
	dice_trace_free(&chosen);
	return !result.failed;
}

static int play_trace(struct arguments *a)
{
	static char fault[64];
	struct dice_trace trace;
	double world_s = 0;
	uint64_t seed = 1, hash = 0;
	int r = dice_trace_load(&trace, a->trace, &seed, fault, sizeof(fault));
	if (r < 0) {
		fprintf(stderr, "xfergate-sim: %s: %s\n", a->trace, r == -EBADMSG ? "is no trace" : strerror(-r));
		return 2;
	}
	if (*fault)
		a->options.fault = fault;
	bool well = play(a, seed, &trace, &world_s, &hash);
	dice_trace_free(&trace);
	return well ? 0 : 1;
}

static int play_seeds(const struct arguments *a)
{
	uint64_t played = 0, failed = 0;
	double world_s = 0;
	uint64_t hash = 0;
	for (uint64_t seed = a->first; seed <= a->last && failed < a->limit; seed++) {
		played++;
		failed += !play(a, seed, NULL, &world_s, &hash);
	}
	printf("%llu histories, %.0f s of the world, %llu failed, hash %016llx\n", (unsigned long long)played, world_s,
	       (unsigned long long)failed, (unsigned long long)hash);
	return failed ? 1 : 0;
}

/* What the process has allocated, in bytes. AddressSanitizer has an allocator of its own, of which mallinfo says 0. */
static size_t allocated(void)
{
#ifdef __SANITIZE_ADDRESS__
	return __sanitizer_get_current_allocated_bytes();
#else
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
#endif
}

/* The same histories three times: whatever is kept for good is there after the second. */
static int play_for_memory(const struct arguments *a)
{
	size_t before = 0, after = 0;
	for (unsigned pass = 0; pass < 3; pass++) {
		double world_s = 0;
		uint64_t hash = 0;
		before = after;
		for (uint64_t seed = a->first; seed <= a->last; seed++)
			if (!play(a, seed, NULL, &world_s, &hash))
				return 1;
		after = allocated();
	}
	printf("%s%zu bytes are allocated, %zu one pass before\n", after > before ? "seed 0: memory: " : "", after,
	       before);
	/* LeakSanitizer ends the process before stdio could write it. */
	fflush(stdout);
	return after > before ? 1 : 0;
}

static int parse(struct arguments *a, int argc, char **argv)
{
	static const struct option options[] = {{"seeds", required_argument, NULL, 's'},
						{"seed", required_argument, NULL, 'n'},
						{"trace", required_argument, NULL, 't'},
						{"verbose", no_argument, NULL, 'v'},
						{"log", no_argument, NULL, 'l'},
						{"pcap", required_argument, NULL, 'p'},
						{"shrink", no_argument, NULL, 'k'},
						{"coverage", no_argument, NULL, 'c'},
						{"fault", required_argument, NULL, 'f'},
						{"limit", required_argument, NULL, 'm'},
						{"memory", no_argument, NULL, 'y'},
						{"help", no_argument, NULL, 'h'},
						{0}};
	unsigned long long first = 0, last = 0;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 's':
			if (sscanf(optarg, "%llu..%llu", &first, &last) != 2 || first > last)
				return -EINVAL;
			break;
		case 'n':
			if (sscanf(optarg, "%llu", &first) != 1)
				return -EINVAL;
			last = first;
			break;
		case 't':
			a->trace = optarg;
			break;
		case 'v':
			a->options.verbose = true;
			break;
		case 'l':
			a->options.talk = true;
			break;
		case 'p':
			a->options.pcap = optarg;
			break;
		case 'k':
			a->shrink = true;
			break;
		case 'c':
			a->coverage = true;
			break;
		case 'y':
			a->memory = true;
			break;
		case 'm':
			a->limit = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			a->options.fault = optarg;
			break;
		default:
			return -EINVAL;
		}
	}
	a->first = first;
	a->last = last;
	return last || a->trace ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct arguments a = {.limit = 5};
	if (parse(&a, argc, argv) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	if (a.options.fault && !fault_built_in) {
		fputs("xfergate-sim: no faults are built in; xfergate-sim-faults has them\n", stderr);
		return 2;
	}
	/* What malloc keeps in its caches would count as allocated. */
	if (a.memory && !getenv("GLIBC_TUNABLES")) {
		setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0", 1);
		execv("/proc/self/exe", argv);
		return 3;
	}
	if (world_init(argv[0], 512) < 0)
		return 3;
	int r = a.trace ? play_trace(&a) : a.memory ? play_for_memory(&a) : play_seeds(&a);
	if (a.coverage)
		coverage_print(stdout);
	return r;
}
