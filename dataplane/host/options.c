#include "options.h"

#include <errno.h>
#include <getopt.h>

void options_help(FILE *out)
{
	fputs("usage: xfergate-dataplane -c FILE\n"
	      "\n"
	      "The packet half of the xfergate transfer gateway: forwards media, screens SIP, and keeps a kernel\n"
	      "interface for each of its ports. Runs in the foreground as root and logs to stderr; SIGTERM or SIGINT\n"
	      "end it; SIGHUP reads the signatures (screen.signatures) anew. The kernel interfaces stay, with their\n"
	      "addresses and routes, for its next start.\n"
	      "\n"
	      "  -c, --config FILE  configuration (YAML); `xfergate check FILE` checks one\n"
	      "  -h, --help         this text\n"
	      "  -V, --version      version\n"
	      "\n"
	      "exit code: 0 ended by a signal, 1 failed (the reason is logged), 2 wrong usage\n",
	      out);
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
			fprintf(errors, "xfergate-dataplane: %s needs a value; try --help\n", argv[optind - 1]);
			return -EINVAL;
		default:
			fprintf(errors, "xfergate-dataplane: unknown option %s; try --help\n", argv[optind - 1]);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(errors, "xfergate-dataplane: unexpected argument '%s'; try --help\n", argv[optind]);
		return -EINVAL;
	}
	if (options->config_file == NULL) {
		fputs("xfergate-dataplane: -c FILE is missing; try --help\n", errors);
		return -EINVAL;
	}
	return 0;
}
