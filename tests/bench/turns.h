/* Two ways of doing a thing, measured side by side: in turns A B B A, so that what else the machine does falls on both
 * alike. Time is the processor time of the thread, which leaves out the turns of other programs on the same core. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TURNS_PAIRS_MAX 99

/* What a benchmark is told on its command line. */
struct turns_options {
	unsigned pairs; /* 1..TURNS_PAIRS_MAX; results worth quoting need at least 5 */
	bool json;	/* one JSON object on the last line */
	bool quick;	/* as little work as shows that the benchmark runs; its figures mean nothing */
	unsigned flows; /* worker only */
};

/* --json, --quick, --pairs N, and --flows N if `flows` is not 0 (its default). Anything else: usage, and exit 2. */
void turns_parse(struct turns_options *options, int argc, char **argv, unsigned flows);

/* One turn: does the work and returns the nanoseconds that one unit of it took. */
typedef double (*turns_fn)(void *arg);

struct turns_result {
	double a_ns, b_ns;		    /* medians */
	double ratio, ratio_min, ratio_max; /* of a_ns to b_ns in each pair: median, least, greatest */
};

/* Each side once to warm up, then the pairs. */
void turns_run(struct turns_result *result, unsigned pairs, turns_fn a, turns_fn b, void *arg);

/* Processor time of the calling thread. */
uint64_t turns_now_ns(void);

/* Ends the program with status 1 and the reason if the work was not done as it should be: a figure for something else
 * is worse than none. */
#define turns_require(condition, ...)                                                                                  \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			turns_fail(__VA_ARGS__);                                                                       \
	} while (0)
__attribute__((format(printf, 1, 2), noreturn)) void turns_fail(const char *format, ...);
