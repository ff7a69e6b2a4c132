#include "daemon/api_client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "daemon/log.h"

#define READ_SIZE 65536

static uint64_t monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One line, NUL-terminated in place. Blank lines are no requests. */
static void client_line(struct api_client *client, char *line, size_t len)
{
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = 0;
	if (strspn(line, " \t") == len)
		return;
	client->unanswered++;
	client->user->line(client->user->arg, client->number, line, len);
}

static void client_too_long(struct api_client *client)
{
	static const char error[] = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"a request may have "
				    "1048576 bytes\"},\"id\":null}";
	client->unanswered++;
	api_client_reply(client, error, sizeof(error) - 1);
}

/* Bytes that it has not taken. */
static size_t client_waiting(const struct api_client *client)
{
	return evbuffer_get_length(client->out) + evbuffer_get_length(client->notices);
}

/* Notifications do not count unless an answer is behind them: they may never cease to come, and the request that would
 * end them is not to wait for that. */
static bool client_may_ask(const struct api_client *client)
{
	return client->unanswered < API_UNANSWERED_MAX && evbuffer_get_length(client->out) < API_OUT_PAUSE;
}

/* The lines that are complete, as far as it may ask. */
static void client_lines(struct api_client *client)
{
	size_t start = 0;
	while (client_may_ask(client)) {
		char *from = client->in + client->scanned;
		char *end =
		    client->in_len > client->scanned ? memchr(from, '\n', client->in_len - client->scanned) : NULL;
		if (!end) {
			client->scanned = client->in_len;
			break;
		}
		size_t len = (size_t)(end - client->in) - start;
		if (client->discarding)
			client->discarding = false;
		else if (len > API_LINE_MAX)
			client_too_long(client);
		else
			client_line(client, client->in + start, len);
		start = client->scanned = (size_t)(end - client->in) + 1;
	}
	if (start) {
		memmove(client->in, client->in + start, client->in_len - start);
		client->in_len -= start;
		client->scanned -= start;
	}
	if (client->scanned == client->in_len && client->in_len > API_LINE_MAX && !client->discarding) {
		client->discarding = true;
		client_too_long(client);
	}
	if (client->discarding && client->scanned == client->in_len)
		client->in_len = client->scanned = 0;
}

/* The last line may lack its end. */
static void client_last_line(struct api_client *client)
{
	if (client->in_len == 0 || client->scanned < client->in_len || client->discarding || !client_may_ask(client))
		return;
	size_t len = client->in_len;
	client->in_len = client->scanned = 0;
	client_line(client, client->in, len);
}

static void client_write(struct api_client *client)
{
	while (client_waiting(client)) {
		int n = evbuffer_write(evbuffer_get_length(client->out) ? client->out : client->notices, client->fd);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			client->doomed = client->doomed || errno != EAGAIN;
			break;
		}
		client->progress_ms = monotonic_ms();
	}
	if (client_waiting(client) == 0)
		client->progress_ms = monotonic_ms();
}

/* Everything that can be done for it now; the only place besides the sweep where it may go. From the loop only. */
static void client_work(struct api_client *client)
{
	client_lines(client);
	if (client->ended)
		client_last_line(client);
	client_write(client);
	bool may_ask = client_may_ask(client);
	bool left = client->in_len > 0 && client->scanned < client->in_len;
	bool done = client->ended && client->in_len == 0 && client->unanswered == 0 && client_waiting(client) == 0;
	if (done || client->doomed) {
		api_client_destroy(client);
		return;
	}
	if (client_waiting(client))
		event_add(client->writable, NULL);
	else
		event_del(client->writable);
	if (!client->ended && may_ask)
		event_add(client->readable, NULL);
	else
		event_del(client->readable);
	/* The answers that were just written may have made room for lines that wait. */
	if (may_ask && (left || (client->ended && client->in_len > 0)))
		event_active(client->turn, EV_TIMEOUT, 0);
}

