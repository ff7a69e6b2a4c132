#include "daemon/api_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>
#include "daemon/api_client.h"
#include "base/unix_listen.h"
#include "daemon/log.h"

#define ACCEPTS_A_TURN 16
#define API_BACKLOG    64

struct api_socket {
	struct event_base *base;
	struct api_socket_user user;
	int fd;
	char *path;
	struct event *acceptable;
	struct event *sweep; /* every second */
	uint64_t client_last;
	unsigned client_count;
	LIST_HEAD(, api_client) clients;
};

static void api_accept_one(struct api_socket *api, int fd)
{
	static const char full[] = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"too many clients\"},"
				   "\"id\":null}\n";
	struct api_client *client;
	if (api->client_count >= API_CLIENTS_MAX) {
		if (send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			log_warning("event=api-client-refused error=\"%s\"", strerror(errno));
		close(fd);
		return;
	}
	if (api_client_create(&client, api->base, fd, api->client_last + 1, &api->user) < 0) {
		close(fd);
		return;
	}
	api->client_last++;
	api->client_count++;
	client->count = &api->client_count;
	LIST_INSERT_HEAD(&api->clients, client, link);
}

static void api_acceptable(evutil_socket_t listener, short what, void *arg)
{
	struct api_socket *api = arg;
	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(api->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			api_accept_one(api, fd);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			log_error("event=api-accept-failed error=\"%s\"", strerror(errno));
			event_del(api->acceptable); /* until the next sweep, so that it does not spin */
		}
		return;
	}
}

static void api_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct api_socket *api = arg;
	struct api_client *client, *next;
	for (client = LIST_FIRST(&api->clients); client; client = next) {
		next = LIST_NEXT(client, link);
		api_client_sweep(client);
	}
	event_add(api->acceptable, NULL);
}

int api_socket_open(struct api_socket **out, struct event_base *base, const char *path, gid_t gid,
		    const struct api_socket_user *user)
{
	const struct timeval second = {.tv_sec = 1};
	struct api_socket *api = calloc(1, sizeof(*api));
	int result = -ENOMEM;
	if (!api)
		return result;
	api->base = base;
	api->user = *user;
	LIST_INIT(&api->clients);
	api->path = strdup(path);
	if (!api->path)
		goto err_api;
	result = unix_listen(&api->fd, path, SOCK_STREAM, gid, API_BACKLOG);
	if (result < 0)
		goto err_api;
	result = -ENOMEM;
	api->acceptable = event_new(base, api->fd, EV_READ | EV_PERSIST, api_acceptable, api);
	api->sweep = event_new(base, -1, EV_PERSIST, api_sweep, api);
	if (!api->acceptable || !api->sweep || event_add(api->acceptable, NULL) < 0 ||
	    event_add(api->sweep, &second) < 0)
		goto err_event;
	*out = api;
	return 0;

err_event:
	if (api->acceptable)
		event_free(api->acceptable);
	if (api->sweep)
		event_free(api->sweep);
	unlink(path);
	close(api->fd);
err_api:
	free(api->path);
	free(api);
	return result;
}

void api_socket_close(struct api_socket *api)
{
	if (!api)
		return;
	while (!LIST_EMPTY(&api->clients))
		api_client_destroy(LIST_FIRST(&api->clients));
	event_free(api->acceptable);
	event_free(api->sweep);
	/* While it still listens: who starts now does not take its place, and so what goes away is not a successor's.
	 * Without root it may not: the folder is root's. The next start replaces a socket that nobody listens on. */
	unlink(api->path);
	close(api->fd);
	free(api->path);
	free(api);
}

static struct api_client *api_find(struct api_socket *api, uint64_t number)
{
	struct api_client *client;
	LIST_FOREACH(client, &api->clients, link)
	{
		if (client->number == number)
			return client;
	}
	return NULL;
}

void api_socket_reply(struct api_socket *api, uint64_t number, const char *json, size_t len)
{
	struct api_client *client = api_find(api, number);
	if (client)
		api_client_reply(client, json, len);
}

int api_socket_notify(struct api_socket *api, uint64_t number, const char *json, size_t len)
{
	struct api_client *client = api_find(api, number);
	return client ? api_client_notify(client, json, len) : -ENOENT;
}
