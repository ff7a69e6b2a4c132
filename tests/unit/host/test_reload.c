/* Signatures read anew on a thread: taken, refused, and left behind by a daemon that ends. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "host/reload.h"
#include "screen/signatures.h"

static char path[64];

/* Regexes of some length in several places: they take seconds to compile. */
static void rules(unsigned count, const char *more)
{
	snprintf(path, sizeof(path), "/tmp/xfg-test-reload-%d.conf", getpid());
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	for (unsigned i = 0; i < count; i++)
		fprintf(file, "rule-%u drop user-agent,via,subject /[a-z]{3,%u}(?:x%u|y%u+|z[0-9]{2,9})end%u/i\n", i,
			9 + i % 20, i, i, i);
	fputs(more, file);
	fclose(file);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool wait_done(const struct reload *reload)
{
	struct pollfd fd = {.fd = reload->done, .events = POLLIN};
	return poll(&fd, 1, 60000) == 1;
}

Test(reload, takes_and_refuses)
{
	struct reload reload;
	struct reloaded reloaded;
	rules(2, "");
	cr_assert_eq(reload_init(&reload, path, NULL, false), 0);
	reload_start(&reload);
	reload_start(&reload); /* again, when the first has ended */
	cr_assert(wait_done(&reload));
	cr_assert(reload_finish(&reload, &reloaded) && reloaded.have_signatures);
	cr_expect_eq(signatures_count(reloaded.signatures), 2);
	signatures_destroy(reloaded.signatures);
	cr_assert(wait_done(&reload));
	cr_assert(reload_finish(&reload, &reloaded) && reloaded.have_signatures);
	signatures_destroy(reloaded.signatures);
	cr_expect_null(reload.job);
	rules(2, "what is this\n");
	reload_start(&reload);
	cr_assert(wait_done(&reload));
	cr_expect(!reload_finish(&reload, &reloaded) || !reloaded.have_signatures);
	cr_expect_not(reload_fini(&reload));
	unlink(path);
}

/* What has ended and was not taken is freed. */
Test(reload, ends_with_a_result_that_nobody_took)
{
	struct reload reload;
	rules(2, "");
	cr_assert_eq(reload_init(&reload, path, NULL, false), 0);
	reload_start(&reload);
	cr_assert(wait_done(&reload));
	cr_expect_not(reload_fini(&reload));
	unlink(path);
}

Test(reload, does_not_wait_for_the_compiler, .timeout = 120)
{
	struct reload reload;
	rules(3000, "");
	cr_assert_eq(reload_init(&reload, path, NULL, false), 0);
	double began = seconds();
	reload_start(&reload);
	usleep(100000);
	double stop = seconds();
	cr_expect(reload_fini(&reload), "3,000 regexes were compiled in %.1f s", seconds() - began);
	cr_expect_lt(seconds() - stop, 0.5);
	unlink(path);
	/* As main() ends: the thread is still at work. */
	_exit(0);
}
