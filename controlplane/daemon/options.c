#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>

void options_help(FILE *out)
{
	fputs(
	    "usage: xfergate-controlplane -c FILE\n"
	    "\n"
	    "The signalling half of the xfergate transfer gateway: answers calls, connects them to agents and\n"
	    "transfers them. Starts as root, opens its sockets, and goes on as the user of the configuration. Runs in\n"
	    "the foreground and logs to stderr. SIGTERM or SIGINT hang up all calls and end it; a second one ends it\n"
	    "at once.\n"
	    "\n"
	    "  -c, --config FILE  configuration (YAML); `xfergate check FILE` checks one\n"
	    "  -h, --help         this text\n"
	    "  -V, --version      version\n"
	    "\n"
	    "exit code: 0 ended by a signal, 1 failed (the reason is logged), 2 wrong usage\n",
	    out);
}

static int options_wrong(FILE *errors, const char *what, const char *which)
{
	fprintf(errors, "xfergate-controlplane: %s %s; try --help\n", what, which);
	return -EINVAL;
}

int options_parse(struct options *options, int argc, char **argv, FILE *errors)
{
	static const struct option names[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	int c;
	*options = (struct options){.action = OPTIONS_RUN};
	opterr = 0;
	optind = 0; /* glibc: also forgets where an earlier parse was */
	while ((c = getopt_long(argc, argv, "+:c:hV", names, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config_file = optarg;
			break;
		case 'h':
			options->action = OPTIONS_HELP;
			return 0;
		case 'V':
			options->action = OPTIONS_VERSION;
			return 0;
		case ':':
			return options_wrong(errors, "a value is missing after", argv[optind - 1]);
		default:
			return options_wrong(errors, "unknown option", argv[optind - 1]);
		}
	}
	if (optind < argc)
		return options_wrong(errors, "unexpected argument", argv[optind]);
	if (!options->config_file)
		return options_wrong(errors, "-c FILE is", "missing");
	return 0;
}
