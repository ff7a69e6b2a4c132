/* Transactions between two stacks, with loss. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include "world.h"

#define T1 (500 * NS_PER_MS)

static struct world world;

static void answer_200(struct node *node, sip_txn txn, const struct sip_message *request)
{
	struct sip_reply ringing = {.status = 180, .to_tag = "bob"}, ok = {.status = 200, .to_tag = "bob"};
	if (request->method == SIP_INVITE)
		cr_assert_eq(sip_respond(node->stack, txn, &ringing), 0);
	cr_assert_eq(sip_respond(node->stack, txn, &ok), 0);
	cr_assert_eq(sip_respond(node->stack, txn, &ok), -EALREADY);
}

static void answer_486(struct node *node, sip_txn txn, const struct sip_message *request)
{
	struct sip_reply busy = {.status = 486, .to_tag = "bob"};
	cr_assert_eq(sip_respond(node->stack, txn, &busy), 0);
}

static void answer_180(struct node *node, sip_txn txn, const struct sip_message *request)
{
	struct sip_reply ringing = {.status = 180, .to_tag = "bob"};
	cr_assert_eq(sip_respond(node->stack, txn, &ringing), 0);
}

static void answer_487(struct node *node, sip_txn txn)
{
	struct sip_reply terminated = {.status = 487, .to_tag = "bob"};
	sip_respond(node->stack, txn, &terminated);
}

static void take_ack(struct node *node, const struct sip_message *ack)
{
	node->dialog_acks++;
	sip_acked(node->stack, node->invite);
}

/* As a user must: each 2xx is acknowledged. */
static void send_ack(struct node *node, sip_txn txn, const struct sip_message *response)
{
	struct sip_request ack = world_request(SIP_ACK);
	struct sip_hop to = world_hop(node->world, 1);
	if (response->method != SIP_INVITE || response->status / 100 != 2)
		return;
	ack.to = response->to.text;
	cr_assert_eq(sip_send_ack(node->stack, &ack, &to), 0);
}

static void begin(void)
{
	world_init(&world, 2);
	world.nodes[0].hooks.response = send_ack;
	world.nodes[1].hooks.ack = take_ack;
}

static void end(void)
{
	world_run(&world, UINT64_MAX);
	world_assert_empty(&world);
	world_fini(&world);
}

