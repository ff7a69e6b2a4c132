/* The command line. Pure: looks at nothing but its arguments. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "command.h"

#define ARGS_LIST 32 /* values of an option that may come more than once; files */

struct args_list {
	const char *items[ARGS_LIST];
	unsigned count;
};

struct args {
	unsigned command;   /* enum command; COMMAND_COUNT: none given */
	const char *socket; /* NULL: not given */
	const char *call, *to, *plan, *caller_id, *reason, *file;
	const char *hub, *call_id; /* of ladder */
	const char *output;	   /* of capture */
	const char *duration;	   /* as it was given */
	uint64_t for_ms;	   /* 0: without end */
	bool all, media, scrub;
	struct args_list files, lanes; /* of ladder; lanes as they were given */
	unsigned topic;		       /* of help; COMMAND_COUNT: all */
	bool json, no_wait, no_media, help, version;
};

/* 0; or -EINVAL and `why`: what is wrong, with the nearest command if there is one. */
int args_parse(struct args *args, int argc, const char *const *argv, char *why, size_t why_size);
