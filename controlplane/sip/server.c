/* Server transactions: RFC 3261 17.2 and 9.2, RFC 6026 7.1. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sip/txn.h"

/* A To tag for a request that has none: the same for every repeat of the request, without anything stored. */
static void tag_of(char tag[SIP_TAG_SIZE], const struct table_key *key)
{
	snprintf(tag, SIP_TAG_SIZE, "%016" PRIx64, key->word[1]);
}

void server_refuse(struct sip_stack *stack, const struct sip_message *request, const struct sip_hop *from, int status,
		   const char *reason, const char *headers)
{
	struct table_key key = key_server(stack, from, request, request->method_name);
	struct sip_reply reply = {.status = status, .reason = reason, .headers = headers};
	struct sip_hop to = wire_return_hop(request, from);
	char tag[SIP_TAG_SIZE];
	tag_of(tag, &key);
	int len = wire_response(stack, request, from, &reply, tag);
	if (len > 0)
		stack_send(stack, &to, stack->out, (size_t)len, false, 0);
}

static void server_retransmit(void *arg, struct timer *timer)
{
	struct txn *txn = arg;
	txn_send(txn, true);
	txn->interval_ns *= 2;
	if (txn->interval_ns > SIP_T2_NS)
		txn->interval_ns = SIP_T2_NS;
	/* The timer has just left the heap, so there is room. */
	timer_set(&txn->stack->env->timers, &txn->retransmit, timer->deadline_ns + txn->interval_ns);
}

/* Timers H, I, J and L. */
static void server_timeout(void *arg, struct timer *timer)
{
	struct txn *txn = arg;
	struct sip_stack *stack = txn->stack;
	bool unacked = txn->state == TXN_ACCEPTED && !txn->acked;
	txn_unlink(txn);
	if (unacked && stack->user.failed)
		stack->user.failed(stack->user.arg, txn->id, txn->owner, SIP_FAILURE_UNACKED);
	txn_free(txn);
}

static void server_start(struct txn *txn, const struct table_key *key)
{
	struct sip_stack *stack = txn->stack;
	struct sip_message *message = txn->message;
	struct table_key merge = key_merge(stack, message);
	txn->retransmit.expired = server_retransmit;
	txn->timeout.expired = server_timeout;
	txn->hop = wire_return_hop(message, &txn->hop);
	if (!message->to.tag[0])
		tag_of(txn->to_tag, key);
	table_add(&stack->table, &txn->by_key, key, txn);
	if (!message->to.tag[0] && message->from.tag[0])
		table_add(&stack->table, &txn->by_merge, &merge, txn);
}

static void server_trying(struct txn *txn, const struct sip_hop *from)
{
	struct sip_stack *stack = txn->stack;
	struct sip_reply trying = {.status = 100};
	int len = wire_response(stack, txn->message, from, &trying, NULL);
	if (len < 0)
		return;
	stack_send(stack, &txn->hop, stack->out, (size_t)len, false, txn->owner);
	txn_keep(txn, (size_t)len); /* without memory a repeated INVITE gets no second 100, and is harmless */
	txn->state = TXN_PROCEEDING;
}

static void server_begin(struct sip_stack *stack, struct sip_message *request, const struct sip_hop *from,
			 const struct table_key *key)
{
	bool invite = request->method == SIP_INVITE;
	struct txn *txn = txn_create(stack, invite ? TXN_SERVER_INVITE : TXN_SERVER_OTHER, from);
	if (!txn) {
		server_refuse(stack, request, from, 503, NULL, NULL);
		sip_message_destroy(request);
		return;
	}
	txn->message = request;
	txn->source = from->remote;
	server_start(txn, key);
	if (invite)
		server_trying(txn, from);
	txn->in_callback = true;
	stack->user.request(stack->user.arg, txn->id, request, from);
	txn->in_callback = false;
	if (txn->state > TXN_PROCEEDING) {
		sip_message_destroy(txn->message);
		txn->message = NULL;
	}
}

