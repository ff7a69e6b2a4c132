#include "sip/stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "sip/lex.h"
#include "sip/txn.h"

/* A transaction's name: 40 bits that count up, 24 bits of slot. */
#define SLOT_BITS 24
#define SLOT_MAX  (1u << SLOT_BITS)

static int slots_grow(struct sip_stack *stack)
{
	uint32_t count = stack->slot_count ? stack->slot_count * 2 : 64;
	if (count > SLOT_MAX)
		return -ENOMEM;
	struct txn_slot *slots = reallocarray(stack->slots, count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = count; i-- > stack->slot_count;) {
		slots[i] = (struct txn_slot){.next_free = stack->slot_free};
		stack->slot_free = i + 1;
	}
	stack->slots = slots;
	stack->slot_count = count;
	return 0;
}

struct txn *txn_create(struct sip_stack *stack, enum txn_kind kind, const struct sip_hop *hop)
{
	if (!stack->slot_free && slots_grow(stack) < 0)
		return NULL;
	struct txn *txn = calloc(1, sizeof(*txn));
	if (!txn)
		return NULL;
	uint32_t slot = stack->slot_free - 1;
	stack->slot_free = stack->slots[slot].next_free;
	stack->slots[slot].txn = txn;
	txn->id = ++stack->serial << SLOT_BITS | slot;
	txn->stack = stack;
	txn->kind = kind;
	txn->hop = *hop;
	txn->retransmit.arg = txn->timeout.arg = txn;
	stack->counts.transactions++;
	return txn;
}

void txn_unlink(struct txn *txn)
{
	struct sip_stack *stack = txn->stack;
	uint32_t slot = txn->id & (SLOT_MAX - 1);
	if (stack->slots[slot].txn != txn)
		return;
	table_del(&stack->table, &txn->by_key);
	table_del(&stack->table, &txn->by_merge);
	timer_stop(&stack->env->timers, &txn->retransmit);
	timer_stop(&stack->env->timers, &txn->timeout);
	stack->slots[slot] = (struct txn_slot){.next_free = stack->slot_free};
	stack->slot_free = slot + 1;
	stack->counts.transactions--;
}

void txn_free(struct txn *txn)
{
	txn_unlink(txn);
	free(txn->packet);
	free(txn->request);
	free(txn->ack);
	free(txn->cancel_headers);
	sip_message_destroy(txn->message);
	free(txn);
}

struct txn *txn_find(const struct sip_stack *stack, sip_txn id)
{
	uint32_t slot = id & (SLOT_MAX - 1);
	struct txn *txn = slot < stack->slot_count ? stack->slots[slot].txn : NULL;
	return txn && txn->id == id ? txn : NULL;
}

int txn_keep(struct txn *txn, size_t len)
{
	char *packet = malloc(len);
	if (!packet)
		return -ENOMEM;
	free(txn->packet);
	txn->packet = memcpy(packet, txn->stack->out, len);
	txn->packet_len = len;
	return 0;
}

void txn_send(struct txn *txn, bool again)
{
	if (txn->packet)
		stack_send(txn->stack, &txn->hop, txn->packet, txn->packet_len, again, txn->owner);
}

bool txn_linger(struct txn *txn, uint64_t ns)
{
	if (timer_set(&txn->stack->env->timers, &txn->timeout, txn->stack->env->now_ns + ns) == 0)
		return true;
	txn_free(txn);
	return false;
}

void stack_heard(const struct sip_stack *stack, const struct sip_message *message, const struct sip_hop *from,
		 bool repeated, uint64_t owner)
{
	struct sip_traffic traffic = {.repeated = repeated,
				      .peer = from,
				      .data = stack->datagram,
				      .len = stack->datagram_len,
				      .message = message,
				      .owner = owner};
	if (stack->user.traffic)
		stack->user.traffic(stack->user.arg, &traffic);
}

