/* One client of the API socket: cuts lines out of what it sends, and hands it its answers at its pace. */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include "daemon/api_socket.h"

struct evbuffer;

struct api_client {
	LIST_ENTRY(api_client) link;
	uint64_t number;
	unsigned *count; /* of the socket's clients; one less when this one goes */
	int fd;
	const struct api_socket_user *user;
	struct event *readable, *writable;
	struct event *turn; /* goes on from the loop after an answer */
	char *in;
	size_t in_len, in_room;
	size_t scanned;	 /* bytes of `in` that hold no line end */
	bool discarding; /* the rest of a line that is too long */
	bool ended;	 /* it sends no more */
	bool doomed;	 /* it takes too little of its answers */
	unsigned unanswered;
	struct evbuffer *out;	  /* goes first, and to its end */
	struct evbuffer *notices; /* since the last answer; they make no request wait */
	uint64_t progress_ms;	  /* when it last took something, or there was nothing for it */
};

/* Takes fd on success. 0 or -ENOMEM. */
int api_client_create(struct api_client **out, struct event_base *base, int fd, uint64_t number,
		      const struct api_socket_user *user);
/* Says `gone`. */
void api_client_destroy(struct api_client *client);
void api_client_reply(struct api_client *client, const char *json, size_t len);
/* 0 or -ENOBUFS. Answers and notifications reach the client in the order in which they were given here. */
int api_client_notify(struct api_client *client, const char *json, size_t len);
/* Once a second; may destroy it. */
void api_client_sweep(struct api_client *client);
