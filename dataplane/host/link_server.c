#include "link_server.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/unix_listen.h"
#include "log.h"
#include "xfergate/link.h"

#define LINK_SEND_BUFFER  (1 << 20)
#define LINK_READ_PACKETS 16

/* The group may knock, so that the control plane can without root; who it is is asked then. */
static gid_t link_server_group(const char *group)
{
	struct group *g = group && *group ? getgrnam(group) : NULL;

	if (g == NULL)
		log_warning("link-group-missing", "group=%s effect=\"only root may connect\"", group ? group : "");
	return g ? g->gr_gid : (gid_t)-1;
}

static uid_t link_server_user(const char *user)
{
	struct passwd *p = user && *user ? getpwnam(user) : NULL;

	if (p == NULL)
		log_warning("link-user-missing", "user=%s effect=\"only root may connect\"", user ? user : "");
	return p ? p->pw_uid : geteuid();
}

int link_server_start(struct link_server *server, const char *path, const char *user, const char *group)
{
	server->path = path;
	server->user = link_server_user(user);
	server->listener = server->client = -1;
	server->refused = 0;
	/* The packets are read where 8-byte alignment holds. */
	server->in = aligned_alloc(64, XF_LINK_PACKET_MAX);
	int r =
	    server->in ? unix_listen(&server->listener, path, SOCK_SEQPACKET, link_server_group(group), 4) : -ENOMEM;
	if (r < 0) {
		log_error("link-failed", "path=%s error=\"%s\"%s", path, strerror(-r),
			  r == -EADDRINUSE ? " hint=\"another dataplane is running\"" : "");
		free(server->in);
		server->in = NULL;
		return r;
	}
	log_info("link-listens", "path=%s", path);
	if (unix_listen_shared(path))
		log_warning("link-exposed",
			    "path=%s effect=\"others may put a socket in its place\" hint=\"give it a folder that only "
			    "root may write to\"",
			    path);
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
	/* While it still listens: who starts now does not take its place, and so what goes away is not a successor's.
	 */
	unlink(server->path);
	close(server->listener);
	server->listener = -1;
	free(server->in);
	server->in = NULL;
}

/* Whoever steers the link steers all calls: the control plane does, as its user or while it is still root, and nobody
 * else who has its group. */
static bool link_server_admits(struct link_server *server, int fd)
{
	struct ucred peer;

	int r = unix_listen_peer(fd, &peer);
	if (r == 0 && (peer.uid == 0 || peer.uid == geteuid() || peer.uid == server->user))
		return true;
	/* Every so often: whoever knocks all the time does not fill the log. */
	server->refused++;
	if (server->refused & (server->refused - 1))
		return false;
	if (r < 0)
		log_warning("link-refused", "times=%lu error=\"%s\"", (unsigned long)server->refused, strerror(-r));
	else
		log_warning("link-refused", "times=%lu uid=%u pid=%d reason=\"neither control.user nor root\"",
			    (unsigned long)server->refused, (unsigned)peer.uid, (int)peer.pid);
	return false;
}

bool link_server_accept(struct link_server *server)
{
	int size = LINK_SEND_BUFFER;
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	if (!link_server_admits(server, fd)) {
		close(fd);
		return false;
	}
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