/* The times at which a node sent messages that begin so, in ms. */
static void assert_schedule(unsigned node, const char *start, const unsigned *want_ms, unsigned count)
{
	unsigned n = world_count_sent(&world, node, start);
	cr_assert_eq(n, count, "%s: %u times, want %u", start, n, count);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(world_find_sent(&world, node, start, i)->time_ns, want_ms[i] * NS_PER_MS, "%s number %u",
			     start, i);
}
#define ASSERT_SCHEDULE(node, start, ...)                                                                              \
	assert_schedule(node, start, (unsigned[]){__VA_ARGS__}, sizeof((unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static bool lose_all(struct world *w, unsigned nth, const struct sent *sent)
{
	return true;
}

static bool lose_acks(struct world *w, unsigned nth, const struct sent *sent)
{
	return strncmp(sent->start, "ACK", 3) == 0;
}

static bool lose_responses(struct world *w, unsigned nth, const struct sent *sent)
{
	return strncmp(sent->start, "SIP/2.0", 7) == 0;
}

static bool lose_finals(struct world *w, unsigned nth, const struct sent *sent)
{
	return strncmp(sent->start, "SIP/2.0", 7) == 0 && strncmp(sent->start, "SIP/2.0 1", 9) != 0;
}

Test(stack, invite_200_ack)
{
	begin();
	world.nodes[1].hooks.request = answer_200;
	struct sip_request invite = world_request(SIP_INVITE);
	sip_txn txn = world_send(&world, &invite, 77);
	world_run(&world, UINT64_MAX);
	struct node *alice = &world.nodes[0];
	cr_assert_eq(node_count_events(alice, EVENT_RESPONSE, 100), 1);
	cr_assert_eq(node_count_events(alice, EVENT_RESPONSE, 180), 1);
	cr_assert_eq(node_count_events(alice, EVENT_RESPONSE, 200), 1);
	cr_assert_eq(node_find_event(alice, EVENT_RESPONSE, 200)->owner, 77);
	cr_assert_eq(node_find_event(alice, EVENT_RESPONSE, 200)->txn, txn);
	cr_assert_str_eq(node_find_event(alice, EVENT_RESPONSE, 200)->to_tag, "bob");
	cr_assert_eq(world.nodes[1].dialog_acks, 1);
	cr_assert_eq(node_count_events(alice, EVENT_FAILED, -1), 0);
	cr_assert_eq(node_count_events(&world.nodes[1], EVENT_FAILED, -1), 0);
	cr_assert_eq(world.sent_count, 5, "INVITE, 100, 180, 200, ACK");
	cr_assert_eq(world.now_ns, LATENCY_NS * 2 + 64 * T1, "timer M is the last; L ended one latency before");
	end();
}

/* Each message of a call lost once, in turn: the outcome is the same. */
static void lose_each(void (*answer)(struct node *, sip_txn, const struct sip_message *), enum sip_method method,
		      int final)
{
	for (int lost = 0; lost < 12; lost++) {
		begin();
		world.lose_nth = lost;
		world.nodes[1].hooks.request = answer;
		struct sip_request request = world_request(method);
		world_send(&world, &request, 1);
		world_run(&world, UINT64_MAX);
		cr_assert_eq(node_count_events(&world.nodes[1], EVENT_REQUEST, -1), 1, "lost %d", lost);
		cr_assert_geq(node_count_events(&world.nodes[0], EVENT_RESPONSE, final), 1, "lost %d", lost);
		for (unsigned i = 0; i < 2; i++)
			cr_assert_eq(node_count_events(&world.nodes[i], EVENT_FAILED, -1), 0, "lost %d node %u", lost,
				     i);
		if (method == SIP_INVITE && final / 100 == 2)
			cr_assert_geq(world.nodes[1].dialog_acks, 1, "lost %d", lost);
		else
			cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, final), 1, "lost %d", lost);
		end();
	}
}

Test(stack, any_one_loss_is_made_good)
{
	lose_each(answer_200, SIP_INVITE, 200);
	lose_each(answer_486, SIP_INVITE, 486);
	lose_each(answer_200, SIP_BYE, 200);
	lose_each(answer_486, SIP_OPTIONS, 486);
}

Test(stack, schedule_of_invite_without_answer)
{
	begin();
	world.lose = lose_all;
	struct sip_request invite = world_request(SIP_INVITE);
	sip_txn txn = world_send(&world, &invite, 9);
	world_run(&world, UINT64_MAX);
	ASSERT_SCHEDULE(0, "INVITE", 0, 500, 1500, 3500, 7500, 15500, 31500);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_FAILED, SIP_FAILURE_TIMEOUT), 1);
	const struct event *failed = node_find_event(&world.nodes[0], EVENT_FAILED, -1);
	cr_assert_eq(failed->time_ns, 64 * T1, "timer B");
	cr_assert_eq(failed->txn, txn);
	cr_assert_eq(failed->owner, 9);
	end();
}

Test(stack, schedule_of_another_request_without_answer)
{
	begin();
	world.lose = lose_all;
	struct sip_request bye = world_request(SIP_BYE);
	world_send(&world, &bye, 9);
	world_run(&world, UINT64_MAX);
	ASSERT_SCHEDULE(0, "BYE", 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
	cr_assert_eq(node_find_event(&world.nodes[0], EVENT_FAILED, -1)->time_ns, 64 * T1, "timer F");
	end();
}

Test(stack, a_provisional_answer_slows_another_request_to_t2)
{
	begin();
	world.nodes[1].hooks.request = answer_180;
	struct sip_request options = world_request(SIP_OPTIONS);
	world_send(&world, &options, 1);
	world_run(&world, 70 * NS_PER_S);
	ASSERT_SCHEDULE(0, "OPTIONS", 0, 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 180), 9, "each repeat is answered again");
	cr_assert_eq(node_find_event(&world.nodes[0], EVENT_FAILED, -1)->time_ns, 64 * T1);
	answer_487(&world.nodes[1], world.nodes[1].events[0].txn);
	end();
}

