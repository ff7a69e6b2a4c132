/* What is wrong with a file: gathered while it is read, written once, in the order of its lines. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "xfergate/config.h"

/* No more than so many are kept; the rest is counted. */
#define PROBLEMS_MAX 500

struct problem {
	unsigned line; /* from 1 on; 0: of the file as a whole */
	unsigned order;
	bool warning;
	char *key;  /* "" for none; NULL: out of memory, as text may be */
	char *text; /* "what; what is allowed" */
};

struct problems {
	struct problem list[PROBLEMS_MAX];
	unsigned count;
	unsigned errors;  /* those not kept included */
	unsigned dropped; /* not kept */
};

/* `key` is a dotted path or "" for none. */
void problems_add(struct problems *p, bool warning, unsigned line, const char *key, const char *format, va_list args);

/* Each, in the order of their lines. */
void problems_tell(struct problems *p, const char *file, config_tell *tell, void *arg);

void problems_fini(struct problems *p);