void stack_send(struct sip_stack *stack, const struct sip_hop *to, const char *data, size_t len, bool again,
		uint64_t owner)
{
	const struct seam *seam = stack->env->seam;
	struct sip_traffic traffic = {
	    .sent = true, .repeated = again, .peer = to, .data = data, .len = len, .owner = owner};
	stack->counts.sent++;
	stack->counts.repeated += again;
	if (stack->user.traffic)
		stack->user.traffic(stack->user.arg, &traffic);
	seam->send_sip(seam->arg, to->network, &to->remote, data, len);
}

static void key_hop(struct siphash *hash, const struct sip_hop *hop)
{
	siphash_add(hash, &hop->network, sizeof(hop->network));
	siphash_add(hash, &hop->remote.addr, sizeof(hop->remote.addr));
}

struct table_key key_client(const struct sip_stack *stack, const char *branch, const char *method)
{
	struct siphash hash;
	struct table_key key;
	siphash_init(&hash, stack->secret);
	siphash_add_string(&hash, "client");
	siphash_add_string(&hash, branch);
	siphash_add_string(&hash, method);
	siphash_end(&hash, key.word);
	return key;
}

/* The source is part of the key: nobody else can repeat, cancel or acknowledge what one host asked. Its port is not,
 * for a NAT may change it. */
struct table_key key_server(const struct sip_stack *stack, const struct sip_hop *from,
			    const struct sip_message *message, const char *method)
{
	const struct sip_via *via = &message->via[0];
	size_t cookie = strlen(SIP_BRANCH_COOKIE);
	struct siphash hash;
	struct table_key key;
	siphash_init(&hash, stack->secret);
	if (strncasecmp(via->branch, SIP_BRANCH_COOKIE, cookie) == 0 && via->branch[cookie]) {
		siphash_add_string(&hash, "server");
		siphash_add_string(&hash, via->branch);
		siphash_add_string(&hash, via->host);
		siphash_add(&hash, &via->port, sizeof(via->port));
	} else { /* RFC 3261 17.2.3: of an RFC 2543 element; without the To tag, which the ACK adds */
		siphash_add_string(&hash, "server-2543");
		siphash_add_string(&hash, via->text);
		siphash_add_string(&hash, message->ruri_text);
		siphash_add_string(&hash, message->from.tag[0] ? message->from.tag : message->from.text);
		siphash_add_string(&hash, message->call_id);
		siphash_add(&hash, &message->cseq, sizeof(message->cseq));
	}
	siphash_add_string(&hash, method);
	key_hop(&hash, from);
	siphash_end(&hash, key.word);
	return key;
}

struct table_key key_merge(const struct sip_stack *stack, const struct sip_message *message)
{
	struct siphash hash;
	struct table_key key;
	siphash_init(&hash, stack->secret);
	siphash_add_string(&hash, "merge");
	siphash_add_string(&hash, message->call_id);
	siphash_add_string(&hash, message->from.tag);
	siphash_add_string(&hash, message->method_name);
	siphash_add(&hash, &message->cseq, sizeof(message->cseq));
	siphash_end(&hash, key.word);
	return key;
}

