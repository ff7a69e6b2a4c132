/* Client transactions: RFC 3261 17.1, RFC 6026 7.2. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sip/txn.h"

static const char *method_of(const struct txn *txn)
{
	return sip_method_name(txn->request->method);
}

static void client_retransmit(void *arg, struct timer *timer)
{
	struct txn *txn = arg;
	struct env *env = txn->stack->env;
	txn_send(txn, true);
	txn->interval_ns *= 2;
	/* Timer A doubles without end; timer E up to T2, and is T2 once an answer is on its way (RFC 3261 17.1.2.2). */
	if (txn->kind == TXN_CLIENT_OTHER && (txn->interval_ns > SIP_T2_NS || txn->state == TXN_PROCEEDING))
		txn->interval_ns = SIP_T2_NS;
	/* The timer has just left the heap, so there is room. */
	timer_set(&env->timers, &txn->retransmit, timer->deadline_ns + txn->interval_ns);
}

static void client_timeout(void *arg, struct timer *timer)
{
	struct txn *txn = arg;
	struct sip_stack *stack = txn->stack;
	bool failed = (txn->state == TXN_TRYING || txn->state == TXN_PROCEEDING) && !txn->disowned;
	txn_unlink(txn);
	if (failed && stack->user.failed)
		stack->user.failed(stack->user.arg, txn->id, txn->owner, SIP_FAILURE_TIMEOUT);
	txn_free(txn);
}

/* Sends what stack->out holds, and keeps it for repetition. */
static int client_start(struct txn *txn, size_t len)
{
	struct sip_stack *stack = txn->stack;
	struct timers *timers = &stack->env->timers;
	struct table_key key = key_client(stack, txn->branch, method_of(txn));
	if (txn_keep(txn, len) < 0)
		return -ENOMEM;
	txn->retransmit.expired = client_retransmit;
	txn->timeout.expired = client_timeout;
	txn->interval_ns = stack->t1_ns;
	if (timer_set(timers, &txn->retransmit, stack->env->now_ns + txn->interval_ns) < 0 ||
	    timer_set(timers, &txn->timeout, stack->env->now_ns + 64 * stack->t1_ns) < 0)
		return -ENOMEM;
	table_add(&stack->table, &txn->by_key, &key, txn);
	txn_send(txn, false);
	return 0;
}

static void branch_make(const struct sip_stack *stack, char branch[SIP_BRANCH_SIZE])
{
	char token[25];
	env_random_token(stack->env, token, sizeof(token) - 1);
	snprintf(branch, SIP_BRANCH_SIZE, "%s%s", SIP_BRANCH_COOKIE, token);
}

int sip_send(struct sip_stack *stack, sip_txn *out, const struct sip_request *request, const struct sip_hop *to,
	     uint64_t owner)
{
	char branch[SIP_BRANCH_SIZE];
	if (to->network >= stack->network_count || request->method >= SIP_METHOD_OTHER || request->method == SIP_ACK ||
	    request->method == SIP_CANCEL)
		return -EINVAL;
	branch_make(stack, branch);
	int len = wire_request(stack, request, sip_method_name(request->method), to->network, branch);
	if (len < 0)
		return len;
	struct txn *txn = txn_create(stack, request->method == SIP_INVITE ? TXN_CLIENT_INVITE : TXN_CLIENT_OTHER, to);
	if (!txn)
		return -ENOMEM;
	memcpy(txn->branch, branch, sizeof(branch));
	txn->owner = owner;
	txn->request = wire_copy_request(request);
	if (!txn->request || client_start(txn, (size_t)len) < 0) {
		txn_free(txn);
		return -ENOMEM;
	}
	if (out)
		*out = txn->id;
	return 0;
}

int sip_send_ack(struct sip_stack *stack, const struct sip_request *request, const struct sip_hop *to)
{
	char branch[SIP_BRANCH_SIZE];
	if (to->network >= stack->network_count)
		return -EINVAL;
	branch_make(stack, branch);
	int len = wire_request(stack, request, "ACK", to->network, branch);
	if (len < 0)
		return len;
	stack_send(stack, to, stack->out, (size_t)len, false, 0);
	return 0;
}

