/* The control plane's end of the link as a conversation: numbered commands, what awaits an answer, the handshake.
 *
 * Commands are gathered in one packet, which goes out when it is full, at link_client_flush, or by a timer that is due
 * at once: so one operation is few packets. Every command that link_client_send took is answered exactly once, by the
 * dataplane or, when the link goes down, with -ENOTCONN. Callbacks may send. One thread.
 */
#pragma once

#include "core/env.h"
#include "media/link_codec.h"

/* What the sender wants to see again with the answer. */
struct link_command {
	uint16_t type;		  /* enum xf_link_type */
	bool waiting;		  /* of link_client only */
	struct xf_endpoint_id id; /* of commands about an endpoint */
	struct xf_addr addr;	  /* of ADMIT and WITHDRAW */
	uint64_t cookie;
	void *data; /* owned by the sender, who frees it when it is answered */
};

struct link_client_user {
	void *arg;
	/* The dataplane answered HELLO with our version. */
	void (*greeted)(void *arg, const struct xf_link_hello_ok *hello);
	void (*answered)(void *arg, const struct link_command *command, uint32_t sequence,
			 const struct xf_link_ack *ack);
	/* A row for a DUMP or STATS command; row: the struct of its type. */
	void (*row)(void *arg, const struct link_command *command, enum xf_link_type type, const void *row);
	void (*event)(void *arg, const struct xf_link_event *event);
	/* Its length is right; bytes behind it are not set. */
	void (*captured)(void *arg, const struct xf_link_captured *row);
	void (*prompt)(void *arg, const struct xf_link_prompt *row);
	/* A packet could not be sent: called from a timer; expects link_client_down. */
	void (*lost)(void *arg);
};

struct link_client {
	struct env *env;
	struct link_client_user user;
	uint64_t instance; /* ours */
	struct timer flush_timer;
	enum {
		LINK_CLIENT_DOWN,
		LINK_CLIENT_GREETING,
		LINK_CLIENT_UP,
		LINK_CLIENT_BROKEN, /* sending failed */
	} state;
	bool version_logged, protocol_logged; /* once is enough */
	/* Commands first_sequence … last_sequence at [sequence & (room - 1)]. */
	struct link_command *pending;
	uint32_t room, first_sequence, last_sequence;
	uint32_t waiting; /* how many of them */
	struct link_writer writer;
};

void link_client_init(struct link_client *client, struct env *env, const struct link_client_user *user);
/* Commands that still wait are answered with -ENOTCONN. */
void link_client_fini(struct link_client *client);

void link_client_up(struct link_client *client);
void link_client_down(struct link_client *client);
void link_client_receive(struct link_client *client, const void *packet, size_t len);

/* 0 and its sequence (may be NULL); -ENOTCONN (not greeted, or sending fails) or -ENOMEM. On error `command` is not
 * taken. */
int link_client_send(struct link_client *client, const struct link_command *command, const void *body, size_t body_len,
		     uint32_t *sequence);
void link_client_flush(struct link_client *client);