Test(stack, schedule_of_2xx_without_ack)
{
	begin();
	world.lose = lose_acks;
	world.nodes[1].hooks.request = answer_200;
	struct sip_request invite = world_request(SIP_INVITE);
	world_send(&world, &invite, 1);
	world_run(&world, UINT64_MAX);
	ASSERT_SCHEDULE(1, "SIP/2.0 200", 5, 505, 1505, 3505, 7505, 11505, 15505, 19505, 23505, 27505, 31505);
	cr_assert_eq(node_count_events(&world.nodes[1], EVENT_FAILED, SIP_FAILURE_UNACKED), 1);
	cr_assert_eq(node_find_event(&world.nodes[1], EVENT_FAILED, -1)->time_ns, LATENCY_NS + 64 * T1, "timer L");
	cr_assert_eq(node_find_event(&world.nodes[1], EVENT_FAILED, -1)->txn, world.nodes[1].events[0].txn);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 200), 11, "the user sees each 2xx");
	cr_assert_eq(world_count_sent(&world, 0, "ACK"), 11, "and acknowledges each");
	end();
}

Test(stack, schedule_of_negative_answer_without_ack)
{
	begin();
	world.lose = lose_acks;
	world.nodes[1].hooks.request = answer_486;
	struct sip_request invite = world_request(SIP_INVITE);
	world_send(&world, &invite, 1);
	world_run(&world, UINT64_MAX);
	ASSERT_SCHEDULE(1, "SIP/2.0 486", 5, 505, 1505, 3505, 7505, 11505, 15505, 19505, 23505, 27505, 31505);
	cr_assert_eq(world_count_sent(&world, 0, "ACK"), 11);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 486), 1);
	cr_assert_eq(node_count_events(&world.nodes[1], EVENT_ACK, -1), 0, "ACK to a negative answer is the stack's");
	end();
}

Test(stack, ack_to_negative_answer_has_the_invites_branch)
{
	begin();
	world.nodes[1].hooks.request = answer_486;
	struct sip_request invite = world_request(SIP_INVITE);
	invite.route = "<sip:192.0.2.2;lr>";
	world_send(&world, &invite, 1);
	world_run(&world, UINT64_MAX);
	char why[128];
	struct sip_message *sent, *ack;
	const struct sent *first = world_find_sent(&world, 0, "INVITE", 0),
			  *second = world_find_sent(&world, 0, "ACK", 0);
	cr_assert_eq(sip_message_parse(&sent, first->data, first->len, why, sizeof(why)), 0, "%s", why);
	cr_assert_eq(sip_message_parse(&ack, second->data, second->len, why, sizeof(why)), 0, "%s", why);
	cr_assert_str_eq(ack->via[0].branch, sent->via[0].branch);
	cr_assert_str_eq(ack->ruri_text, sent->ruri_text);
	cr_assert_str_eq(ack->to.tag, "bob");
	cr_assert_eq(ack->cseq, sent->cseq);
	cr_assert_str_eq(sip_message_header(ack, "Route", NULL), "<sip:192.0.2.2;lr>");
	cr_assert_eq(ack->via_count, 1);
	sip_message_destroy(sent);
	sip_message_destroy(ack);
	end();
}

static void cancel_now(struct node *node, sip_txn txn, const struct sip_message *response)
{
	if (response->status == 180)
		cr_assert_eq(sip_cancel(node->stack, txn, "Reason: SIP;cause=200\r\n"), 0);
	send_ack(node, txn, response);
}

