/* Listening Unix sockets of the daemons, and who calls there. Main thread, while no other makes files: the umask, which
 * unix_listen changes and puts back, is the process's. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Listens at `path`: type SOCK_STREAM or SOCK_SEQPACKET, non-blocking, mode 0660, the caller's but for its group gid
 * (-1: the caller's too). A missing parent folder is made, mode 0755: nobody but the caller can put anything there.
 * Replaces a socket that nobody listens on, as one that died has left it or one that may not remove it any more. 0,
 * -EADDRINUSE (somebody listens), -EEXIST (no socket, but something), -ENAMETOOLONG, -errno. */
int unix_listen(int *fd, const char *path, int type, gid_t gid, int backlog);

/* May others than root and the caller make sockets beside `path`, where clients may take them for ours? */
bool unix_listen_shared(const char *path);

/* Who connected at `fd`, as the kernel noted it then. 0, -errno. */
int unix_listen_peer(int fd, struct ucred *peer);
