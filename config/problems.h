/* What is wrong with a file: gathered while it is read, written once, in the order of its lines. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* No more than so many are kept; the rest is counted. */
#define PROBLEMS_MAX 500

struct problem {
	unsigned line; /* from 1 on; 0: of the file as a whole */
	unsigned order;
	bool warning;
	char *text; /* "key: what; what is allowed" */
};

struct problems {
	struct problem list[PROBLEMS_MAX];
	unsigned count;
	unsigned errors;  /* those not kept included */
	unsigned dropped; /* not kept */
};

/* `key` is a dotted path or "" for none. */
void problems_add(struct problems *p, bool warning, unsigned line, const char *key, const char *format, va_list args);

/* "file:line: key: …" a line each, "warning: " before the key of a warning. */
void problems_write(struct problems *p, const char *file, FILE *out);

void problems_fini(struct problems *p);
