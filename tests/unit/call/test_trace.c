/* What is kept of a call's messages. */
#include "net.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct net *net;
static struct phone caller, agent, edge, pbx;

static void setup(void)
{
	net = net_create();
	phone_init(&edge, net, "192.0.2.10");
	phone_init(&pbx, net, "203.0.113.10");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(trace, .init = setup, .fini = teardown);

static const struct call *only_call(void)
{
	const struct call *call = shard_next_call(plane_shard(net->plane), NULL);
	cr_assert_not_null(call);
	return call;
}

struct row {
	bool sent;
	unsigned kind, number;
	const char *start; /* of the start line */
	const char *cseq;  /* its method */
	bool in_dialog, repeated;
};

static void expect_rows(const struct row *rows, uint32_t count, uint32_t from)
{
	const struct trace *trace = only_call()->trace;
	cr_expect_eq(trace_count(trace), from + count, "%u messages", trace_count(trace));
	for (uint32_t i = 0; i < count && from + i < trace_count(trace); i++) {
		const struct trace_message *m = trace_at(trace, from + i);
		const struct row *w = &rows[i];
		cr_expect(m->sent == w->sent && m->leg_kind == w->kind && m->leg_number == w->number &&
			      strncmp(m->start_line, w->start, strlen(w->start)) == 0 &&
			      strcmp(strchr(m->cseq, ' ') + 1, w->cseq) == 0 && m->in_dialog == w->in_dialog &&
			      m->repeated == w->repeated,
			  "row %u: %s %s %u '%s' '%s'%s%s", from + i, m->sent ? "sent" : "got",
			  leg_kind_name(m->leg_kind), m->leg_number, m->start_line, m->cseq,
			  m->in_dialog ? " in dialog" : "", m->repeated ? " again" : "");
	}
}

#define GOT  false
#define SENT true

static const struct row connected[] = {
    {GOT, LEG_CALLER, 1, "INVITE sip:+12025550100@", "INVITE"},
    {SENT, LEG_CALLER, 1, "SIP/2.0 100 ", "INVITE"},
    {SENT, LEG_AGENT, 1, "INVITE sip:bot@agent.lab", "INVITE"},
    {GOT, LEG_AGENT, 1, "SIP/2.0 180 ", "INVITE", true},
    {SENT, LEG_CALLER, 1, "SIP/2.0 180 ", "INVITE", true},
    {GOT, LEG_AGENT, 1, "SIP/2.0 200 ", "INVITE", true},
    {SENT, LEG_AGENT, 1, "ACK ", "ACK", true},
    {SENT, LEG_CALLER, 1, "SIP/2.0 200 ", "INVITE", true},
    {GOT, LEG_CALLER, 1, "ACK ", "ACK", true},
};
#define CONNECTED (sizeof(connected) / sizeof(*connected))

Test(trace, a_call_from_its_first_message)
{
	net_connect(net, &caller, &agent, "+12025550100");
	expect_rows(connected, CONNECTED, 0);
	const struct call *call = only_call();
	const struct trace_message *first = trace_at(call->trace, 0);
	char text[XF_SOCKADDR_STRLEN];
	cr_expect_eq(first->ns, call->started_ns);
	cr_expect_str_eq(xf_sockaddr_format(&first->peer, text), "192.0.2.20:5060");
	cr_expect_eq(call->trace->lost, 0);
}

/* Headers that a URI embeds may be credentials. */
Test(trace, a_refer)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <sip:sales@pbx.lab?X-Secret=hunter2>\r\n", NULL);
	net_pass(net, 20);
	const struct trace_message *refer = trace_at(only_call()->trace, CONNECTED);
	cr_expect_eq(strncmp(refer->start_line, "REFER ", 6), 0);
	cr_expect_eq(refer->leg_kind, LEG_AGENT);
	cr_expect_str_eq(refer->refer_to, "<sip:sales@pbx.lab>");
}

