/* The link's conversation: a control plane's records in, in sequence and greeted first, and records out, gathered into
 * packets, kept while they are not taken. One control plane at a time, never waiting. What carries the packets is the
 * world's (seam.send_link, seam.hang_up). Main thread.
 */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include "dplane.h"
#include "link_record.h"

#define CONVERSATION_BACKLOG_MAX 256 /* packets that the control plane does not take; then it is dropped */

struct conversation_packet {
	STAILQ_ENTRY(conversation_packet) link;
	size_t len;
	uint8_t bytes[];
};

struct conversation {
	const struct dplane_seam *seam;
	uint64_t connection; /* number of the present or last connection, from 1 */
	bool up;
	bool greeted;	   /* HELLO was good */
	bool closing;	   /* to be closed when what is gathered has been sent */
	bool stalled;	   /* the world did not take the last packet; it is offered again */
	uint32_t sequence; /* of the last command */
	unsigned backlog_count;
	STAILQ_HEAD(, conversation_packet) backlog;
	size_t out_len;
	uint8_t *out; /* XF_LINK_PACKET_MAX bytes: records that go out together */
	/* A checked command, in sequence. Answers by conversation_send. */
	void (*command)(const struct link_view *view, void *arg);
	void *arg;
};

/* 0 or -ENOMEM. */
int conversation_init(struct conversation *conversation, const struct dplane_seam *seam,
		      void (*command)(const struct link_view *view, void *arg), void *arg);
void conversation_fini(struct conversation *conversation);

/* A new one begins; what is left of the one before is forgotten. */
void conversation_up(struct conversation *conversation);
/* It is over; may come twice. */
void conversation_down(struct conversation *conversation);

/* One packet of the control plane: untrusted, 8-byte aligned. */
void conversation_packet(struct conversation *conversation, const void *packet, size_t len);
/* Gathers a record; without a control plane, or if the connection is not the present one, nothing. */
void conversation_send(struct conversation *conversation, uint64_t connection, uint16_t type, uint32_t sequence,
		       const void *body, uint16_t body_len);
/* Sends what is gathered, as far as it is taken. Each turn. How many packets were. */
unsigned conversation_flush(struct conversation *conversation);
/* Ends it after the next flush. */
void conversation_end(struct conversation *conversation);
/* Whether a flush would do something (where the world's last word was -EAGAIN: nothing). */
bool conversation_pending(const struct conversation *conversation);
