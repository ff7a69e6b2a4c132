/* `xfergate check`: a configuration and the sounds that it names, judged without a daemon. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* What is wrong goes to err, a line each, and a summary to out; with json all goes to out, as one object. 0; -EINVAL:
 * there are errors; else -errno. */
int check_run(const char *file, bool json, FILE *out, FILE *err);
