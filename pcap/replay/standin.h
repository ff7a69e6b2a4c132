/* A small well-behaved user agent for what the capture has nobody for: it answers requests that no recorded message
 * answers, acknowledges final answers, and plays the targets of transfers that did not happen in the capture.
 *
 * What it says is handed to `send` and noted, so that nobody takes it for the capture's.
 */
#pragma once

#include "commands.h"
#include "heap.h"
#include "match.h"

struct standin_call;

struct standin_ops {
	void *arg;
	/* A datagram to the gateway, from `from` to its SIP or media address `to`, on that network. media: not SIP. */
	void (*send)(void *arg, uint32_t network, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		     const void *data, size_t len, bool media);
	/* "answers INVITE sip:… with 200". */
	void (*note)(void *arg, const char *text);
};

struct standin {
	const struct commands *commands;
	struct matcher *matcher;
	struct standin_ops ops;
	struct standin_call *calls;
	uint32_t count, room;
	struct strmap by_call_id;
	struct heap due;
	uint64_t end_ns; /* live time of the capture's end */
	uint64_t said;	 /* messages */
	bool out_of_memory;
};

void standin_init(struct standin *standin, const struct commands *commands, struct matcher *matcher, uint64_t end_ns,
		  const struct standin_ops *ops);
void standin_fini(struct standin *standin);
/* The gateway has sent this. Answers it if nobody else does. */
void standin_hear(struct standin *standin, const struct output *output, const struct match *match);
/* UINT64_MAX: it has nothing to do by itself. */
uint64_t standin_next(const struct standin *standin);
void standin_run(struct standin *standin, uint64_t now_ns);