Test(stack, cancel_after_a_provisional_answer)
{
	begin();
	world.nodes[0].hooks.response = cancel_now;
	world.nodes[1].hooks.request = answer_180;
	world.nodes[1].hooks.cancelled = answer_487;
	struct sip_request invite = world_request(SIP_INVITE);
	invite.route = "<sip:192.0.2.2;lr>";
	world_send(&world, &invite, 1);
	world_run(&world, UINT64_MAX);
	cr_assert_eq(world_count_sent(&world, 0, "CANCEL"), 1);
	cr_assert_eq(node_count_events(&world.nodes[1], EVENT_CANCELLED, -1), 1);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 487), 1);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 200), 0, "the answer to CANCEL is the stack's");
	const struct sent *cancel = world_find_sent(&world, 0, "CANCEL", 0);
	cr_assert_not_null(strstr(cancel->data, "Route: <sip:192.0.2.2;lr>\r\n"));
	cr_assert_not_null(strstr(cancel->data, "Reason: SIP;cause=200\r\n"));
	cr_assert_not_null(strstr(cancel->data, "CSeq: 1 CANCEL\r\n"));
	const char *via = strstr(world_find_sent(&world, 0, "INVITE", 0)->data, "Via:");
	cr_assert_eq(strncmp(strstr(cancel->data, "Via:"), via, strcspn(via, "\r")), 0, "same Via");
	end();
}

Test(stack, cancel_waits_for_a_provisional_answer)
{
	begin();
	world.nodes[1].hooks.request = NULL; /* the stack's 100 is the first answer */
	world.nodes[1].hooks.cancelled = answer_487;
	struct sip_request invite = world_request(SIP_INVITE);
	sip_txn txn = world_send(&world, &invite, 1);
	cr_assert_eq(sip_cancel(world.nodes[0].stack, txn, NULL), 0);
	cr_assert_eq(sip_cancel(world.nodes[0].stack, txn, NULL), 0, "asked twice is asked once");
	cr_assert_eq(world_count_sent(&world, 0, "CANCEL"), 0);
	world_run(&world, UINT64_MAX);
	cr_assert_eq(world_count_sent(&world, 0, "CANCEL"), 1);
	cr_assert_eq(world_find_sent(&world, 0, "CANCEL", 0)->time_ns, 2 * LATENCY_NS, "with the 100");
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 487), 1);
	cr_assert_eq(sip_cancel(world.nodes[0].stack, txn, NULL), -ENOENT);
	end();
}

Test(stack, cancel_that_nobody_answers_ends_the_invite)
{
	begin();
	world.nodes[0].hooks.response = cancel_now;
	world.nodes[1].hooks.request = answer_180; /* and never 487 */
	struct sip_request invite = world_request(SIP_INVITE);
	world_send(&world, &invite, 1);
	world_run(&world, 100 * NS_PER_S);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_FAILED, SIP_FAILURE_TIMEOUT), 1);
	cr_assert_eq(node_find_event(&world.nodes[0], EVENT_FAILED, -1)->time_ns, 2 * LATENCY_NS + 64 * T1);
	answer_487(&world.nodes[1], world.nodes[1].invite);
	end();
}

/* CANCEL and 200 pass each other on the way. */
Test(stack, cancel_crosses_200)
{
	begin();
	world.nodes[1].hooks.request = answer_180;
	world.nodes[1].hooks.cancelled = answer_487;
	struct sip_request invite = world_request(SIP_INVITE);
	sip_txn txn = world_send(&world, &invite, 1);
	world_run(&world, NS_PER_S);
	struct sip_reply ok = {.status = 200, .to_tag = "bob"};
	world.nodes[0].env.now_ns = world.nodes[1].env.now_ns = world.now_ns;
	cr_assert_eq(sip_cancel(world.nodes[0].stack, txn, NULL), 0);
	cr_assert_eq(sip_respond(world.nodes[1].stack, world.nodes[1].invite, &ok), 0);
	world_run(&world, UINT64_MAX);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 200), 1, "the INVITE's");
	cr_assert_eq(node_count_events(&world.nodes[1], EVENT_CANCELLED, -1), 0, "too late");
	cr_assert_eq(world_count_sent(&world, 1, "SIP/2.0 200"), 2, "one to INVITE, one to CANCEL");
	cr_assert_eq(world.nodes[1].dialog_acks, 1);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_FAILED, -1), 0);
	end();
}