Test(trace, sipfrags_and_numbered_targets)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <sip:sales@pbx.lab>\r\n", NULL);
	net_pass(net, 20);
	phone_answer(&pbx, phone_rung(&pbx), 486, NULL, NULL);
	phone_ok(&agent, "NOTIFY");
	phone_ok(&agent, "NOTIFY");
	net_pass(net, 50);
	phone_request(&agent, "REFER", "Refer-To: <sip:sales@pbx.lab>\r\n", NULL);
	net_pass(net, 20);
	const struct trace *trace = only_call()->trace;
	unsigned targets = 0, trying = 0, busy = 0;
	for (uint32_t i = 0; i < trace_count(trace); i++) {
		const struct trace_message *m = trace_at(trace, i);
		targets += m->leg_kind == LEG_TARGET && m->leg_number == 2 && m->sent &&
			   strncmp(m->start_line, "INVITE ", 7) == 0;
		trying += strcmp(m->sipfrag, "SIP/2.0 100 Trying") == 0;
		busy += strncmp(m->sipfrag, "SIP/2.0 486 ", 12) == 0;
	}
	cr_expect_eq(targets, 1);
	cr_expect_eq(trying, 2);
	cr_expect_eq(busy, 1);
}

/* What is sent again, and what comes again, is said to be so; and a message that only looks alike is not. */
Test(trace, repetitions)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 600); /* the INVITE to the agent goes out twice */
	phone_rung(&agent);
	phone_answer(&agent, agent.invite, 180, NULL, NULL);
	phone_answer(&agent, agent.invite, 180, NULL, NULL);
	phone_answer(&agent, agent.invite, 180, "X-Other: 1\r\n", NULL);
	phone_answer(&agent, agent.invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	phone_answer(&agent, agent.invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	static const struct row rows[] = {
	    {GOT, LEG_CALLER, 1, "INVITE ", "INVITE"},
	    {SENT, LEG_CALLER, 1, "SIP/2.0 100 ", "INVITE"},
	    {SENT, LEG_AGENT, 1, "INVITE ", "INVITE"},
	    {SENT, LEG_AGENT, 1, "INVITE ", "INVITE", false, true},
	    {GOT, LEG_AGENT, 1, "SIP/2.0 180 ", "INVITE", true},
	    {SENT, LEG_CALLER, 1, "SIP/2.0 180 ", "INVITE", true},
	    {GOT, LEG_AGENT, 1, "SIP/2.0 180 ", "INVITE", true, true},
	    {SENT, LEG_CALLER, 1, "SIP/2.0 180 ", "INVITE", true},
	    {GOT, LEG_AGENT, 1, "SIP/2.0 180 ", "INVITE", true},
	    {SENT, LEG_CALLER, 1, "SIP/2.0 180 ", "INVITE", true},
	    {GOT, LEG_AGENT, 1, "SIP/2.0 200 ", "INVITE", true},
	    {SENT, LEG_AGENT, 1, "ACK ", "ACK", true},
	    {SENT, LEG_CALLER, 1, "SIP/2.0 200 ", "INVITE", true},
	    {GOT, LEG_AGENT, 1, "SIP/2.0 200 ", "INVITE", true, true},
	    {SENT, LEG_AGENT, 1, "ACK ", "ACK", true, true},
	};
	expect_rows(rows, sizeof(rows) / sizeof(*rows), 0);
}

/* The call goes on when a leg is gone, and what its peer repeats is still the call's. */
Test(trace, a_leg_that_is_gone)
{
	net_connect(net, &caller, &agent, "+12025550199");
	uint32_t before = trace_count(only_call()->trace);
	char bye[2048];
	snprintf(bye, sizeof(bye),
		 "BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKbye;rport\r\nMax-Forwards: 70\r\n"
		 "From: <%s>;tag=%s\r\nTo: <%s>;tag=%s\r\nCall-ID: %s\r\nCSeq: 900 BYE\r\nContent-Length: 0\r\n\r\n",
		 agent.remote_target, agent.from, agent.tag, agent.to, agent.remote_tag, agent.call_id);
	net_say(net, agent.address, bye);
	net_pass(net, 100);
	cr_expect_null(shard_leg(plane_shard(net->plane), only_call()->agent_leg));
	net_say(net, agent.address, bye);
	const struct trace *trace = only_call()->trace;
	unsigned byes = 0, answers = 0;
	for (uint32_t i = before; i < trace_count(trace); i++) {
		const struct trace_message *m = trace_at(trace, i);
		if (m->leg_kind != LEG_AGENT)
			continue;
		byes += !m->sent && strncmp(m->start_line, "BYE ", 4) == 0 && m->repeated == (byes == 1);
		answers += m->sent && strcmp(m->cseq, "900 BYE") == 0 && m->repeated == (answers == 1);
	}
	cr_expect_eq(byes, 2);
	cr_expect_eq(answers, 2);
}

/* Exactly as many as it keeps, and one more. */
Test(trace, the_newest_are_kept)
{
	net_connect(net, &caller, &agent, "+12025550100");
	while (trace_count(only_call()->trace) < TRACE_MESSAGES_MAX - 1)
		phone_request(&caller, "OPTIONS", NULL, NULL);
	cr_expect_eq(only_call()->trace->lost, 0);
	cr_expect_eq(strncmp(trace_at(only_call()->trace, 0)->start_line, "INVITE ", 7), 0);
	phone_request(&caller, "INFO", NULL, NULL);
	const struct trace *trace = only_call()->trace;
	cr_expect_eq(trace_count(trace), TRACE_MESSAGES_MAX);
	cr_expect_eq(trace->lost, 1);
	cr_expect_eq(strncmp(trace_at(trace, 0)->start_line, "SIP/2.0 100 ", 12), 0);
	cr_expect_eq(strncmp(trace_at(trace, TRACE_MESSAGES_MAX - 2)->start_line, "INFO ", 5), 0);
	for (uint32_t i = 1; i < trace_count(trace); i++)
		cr_expect_geq(trace_at(trace, i)->ns, trace_at(trace, i - 1)->ns);
}

/* Requests that begin no call are nobody's, and a later call does not get them. */
Test(trace, nobodys_messages)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_invite(&caller, "+12025550177", "+12025559999", phone_sdp(&caller, "sendrecv"), NULL);
	cr_assert_not_null(net_hear(net, caller.address, "404 INVITE"));
	net_connect(net, &caller, &agent, "+12025550100");
	expect_rows(connected, CONNECTED, 0);
}

