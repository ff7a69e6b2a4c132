/* `xfergate replay` is a program of its own, for it has both planes in it: xfergate-replay. */
#pragma once

#include <stddef.h>

/* Turns into it, with all arguments (argv[0] is any). Comes back only if that cannot be: -errno and `why`. */
int replay_exec(char **argv, char *why, size_t why_size);
