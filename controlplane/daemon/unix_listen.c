#include "daemon/unix_listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int make_parent(const char *path, gid_t gid)
{
	char parent[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return 0;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = 0;
	if (mkdir(parent, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	/* One that was there before is its maker's to arrange. */
	if (gid == (gid_t)-1)
		return 0;
	return chown(parent, (uid_t)-1, gid) < 0 || chmod(parent, 01775) < 0 ? -errno : 0;
}

/* Removes what is left of a dead listener. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int result = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	close(fd);
	/* Only a refusal says that nobody is there; -EAGAIN is a listener with a full queue. */
	if (result != -ECONNREFUSED)
		return result == 0 || result == -EAGAIN ? -EADDRINUSE : result;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int listen_at(int fd, const struct sockaddr_un *address, uid_t uid, gid_t gid)
{
	mode_t before = umask(0177);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	umask(before);
	if (result < 0)
		return result;
	if (((uid != (uid_t)-1 || gid != (gid_t)-1) && chown(address->sun_path, uid, gid) < 0) ||
	    chmod(address->sun_path, 0660) < 0 || listen(fd, 64) < 0) {
		result = -errno;
		unlink(address->sun_path);
	}
	return result;
}

int unix_listen(int *out, const char *path, uid_t uid, gid_t gid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int result = make_parent(path, gid);
	if (result == 0)
		result = remove_stale(&address);
	if (result < 0)
		return result;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	result = listen_at(fd, &address, uid, gid);
	if (result < 0)
		close(fd);
	else
		*out = fd;
	return result;
}
