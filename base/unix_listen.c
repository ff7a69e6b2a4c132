#include "base/unix_listen.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The folder of a path shorter than `folder`; false: it has none of its own. */
static bool folder_of(const char *path, char folder[sizeof(((struct sockaddr_un *)0)->sun_path)])
{
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return false;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = 0;
	return true;
}

static int make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	if (!folder_of(path, folder))
		return 0;
	mode_t before = umask(0022);
	int result = mkdir(folder, 0755) < 0 ? -errno : 0;
	umask(before);
	/* One that was there before is its maker's to arrange. */
	return result == -EEXIST ? 0 : result;
}

bool unix_listen_shared(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat st;
	if (strlen(path) >= sizeof(folder))
		return false;
	if (!folder_of(path, folder))
		strcpy(folder, *path == '/' ? "/" : ".");
	return stat(folder, &st) == 0 &&
	       ((st.st_mode & (S_IWGRP | S_IWOTH)) || (st.st_uid != 0 && st.st_uid != geteuid()));
}

/* Removes what is left of a dead listener. */
static int remove_stale(const struct sockaddr_un *address, int type)
{
	struct stat st;
	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int result = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	close(fd);
	/* Only a refusal says that nobody is there; -EAGAIN is a listener with a full queue, -EPROTOTYPE one of another
	 * type. */
	if (result != -ECONNREFUSED)
		return result == 0 || result == -EAGAIN || result == -EPROTOTYPE ? -EADDRINUSE : result;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* The mode is right from the beginning; until the group is, nobody can connect, for nobody listens. */
static int listen_at(int fd, const struct sockaddr_un *address, gid_t gid, int backlog)
{
	mode_t before = umask(0117);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	umask(before);
	if (result < 0)
		return result;
	if ((gid != (gid_t)-1 && lchown(address->sun_path, (uid_t)-1, gid) < 0) || listen(fd, backlog) < 0) {
		result = -errno;
		unlink(address->sun_path);
	}
	return result;
}

int unix_listen(int *out, const char *path, int type, gid_t gid, int backlog)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int result = make_folder(path);
	if (result == 0)
		result = remove_stale(&address, type);
	if (result < 0)
		return result;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	result = listen_at(fd, &address, gid, backlog);
	if (result < 0)
		close(fd);
	else
		*out = fd;
	return result;
}

int unix_listen_peer(int fd, struct ucred *peer)
{
	socklen_t len = sizeof(*peer);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len) < 0 ? -errno : 0;
}
