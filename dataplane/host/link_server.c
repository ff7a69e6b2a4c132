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

static void link_server_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = 0;
	if (mkdir(folder, 0755) == 0)
		log_info("folder-made", "path=%s", folder);
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
	link_server_folder(server->path);
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
	STAILQ_INIT(&server->backlog);
	/* One allocation for both; the packets are read where 8-byte alignment holds. */
	server->in = aligned_alloc(64, 2 * XF_LINK_PACKET_MAX);
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
	server->out = server->in + XF_LINK_PACKET_MAX;
	log_info("link-listens", "path=%s", path);
	return 0;
}

static void link_server_drop(struct link_server *server, const char *reason)
{
	struct link_packet *packet;

	if (server->client < 0)
		return;
	log_info("link-closed", "connection=%lu reason=\"%s\"", (unsigned long)server->connection, reason);
	close(server->client);
	server->client = -1;
	server->greeted = server->closing = false;
	server->out_len = 0;
	while ((packet = STAILQ_FIRST(&server->backlog)) != NULL) {
		STAILQ_REMOVE_HEAD(&server->backlog, link);
		free(packet);
	}
	server->backlog_count = 0;
}

void link_server_stop(struct link_server *server)
{
	if (server->in == NULL)
		return;
	link_server_flush(server);
	link_server_drop(server, "dataplane ends");
	close(server->listener);
	server->listener = -1;
	unlink(server->path);
	free(server->in);
	server->in = server->out = NULL;
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

static void link_server_refuse(struct link_server *server, const struct link_view *view, int result)
{
	struct xf_link_ack ack = {.result = result};

	link_server_send(server, server->connection, XF_LINK_ACK, view->sequence, &ack, sizeof(ack));
}

static void link_server_record(struct link_server *server, const struct link_view *view)
{
	int r = link_record_check(view);

	if (!server->greeted && view->type != XF_LINK_HELLO)
		r = -EPROTO;
	else if (server->greeted && view->sequence != server->sequence + 1)
		r = -EPROTO;
	server->sequence = view->sequence;
	if (r == 0) {
		server->command(view, server->arg);
		return;
	}
	log_warning("link-bad-record", "connection=%lu type=%u length=%u sequence=%u error=\"%s\"",
		    (unsigned long)server->connection, view->type, view->body_len, view->sequence, strerror(-r));
	link_server_refuse(server, view, r);
	if (r == -EPROTO)
		server->closing = true;
}

void link_server_read(struct link_server *server)
{
	for (unsigned i = 0; i < LINK_READ_PACKETS && server->client >= 0 && !server->closing; i++) {
		struct link_view view;
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
		struct link_cursor cursor = link_cursor(server->in, (size_t)n);
		int r = 0;
		/* A record's answer may have been too much for the client: then the rest is nobody's. */
		while (server->client >= 0 && !server->closing && (r = link_record_next(&cursor, &view)) > 0)
			link_server_record(server, &view);
		if (server->client >= 0 && !server->closing && r < 0) {
			link_server_drop(server, "record reaches beyond its packet");
			return;
		}
	}
}

static void link_server_queue(struct link_server *server)
{
	struct link_packet *packet = NULL;

	if (server->out_len == 0)
		return;
	if (server->backlog_count < LINK_BACKLOG_MAX)
		packet = malloc(sizeof(*packet) + server->out_len);
	if (packet == NULL) {
		link_server_drop(server, "it does not take what it is sent");
		return;
	}
	packet->len = server->out_len;
	memcpy(packet->bytes, server->out, server->out_len);
	STAILQ_INSERT_TAIL(&server->backlog, packet, link);
	server->backlog_count++;
	server->out_len = 0;
}

/* 0; -EAGAIN: the socket is full; -EPIPE: it was dropped. */
static int link_server_write(struct link_server *server, const void *bytes, size_t len)
{
	if (send(server->client, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
		return -EAGAIN;
	link_server_drop(server, strerror(errno));
	return -EPIPE;
}

static int link_server_write_backlog(struct link_server *server)
{
	struct link_packet *packet;

	while ((packet = STAILQ_FIRST(&server->backlog)) != NULL) {
		int r = link_server_write(server, packet->bytes, packet->len);
		if (r < 0)
			return r;
		STAILQ_REMOVE_HEAD(&server->backlog, link);
		server->backlog_count--;
		free(packet);
	}
	return 0;
}

/* Sends the gathered records; where the socket takes no more they go on gathering. */
static void link_server_push(struct link_server *server)
{
	if (link_server_write_backlog(server) == 0 && server->out_len > 0 &&
	    link_server_write(server, server->out, server->out_len) == 0)
		server->out_len = 0;
}

void link_server_send(struct link_server *server, uint64_t connection, uint16_t type, uint32_t sequence,
		      const void *body, uint16_t body_len)
{
	if (server->client < 0 || connection != server->connection)
		return;
	if (xf_link_record_size(body_len) > XF_LINK_PACKET_MAX - server->out_len) {
		link_server_push(server);
		if (server->client >= 0)
			link_server_queue(server);
	}
	if (server->client < 0)
		return;
	int n = link_record_put(server->out + server->out_len, XF_LINK_PACKET_MAX - server->out_len, type, sequence,
				body, body_len);
	if (n > 0)
		server->out_len += (size_t)n;
}

void link_server_flush(struct link_server *server)
{
	if (server->client < 0)
		return;
	if (server->out_len > 0 || server->backlog_count > 0)
		link_server_push(server);
	if (server->client >= 0 && server->closing)
		link_server_drop(server, "protocol error");
}

void link_server_hang_up(struct link_server *server)
{
	server->closing = true;
}
