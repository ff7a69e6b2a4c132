/* Transactions: RFC 3261 17 with the accepted states of RFC 6026, over UDP.
 *
 * The stack owns retransmission (2xx included), ACK to negative answers, CANCEL, and time-outs. The user (call/) owns
 * dialogs, ACK to 2xx, and what a message means. A message costs the same with ten open transactions and with 50,000.
 * One thread, on env's clock.
 */
#pragma once

#include "core/env.h"
#include "sip/message.h"

typedef uint64_t sip_txn; /* names a transaction; 0: none; never used twice */

/* Where a request goes or a message came from. */
struct sip_hop {
	uint32_t network; /* index: whose socket */
	struct xf_sockaddr remote;
};

/* A request to send. Strings are copied. Via and Content-Length are the stack's. No string may hold CR or LF, but for
 * `headers`, which is whole lines with CRLF each (built by sip_headers_add, which refuses CR and LF in values). */
struct sip_request {
	enum sip_method method;
	const char *ruri;
	const char *from, *to; /* whole values, tags included */
	const char *call_id;
	uint32_t cseq;
	unsigned max_forwards;
	const char *route;   /* value of one Route header; NULL or "": none */
	const char *contact; /* whole value; NULL or "": none */
	const char *headers; /* further header lines; NULL or "": none */
	const char *content_type;
	const char *body; /* NULL: none */
	size_t body_len;
};

struct sip_reply {
	int status;
	const char *reason; /* NULL: the usual one */
	const char *to_tag; /* at most 63 characters; NULL: none (100), that of the request, or one made by the stack */
	const char *contact;
	const char *headers;
	const char *content_type;
	const char *body;
	size_t body_len;
};

enum sip_failure {
	SIP_FAILURE_TIMEOUT, /* timer B or F */
	SIP_FAILURE_UNACKED, /* our 2xx was not acknowledged in 64·T1 */
};

/* A datagram as it passes between the stack and the network, keep-alives left out. */
struct sip_traffic {
	bool sent;
	bool repeated;		    /* by a transaction of ours, or it is known to have come before */
	const struct sip_hop *peer; /* where it came from or goes */
	const char *data;
	size_t len;
	const struct sip_message *message; /* one that came and is well-formed; else NULL */
	uint64_t owner;			   /* of its transaction; 0: it has none, or nobody owns it (yet) */
};

/* What the stack tells its user. The message lives only during the call. */
struct sip_user {
	void *arg;
	/* Every datagram before anything is done with it; may not call back. NULL: nobody looks. */
	void (*traffic)(void *arg, const struct sip_traffic *traffic);
	/* A new request, also a re-INVITE; not ACK, not CANCEL. Must lead to sip_respond with a final status, now or
	 * later. An INVITE has been answered 100 already. The message lives until the final answer. Refused by the
	 * stack before: 416 (scheme other than sip, sips, tel), 482 (merged), 483 (Max-Forwards 0; not OPTIONS), 505,
	 * 513. */
	void (*request)(void *arg, sip_txn txn, const struct sip_message *request, const struct sip_hop *from);
	/* CANCEL of that INVITE; it has been answered 200. The user answers the INVITE with 487 (or has answered
	 * already). */
	void (*cancelled)(void *arg, sip_txn invite, uint64_t owner);
	/* ACK to a 2xx (of any dialog). */
	void (*ack)(void *arg, const struct sip_message *ack, const struct sip_hop *from);
	/* Each provisional and final answer once; for a 2xx to INVITE every one of them, repeated ones too (RFC
	 * 6026 7.2). `owner` is what sip_send was given. */
	void (*response)(void *arg, sip_txn txn, uint64_t owner, const struct sip_message *response,
			 const struct sip_hop *from);
	void (*failed)(void *arg, sip_txn txn, uint64_t owner, enum sip_failure failure);
	/* A 2xx to an INVITE whose transaction is gone or disowned (RFC 3261 13.2.2.4); NULL: ignored. */
	void (*stray)(void *arg, const struct sip_message *response, const struct sip_hop *from);
};

/* How a network's messages name us. */
struct sip_network {
	char sent_by[SIP_HOST_MAX]; /* "host:port" for Via and Contact */
};

struct sip_stack;

int sip_stack_create(struct sip_stack **out, struct env *env, const struct sip_user *user,
		     const struct sip_network *networks, uint32_t network_count, uint32_t t1_ms,
		     const char *user_agent);
void sip_stack_destroy(struct sip_stack *stack);

/* A datagram from the network's socket. A request belongs to a transaction only if it comes from the same address (any
 * port), and an answer only if it comes from the address that the request went to. Branches without the cookie are
 * matched as RFC 3261 17.2.3 says for RFC 2543. Keep-alives are ignored. Malformed requests that can be answered get
 * 400 with the reason in the status line and in a Warning; others are dropped and counted. Answers only go back where
 * the request came from. */
void sip_stack_receive(struct sip_stack *stack, const struct sip_hop *from, const char *data, size_t len);

/* 0 and *txn (it may have failed by the time `failed` is called, never inside), or -EINVAL, -ENOMEM, -E2BIG. */
int sip_send(struct sip_stack *stack, sip_txn *txn, const struct sip_request *request, const struct sip_hop *to,
	     uint64_t owner);
/* Sends once, outside any transaction: ACK to a 2xx. 0 or -errno. */
int sip_send_ack(struct sip_stack *stack, const struct sip_request *request, const struct sip_hop *to);
/* Cancels an INVITE of ours: at once if it was answered provisionally, else as soon as it is. The final answer still
 * comes (64·T1 after the CANCEL at the latest, as failed()). -ENOENT, -EALREADY (final answer is in). */
int sip_cancel(struct sip_stack *stack, sip_txn txn, const char *headers);
/* No more callbacks for this client transaction, but `stray` for each 2xx to INVITE. It ends by itself: an INVITE that
 * has had a provisional answer 64·T1 after this call, if it is not cancelled or answered earlier. */
void sip_disown(struct sip_stack *stack, sip_txn txn);

/* The usual words for a status. */
const char *sip_reason(int status);
/* 0, -ENOENT, -EALREADY (already answered finally), -EINVAL, -ENOMEM; -E2BIG: a final answer is lost then, and the
 * transaction over. */
int sip_respond(struct sip_stack *stack, sip_txn txn, const struct sip_reply *reply);
/* Whose a server transaction is: `cancelled`, `failed` and `traffic` of it are told this owner. */
void sip_own(struct sip_stack *stack, sip_txn txn, uint64_t owner);
/* ACK to our 2xx has come: stop repeating it. */
void sip_acked(struct sip_stack *stack, sip_txn txn);

/* The request of a client transaction, to send it again with credentials; NULL if it is gone. */
const struct sip_request *sip_sent_request(const struct sip_stack *stack, sip_txn txn);
/* The request of an open server transaction, to answer it later; NULL if it is gone. */
const struct sip_message *sip_received_request(const struct sip_stack *stack, sip_txn txn);

struct sip_counts {
	uint32_t transactions; /* open, in any state */
	/* datagrams; stray: answers that are not ours; repeated: those of `sent` that were sent again */
	uint64_t received, malformed, stray, sent, repeated;
};
void sip_stack_counts(const struct sip_stack *stack, struct sip_counts *counts);

/* Adds "Name: value\r\n" to the NUL-terminated lines in buf. -EINVAL if the value holds CR, LF or NUL-like control
 * characters, -E2BIG if it does not fit; buf is unchanged then. */
__attribute__((format(printf, 4, 5))) int sip_headers_add(char *buf, size_t size, const char *name, const char *format,
							  ...);
