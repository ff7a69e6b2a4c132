/* The control plane's end of the link's socket: connects to the dataplane, again and again, and moves packets. What
 * they mean is media/'s business. Main thread. */
#pragma once

#include <event2/event.h>
#include <stddef.h>

struct link_socket;

struct link_socket_user {
	void *arg;
	/* All called from the loop, never inside a call to this file. */
	void (*up)(void *arg);
	void (*down)(void *arg);
	void (*packet)(void *arg, const void *packet, size_t len);
};

/* Tries to connect at once (the socket may be reachable only before root is dropped); `up` comes when the loop runs. A
 * dataplane that is not there is no error: it is tried again after 250 ms, and then ever less often, up to 2 s.
 * 0, -ENAMETOOLONG, -ENOMEM. */
int link_socket_create(struct link_socket **out, struct event_base *base, const char *path,
		       const struct link_socket_user *user);
void link_socket_destroy(struct link_socket *link);
/* 0; -ENOTCONN; or another -errno, also when the dataplane does not take its packets: `down` follows. */
int link_socket_send(struct link_socket *link, const void *packet, size_t len);
