/* Out of memory at each allocation in turn: an error, never a crash, a leak, or a transaction that stays. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../memory/out_of_memory.h"
#include "sip/resolver.h"
#include "world.h"

static const char invite[] =
    "INVITE sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bKx;rport\r\n"
    "From: \"Alice\" <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1@x\r\n"
    "CSeq: 5 INVITE\r\nContact: <sip:alice@198.51.100.7>, <sip:a2@198.51.100.7>\r\nRecord-Route: "
    "<sip:p.example.com;lr>\r\n"
    "Content-Type: application/sdp\r\n\r\nv=0\r\n";

Test(memory, message)
{
	long limit = 0;
	for (;; limit++) {
		struct sip_message *message;
		char why[160];
		memory_allowed = limit;
		int rc = sip_message_parse(&message, invite, sizeof(invite) - 1, why, sizeof(why));
		memory_allowed = -1;
		/* libosip2 out of memory is a disagreement: memory_refused all the same. */
		cr_assert(rc == 0 || rc == -ENOMEM || rc == -EBADMSG);
		sip_message_destroy(message);
		if (rc == 0)
			break;
	}
	cr_assert_gt(limit, 10);
	cr_assert_gt(memory_refused, 10);
}

static struct world world;
static void (*world_send_real)(void *, uint32_t, const struct xf_sockaddr *, const void *, size_t);

/* What the test itself allocates is not counted. */
static void send_uncounted(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len)
{
	long left = memory_allowed;
	memory_allowed = -1;
	world_send_real(arg, network, to, data, len);
	memory_allowed = left;
}

static void begin(void)
{
	world_init(&world, 1);
	world_send_real = world.nodes[0].seam.send_sip;
	world.nodes[0].seam.send_sip = send_uncounted;
}

static void ring_then_answer(struct node *node, sip_txn txn, const struct sip_message *request)
{
	struct sip_reply ringing = {.status = 180, .to_tag = "bob"}, ok = {.status = 200, .to_tag = "bob"};
	sip_respond(node->stack, txn, &ringing);
	sip_respond(node->stack, txn, &ok);
}

static void make_sure(struct node *node)
{
	struct sip_reply error = {.status = 500};
	for (unsigned i = 0; i < node->event_count; i++)
		if (node->events[i].kind == EVENT_REQUEST)
			sip_respond(node->stack, node->events[i].txn, &error);
}

/* The nth allocation of a received INVITE fails; what the stack could not do, the peer's repeat makes it do. */
Test(memory, server)
{
	for (long limit = 0; limit < 200; limit++) {
		struct xf_sockaddr from = {.port = 5070};
		begin();
		xf_addr_parse(&from.addr, "198.51.100.7");
		world.nodes[0].hooks.request = ring_then_answer;
		memory_allowed = limit;
		world_inject(&world.nodes[0], &from, invite, sizeof(invite) - 1);
		memory_allowed = -1;
		make_sure(&world.nodes[0]);
		world_inject(&world.nodes[0], &from, invite, sizeof(invite) - 1);
		cr_assert_eq(node_count_events(&world.nodes[0], EVENT_REQUEST, -1), 1, "limit %ld", limit);
		world_run(&world, UINT64_MAX);
		world_assert_empty(&world);
		world_fini(&world);
	}
}

static void cancel_at_180(struct node *node, sip_txn txn, const struct sip_message *response)
{
	if (response->status == 180)
		sip_cancel(node->stack, txn, "X: y\r\n");
}

/* The nth allocation of sending, of the answers' reading, or of CANCEL fails. */
Test(memory, client)
{
	bool sent_once = false;
	for (long limit = 0; limit < 400; limit++) {
		struct sip_request request = world_request(SIP_INVITE);
		struct sip_hop to;
		sip_txn txn = 0;
		begin();
		to = world_hop(&world, 1);
		xf_addr_parse(&to.remote.addr, "198.51.100.7");
		to.remote.port = 5060;
		world.nodes[0].hooks.response = cancel_at_180;
		char headers[] = "X-One: 1\r\n";
		request.headers = headers;
		memory_allowed = limit;
		int rc = sip_send(world.nodes[0].stack, &txn, &request, &to, 1);
		long left = memory_allowed;
		memory_allowed = -1;
		cr_assert(rc == 0 || rc == -ENOMEM);
		sent_once = sent_once || rc == 0;
		if (rc == 0) {
			static const char *const statuses[] = {"100 x", "180 x", "487 x", "487 x"};
			const char *via = strstr(world.sent[0].data, "Via:");
			for (unsigned i = 0; i < 4; i++) {
				char text[1024];
				int n = snprintf(text, sizeof(text),
						 "SIP/2.0 %s\r\n%.*s\r\nFrom: <sip:alice@192.0.2.1>;tag=alice\r\n"
						 "To: <sip:bob@192.0.2.2>;tag=bob\r\nCall-ID: "
						 "call-1@192.0.2.1\r\nCSeq: 1 INVITE\r\n\r\n",
						 statuses[i], (int)strcspn(via, "\r"), via);
				memory_allowed = left;
				world_inject(&world.nodes[0], &to.remote, text, (size_t)n);
				left = memory_allowed;
				memory_allowed = -1;
			}
			/* Whatever was lost in between: a final answer ends it. */
			cr_assert_eq(sip_sent_request(world.nodes[0].stack, txn) != NULL || left == 0, true);
			sip_disown(world.nodes[0].stack, txn);
		}
		world_run(&world, UINT64_MAX);
		world_assert_empty(&world);
		world_fini(&world);
	}
	cr_assert(sent_once);
}

static void ignore_resolve(void *arg, uint64_t query, const char *name)
{
}

static void ignore_done(void *arg, uint64_t owner, const struct xf_sockaddr *addrs, unsigned count, const char *why)
{
	++*(unsigned *)arg;
}

Test(memory, create_and_resolve)
{
	struct seam seam = {.resolve = ignore_resolve};
	for (long limit = 0; limit < 8; limit++) {
		struct env env = {.seam = &seam};
		struct resolver *resolver = NULL;
		struct sip_uri uri;
		unsigned told = 0;
		timers_init(&env.timers);
		sip_uri_parse(&uri, "sip:a.example.com", 17);
		memory_allowed = limit;
		int rc = resolver_create(&resolver, &env, ignore_done, &told);
		int asked = rc == 0 ? resolver_ask(resolver, 1, &uri) : -ENOMEM;
		memory_allowed = -1;
		cr_assert(rc == 0 || rc == -ENOMEM);
		cr_assert_eq(asked, limit >= 3 ? 0 : -ENOMEM, "limit %ld", limit);
		timers_run(&env.timers, 10 * NS_PER_S);
		cr_assert_eq(told, asked == 0 ? 1 : 0);
		resolver_destroy(resolver);
		timers_fini(&env.timers);
	}
}