/* RFC 3261 9.1: the INVITE's URI, Call-ID, To, CSeq number, From, Route and top Via. */
static int client_cancel(struct txn *invite)
{
	struct sip_stack *stack = invite->stack;
	struct sip_request request = *invite->request;
	request.method = SIP_CANCEL;
	request.max_forwards = 70;
	request.contact = NULL;
	request.headers = invite->cancel_headers;
	request.content_type = NULL;
	request.body = NULL;
	int len = wire_request(stack, &request, "CANCEL", invite->hop.network, invite->branch);
	if (len < 0)
		return len;
	struct txn *txn = txn_create(stack, TXN_CLIENT_OTHER, &invite->hop);
	if (!txn)
		return -ENOMEM;
	memcpy(txn->branch, invite->branch, sizeof(txn->branch));
	txn->disowned = true;
	txn->owner = invite->owner;
	txn->request = wire_copy_request(&request);
	/* The final answer may never come (RFC 3261 9.1): the INVITE ends with its CANCEL. */
	bool timed = timer_is_set(&invite->timeout);
	if (!txn->request ||
	    timer_set(&stack->env->timers, &invite->timeout, stack->env->now_ns + 64 * stack->t1_ns) < 0) {
		txn_free(txn);
		return -ENOMEM;
	}
	if (client_start(txn, (size_t)len) < 0) {
		if (!timed)
			timer_stop(&stack->env->timers, &invite->timeout);
		txn_free(txn);
		return -ENOMEM;
	}
	invite->cancelled = true;
	return 0;
}

int sip_cancel(struct sip_stack *stack, sip_txn id, const char *headers)
{
	struct txn *txn = txn_find(stack, id);
	if (!txn || txn->kind != TXN_CLIENT_INVITE)
		return -ENOENT;
	if (txn->state != TXN_TRYING && txn->state != TXN_PROCEEDING)
		return -EALREADY;
	if (txn->cancel_wanted || txn->cancelled)
		return 0;
	if (headers && headers[0]) {
		txn->cancel_headers = strdup(headers);
		if (!txn->cancel_headers)
			return -ENOMEM;
	}
	if (txn->state == TXN_PROCEEDING) {
		int rc = client_cancel(txn);
		if (rc < 0) {
			free(txn->cancel_headers);
			txn->cancel_headers = NULL;
		}
		return rc;
	}
	txn->cancel_wanted = true;
	return 0;
}

void sip_disown(struct sip_stack *stack, sip_txn id)
{
	struct txn *txn = txn_find(stack, id);
	if (!txn || (txn->kind != TXN_CLIENT_INVITE && txn->kind != TXN_CLIENT_OTHER))
		return;
	txn->disowned = true;
	if (txn->kind == TXN_CLIENT_INVITE && txn->state == TXN_PROCEEDING && !timer_is_set(&txn->timeout))
		txn_linger(txn, 64 * stack->t1_ns); /* nobody is left to end it */
}

const struct sip_request *sip_sent_request(const struct sip_stack *stack, sip_txn id)
{
	const struct txn *txn = txn_find(stack, id);
	return txn ? txn->request : NULL;
}

static void tell(struct txn *txn, const struct sip_message *response, const struct sip_hop *from)
{
	struct sip_stack *stack = txn->stack;
	if (!txn->disowned)
		stack->user.response(stack->user.arg, txn->id, txn->owner, response, from);
	else if (txn->kind == TXN_CLIENT_INVITE && response->status / 100 == 2 && stack->user.stray)
		stack->user.stray(stack->user.arg, response, from);
}

/* RFC 3261 17.1.1.3: same branch, the answer's To, and one Route. */
static void client_ack(struct txn *txn, const struct sip_message *response)
{
	struct sip_stack *stack = txn->stack;
	struct sip_request ack = {
	    .ruri = txn->request->ruri,
	    .from = txn->request->from,
	    .to = response->to.text,
	    .call_id = txn->request->call_id,
	    .cseq = txn->request->cseq,
	    .max_forwards = 70,
	    .route = txn->request->route,
	};
	int len = wire_request(stack, &ack, "ACK", txn->hop.network, txn->branch);
	if (len < 0)
		return;
	stack_send(stack, &txn->hop, stack->out, (size_t)len, false, txn->owner);
	txn->ack = malloc((size_t)len);
	if (txn->ack) {
		memcpy(txn->ack, stack->out, (size_t)len);
		txn->ack_len = (size_t)len;
	}
}