static void read_one(struct trace_message *out, struct trace_dialog *dialog, bool sent, const char *text)
{
	struct sip_hop hop = {0};
	struct sip_message *message = NULL;
	char why[128];
	if (!sent)
		cr_assert_eq(sip_message_parse(&message, text, strlen(text), why, sizeof(why)), 0, "%s", why);
	struct sip_traffic traffic = {
	    .sent = sent, .peer = &hop, .data = text, .len = strlen(text), .message = message};
	trace_read(out, dialog, &traffic);
	sip_message_destroy(message);
}

#define REST                                                                                                           \
	"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: \"a;tag=no\" <sip:a@b;tag=no>;tag=ours\r\n"               \
	"To: <sip:c@d>;tag=theirs\r\nCall-ID: x@y\r\nCSeq: 4294967295 NOTIFY\r\nMax-Forwards: 70\r\n"                  \
	"Authorization: Digest username=\"u\", response=\"hunter2\"\r\nContent-Type: message/sipfrag;version=2.0\r\n"  \
	"Refer-To: \"x\" <sips:u:hunter2@h.example;p=1?Authorization=hunter2>;q=\"?\"\r\n"                             \
	"Content-Length: 22\r\n\r\nSIP/2.0 200 OK\r\nX: y\r\n"

/* Ours and theirs are read alike, and neither keeps a secret. */
Test(trace, reading)
{
	for (int sent = 0; sent < 2; sent++) {
		struct trace_message m;
		struct trace_dialog d;
		read_one(&m, &d, sent, "NOTIFY sip:u:hunter2@h.example:5070;x=a SIP/2.0\r\n" REST);
		cr_expect_str_eq(m.start_line, "NOTIFY sip:u@h.example:5070;x=a SIP/2.0");
		cr_expect_str_eq(m.cseq, "4294967295 NOTIFY");
		cr_expect_str_eq(m.sipfrag, "SIP/2.0 200 OK");
		cr_expect_str_eq(m.refer_to, "\"x\" <sips:u@h.example;p=1>;q=\"?\"");
		cr_expect(m.in_dialog);
		cr_expect_str_eq(d.call_id, "x@y");
		cr_expect_str_eq(d.local_tag, sent ? "ours" : "theirs");
		for (size_t i = 0; i + 7 < sizeof(m); i++)
			cr_expect(memcmp((char *)&m + i, "hunter2", 7) != 0, "a secret at %zu", i);
		read_one(&m, &d, sent, "SIP/2.0 481 A\tB\r\n" REST);
		cr_expect_str_eq(d.local_tag, sent ? "theirs" : "ours");
		cr_expect_str_eq(m.start_line, "SIP/2.0 481 A B");
	}
}
