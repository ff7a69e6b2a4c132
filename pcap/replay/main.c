/* xfergate-replay: plays a capture into both planes on a virtual clock. `xfergate replay` starts it. */
#include "play.h"

#include <errno.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	EXIT_PLAYED = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NEVER_SENT = 3,
	EXIT_DIFFERS = 4,
};

static int finish_output(struct play *play)
{
	struct capture_writer *writer = play->writer;
	play->writer = NULL;
	int r = writer ? capture_writer_close(writer, true) : 0;
	if (r < 0)
		fprintf(stderr, "xfergate-replay: %s: %s\n", play->options->out, strerror(-r));
	return r;
}

/* Compares with what is expected, or stores it. */
static int judge(const struct play *play)
{
	const struct options *options = play->options;
	char why[JUDGE_WHY];
	int r = 0;
	if (!options->expect)
		return EXIT_PLAYED;
	if (options->accept)
		r = judge_accept(play->judge, options->expect, why);
	else
		r = judge_expect(play->judge, options->expect, play->out, why);
	if (r < 0)
		fprintf(stderr, "xfergate-replay: %s\n", why);
	else if (r == 0)
		fprintf(play->out, "%s %s\n", options->accept ? "stored in" : "same as in", options->expect);
	return r < 0 ? EXIT_FAILED : r > 0 ? EXIT_DIFFERS : EXIT_PLAYED;
}

static int end(struct play *play)
{
	uint64_t never = play_never(play) + play->commands_refused;
	play_summary(play);
	if (finish_output(play) < 0 || (play->options->report && play_report(play, play->options->report) < 0))
		return EXIT_FAILED;
	int r = judge(play);
	return r != EXIT_PLAYED ? r : never && !play->options->expect ? EXIT_NEVER_SENT : EXIT_PLAYED;
}

static unsigned width_of(FILE *out)
{
	struct winsize size;
	return isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static int play_capture(const struct options *options)
{
	struct play *play;
	bool pipe_out =
	    (options->out && strcmp(options->out, "-") == 0) || (options->report && strcmp(options->report, "-") == 0);
	int r = play_open(&play, options, pipe_out ? stderr : stdout);
	if (r)
		return r == PLAY_USAGE ? EXIT_USAGE : EXIT_FAILED;
	play->width = width_of(play->out);
	r = play_run(play);
	if (r < 0)
		fprintf(stderr, "xfergate-replay: %s\n", strerror(-r));
	r = r < 0 ? EXIT_FAILED : end(play);
	play_close(play);
	return r;
}

int main(int argc, char **argv)
{
	struct options options;
	char why[OPTIONS_WHY];
	int r;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	if (options_parse(&options, argc - 1, argv + 1, why) < 0) {
		fprintf(stderr, "xfergate-replay: %s\n", why);
		options_fini(&options);
		return EXIT_USAGE;
	}
	if (options.version) {
		puts("xfergate-replay " XF_VERSION);
		r = EXIT_PLAYED;
	} else if (options.help) {
		fputs(options_usage, stdout);
		r = EXIT_PLAYED;
	} else {
		r = play_capture(&options);
	}
	options_fini(&options);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("xfergate-replay: cannot write the output\n", stderr);
		return EXIT_FAILED;
	}
	return r;
}
