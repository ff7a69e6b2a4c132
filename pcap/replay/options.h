/* The command line of xfergate-replay. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "commands.h"

#define OPTIONS_WHY   512
#define OPTIONS_HOSTS 64

struct options {
	const char *capture, *config, *out, *expect, *report, *as, *dial;
	const char *hosts[OPTIONS_HOSTS];
	unsigned host_count;
	bool accept, ladder, verbose, help, version;
	uint64_t seed;
	struct commands commands; /* of --at, --script and --target */
};

/* argv: the words after "replay". 0; -EINVAL or -errno and `why`. Strings are argv's. */
int options_parse(struct options *options, int argc, char **argv, char why[static OPTIONS_WHY]);
void options_fini(struct options *options);
/* Can it stand as the user part of a URI, as it is? */
bool options_is_user(const char *dial);
extern const char options_usage[];
