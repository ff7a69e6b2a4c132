/* Two or more SIP stacks on one virtual clock, joined by memory that loses what a test says. */
#pragma once

#include "core/env.h"
#include "sip/stack.h"

#define WORLD_NODES  3
#define WORLD_SENT   4096
#define WORLD_EVENTS 4096
#define LATENCY_NS   (5 * NS_PER_MS)

enum event_kind {
	EVENT_REQUEST,
	EVENT_CANCELLED,
	EVENT_ACK,
	EVENT_RESPONSE,
	EVENT_FAILED,
	EVENT_STRAY,
};

struct event {
	uint64_t time_ns;
	enum event_kind kind;
	sip_txn txn;
	uint64_t owner;
	enum sip_method method;
	int status; /* of a response, or enum sip_failure */
	char to_tag[64];
};

struct node;
struct world;

/* What a node does by itself; NULL members: nothing. */
struct node_hooks {
	void (*request)(struct node *node, sip_txn txn, const struct sip_message *request);
	void (*cancelled)(struct node *node, sip_txn txn);
	void (*ack)(struct node *node, const struct sip_message *ack);
	void (*response)(struct node *node, sip_txn txn, const struct sip_message *response);
};

struct node {
	struct world *world;
	unsigned index;
	struct env env;
	struct seam seam;
	struct sip_stack *stack;
	struct xf_sockaddr addr;
	struct node_hooks hooks;
	struct event events[WORLD_EVENTS];
	unsigned event_count;
	sip_txn invite; /* the server transaction that came last */
	unsigned dialog_acks;
};

struct sent {
	uint64_t time_ns;
	unsigned node; /* who sent */
	struct xf_sockaddr to;
	bool lost;
	bool delivered;
	size_t len;
	char *data;
	char start[80];	 /* its start line */
	char method[16]; /* the CSeq's */
};

struct world {
	uint64_t now_ns;
	uint64_t random;
	struct node nodes[WORLD_NODES];
	unsigned node_count;
	struct sent sent[WORLD_SENT];
	unsigned sent_count, delivered_upto;
	bool (*lose)(struct world *world, unsigned nth, const struct sent *sent); /* NULL: nothing is lost */
	int lose_nth; /* also lost: the nth that is sent, from 0; -1: none */
};

/* node i has address 192.0.2.(i + 1):5060 */
void world_init(struct world *world, unsigned nodes);
void world_fini(struct world *world);
/* Goes on until nothing is left to do, or until that time. */
void world_run(struct world *world, uint64_t until_ns);
/* Hands a datagram to a node as if it came from there. */
void world_inject(struct node *node, const struct xf_sockaddr *from, const char *data, size_t len);
/* Everything is over: no timer, no transaction. */
void world_assert_empty(struct world *world);

unsigned world_count_sent(const struct world *world, unsigned node, const char *start); /* by its first words */
const struct sent *world_find_sent(const struct world *world, unsigned node, const char *start, unsigned nth);
unsigned node_count_events(const struct node *node, enum event_kind kind, int status);
const struct event *node_find_event(const struct node *node, enum event_kind kind, int status);

struct sip_hop world_hop(const struct world *world, unsigned node);
/* An INVITE or other request from node 0 to node 1. */
struct sip_request world_request(enum sip_method method);
sip_txn world_send(struct world *world, const struct sip_request *request, uint64_t owner);
