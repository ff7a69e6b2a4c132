#include "daemon/link_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "daemon/log.h"
#include "xfergate/link.h"

#define RETRY_FIRST_MS 250
#define RETRY_LAST_MS  2000
#define LASTING_NS     (5 * NS_PER_S) /* a connection that lasted so long was a good one */
#define QUEUE_MAX      (8u << 20)     /* bytes that the dataplane may leave untaken */
#define PATIENCE_NS    (3 * NS_PER_S) /* both daemons start together, and the dataplane takes longer */
#define PACKETS_A_TURN 64

struct queued {
	STAILQ_ENTRY(queued) link;
	size_t len;
	uint8_t packet[];
};

struct link_socket {
	struct event_base *base;
	struct link_socket_user user;
	struct sockaddr_un address;
	int fd; /* -1: not connected */
	struct event *readable, *writable;
	struct event *turn; /* connects, or says `up` or `down`, from the loop */
	bool told_up;	    /* the user's view */
	enum {
		TROUBLE_NONE,
		TROUBLE_WAITING, /* said as information */
		TROUBLE_WARNED,
	} trouble;
	uint64_t created_ns;
	unsigned retry_ms;
	uint64_t connected_ns;
	size_t queued_bytes;
	STAILQ_HEAD(, queued) queue;
	uint8_t packet[XF_LINK_PACKET_MAX];
};

static uint64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void link_turn_in(struct link_socket *link, unsigned ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	event_add(link->turn, &tv);
}

static void link_drop(struct link_socket *link)
{
	struct queued *q;
	if (link->fd < 0)
		return;
	if (link->readable)
		event_free(link->readable);
	if (link->writable)
		event_free(link->writable);
	link->readable = link->writable = NULL;
	close(link->fd);
	link->fd = -1;
	while ((q = STAILQ_FIRST(&link->queue))) {
		STAILQ_REMOVE_HEAD(&link->queue, link);
		free(q);
	}
	link->queued_bytes = 0;
	if (monotonic_ns() - link->connected_ns >= LASTING_NS)
		link->retry_ms = RETRY_FIRST_MS;
}

/* The user hears of it from the loop: whoever is sending is in the middle of something. */
static void link_broken(struct link_socket *link)
{
	link_drop(link);
	link_turn_in(link, 0);
}

static void link_readable(evutil_socket_t fd, short what, void *arg)
{
	struct link_socket *link = arg;
	for (unsigned i = 0; i < PACKETS_A_TURN && link->fd >= 0; i++) {
		ssize_t n = recv(link->fd, link->packet, sizeof(link->packet), MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0 || (size_t)n > sizeof(link->packet)) {
			link_broken(link);
			return;
		}
		link->user.packet(link->user.arg, link->packet, (size_t)n);
	}
}

static void link_writable(evutil_socket_t fd, short what, void *arg)
{
	struct link_socket *link = arg;
	struct queued *q;
	while ((q = STAILQ_FIRST(&link->queue))) {
		if (send(link->fd, q->packet, q->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			if (errno != EAGAIN && errno != EINTR)
				link_broken(link);
			return;
		}
		STAILQ_REMOVE_HEAD(&link->queue, link);
		link->queued_bytes -= q->len;
		free(q);
	}
	event_del(link->writable);
}

static int link_connect(struct link_socket *link)
{
	int size = 1 << 20;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(fd, (struct sockaddr *)&link->address, sizeof(link->address)) < 0) {
		int result = -errno;
		close(fd);
		return result;
	}
	link->fd = fd;
	link->connected_ns = monotonic_ns();
	link->readable = event_new(link->base, fd, EV_READ | EV_PERSIST, link_readable, link);
	link->writable = event_new(link->base, fd, EV_WRITE | EV_PERSIST, link_writable, link);
	if (link->readable && link->writable)
		return 0;
	link_drop(link);
	return -ENOMEM;
}

static int link_try(struct link_socket *link)
{
	int result = link_connect(link);
	bool starting = monotonic_ns() - link->created_ns < PATIENCE_NS;
	if (result == 0) {
		link->trouble = TROUBLE_NONE;
	} else if (starting && link->trouble == TROUBLE_NONE) {
		log_info("event=link-wait path=%s what=\"waiting for the dataplane\"", link->address.sun_path);
		link->trouble = TROUBLE_WAITING;
	} else if (!starting && link->trouble != TROUBLE_WARNED) {
		log_warning(
		    "event=link-connect-failed path=%s error=\"%s\" what=\"trying on; is the dataplane running?\"",
		    link->address.sun_path, strerror(-result));
		link->trouble = TROUBLE_WARNED;
	}
	return result;
}

static void link_turn(evutil_socket_t fd, short what, void *arg)
{
	struct link_socket *link = arg;
	if (link->told_up && link->fd < 0) {
		link->told_up = false;
		link_turn_in(link, link->retry_ms);
		link->user.down(link->user.arg);
		return;
	}
	if (link->fd < 0 && link_try(link) < 0) {
		link_turn_in(link, link->retry_ms);
		link->retry_ms = link->retry_ms * 2 > RETRY_LAST_MS ? RETRY_LAST_MS : link->retry_ms * 2;
		return;
	}
	if (link->told_up)
		return;
	/* Doubled now, taken back when the connection proves lasting: a dataplane that closes at once is not hammered.
	 */
	link->retry_ms = link->retry_ms * 2 > RETRY_LAST_MS ? RETRY_LAST_MS : link->retry_ms * 2;
	link->told_up = true;
	event_add(link->readable, NULL);
	link->user.up(link->user.arg);
}

int link_socket_create(struct link_socket **out, struct event_base *base, const char *path,
		       const struct link_socket_user *user)
{
	struct link_socket *link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->base = base;
	link->user = *user;
	link->fd = -1;
	link->retry_ms = RETRY_FIRST_MS;
	link->created_ns = monotonic_ns();
	link->address.sun_family = AF_UNIX;
	STAILQ_INIT(&link->queue);
	if (strlen(path) >= sizeof(link->address.sun_path)) {
		free(link);
		return -ENAMETOOLONG;
	}
	strcpy(link->address.sun_path, path);
	link->turn = event_new(base, -1, 0, link_turn, link);
	if (!link->turn) {
		free(link);
		return -ENOMEM;
	}
	link_turn_in(link, link_try(link) < 0 ? RETRY_FIRST_MS : 0);
	*out = link;
	return 0;
}

void link_socket_destroy(struct link_socket *link)
{
	if (!link)
		return;
	link_drop(link);
	event_free(link->turn);
	free(link);
}

static int link_enqueue(struct link_socket *link, const void *packet, size_t len)
{
	struct queued *q = len <= QUEUE_MAX - link->queued_bytes ? malloc(sizeof(*q) + len) : NULL;
	if (!q)
		return -ENOBUFS;
	q->len = len;
	memcpy(q->packet, packet, len);
	if (STAILQ_EMPTY(&link->queue))
		event_add(link->writable, NULL);
	STAILQ_INSERT_TAIL(&link->queue, q, link);
	link->queued_bytes += len;
	return 0;
}

int link_socket_send(struct link_socket *link, const void *packet, size_t len)
{
	int result = 0;
	if (link->fd < 0)
		return -ENOTCONN;
	if (!STAILQ_EMPTY(&link->queue))
		result = link_enqueue(link, packet, len);
	else if (send(link->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		result = errno == EAGAIN ? link_enqueue(link, packet, len) : -errno;
	if (result < 0)
		link_broken(link);
	return result;
}
