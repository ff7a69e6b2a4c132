/* The link's socket: one control plane at a time, packets in, packets out, never waiting. Main thread. */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include "link_record.h"

#define LINK_BACKLOG_MAX 256 /* packets that the control plane does not take; then it is dropped */

struct link_packet {
	STAILQ_ENTRY(link_packet) link;
	size_t len;
	uint8_t bytes[];
};

struct link_server {
	const char *path;
	int listener, client; /* -1: none */
	uint64_t connection;  /* number of the present connection, from 1 */
	bool greeted;	      /* HELLO was good */
	bool closing;	      /* to be closed when what is gathered has been sent */
	uint32_t sequence;    /* of the last command */
	unsigned backlog_count;
	STAILQ_HEAD(, link_packet) backlog;
	size_t out_len;
	uint8_t *out; /* XF_LINK_PACKET_MAX bytes: records that go out together */
	uint8_t *in;
	/* A checked command, in sequence. Answers by link_server_send. */
	void (*command)(const struct link_view *view, void *arg);
	void *arg;
};

/* Listens on path, mode 0660, group if it exists. Takes the place of a socket on which nobody listens.
 * 0; -EADDRINUSE: somebody listens; -errno. Logged. */
int link_server_start(struct link_server *server, const char *path, const char *group);
void link_server_stop(struct link_server *server);

/* The listener is readable: a newer connection replaces the older. true: there is a new one. */
bool link_server_accept(struct link_server *server);
/* The client is readable: up to a few packets. */
void link_server_read(struct link_server *server);
/* Gathers a record for the client; without one, or if the connection is not the present one, nothing. */
void link_server_send(struct link_server *server, uint64_t connection, uint16_t type, uint32_t sequence,
		      const void *body, uint16_t body_len);
/* Sends what is gathered, as far as the socket takes it. Each turn. */
void link_server_flush(struct link_server *server);
/* Hangs up after the next flush. */
void link_server_hang_up(struct link_server *server);
