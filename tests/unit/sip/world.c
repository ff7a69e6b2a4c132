#include "world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void world_random_bytes(void *arg, void *buf, size_t len)
{
	struct world *world = ((struct node *)arg)->world;
	for (size_t i = 0; i < len; i++) {
		world->random = world->random * 6364136223846793005ull + 1442695040888963407ull;
		((uint8_t *)buf)[i] = (uint8_t)(world->random >> 56);
	}
}

static void world_log(void *arg, enum log_level level, const char *line)
{
}

static void world_send_sip(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len)
{
	struct node *node = arg;
	struct world *world = node->world;
	cr_assert_lt(world->sent_count, WORLD_SENT);
	unsigned nth = world->sent_count++;
	struct sent *sent = &world->sent[nth];
	*sent = (struct sent){.time_ns = world->now_ns, .node = node->index, .to = *to, .len = len};
	sent->data = malloc(len + 1);
	memcpy(sent->data, data, len);
	sent->data[len] = 0;
	snprintf(sent->start, sizeof(sent->start), "%.*s", (int)strcspn(sent->data, "\r"), sent->data);
	const char *cseq = strstr(sent->data, "CSeq: ");
	if (cseq)
		sscanf(cseq, "CSeq: %*u %15s", sent->method);
	sent->lost = (world->lose && world->lose(world, nth, sent)) || (int)nth == world->lose_nth;
}

static struct event *record(struct node *node, enum event_kind kind, sip_txn txn)
{
	cr_assert_lt(node->event_count, WORLD_EVENTS);
	struct event *event = &node->events[node->event_count++];
	*event = (struct event){.time_ns = node->world->now_ns, .kind = kind, .txn = txn};
	return event;
}

static void on_request(void *arg, sip_txn txn, const struct sip_message *request, const struct sip_hop *from)
{
	struct node *node = arg;
	record(node, EVENT_REQUEST, txn)->method = request->method;
	if (request->method == SIP_INVITE)
		node->invite = txn;
	if (node->hooks.request)
		node->hooks.request(node, txn, request);
}

static void on_cancelled(void *arg, sip_txn txn, uint64_t owner)
{
	struct node *node = arg;
	record(node, EVENT_CANCELLED, txn);
	if (node->hooks.cancelled)
		node->hooks.cancelled(node, txn);
}

static void on_ack(void *arg, const struct sip_message *ack, const struct sip_hop *from)
{
	struct node *node = arg;
	record(node, EVENT_ACK, 0);
	if (node->hooks.ack)
		node->hooks.ack(node, ack);
}

static void on_response(void *arg, sip_txn txn, uint64_t owner, const struct sip_message *response,
			const struct sip_hop *from)
{
	struct node *node = arg;
	struct event *event = record(node, EVENT_RESPONSE, txn);
	event->owner = owner;
	event->status = response->status;
	event->method = response->method;
	snprintf(event->to_tag, sizeof(event->to_tag), "%s", response->to.tag);
	if (node->hooks.response)
		node->hooks.response(node, txn, response);
}

static void on_failed(void *arg, sip_txn txn, uint64_t owner, enum sip_failure failure)
{
	struct event *event = record(arg, EVENT_FAILED, txn);
	event->owner = owner;
	event->status = failure;
}

static void on_stray(void *arg, const struct sip_message *response, const struct sip_hop *from)
{
	record(arg, EVENT_STRAY, 0)->status = response->status;
}

static void node_init(struct world *world, unsigned index)
{
	struct node *node = &world->nodes[index];
	struct sip_network network;
	uint8_t bytes[4] = {192, 0, 2, (uint8_t)(index + 1)};
	node->world = world;
	node->index = index;
	node->addr = (struct xf_sockaddr){.addr = xf_addr_v4(bytes), .port = 5060};
	node->seam = (struct seam){
	    .arg = node,
	    .random = world_random_bytes,
	    .send_sip = world_send_sip,
	    .log = world_log,
	};
	node->env = (struct env){.seam = &node->seam};
	timers_init(&node->env.timers);
	snprintf(network.sent_by, sizeof(network.sent_by), "192.0.2.%u:5060", index + 1);
	struct sip_user user = {
	    .arg = node,
	    .request = on_request,
	    .cancelled = on_cancelled,
	    .ack = on_ack,
	    .response = on_response,
	    .failed = on_failed,
	    .stray = on_stray,
	};
	cr_assert_eq(sip_stack_create(&node->stack, &node->env, &user, &network, 1, 500, "xfergate/test"), 0);
}

void world_init(struct world *world, unsigned nodes)
{
	memset(world, 0, sizeof(*world));
	world->random = 42;
	world->lose_nth = -1;
	world->node_count = nodes;
	for (unsigned i = 0; i < nodes; i++)
		node_init(world, i);
}