Test(stack, each_loss_of_a_cancelled_call_is_made_good)
{
	for (int lost = 0; lost < 14; lost++) {
		begin();
		world.lose_nth = lost;
		world.nodes[0].hooks.response = cancel_now;
		world.nodes[1].hooks.request = answer_180;
		world.nodes[1].hooks.cancelled = answer_487;
		struct sip_request invite = world_request(SIP_INVITE);
		world_send(&world, &invite, 1);
		world_run(&world, 200 * NS_PER_S);
		if (node_count_events(&world.nodes[0], EVENT_RESPONSE, 180) == 0) {
			/* The only 180 was lost, so nothing was cancelled; the user's timer C would do it. */
			world.nodes[0].env.now_ns = world.now_ns;
			sip_cancel(world.nodes[0].stack, node_find_event(&world.nodes[0], EVENT_RESPONSE, 100)->txn,
				   NULL);
			world_run(&world, UINT64_MAX);
		}
		cr_assert_eq(node_count_events(&world.nodes[1], EVENT_CANCELLED, -1), 1, "lost %d", lost);
		cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 487), 1, "lost %d", lost);
		end();
	}
}

Test(stack, disowned_is_silent_and_ends)
{
	begin();
	world.nodes[1].hooks.request = answer_180;
	struct sip_request invite = world_request(SIP_INVITE), bye = world_request(SIP_BYE);
	bye.call_id = "other";
	sip_txn txn = world_send(&world, &invite, 1);
	sip_disown(world.nodes[0].stack, world_send(&world, &bye, 2));
	world_run(&world, NS_PER_S);
	world.nodes[0].env.now_ns = world.now_ns;
	unsigned before = world.nodes[0].event_count;
	sip_cancel(world.nodes[0].stack, txn, NULL);
	sip_disown(world.nodes[0].stack, txn);
	world.nodes[1].hooks.cancelled = answer_487;
	world_run(&world, 100 * NS_PER_S);
	cr_assert_eq(world.nodes[0].event_count, before);
	answer_487(&world.nodes[1], world.nodes[1].events[0].txn);
	answer_487(&world.nodes[1], world.nodes[1].events[1].txn);
	end();
}

Test(stack, late_2xx_of_a_disowned_invite_is_a_stray)
{
	begin();
	struct sip_request invite = world_request(SIP_INVITE);
	sip_txn txn = world_send(&world, &invite, 1);
	sip_disown(world.nodes[0].stack, txn);
	world.nodes[1].hooks.request = answer_200;
	world_run(&world, UINT64_MAX);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, -1), 0);
	cr_assert_geq(node_count_events(&world.nodes[0], EVENT_STRAY, 200), 1);
	end();
}

Test(stack, lost_answers_are_repeated_from_the_transaction)
{
	begin();
	world.lose = lose_responses;
	world.nodes[1].hooks.request = answer_200;
	struct sip_request bye = world_request(SIP_BYE);
	world_send(&world, &bye, 1);
	world_run(&world, UINT64_MAX);
	cr_assert_eq(node_count_events(&world.nodes[1], EVENT_REQUEST, -1), 1);
	cr_assert_eq(world_count_sent(&world, 1, "SIP/2.0 200"), 11);
	struct sip_counts counts;
	sip_stack_counts(world.nodes[1].stack, &counts);
	cr_assert_eq(counts.repeated, 10);
	end();
}

Test(stack, repeated_invite_gets_the_last_provisional_answer)
{
	begin();
	world.lose = lose_finals;
	world.nodes[1].hooks.request = answer_180;
	struct sip_request invite = world_request(SIP_INVITE);
	world_send(&world, &invite, 1);
	world_run(&world, NS_PER_S);
	const struct sent *sent = world_find_sent(&world, 0, "INVITE", 0);
	world_inject(&world.nodes[1], &world.nodes[0].addr, sent->data, sent->len);
	cr_assert_eq(world_count_sent(&world, 1, "SIP/2.0 180"), 2);
	cr_assert_eq(node_count_events(&world.nodes[1], EVENT_REQUEST, -1), 1);
	world.lose = NULL;
	answer_487(&world.nodes[1], world.nodes[1].invite);
	end();
}

