/* What a user does to the calls of a replay: "4.2s transfer CALL --plan sales", "6s hangup CALL", and how targets that
 * the capture does not have behave: "target +12025550143 busy". From --at, --target or the lines of a script file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMANDS_WHY 512

enum target_answer {
	TARGET_ANSWERS, /* 180, and 200 after delay_ns */
	TARGET_REFUSES, /* with code, at once */
	TARGET_SILENT,	/* says nothing */
};

struct target {
	char user[128]; /* of the Request-URI; "": all others */
	uint8_t answer; /* enum target_answer */
	uint16_t code;
	uint64_t delay_ns;
};

struct user_command {
	uint64_t ns; /* since the capture's first packet */
	char *call;  /* as typed */
	char *json;  /* of the request, but for the call: ,"params":{… "call": is put in front */
	const char *method;
	char *text; /* as people read it: "transfer 1 --plan sales" */
};

struct commands {
	struct user_command *items; /* in order of time, equal ones as given */
	unsigned count;
	struct target *targets;
	unsigned target_count;
};

void commands_fini(struct commands *commands);
/* How a time is written, for people. */
#define COMMANDS_TIME "written like 350ms, 4.2s, 5m, 1h"
/* As COMMANDS_TIME says. NULL, or what is wrong with it: "has no unit", "is no time". */
const char *commands_time(uint64_t *ns, const char *text);
/* One command at its time. where: "--at" or "file:line". 0, -EINVAL, -ENOMEM and `why`. */
int commands_add(struct commands *commands, const char *where, uint64_t ns, char *const *words, unsigned count,
		 char why[static COMMANDS_WHY]);
/* user "": the default. text: answer[:DELAY], busy, silent or a SIP code. */
int commands_target(struct commands *commands, const char *where, const char *user, const char *text,
		    char why[static COMMANDS_WHY]);
int commands_file(struct commands *commands, const char *path, char why[static COMMANDS_WHY]);
/* How the target of that user part behaves. */
struct target commands_target_of(const struct commands *commands, const char *user, size_t len);