static bool client_hung_up(const struct api_client *client)
{
	struct pollfd p = {.fd = client->fd};
	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

static void client_readable(evutil_socket_t fd, short what, void *arg)
{
	struct api_client *client = arg;
	if (client->in_room - client->in_len < READ_SIZE + 1) { /* 1: for a NUL after an unended last line */
		size_t room = client->in_len * 2 + READ_SIZE + 1;
		char *in = realloc(client->in, room);
		if (!in) {
			api_client_destroy(client);
			return;
		}
		client->in = in;
		client->in_room = room;
	}
	ssize_t n = recv(client->fd, client->in + client->in_len, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		api_client_destroy(client);
		return;
	}
	if (n == 0)
		client->ended = true;
	client->in_len += (size_t)n;
	client_work(client);
}

static void client_turn(evutil_socket_t fd, short what, void *arg)
{
	client_work(arg);
}

int api_client_create(struct api_client **out, struct event_base *base, int fd, uint64_t number,
		      const struct api_socket_user *user)
{
	struct api_client *client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;
	client->number = number;
	client->fd = fd;
	client->user = user;
	client->progress_ms = monotonic_ms();
	client->out = evbuffer_new();
	client->notices = evbuffer_new();
	client->readable = event_new(base, fd, EV_READ | EV_PERSIST, client_readable, client);
	client->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, client_turn, client);
	client->turn = event_new(base, -1, 0, client_turn, client);
	if (client->out && client->notices && client->readable && client->writable && client->turn &&
	    event_add(client->readable, NULL) == 0) {
		*out = client;
		return 0;
	}
	if (client->out)
		evbuffer_free(client->out);
	if (client->notices)
		evbuffer_free(client->notices);
	if (client->readable)
		event_free(client->readable);
	if (client->writable)
		event_free(client->writable);
	if (client->turn)
		event_free(client->turn);
	free(client);
	return -ENOMEM;
}

void api_client_destroy(struct api_client *client)
{
	if (!client->doomed)
		client_write(client);
	LIST_REMOVE(client, link);
	--*client->count;
	event_free(client->readable);
	event_free(client->writable);
	event_free(client->turn);
	evbuffer_free(client->out);
	evbuffer_free(client->notices);
	close(client->fd);
	client->user->gone(client->user->arg, client->number);
	free(client->in);
	free(client);
}

void api_client_reply(struct api_client *client, const char *json, size_t len)
{
	if (client->unanswered)
		client->unanswered--;
	if (client->doomed)
		return;
	if (len >= API_OUT_MAX - client_waiting(client) || evbuffer_add_buffer(client->out, client->notices) < 0 ||
	    evbuffer_add(client->out, json, len) < 0 || evbuffer_add(client->out, "\n", 1) < 0) {
		log_warning("event=api-client-dropped client=%llu reason=\"too many unread answers\"",
			    (unsigned long long)client->number);
		client->doomed = true;
	}
	event_active(client->turn, EV_TIMEOUT, 0); /* not here: whoever answers is in the middle of something */
}

int api_client_notify(struct api_client *client, const char *json, size_t len)
{
	size_t waiting = client_waiting(client);
	/* One piece, so that a line is there whole or not at all. */
	if (client->doomed || len > API_NOTIFY_MAX || waiting > API_NOTIFY_MAX - len ||
	    evbuffer_expand(client->notices, len + 1) < 0)
		return -ENOBUFS;
	evbuffer_add(client->notices, json, len);
	evbuffer_add(client->notices, "\n", 1);
	event_active(client->turn, EV_TIMEOUT, 0);
	return 0;
}

void api_client_sweep(struct api_client *client)
{
	bool stalled = client_waiting(client) && monotonic_ms() - client->progress_ms > API_READ_TIMEOUT_MS;
	if (stalled)
		log_warning("event=api-client-dropped client=%llu reason=\"reads no answers\"",
			    (unsigned long long)client->number);
	/* While it is read, its end shows there; else only here. */
	bool left = !event_pending(client->readable, EV_READ, NULL) && client_hung_up(client);
	if (!stalled && !left)
		return;
	client->doomed = true;
	api_client_destroy(client);
}