Test(stack, request_is_kept_for_sending_again_with_credentials)
{
	begin();
	struct sip_request invite = world_request(SIP_INVITE);
	invite.headers = "X-One: 1\r\nX-Two: 2\r\n";
	invite.content_type = "application/sdp";
	invite.body = "v=0\r\n";
	invite.body_len = 5;
	sip_txn txn = world_send(&world, &invite, 1);
	const struct sip_request *kept = sip_sent_request(world.nodes[0].stack, txn);
	cr_assert_not_null(kept);
	cr_assert_neq(kept->headers, invite.headers);
	cr_assert_str_eq(kept->headers, invite.headers);
	cr_assert_str_eq(kept->body, "v=0\r\n");
	cr_assert_null(kept->route);
	cr_assert_null(sip_sent_request(world.nodes[0].stack, txn + 1));
	world.nodes[1].hooks.request = answer_486;
	world_run(&world, UINT64_MAX);
	cr_assert_null(sip_sent_request(world.nodes[0].stack, txn));
	end();
}

Test(stack, nothing_that_breaks_a_message_is_sent)
{
	begin();
	struct sip_request good = world_request(SIP_INVITE), bad;
	struct sip_hop to = world_hop(&world, 1);
	sip_txn txn;
#define BAD(field, value)                                                                                              \
	bad = good;                                                                                                    \
	bad.field = value;                                                                                             \
	cr_assert_eq(sip_send(world.nodes[0].stack, &txn, &bad, &to, 1), -EINVAL, #field " = " #value)
	BAD(ruri, "sip:a@b\r\nX: y");
	BAD(ruri, "sip:a@b SIP/2.0");
	BAD(ruri, "");
	BAD(from, "<sip:a@b>\r\nX: y");
	BAD(to, NULL);
	BAD(call_id, "a\nb");
	BAD(contact, "<sip:a@b>\r\n");
	BAD(route, "<sip:a>\r");
	BAD(headers, "X-One: 1");
	BAD(headers, "X-One: 1\r\n\r\n");
	BAD(headers, " X-One: 1\r\n");
	BAD(headers, "X-One: 1\nX-Two: 2\r\n");
	BAD(content_type, "a/b\r\n");
#undef BAD
	end();
}

/* 10,000 open transactions on each side: each answer finds its own. */
Test(stack, ten_thousand_open_transactions)
{
	enum { COUNT = 10000 };
	static sip_txn txns[COUNT];
	static char answer[2048];
	char call_id[32];
	begin();
	struct sip_hop to = world_hop(&world, 1);
	world.nodes[0].hooks.response = NULL;
	for (unsigned i = 0; i < COUNT; i++) {
		struct sip_request options = world_request(SIP_OPTIONS);
		snprintf(call_id, sizeof(call_id), "call-%u", i);
		options.call_id = call_id;
		cr_assert_eq(sip_send(world.nodes[0].stack, &txns[i], &options, &to, i), 0);
		struct sent *sent = &world.sent[--world.sent_count];
		world_inject(&world.nodes[1], &world.nodes[0].addr, sent->data, sent->len);
		cr_assert_eq(world.nodes[1].event_count, 1);
		cr_assert_eq(world.nodes[1].events[0].kind, EVENT_REQUEST);
		txns[i] = world.nodes[1].events[0].txn;
		world.nodes[1].event_count = 0;
		free(sent->data);
	}
	struct sip_counts counts;
	for (unsigned i = 0; i < 2; i++) {
		sip_stack_counts(world.nodes[i].stack, &counts);
		cr_assert_eq(counts.transactions, COUNT);
	}
	for (unsigned j = 0; j < COUNT; j++) {
		unsigned i = (j * 7919u) % COUNT;
		struct sip_reply ok = {.status = 200};
		cr_assert_eq(sip_respond(world.nodes[1].stack, txns[i], &ok), 0);
		struct sent *sent = &world.sent[--world.sent_count];
		memcpy(answer, sent->data, sent->len);
		world_inject(&world.nodes[0], &world.nodes[1].addr, answer, sent->len);
		cr_assert_eq(world.nodes[0].event_count, 1);
		cr_assert_eq(world.nodes[0].events[0].owner, i);
		world.nodes[0].event_count = 0;
		free(sent->data);
	}
	world.lose = lose_all;
	end();
}
