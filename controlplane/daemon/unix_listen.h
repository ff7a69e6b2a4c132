/* A listening Unix stream socket at a path. */
#pragma once

#include <sys/types.h>

/* Mode 0660, owner uid and group gid (-1: as it is), non-blocking. Replaces a socket that nobody listens on, makes a
 * missing parent directory: of group gid and sticky, so that whoever has that group may remove its own socket there,
 * and no other's. 0, -EADDRINUSE (somebody listens), -EEXIST (no socket, but something), -ENAMETOOLONG, -errno. */
int unix_listen(int *fd, const char *path, uid_t uid, gid_t gid);
