/* The command line. Pure: looks at nothing but its arguments. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "command.h"

struct args {
	unsigned command;   /* enum command; COMMAND_COUNT: none given */
	const char *socket; /* NULL: not given */
	const char *call, *to, *plan, *caller_id, *reason, *file;
	unsigned topic; /* of help; COMMAND_COUNT: all */
	bool json, no_wait, help, version;
};

/* 0; or -EINVAL and `why`: what is wrong, with the nearest command if there is one. */
int args_parse(struct args *args, int argc, const char *const *argv, char *why, size_t why_size);
