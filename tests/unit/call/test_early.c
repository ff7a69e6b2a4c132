/* Early dialogs of an INVITE of ours: several at once, with SDP and without, and none of them for ever. */
#include "net.h"

#include <criterion/criterion.h>

static struct net *net;
static struct phone caller, agent, pbx;

static void setup(void)
{
	net = net_create();
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_init(&pbx, net, "203.0.113.10");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(early, .init = setup, .fini = teardown);

static const struct sip_message *call_in(const char *number)
{
	phone_invite(&caller, "+12025550177", number, phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	return phone_rung(&agent);
}

/* What the called side asks in a dialog that its 1xx has begun. */
static void expect_asked(struct phone *phone, const char *method, const char *sdp, int status)
{
	char what[32];
	phone_request(phone, method, NULL, sdp);
	snprintf(what, sizeof(what), "%d %s", status, method);
	const struct sip_message *answer = net_hear(net, phone->address, what);
	cr_expect_not_null(answer, "no %s in the dialog of %s", what, phone->tag);
	if (answer && strcmp(method, "INVITE") == 0)
		phone_ack(phone, answer->cseq, NULL);
}

/* RFC 3261 12.1: a 1xx with a tag makes a dialog, with SDP or without. */
Test(early, without_sdp)
{
	const struct sip_message *invite = call_in("+12025550100");
	phone_answer(&agent, invite, 100, NULL, NULL);
	expect_asked(&agent, "OPTIONS", NULL, 481);
	phone_answer(&agent, invite, 180, NULL, NULL);
	expect_asked(&agent, "INVITE", phone_sdp(&agent, "sendrecv"), 491);
	expect_asked(&agent, "UPDATE", phone_sdp(&agent, "sendrecv"), 491);
	expect_asked(&agent, "UPDATE", NULL, 200);
	expect_asked(&agent, "OPTIONS", NULL, 200);
	expect_asked(&agent, "BYE", NULL, 200);
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	cr_expect_not_null(net_hear(net, agent.address, "ACK"));
	phone_connected(&caller, NULL);
	net_pass(net, 20);
	expect_asked(&agent, "OPTIONS", NULL, 200);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* Of several early dialogs the last one speaks, or the one that is heard; each counts for itself. */
Test(early, of_a_fork)
{
	const struct sip_message *invite = call_in("+12025550100");
	struct phone other = agent, third = agent;
	snprintf(other.tag, sizeof(other.tag), "other");
	snprintf(third.tag, sizeof(third.tag), "third");
	other.cseq = 20;
	third.cseq = 10;
	phone_answer(&agent, invite, 180, NULL, NULL);
	expect_asked(&agent, "OPTIONS", NULL, 200);
	phone_answer(&other, invite, 183, NULL, phone_sdp(&other, "sendrecv"));
	expect_asked(&agent, "OPTIONS", NULL, 481);
	expect_asked(&other, "OPTIONS", NULL, 200);
	phone_answer(&agent, invite, 180, NULL, NULL);
	expect_asked(&other, "OPTIONS", NULL, 200);
	phone_answer(&third, invite, 200, NULL, phone_sdp(&third, "sendrecv"));
	cr_expect_not_null(net_hear(net, agent.address, "ACK"));
	phone_connected(&caller, NULL);
	net_pass(net, 20);
	expect_asked(&third, "OPTIONS", NULL, 200);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&third, "BYE");
	net_expect_nothing_left(net);
}

/* The INVITE with credentials goes where the one without went, and begins dialogs of its own. */
Test(early, before_a_challenge)
{
	const struct sip_message *invite = call_in("+12025550199");
	phone_answer(&agent, invite, 503, NULL, NULL);
	net_pass(net, 20);
	invite = phone_rung(&pbx);
	phone_answer(&pbx, invite, 180, NULL, NULL);
	pbx.contact = "sip:phone@203.0.113.77";
	expect_asked(&pbx, "UPDATE", NULL, 200);
	net_pass(net, 20);
	phone_answer(&pbx, invite, 401, "WWW-Authenticate: Digest realm=\"pbx.lab\", nonce=\"n\", qop=\"auth\"\r\n",
		     NULL);
	expect_asked(&pbx, "OPTIONS", NULL, 481);
	phone_answer(&pbx, phone_rung(&pbx), 486, NULL, NULL);
	net_expect_nothing_left(net);
}
