#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct client {
	const char *path;
	int fd;
	int64_t deadline_ms;
	int timeout_ms;
	char *why;
	size_t why_size;
};

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((format(printf, 3, 4))) static int failed(struct client *client, int error, const char *format, ...)
{
	__builtin_va_list list;
	__builtin_va_start(list, format);
	vsnprintf(client->why, client->why_size, format, list);
	__builtin_va_end(list);
	return -error;
}

static int unreachable(struct client *client, int error)
{
	struct stat st;
	const struct group *group = NULL;
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return failed(
		    client, error,
		    "there is no socket %s: is xfergate-controlplane running, and is this its control.socket? "
		    "(--socket and XFERGATE_SOCKET name another)",
		    client->path);
	case ECONNREFUSED:
		if (stat(client->path, &st) == 0 && !S_ISSOCK(st.st_mode))
			return failed(client, error,
				      "%s is %s, no socket: --socket takes the path of control.socket, %s if the "
				      "configuration says none",
				      client->path, S_ISDIR(st.st_mode) ? "a directory" : "a file", CLIENT_SOCKET);
		return failed(client, error,
			      "nobody listens on %s: xfergate-controlplane has ended; start it and see its log",
			      client->path);
	case EACCES:
	case EPERM:
		if (stat(client->path, &st) == 0)
			group = getgrgid(st.st_gid);
		return failed(client, error,
			      "no permission to use %s: become a member of the group %s (usermod -aG), or use sudo",
			      client->path, group ? group->gr_name : "that owns it");
	default:
		return failed(client, error, "cannot reach the control plane on %s: %s", client->path, strerror(error));
	}
}

static int timed_out(struct client *client)
{
	return failed(client, ETIMEDOUT,
		      "no answer on %s within %d s: the control plane is busy or hangs; see its log and try again",
		      client->path, client->timeout_ms / 1000);
}

static int wait_for(struct client *client, short events)
{
	for (;;) {
		int64_t left = client->deadline_ms - now_ms();
		struct pollfd pfd = {.fd = client->fd, .events = events};
		if (left <= 0)
			return timed_out(client);
		int n = poll(&pfd, 1, (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return unreachable(client, errno);
	}
}

static int connect_to(struct client *client)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(client->path) >= sizeof(address.sun_path))
		return failed(client, ENAMETOOLONG, "the path of a socket has at most %zu bytes; '%s' is longer",
			      sizeof(address.sun_path) - 1, client->path);
	strcpy(address.sun_path, client->path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0)
		return unreachable(client, errno);
	/* EAGAIN: its queue of connections is full; there is nothing to poll for */
	while (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return unreachable(client, errno);
		if (now_ms() >= client->deadline_ms)
			return timed_out(client);
		poll(NULL, 0, 20);
	}
	return 0;
}

static int client_send(struct client *client, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client->fd, data, len, MSG_NOSIGNAL);
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0; /* it may have answered before it closed */
		} else if (errno != EAGAIN && errno != EINTR) {
			return unreachable(client, errno);
		} else {
			int r = wait_for(client, POLLOUT);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int grow(struct client *client, char **buf, size_t *room)
{
	if (*room >= CLIENT_ANSWER_MAX)
		return failed(client, EMSGSIZE,
			      "the answer on %s is longer than 64 MB: that is no xfergate-controlplane", client->path);
	size_t more = *room ? *room * 2 : 65536;
	char *bigger = realloc(*buf, more);
	if (!bigger)
		return failed(client, ENOMEM, "out of memory");
	*buf = bigger;
	*room = more;
	return 0;
}

/* One line, in a buffer that the caller frees also on error. */
static int client_read(struct client *client, char **buf)
{
	size_t len = 0, room = 0;
	for (;;) {
		int r = len + 1 >= room ? grow(client, buf, &room) : 0;
		if (r == 0)
			r = wait_for(client, POLLIN);
		if (r < 0)
			return r;
		ssize_t n = recv(client->fd, *buf + len, room - len - 1, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return failed(client, EPIPE,
				      "the control plane closed the connection on %s without an answer; see its log",
				      client->path);
		if (n < 0) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			return unreachable(client, errno);
		}
		char *end = memchr(*buf + len, '\n', (size_t)n);
		len += (size_t)n;
		if (end) {
			*end = 0;
			return 0;
		}
	}
}

int client_connect(const char *path, int timeout_ms, char *why, size_t why_size)
{
	struct client client = {.path = path,
				.fd = -1,
				.deadline_ms = now_ms() + timeout_ms,
				.timeout_ms = timeout_ms,
				.why = why,
				.why_size = why_size};
	int r = connect_to(&client);
	if (r == 0)
		return client.fd;
	if (client.fd >= 0)
		close(client.fd);
	return r;
}

int client_ask(const char *path, const char *line, int timeout_ms, char **answer, char *why, size_t why_size)
{
	struct client client = {.path = path,
				.fd = -1,
				.deadline_ms = now_ms() + timeout_ms,
				.timeout_ms = timeout_ms,
				.why = why,
				.why_size = why_size};
	char *buf = NULL;
	int r = connect_to(&client);
	if (r == 0)
		r = client_send(&client, line, strlen(line));
	if (r == 0)
		r = client_send(&client, "\n", 1);
	if (r == 0)
		r = client_read(&client, &buf);
	if (client.fd >= 0)
		close(client.fd);
	if (r < 0) {
		free(buf);
		return r;
	}
	*answer = buf;
	return 0;
}