/* ACK and CANCEL find the INVITE that they mean. */
static struct txn *invite_of(struct sip_stack *stack, const struct sip_message *request, const struct sip_hop *from)
{
	struct table_key key = key_server(stack, from, request, "INVITE");
	return table_get(&stack->table, &key);
}

static void server_ack(struct sip_stack *stack, const struct sip_message *ack, const struct sip_hop *from)
{
	struct txn *txn = invite_of(stack, ack, from);
	stack_heard(stack, ack, from, txn && txn->state == TXN_CONFIRMED, txn ? txn->owner : 0);
	if (!txn || txn->state == TXN_ACCEPTED) {
		if (stack->user.ack)
			stack->user.ack(stack->user.arg, ack, from);
	} else if (txn->state == TXN_COMPLETED) {
		txn->state = TXN_CONFIRMED;
		timer_stop(&stack->env->timers, &txn->retransmit);
		txn_linger(txn, SIP_T4_NS); /* timer I */
	}
}

static void server_cancel(struct sip_stack *stack, const struct sip_message *cancel, const struct sip_hop *from)
{
	struct txn *txn = invite_of(stack, cancel, from);
	struct sip_hop to = wire_return_hop(cancel, from);
	struct sip_reply reply = {.status = 200};
	stack_heard(stack, cancel, from, txn && txn->cancelled, txn ? txn->owner : 0);
	if (!txn) {
		server_refuse(stack, cancel, from, 481, NULL, NULL);
		return;
	}
	int len = wire_response(stack, cancel, from, &reply, txn->to_tag);
	if (len > 0)
		stack_send(stack, &to, stack->out, (size_t)len, txn->cancelled, txn->owner);
	bool first = !txn->cancelled && txn->state <= TXN_PROCEEDING;
	txn->cancelled = true;
	if (first && stack->user.cancelled)
		stack->user.cancelled(stack->user.arg, txn->id, txn->owner);
}

/* Takes over the request. */
static void server_new(struct sip_stack *stack, struct sip_message *request, const struct sip_hop *from,
		       const struct table_key *key)
{
	struct table_key merge = key_merge(stack, request);
	int status = 0;
	if (request->ruri.scheme == SIP_SCHEME_OTHER)
		status = 416;
	else if (request->max_forwards == 0 && request->method != SIP_OPTIONS)
		status = 483;
	else if (!request->to.tag[0] && request->from.tag[0] && table_get(&stack->table, &merge))
		status = 482; /* RFC 3261 8.2.2.2: the same request by another way */
	if (status == 0) {
		server_begin(stack, request, from, key);
		return;
	}
	server_refuse(stack, request, from, status, NULL, NULL);
	sip_message_destroy(request);
}

void server_receive(struct sip_stack *stack, struct sip_message *request, const struct sip_hop *from)
{
	if (request->method == SIP_ACK) {
		server_ack(stack, request, from);
	} else if (request->method == SIP_CANCEL) {
		server_cancel(stack, request, from);
	} else {
		struct table_key key = key_server(stack, from, request, request->method_name);
		struct txn *txn = table_get(&stack->table, &key);
		stack_heard(stack, request, from, txn != NULL, txn ? txn->owner : 0);
		if (!txn) {
			server_new(stack, request, from, &key);
			return;
		}
		/* A repeat. After a 2xx to INVITE the answer has its own clock (RFC 6026 7.1). */
		if (txn->state == TXN_PROCEEDING || txn->state == TXN_COMPLETED)
			txn_send(txn, true);
	}
	sip_message_destroy(request);
}

static int final_timers(struct txn *txn)
{
	struct sip_stack *stack = txn->stack;
	struct timers *timers = &stack->env->timers;
	txn->interval_ns = stack->t1_ns;
	if (timer_set(timers, &txn->timeout, stack->env->now_ns + 64 * stack->t1_ns) < 0)
		return -ENOMEM;
	if (txn->kind != TXN_SERVER_INVITE)
		return 0;
	if (timer_set(timers, &txn->retransmit, stack->env->now_ns + txn->interval_ns) == 0)
		return 0;
	timer_stop(timers, &txn->timeout);
	return -ENOMEM;
}

