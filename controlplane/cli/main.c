/* xfergate: shows and steers the calls of the gateway. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "args.h"
#include "capture.h"
#include "check.h"
#include "client.h"
#include "help.h"
#include "outcome.h"
#include "replay.h"
#include "request.h"
#include "show.h"
#include "ladder/text.h"
#include "trace.h"

enum {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
};

/* One sentence on stderr. */
static void complain(const char *text)
{
	char *safe = text_escape(text);
	fprintf(stderr, "xfergate: %s\n", safe ? safe : "out of memory");
	free(safe);
}

static size_t terminal_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* For drawings in a file or a pipe the environment may say how wide they are. */
static unsigned drawing_width(void)
{
	const char *columns = getenv("COLUMNS");
	size_t terminal = terminal_width();
	unsigned long said = columns ? strtoul(columns, NULL, 10) : 0;
	return terminal ? (unsigned)terminal : said <= 10000 ? (unsigned)said : 0;
}

static int print_result(const struct args *args, const json_t *result)
{
	struct view view = {.out = stdout, .width = terminal_width(), .now_s = time(NULL)};
	if (args->json) {
		if (json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) < 0)
			return EXIT_REFUSED;
		putchar('\n');
		fflush(stdout);
		return args->command == COMMAND_TRANSFER ? outcome_transfer_json(stderr, result, !args->no_wait)
							 : EXIT_DONE;
	}
	if (args->command == COMMAND_TRANSFER)
		return outcome_transfer(stdout, stderr, result, !args->no_wait);
	if (args->command == COMMAND_HANGUP) {
		outcome_hangup(stdout, result);
		return EXIT_DONE;
	}
	int r = show_print(&view, args->command, result);
	if (r == 0)
		return EXIT_DONE;
	complain(r == -ENOMEM ? "out of memory" : "the answer is not that of an xfergate-controlplane of this version");
	return EXIT_REFUSED;
}

static const char *socket_path(const struct args *args)
{
	const char *path = args->socket ? args->socket : getenv("XFERGATE_SOCKET");
	return path && *path ? path : CLIENT_SOCKET;
}

static int run_capture(const struct args *args)
{
	char why[1280];
	if (capture_run(args, socket_path(args), stdout, why, sizeof(why)) == 0)
		return EXIT_DONE;
	fflush(stdout);
	complain(why);
	return EXIT_REFUSED;
}

static int run_request(const struct args *args)
{
	int timeout_ms = args->command == COMMAND_TRANSFER && !args->no_wait ? CLIENT_TRANSFER_MS : CLIENT_TIMEOUT_MS;
	char why[1280], *answer = NULL, *line = request_format(args);
	json_t *result = NULL;
	if (!line) {
		complain("an argument is not UTF-8 text");
		return EXIT_USAGE;
	}
	int r = client_ask(socket_path(args), line, timeout_ms, &answer, why, sizeof(why));
	free(line);
	if (r == 0)
		r = request_parse(answer, &result, why, sizeof(why));
	free(answer);
	if (r != 0) {
		complain(why);
		return EXIT_REFUSED;
	}
	r = print_result(args, result);
	json_decref(result);
	return r;
}

/* Another program takes over, and explains itself. */
static int run_replay(char **argv, bool help)
{
	static char program[] = "xfergate", option[] = "--help";
	char *ask[] = {program, option, NULL}, why[512];
	if (help)
		argv = ask;
	replay_exec(argv, why, sizeof(why));
	complain(why);
	return EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	struct args args;
	char why[512];
	/* how wide characters are is the same everywhere; a locale need not be installed for it */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	if (args_parse(&args, argc, (const char *const *)argv, why, sizeof(why)) < 0) {
		complain(why);
		return EXIT_USAGE;
	}
	int r = EXIT_DONE;
	bool help = args.help || args.command == COMMAND_HELP;
	unsigned about = args.help ? args.command : args.topic;
	if (args.version)
		puts("xfergate " XF_VERSION);
	else if (help && about != COMMAND_REPLAY)
		help_print(stdout, about);
	else if (help || args.command == COMMAND_REPLAY)
		r = run_replay(argv + 1, help);
	else if (args.command == COMMAND_CHECK)
		r = check_run(args.file, args.json, stdout, stderr) < 0 ? EXIT_REFUSED : EXIT_DONE;
	else if (args.command == COMMAND_CAPTURE)
		r = run_capture(&args);
	else if (args.command == COMMAND_LADDER)
		r = trace_run(&args, drawing_width(), stdout, stderr);
	else
		r = run_request(&args);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("cannot write the output");
		return EXIT_REFUSED;
	}
	return r;
}
