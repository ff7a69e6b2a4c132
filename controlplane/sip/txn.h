/* Inside the stack: what a transaction is, and what stack.c, client.c, server.c and wire.c say to each other. */
#pragma once

#include "sip/siphash.h"
#include "sip/stack.h"
#include "sip/table.h"

#define SIP_T2_NS	  (4 * NS_PER_S)
#define SIP_T4_NS	  (5 * NS_PER_S)
#define SIP_D_NS	  (32 * NS_PER_S) /* timer D: at least 32 s over UDP (RFC 3261 17.1.1.2) */
#define SIP_TAG_SIZE	  64
#define SIP_BRANCH_SIZE	  40
#define SIP_BRANCH_COOKIE "z9hG4bK"

enum txn_kind {
	TXN_CLIENT_INVITE,
	TXN_CLIENT_OTHER,
	TXN_SERVER_INVITE,
	TXN_SERVER_OTHER,
};

enum txn_state {
	TXN_TRYING,	/* client: calling or trying; server: nothing answered yet */
	TXN_PROCEEDING, /* provisionally answered */
	TXN_ACCEPTED,	/* INVITE with a 2xx: RFC 6026 */
	TXN_COMPLETED,	/* another final answer, or any to another method */
	TXN_CONFIRMED,	/* server INVITE: ACK is in */
};

struct txn {
	sip_txn id;
	struct sip_stack *stack;
	uint8_t kind, state;
	bool disowned;	    /* client: no callbacks */
	bool cancel_wanted; /* client: CANCEL goes out with the first provisional answer */
	bool cancelled;	    /* client: CANCEL is out; server: CANCEL came in */
	bool acked;	    /* server: the user saw the ACK to its 2xx */
	struct sip_hop hop; /* where it goes: requests of a client, answers of a server */
	struct table_node by_key, by_merge;
	struct timer retransmit, timeout;
	uint64_t interval_ns; /* of the retransmission that is set */
	uint64_t owner;
	char *packet; /* client: the request; server: the last answer */
	size_t packet_len;
	/* client */
	struct sip_request *request;
	char branch[SIP_BRANCH_SIZE];
	char *ack; /* to a negative answer, sent again with each repeat of it */
	size_t ack_len;
	char *cancel_headers;
	/* server */
	struct sip_message *message; /* until the final answer */
	struct xf_sockaddr source;   /* where it came from: received= and rport= of our answers */
	bool in_callback;	     /* the user has the message in its hands */
	char to_tag[SIP_TAG_SIZE];   /* of our answers; "" if the request has one */
};

struct txn_slot {
	struct txn *txn;
	uint32_t next_free; /* 1 + index; 0: none */
};

struct sent_by {
	char host[SIP_HOST_MAX]; /* lower case, without brackets */
	uint16_t port;
};

struct sip_stack {
	struct env *env;
	struct sip_user user;
	struct sip_network *networks;
	struct sent_by *sent_by;
	uint32_t network_count;
	uint64_t t1_ns;
	char user_agent[64];
	uint64_t secret[2];
	struct table table;
	struct txn_slot *slots;
	uint32_t slot_count, slot_free;
	uint64_t serial; /* of the last transaction */
	struct sip_counts counts;
	const char *datagram; /* that is being received */
	size_t datagram_len;
	char out[SIP_MESSAGE_MAX + 1]; /* where messages are written before they are copied or sent */
};

/* stack.c */
struct txn *txn_create(struct sip_stack *stack, enum txn_kind kind, const struct sip_hop *hop);
/* Out of all tables, so that nobody finds it any more; the memory stays until txn_free. */
void txn_unlink(struct txn *txn);
void txn_free(struct txn *txn);
struct txn *txn_find(const struct sip_stack *stack, sip_txn id);
/* Copies stack->out as the packet. 0 or -ENOMEM. */
int txn_keep(struct txn *txn, size_t len);
void txn_send(struct txn *txn, bool again);
/* Starts or moves the timer that ends the state; a transaction that cannot even be timed ends now. False: it is gone.
 */
bool txn_linger(struct txn *txn, uint64_t ns);
void stack_send(struct sip_stack *stack, const struct sip_hop *to, const char *data, size_t len, bool again,
		uint64_t owner);
/* Tells the user of the datagram that is being received; message NULL: malformed. */
void stack_heard(const struct sip_stack *stack, const struct sip_message *message, const struct sip_hop *from,
		 bool repeated, uint64_t owner);
struct table_key key_client(const struct sip_stack *stack, const char *branch, const char *method);
struct table_key key_server(const struct sip_stack *stack, const struct sip_hop *from,
			    const struct sip_message *message, const char *method);
struct table_key key_merge(const struct sip_stack *stack, const struct sip_message *message);

/* client.c */
void client_receive(struct sip_stack *stack, const struct sip_message *response, const struct sip_hop *from);

/* server.c: takes over the message. */
void server_receive(struct sip_stack *stack, struct sip_message *request, const struct sip_hop *from);
/* One answer, outside any transaction. */
void server_refuse(struct sip_stack *stack, const struct sip_message *request, const struct sip_hop *from, int status,
		   const char *reason, const char *headers);

/* wire.c: each writes to stack->out and returns the length, -EINVAL (a string that would break the message) or -E2BIG.
 */
int wire_request(struct sip_stack *stack, const struct sip_request *request, const char *method, uint32_t network,
		 const char *branch);
int wire_response(struct sip_stack *stack, const struct sip_message *request, const struct sip_hop *from,
		  const struct sip_reply *reply, const char *to_tag);
/* A copy in one piece of memory, to be freed; NULL: no memory. */
struct sip_request *wire_copy_request(const struct sip_request *request);
/* Where an answer goes: RFC 3261 18.2.2 and RFC 3581 4, maddr left aside: only back to the source. */
struct sip_hop wire_return_hop(const struct sip_message *request, const struct sip_hop *from);
