/* The command line of xfergate-controlplane. */
#pragma once

#include <stdio.h>

enum options_action {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	enum options_action action;
	const char *config_file; /* set for OPTIONS_RUN; points into argv */
};

/* 0, or -EINVAL after one line to `errors` that says what is wrong. */
int options_parse(struct options *options, int argc, char **argv, FILE *errors);
void options_help(FILE *out);