/* A final answer that fits in no datagram: the transaction ends as if it had been sent, for no other answer will be
 * shorter, and repeats of the request are met with silence. */
static int respond_too_long(struct txn *txn)
{
	struct sip_stack *stack = txn->stack;
	timer_stop(&stack->env->timers, &txn->retransmit);
	timer_set(&stack->env->timers, &txn->timeout, stack->env->now_ns + 64 * stack->t1_ns);
	table_del(&stack->table, &txn->by_merge);
	free(txn->packet);
	txn->packet = NULL;
	txn->state = TXN_COMPLETED;
	if (!txn->in_callback) {
		sip_message_destroy(txn->message);
		txn->message = NULL;
	}
	return -E2BIG;
}

int sip_respond(struct sip_stack *stack, sip_txn id, const struct sip_reply *reply)
{
	struct txn *txn = txn_find(stack, id);
	if (!txn || (txn->kind != TXN_SERVER_INVITE && txn->kind != TXN_SERVER_OTHER))
		return -ENOENT;
	if (txn->state > TXN_PROCEEDING)
		return -EALREADY;
	if (reply->status < 100 || reply->status > 699 || (reply->to_tag && strlen(reply->to_tag) >= SIP_TAG_SIZE))
		return -EINVAL;
	const char *tag = reply->to_tag && reply->to_tag[0] ? reply->to_tag : txn->to_tag;
	struct sip_hop from = {.network = txn->hop.network, .remote = txn->source};
	int len = wire_response(stack, txn->message, &from, reply, reply->status > 100 ? tag : NULL);
	if (len < 0)
		return len == -E2BIG && reply->status >= 200 ? respond_too_long(txn) : len;
	if (reply->status >= 200 && final_timers(txn) < 0)
		return -ENOMEM;
	int rc = txn_keep(txn, (size_t)len);
	if (rc < 0) {
		timer_stop(&stack->env->timers, &txn->timeout);
		timer_stop(&stack->env->timers, &txn->retransmit);
		return rc;
	}
	if (!txn->message->to.tag[0] && reply->status > 100 && tag != txn->to_tag)
		snprintf(txn->to_tag, sizeof(txn->to_tag), "%s", tag);
	if (reply->status < 200)
		txn->state = TXN_PROCEEDING;
	else if (txn->kind == TXN_SERVER_INVITE && reply->status < 300)
		txn->state = TXN_ACCEPTED;
	else
		txn->state = TXN_COMPLETED;
	txn_send(txn, false);
	if (reply->status >= 200) {
		/* After a refusal the same request is a new attempt; a call that is up is not set up twice. */
		if (txn->state != TXN_ACCEPTED)
			table_del(&stack->table, &txn->by_merge);
		if (!txn->in_callback) {
			sip_message_destroy(txn->message);
			txn->message = NULL;
		}
	}
	return 0;
}

void sip_own(struct sip_stack *stack, sip_txn id, uint64_t owner)
{
	struct txn *txn = txn_find(stack, id);
	if (txn && (txn->kind == TXN_SERVER_INVITE || txn->kind == TXN_SERVER_OTHER))
		txn->owner = owner;
}

void sip_acked(struct sip_stack *stack, sip_txn id)
{
	struct txn *txn = txn_find(stack, id);
	if (!txn || txn->kind != TXN_SERVER_INVITE || txn->state != TXN_ACCEPTED)
		return;
	txn->acked = true;
	timer_stop(&stack->env->timers, &txn->retransmit);
}

const struct sip_message *sip_received_request(const struct sip_stack *stack, sip_txn id)
{
	const struct txn *txn = txn_find(stack, id);
	return txn ? txn->message : NULL;
}
