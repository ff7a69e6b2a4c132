/* The link's socket: one control plane at a time, packets in, packets out, never waiting. What is in them is the
 * plane's business. Main thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct link_server {
	const char *path;
	int listener, client; /* -1: none */
	uid_t user;	      /* who may connect beside root and ourselves */
	uint64_t connection;  /* number of the present connection, from 1 */
	uint64_t refused;     /* connections of strangers */
	uint8_t *in;	      /* XF_LINK_PACKET_MAX bytes, aligned */
	/* A packet of at most XF_LINK_PACKET_MAX bytes, 8-byte aligned. May drop the connection. */
	void (*packet)(const void *packet, size_t len, void *arg);
	void (*down)(void *arg); /* the connection has been closed */
	void *arg;
};

/* packet, down and arg have been set. Listens on path, as unix_listen does it, for group if it exists. Only user, root
 * and ourselves may connect. 0; -EADDRINUSE: somebody listens; -errno. Logged. */
int link_server_start(struct link_server *server, const char *path, const char *user, const char *group);
void link_server_stop(struct link_server *server);

/* The listener is readable: a newer connection replaces the older; one of a stranger is closed and logged. true: there
 * is a new one. */
bool link_server_accept(struct link_server *server);
/* The client is readable: up to a few packets. */
void link_server_read(struct link_server *server);
/* One packet to the client. 0; -EAGAIN: the socket is full; else the connection is lost and has been dropped. */
int link_server_send(struct link_server *server, const void *packet, size_t len);
/* Closes the connection, if there is one. reason: for the log. */
void link_server_drop(struct link_server *server, const char *reason);
