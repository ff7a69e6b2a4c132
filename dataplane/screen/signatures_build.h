/* A set of signatures on its way from text to databases: shared by the file that reads and the one that compiles. */
#pragma once

#include <hs/hs.h>
#include "screen/signature_pattern.h"
#include "screen/signatures_set.h"

struct signatures_problems {
	const char *name; /* of the file */
	FILE *out;	  /* NULL: nobody listens */
	unsigned count;
	bool no_memory; /* not the file's fault, and not told */
};

/* "name:line: …"; line 0: of the file as a whole. */
__attribute__((format(printf, 3, 4))) void signatures_problem(struct signatures_problems *problems, unsigned line,
							      const char *format, ...);
/* What Hyperscan said of a regex or of all together (line 0); frees error. */
void signatures_problem_hs(struct signatures_problems *problems, unsigned line, const char *what,
			   hs_compile_error_t *error);

/* Sorts the rules and fills what the scan needs. What is wrong is in problems. */
void signatures_compile(struct signatures *signatures, struct signatures_problems *problems);
