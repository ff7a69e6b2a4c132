/* The Unix socket of the command line client: lines of JSON-RPC from many clients, one answer line for each. What they
 * mean is api/'s business. Main thread.
 *
 * Bounded on every side: clients, length of a line, requests of a client that are unanswered, answers that a client
 * does not read. A client may shut down its sending side after its last request and still gets all its answers. */
#pragma once

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define API_CLIENTS_MAX	    100
#define API_LINE_MAX	    (1u << 20) /* bytes, without the line end */
#define API_UNANSWERED_MAX  64	       /* of a client; more wait unread */
#define API_OUT_PAUSE	    (1u << 20) /* bytes unread up to the last answer, at which a client's requests wait */
#define API_OUT_MAX	    (64u << 20)
#define API_NOTIFY_MAX	    (8u << 20) /* bytes unread by a client, from which on notifications are lost */
#define API_READ_TIMEOUT_MS 30000      /* a client that takes nothing of its answers for so long is let go */

struct api_socket;

struct api_socket_user {
	void *arg;
	/* Called from the loop; may call api_socket_reply. line: NUL-terminated, len without it, may hold NULs. Client
	 * numbers are never used again. */
	void (*line)(void *arg, uint64_t client, const char *line, size_t len);
	void (*gone)(void *arg, uint64_t client);
};

/* Listens at `path` for group gid (-1: the caller's), as unix_listen does it. 0, -EADDRINUSE (somebody listens),
 * -EEXIST (something else is there), -errno. */
int api_socket_open(struct api_socket **out, struct event_base *base, const char *path, gid_t gid,
		    const struct api_socket_user *user);
/* Sends what can be sent at once, and closes. */
void api_socket_close(struct api_socket *api);
/* One line, without line end. Unknown clients are ignored. */
void api_socket_reply(struct api_socket *api, uint64_t client, const char *json, size_t len);
/* A line that answers nothing. 0; -ENOBUFS: the client reads too slowly, and it is lost; -ENOENT: no such client. */
int api_socket_notify(struct api_socket *api, uint64_t client, const char *json, size_t len);