static void invite_answered(struct txn *txn, const struct sip_message *response, const struct sip_hop *from)
{
	struct sip_stack *stack = txn->stack;
	struct timers *timers = &stack->env->timers;
	uint64_t t64 = 64 * stack->t1_ns, linger = t64;
	timer_stop(timers, &txn->retransmit);
	if (response->status < 200) {
		if (txn->state == TXN_TRYING)
			timer_stop(timers, &txn->timeout); /* timer B; from now on timer C, the user's */
		txn->state = TXN_PROCEEDING;
		if (txn->cancel_wanted && !txn->cancelled && client_cancel(txn) == 0)
			txn->cancel_wanted = false;
		if (txn->disowned && !timer_is_set(&txn->timeout) && !txn_linger(txn, t64))
			return;
		tell(txn, response, from);
		return;
	}
	if (response->status < 300) {
		txn->state = TXN_ACCEPTED; /* timer M */
	} else {
		txn->state = TXN_COMPLETED; /* timer D */
		linger = t64 > SIP_D_NS ? t64 : SIP_D_NS;
		client_ack(txn, response);
	}
	tell(txn, response, from);
	txn_linger(txn, linger);
}

static void invite_response(struct txn *txn, const struct sip_message *response, const struct sip_hop *from)
{
	struct sip_stack *stack = txn->stack;
	if (txn->state == TXN_TRYING || txn->state == TXN_PROCEEDING)
		invite_answered(txn, response, from);
	else if (txn->state == TXN_ACCEPTED && response->status / 100 == 2)
		tell(txn, response, from);
	else if (txn->state == TXN_COMPLETED && response->status >= 300 && txn->ack)
		stack_send(stack, &txn->hop, txn->ack, txn->ack_len, true, txn->owner);
}

static void other_response(struct txn *txn, const struct sip_message *response, const struct sip_hop *from)
{
	if (txn->state == TXN_COMPLETED)
		return;
	if (response->status < 200) {
		txn->state = TXN_PROCEEDING;
		tell(txn, response, from);
		return;
	}
	txn->state = TXN_COMPLETED;
	timer_stop(&txn->stack->env->timers, &txn->retransmit);
	tell(txn, response, from);
	txn_linger(txn, SIP_T4_NS); /* timer K */
}

static bool is_ours(const struct sip_stack *stack, const struct sip_message *response, uint32_t network)
{
	const struct sip_via *via = &response->via[0];
	const struct sent_by *we = &stack->sent_by[network];
	/* RFC 3261 8.1.3.3: more than one Via is not for a user agent. */
	return response->via_count == 1 && strcmp(via->host, we->host) == 0 &&
	       (via->port ? via->port : 5060) == (we->port ? we->port : 5060);
}

/* A final answer to a transaction that has one; what repeats a provisional answer cannot be told from a new one. */
static bool is_repeat(const struct txn *txn, const struct sip_message *response)
{
	return response->status >= 200 && txn->state >= TXN_ACCEPTED;
}

void client_receive(struct sip_stack *stack, const struct sip_message *response, const struct sip_hop *from)
{
	if (!is_ours(stack, response, from->network)) {
		stack_heard(stack, response, from, false, 0);
		stack->counts.stray++;
		return;
	}
	struct table_key key = key_client(stack, response->via[0].branch, response->method_name);
	struct txn *txn = table_get(&stack->table, &key);
	if (!txn) {
		stack->counts.stray++;
		stack_heard(stack, response, from, false, 0);
		if (response->method == SIP_INVITE && response->status / 100 == 2 && stack->user.stray)
			stack->user.stray(stack->user.arg, response, from);
		return;
	}
	if (from->network != txn->hop.network || !xf_addr_eq(&from->remote.addr, &txn->hop.remote.addr) ||
	    response->cseq != txn->request->cseq || strcmp(response->call_id, txn->request->call_id) != 0) {
		stack->counts.stray++;
		stack_heard(stack, response, from, false, 0);
		return;
	}
	stack_heard(stack, response, from, is_repeat(txn, response), txn->owner);
	if (txn->kind == TXN_CLIENT_INVITE)
		invite_response(txn, response, from);
	else
		other_response(txn, response, from);
}
