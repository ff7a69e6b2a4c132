#include "turns.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void turns_fail(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static void usage(const char *name, bool flows)
{
	fprintf(stderr, "usage: %s [--json] [--quick] [--pairs N]%s\n", name, flows ? " [--flows N]" : "");
	exit(2);
}

static unsigned number(const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value < least || value > most) {
		fprintf(stderr, "bench: '%s' is not a number from %u to %u\n", text, least, most);
		exit(2);
	}
	return (unsigned)value;
}

void turns_parse(struct turns_options *options, int argc, char **argv, unsigned flows)
{
	static const struct option known[] = {{"json", no_argument, NULL, 'j'},
					      {"quick", no_argument, NULL, 'q'},
					      {"pairs", required_argument, NULL, 'p'},
					      {"flows", required_argument, NULL, 'f'},
					      {0}};
	int c;
	*options = (struct turns_options){.pairs = 11, .flows = flows};
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'j')
			options->json = true;
		else if (c == 'q')
			options->quick = true;
		else if (c == 'p')
			options->pairs = number(optarg, 1, TURNS_PAIRS_MAX);
		else if (c == 'f' && flows)
			options->flows = number(optarg, 2, 100000);
		else
			usage(argv[0], flows);
	}
	if (optind < argc)
		usage(argv[0], flows);
}

uint64_t turns_now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Sorts. */
static double median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), ascending);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void turns_run(struct turns_result *result, unsigned pairs, turns_fn a, turns_fn b, void *arg)
{
	double a_ns[TURNS_PAIRS_MAX], b_ns[TURNS_PAIRS_MAX], ratio[TURNS_PAIRS_MAX];
	a(arg);
	b(arg);
	for (unsigned i = 0; i < pairs; i++) {
		bool a_first = i % 2 == 0;
		if (a_first)
			a_ns[i] = a(arg);
		b_ns[i] = b(arg);
		if (!a_first)
			a_ns[i] = a(arg);
		ratio[i] = a_ns[i] / b_ns[i];
	}
	*result = (struct turns_result){.ratio = median(ratio, pairs)};
	result->ratio_min = ratio[0];
	result->ratio_max = ratio[pairs - 1];
	result->a_ns = median(a_ns, pairs);
	result->b_ns = median(b_ns, pairs);
}