void world_fini(struct world *world)
{
	for (unsigned i = 0; i < world->node_count; i++) {
		sip_stack_destroy(world->nodes[i].stack);
		timers_fini(&world->nodes[i].env.timers);
	}
	for (unsigned i = 0; i < world->sent_count; i++)
		free(world->sent[i].data);
}

void world_inject(struct node *node, const struct xf_sockaddr *from, const char *data, size_t len)
{
	struct sip_hop hop = {.network = 0, .remote = *from};
	node->env.now_ns = node->world->now_ns;
	sip_stack_receive(node->stack, &hop, data, len);
}

static void world_deliver(struct world *world, struct sent *sent)
{
	sent->delivered = true;
	if (sent->lost)
		return;
	for (unsigned i = 0; i < world->node_count; i++)
		if (xf_sockaddr_eq(&world->nodes[i].addr, &sent->to))
			world_inject(&world->nodes[i], &world->nodes[sent->node].addr, sent->data, sent->len);
}

void world_run(struct world *world, uint64_t until_ns)
{
	for (;;) {
		uint64_t next = UINT64_MAX;
		if (world->delivered_upto < world->sent_count)
			next = world->sent[world->delivered_upto].time_ns + LATENCY_NS;
		for (unsigned i = 0; i < world->node_count; i++) {
			uint64_t timer = timers_next(&world->nodes[i].env.timers);
			next = timer < next ? timer : next;
		}
		if (next > until_ns || next == UINT64_MAX)
			break;
		world->now_ns = next > world->now_ns ? next : world->now_ns;
		while (world->delivered_upto < world->sent_count &&
		       world->sent[world->delivered_upto].time_ns + LATENCY_NS <= world->now_ns)
			world_deliver(world, &world->sent[world->delivered_upto++]);
		for (unsigned i = 0; i < world->node_count; i++) {
			world->nodes[i].env.now_ns = world->now_ns;
			timers_run(&world->nodes[i].env.timers, world->now_ns);
		}
	}
	if (until_ns != UINT64_MAX && until_ns > world->now_ns)
		world->now_ns = until_ns;
}

void world_assert_empty(struct world *world)
{
	for (unsigned i = 0; i < world->node_count; i++) {
		struct sip_counts counts;
		sip_stack_counts(world->nodes[i].stack, &counts);
		cr_assert_eq(counts.transactions, 0, "node %u has %u transactions", i, counts.transactions);
		cr_assert_eq(timers_next(&world->nodes[i].env.timers), UINT64_MAX, "node %u has a timer", i);
	}
}

unsigned world_count_sent(const struct world *world, unsigned node, const char *start)
{
	unsigned count = 0;
	for (unsigned i = 0; i < world->sent_count; i++)
		count += world->sent[i].node == node && strncmp(world->sent[i].start, start, strlen(start)) == 0;
	return count;
}

const struct sent *world_find_sent(const struct world *world, unsigned node, const char *start, unsigned nth)
{
	for (unsigned i = 0; i < world->sent_count; i++)
		if (world->sent[i].node == node && strncmp(world->sent[i].start, start, strlen(start)) == 0 &&
		    nth-- == 0)
			return &world->sent[i];
	return NULL;
}

unsigned node_count_events(const struct node *node, enum event_kind kind, int status)
{
	unsigned count = 0;
	for (unsigned i = 0; i < node->event_count; i++)
		count += node->events[i].kind == kind && (status < 0 || node->events[i].status == status);
	return count;
}

const struct event *node_find_event(const struct node *node, enum event_kind kind, int status)
{
	for (unsigned i = 0; i < node->event_count; i++)
		if (node->events[i].kind == kind && (status < 0 || node->events[i].status == status))
			return &node->events[i];
	return NULL;
}

struct sip_hop world_hop(const struct world *world, unsigned node)
{
	return (struct sip_hop){.network = 0, .remote = world->nodes[node].addr};
}

struct sip_request world_request(enum sip_method method)
{
	return (struct sip_request){
	    .method = method,
	    .ruri = "sip:bob@192.0.2.2",
	    .from = "<sip:alice@192.0.2.1>;tag=alice",
	    .to = "<sip:bob@192.0.2.2>",
	    .call_id = "call-1@192.0.2.1",
	    .cseq = 1,
	    .max_forwards = 70,
	    .contact = "<sip:alice@192.0.2.1:5060>",
	};
}

sip_txn world_send(struct world *world, const struct sip_request *request, uint64_t owner)
{
	struct sip_hop to = world_hop(world, 1);
	sip_txn txn = 0;
	world->nodes[0].env.now_ns = world->now_ns;
	cr_assert_eq(sip_send(world->nodes[0].stack, &txn, request, &to, owner), 0);
	cr_assert_neq(txn, 0);
	return txn;
}