/* "host", "host:port", "[IPv6]:port" */
static int sent_by_parse(struct sent_by *out, const char *text)
{
	const char *end = text + strlen(text);
	const char *bracket = text[0] == '[' ? strchr(text, ']') : text;
	const char *colon = bracket ? strchr(bracket, ':') : NULL;
	const char *host_end = colon ? colon : end;
	unsigned long port = 0;
	if (!bracket || !lex_is_host(text, (size_t)(host_end - text)) ||
	    (colon && !lex_number(colon + 1, (size_t)(end - colon - 1), 65535, &port)))
		return -EINVAL;
	size_t skip = text[0] == '[', len = (size_t)(host_end - text) - 2 * skip;
	for (size_t i = 0; i < len; i++) {
		char c = text[skip + i];
		out->host[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	out->host[len] = 0;
	out->port = (uint16_t)port;
	return 0;
}

static int networks_copy(struct sip_stack *stack, const struct sip_network *networks, uint32_t count)
{
	stack->networks = calloc(count ? count : 1, sizeof(*stack->networks));
	stack->sent_by = calloc(count ? count : 1, sizeof(*stack->sent_by));
	if (!stack->networks || !stack->sent_by)
		return -ENOMEM;
	stack->network_count = count;
	for (uint32_t i = 0; i < count; i++) {
		stack->networks[i] = networks[i];
		int rc = sent_by_parse(&stack->sent_by[i], networks[i].sent_by);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sip_stack_create(struct sip_stack **out, struct env *env, const struct sip_user *user,
		     const struct sip_network *networks, uint32_t network_count, uint32_t t1_ms, const char *user_agent)
{
	struct sip_stack *stack = calloc(1, sizeof(*stack));
	if (!stack)
		return -ENOMEM;
	stack->env = env;
	stack->user = *user;
	stack->t1_ns = (t1_ms ? t1_ms : 500) * NS_PER_MS;
	snprintf(stack->user_agent, sizeof(stack->user_agent), "%s", user_agent ? user_agent : "");
	stack->secret[0] = env_random64(env);
	stack->secret[1] = env_random64(env);
	int rc = table_init(&stack->table);
	if (rc == 0)
		rc = networks_copy(stack, networks, network_count);
	if (rc < 0) {
		sip_stack_destroy(stack);
		return rc;
	}
	*out = stack;
	return 0;
}

void sip_stack_destroy(struct sip_stack *stack)
{
	if (!stack)
		return;
	for (uint32_t i = 0; i < stack->slot_count; i++)
		if (stack->slots[i].txn)
			txn_free(stack->slots[i].txn);
	table_fini(&stack->table);
	free(stack->slots);
	free(stack->networks);
	free(stack->sent_by);
	free(stack);
}

void sip_stack_counts(const struct sip_stack *stack, struct sip_counts *counts)
{
	*counts = stack->counts;
}

/* CRLF and NUL keep-alives, and STUN (its first two bits are 0, and no SIP message begins so). */
static bool is_keep_alive(const char *data, size_t len)
{
	if (len >= 20 && (unsigned char)data[0] < 4 && memcmp(data + 4, "\x21\x12\xa4\x42", 4) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (data[i] != '\r' && data[i] != '\n' && data[i] != 0)
			return false;
	return true;
}

static void log_malformed(const struct sip_stack *stack, const struct sip_hop *from, const char *why)
{
	char source[XF_SOCKADDR_STRLEN], quoted[256];
	log_event(stack->env, LOG_LEVEL_DEBUG, "event=sip-malformed network=%u from=%s why=%s", from->network,
		  xf_sockaddr_format(&from->remote, source), log_quote(quoted, sizeof(quoted), why));
}

static void refuse_malformed(struct sip_stack *stack, const struct sip_message *message, const struct sip_hop *from,
			     int error, const char *why)
{
	char headers[256] = "", quoted[160];
	size_t n = 0;
	for (const char *p = why; *p && n + 1 < sizeof(quoted); p++)
		quoted[n++] = *p == '"' || *p == '\\' ? '\'' : *p;
	quoted[n] = 0;
	sip_headers_add(headers, sizeof(headers), "Warning", "399 xfergate \"%s\"", quoted);
	if (error == -EPROTONOSUPPORT)
		server_refuse(stack, message, from, 505, NULL, headers);
	else if (error == -E2BIG)
		server_refuse(stack, message, from, 513, NULL, headers);
	else
		server_refuse(stack, message, from, 400, quoted, headers);
}

void sip_stack_receive(struct sip_stack *stack, const struct sip_hop *from, const char *data, size_t len)
{
	struct sip_message *message;
	char why[160];
	stack->counts.received++;
	if (from->network >= stack->network_count || is_keep_alive(data, len))
		return;
	stack->datagram = data;
	stack->datagram_len = len;
	int rc = sip_message_parse(&message, data, len, why, sizeof(why));
	if (rc < 0) {
		stack_heard(stack, NULL, from, false, 0);
		stack->counts.malformed++;
		log_malformed(stack, from, why);
		if (message)
			refuse_malformed(stack, message, from, rc, why);
		sip_message_destroy(message);
	} else if (message->request) {
		server_receive(stack, message, from);
	} else {
		client_receive(stack, message, from);
		sip_message_destroy(message);
	}
}
