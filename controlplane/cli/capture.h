/* `xfergate capture`: writes what the control plane copies to us as a capture. */
#pragma once

#include <stdio.h>
#include "args.h"

/* Runs until the call's end, the time that was given, SIGINT or SIGTERM. The file is closed whole in every case. 0; or
 * -1 and `why`, a sentence that says what to do. */
int capture_run(const struct args *args, const char *socket_path, FILE *out, char *why, size_t why_size);
