#include "link_server.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "log.h"
#include "xfergate/link.h"

#define LINK_SEND_BUFFER  (1 << 20)
#define LINK_READ_PACKETS 16

static int link_server_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

/* A socket file that a dead process left goes; one that somebody listens on, or another kind of file, stays. */
static int link_server_clear(const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -errno;
	int r = connect(s, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	close(s);
	if (r != -ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* The control plane's socket for clients may be there too: whoever has the group removes its own, and no other's. */
static void link_server_folder(const char *path, const char *group)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = 0;
	if (mkdir(folder, 0755) < 0)
		return;
	struct group *g = group && *group ? getgrnam(group) : NULL;
	bool shared = g && chown(folder, (uid_t)-1, g->gr_gid) == 0 && chmod(folder, 01775) == 0;
	log_info("folder-made", "path=%s group=%s", folder, shared ? group : "root");
}

static int link_server_permit(const char *path, const char *group)
{
	struct group *g = group && *group ? getgrnam(group) : NULL;

	if (g == NULL)
		log_warning("link-group-missing", "group=%s effect=\"only root may connect\"", group ? group : "");
	else if (chown(path, (uid_t)-1, g->gr_gid) < 0)
		return -errno;
	return chmod(path, 0660) < 0 ? -errno : 0;
}

static int link_server_listen(struct link_server *server, const char *group)
{
	struct sockaddr_un address;

	int r = link_server_address(&address, server->path);
	if (r < 0)
		return r;
	link_server_folder(server->path, group);
	if ((r = link_server_clear(&address)) < 0)
		return r;
	server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->listener < 0)
		return -errno;
	/* Nobody but us may connect before owner and mode are right. */
	mode_t before = umask(0177);
	r = bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(before);
	if (r == 0)
		r = link_server_permit(server->path, group);
	if (r == 0 && listen(server->listener, 4) < 0)
		r = -errno;
	return r;
}

int link_server_start(struct link_server *server, const char *path, const char *group)
{
	server->path = path;
	server->listener = server->client = -1;
	/* The packets are read where 8-byte alignment holds. */
	server->in = aligned_alloc(64, XF_LINK_PACKET_MAX);
	int r = server->in ? link_server_listen(server, group) : -ENOMEM;
	if (r < 0) {
		log_error("link-failed", "path=%s error=\"%s\"%s", path, strerror(-r),
			  r == -EADDRINUSE ? " hint=\"another dataplane is running\"" : "");
		if (server->listener >= 0)
			close(server->listener);
		server->listener = -1;
		free(server->in);
		server->in = NULL;
		return r;
	}
	log_info("link-listens", "path=%s", path);
	return 0;
}

void link_server_drop(struct link_server *server, const char *reason)
{
	if (server->client < 0)
		return;
	log_info("link-closed", "connection=%lu reason=\"%s\"", (unsigned long)server->connection, reason);
	close(server->client);
	server->client = -1;
	server->down(server->arg);
}

void link_server_stop(struct link_server *server)
{
	if (server->in == NULL)
		return;
	link_server_drop(server, "dataplane ends");
	close(server->listener);
	server->listener = -1;
	unlink(server->path);
	free(server->in);
	server->in = NULL;
}

bool link_server_accept(struct link_server *server)
{
	int size = LINK_SEND_BUFFER;
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	link_server_drop(server, "a newer connection replaces it");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	server->client = fd;
	server->connection++;
	log_info("link-open", "connection=%lu", (unsigned long)server->connection);
	return true;
}

void link_server_read(struct link_server *server)
{
	for (unsigned i = 0; i < LINK_READ_PACKETS && server->client >= 0; i++) {
		ssize_t n = recv(server->client, server->in, XF_LINK_PACKET_MAX, MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			link_server_drop(server, n == 0 ? "closed by the control plane" : strerror(errno));
			return;
		}
		if (n > XF_LINK_PACKET_MAX) {
			link_server_drop(server, "packet too long");
			return;
		}
		server->packet(server->in, (size_t)n, server->arg);
	}
}

int link_server_send(struct link_server *server, const void *packet, size_t len)
{
	if (send(server->client, packet, len, MSG_NOSIGNAL) == (ssize_t)len)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
		return -EAGAIN;
	link_server_drop(server, strerror(errno));
	return -EPIPE;
}
