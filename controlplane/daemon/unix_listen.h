/* A listening Unix stream socket at a path. */
#pragma once

#include <sys/types.h>

/* Mode 0660, group gid ((gid_t)-1: as it is), non-blocking. Replaces a socket that nobody listens on, makes a missing
 * parent directory. 0, -EADDRINUSE (somebody listens), -EEXIST (no socket, but something), -ENAMETOOLONG, -errno. */
int unix_listen(int *fd, const char *path, gid_t gid);
