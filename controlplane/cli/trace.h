/* `xfergate ladder`: what captures show of calls, as a ladder. Needs no daemon. */
#pragma once

#include <stdio.h>
#include "args.h"

/* Draws on `out`, as wide as the terminal (0: as it takes); what is wrong with a capture goes to `err`. The exit code:
 * 0, or 1 if a capture cannot be read, an option names what is not there, or there is nothing to draw. */
int trace_run(const struct args *args, unsigned width, FILE *out, FILE *err);
