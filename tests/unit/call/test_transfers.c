/* Transfers, asked for by REFER and by an operator: connected, failed, given up. */
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
	net_connect(net, &caller, &agent, "+12025550100");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(transfers, .init = setup, .fini = teardown);

static void refer(const char *to)
{
	char extra[512];
	snprintf(extra, sizeof(extra), "Refer-To: <%s>\r\n", to);
	phone_request(&agent, "REFER", extra, NULL);
	net_pass(net, 20);
}

static const struct sip_message *expect_notify(const char *status, bool final)
{
	const struct sip_message *notify = phone_ok(&agent, "NOTIFY");
	cr_expect_eq(strncmp(notify->body, "SIP/2.0 ", 8), 0, "%s", notify->body);
	cr_expect_eq(strncmp(notify->body + 8, status, 3), 0, "not %s but %s", status, notify->body);
	const char *state = sip_message_header(notify, "Subscription-State", NULL);
	cr_expect_eq(strncmp(state, final ? "terminated" : "active", 6), 0, "%s", state);
	cr_expect_str_eq(notify->content_type, "message/sipfrag");
	return notify;
}

static unsigned final_notifies(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < net->sent_count; i++) {
		const struct sip_message *m = net->sent[i].message;
		if (m->request && m->method == SIP_NOTIFY &&
		    strncmp(sip_message_header(m, "Subscription-State", NULL), "terminated", 10) == 0)
			n++;
	}
	return n;
}

static void expect_accepted(void)
{
	cr_assert_not_null(net_hear(net, agent.address, "202 REFER"));
	expect_notify("100", false);
}

/* Caller and `target` talk, and nobody hears the agent. */
static void expect_talk(const struct sip_message *caller_sdp, const struct sip_message *target_invite)
{
	cr_expect_eq(net_feeder(net, caller_sdp), net_port(target_invite));
	cr_expect_eq(net_feeder(net, target_invite), net_port(caller_sdp));
	cr_expect_eq(net_feeder(net, agent.invite), 0);
}

static const struct sip_message *caller_sdp(void)
{
	for (unsigned i = 0; i < net->sent_count; i++)
		if (net->sent[i].network == 0 && !net->sent[i].message->request &&
		    net->sent[i].message->status == 200 && net->sent[i].message->body_len)
			return net->sent[i].message;
	return NULL;
}

static void expect_agent_ended(const char *how)
{
	const char *line = net_logged(net, "leg=agent event=ended");
	cr_expect_not_null(strstr(line, how), "%s", line);
}

Test(transfers, to_a_number_by_refer)
{
	refer("sip:(202)555-0143@agent.lab");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	cr_expect_str_eq(invite->ruri_text, "sip:+12025550143@edge.carrier.lab");
	cr_expect_str_eq(invite->from.uri.user, "+12025550100");
	cr_expect_null(sip_message_header(invite, "Proxy-Authorization", NULL));
	phone_answer(
	    &edge, invite, 407,
	    "Proxy-Authenticate: Digest realm=\"carrier.lab\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"\r\n"
	    "Proxy-Authenticate: Digest realm=\"carrier.lab\", nonce=\"n2\", algorithm=MD5\r\n",
	    NULL);
	cr_expect_not_null(net_hear(net, edge.address, "ACK"));
	unsigned cseq = invite->cseq;
	invite = phone_rung(&edge);
	cr_expect_eq(invite->cseq, cseq + 1);
	const char *answer = sip_message_header(invite, "Proxy-Authorization", NULL);
	cr_assert_not_null(answer);
	cr_expect_not_null(strstr(answer, "algorithm=SHA-256"));
	cr_expect_not_null(strstr(answer, "nonce=\"n1\""));
	cr_expect_not_null(strstr(answer, "nc=00000001"));
	phone_answer(&edge, invite, 180, NULL, NULL);
	expect_notify("180", false);
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	cr_expect_not_null(net_hear(net, edge.address, "ACK"));
	cr_expect_eq(net_count(net, agent.address, "BYE"), 0, "released before it was told");
	expect_talk(caller_sdp(), invite);
	expect_notify("200", true);
	net_pass(net, 5);
	phone_ok(&agent, "BYE");
	expect_agent_ended("status=200 reason=\"transferred\"");
	net_pass(net, 5000);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&edge, "BYE");
	cr_expect_eq(final_notifies(), 1);
	net_expect_nothing_left(net);
}

/* User, host and port are judged, so nothing else of a Refer-To goes out. */
Test(transfers, what_stands_in_a_refer_to_stays_there)
{
	refer("sip:transport=:pw@pbx.lab:5060;x=y;maddr=192.0.2.99;transport=udp?Replaces=a%3Bto-tag%3Db&Subject=c");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&pbx);
	cr_expect_str_eq(invite->ruri_text, "sip:transport=@pbx.lab:5060;transport=udp");
	cr_expect_null(sip_message_header(invite, "Replaces", NULL));
	cr_expect_null(sip_message_header(invite, "Subject", NULL));
	phone_answer(&pbx, invite, 180, NULL, NULL);
	phone_request(&caller, "BYE", NULL, NULL);
	net_pass(net, 20);
	phone_ok(&pbx, "CANCEL");
	phone_answer(&pbx, invite, 487, NULL, NULL);
}

Test(transfers, wrong_credentials_are_tried_once)
{
	static const char challenge[] = "WWW-Authenticate: Digest realm=\"carrier.lab\", nonce=\"n\", qop=\"auth\"\r\n";
	refer("tel:+12025550143");
	expect_accepted();
	phone_answer(&edge, phone_rung(&edge), 401, challenge, NULL);
	phone_answer(&edge, phone_rung(&edge), 401, challenge, NULL);
	net_pass(net, 20);
	cr_expect_null(net_hear(net, edge.address, "INVITE"));
	expect_notify("401", true);
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite), "the caller is back with the agent");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, a_stale_nonce_is_answered_again)
{
	refer("tel:+12025550143");
	expect_accepted();
	phone_answer(&edge, phone_rung(&edge), 401, "WWW-Authenticate: Digest realm=\"carrier.lab\", nonce=\"a\"\r\n",
		     NULL);
	phone_answer(&edge, phone_rung(&edge), 401,
		     "WWW-Authenticate: Digest realm=\"carrier.lab\", nonce=\"b\", stale=TRUE\r\n", NULL);
	const struct sip_message *third = phone_rung(&edge);
	cr_expect_not_null(strstr(sip_message_header(third, "Authorization", NULL), "nonce=\"b\""));
	phone_answer(&edge, third, 486, NULL, NULL);
	expect_notify("486", true);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, another_realm_gets_no_credentials)
{
	refer("tel:+12025550143");
	expect_accepted();
	phone_answer(&edge, phone_rung(&edge), 407, "Proxy-Authenticate: Digest realm=\"elsewhere\", nonce=\"n\"\r\n",
		     NULL);
	net_pass(net, 20);
	cr_expect_null(net_hear(net, edge.address, "INVITE"));
	for (unsigned i = 0; i < net->sent_count; i++)
		cr_expect_null(strstr(net->sent[i].text, "uthorization"));
	expect_notify("407", true);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, a_callers_challenge_is_never_answered)
{
	phone_request(&agent, "BYE", NULL, NULL);
	const struct sip_message *bye = net_hear(net, caller.address, "BYE");
	cr_assert_not_null(bye);
	phone_answer(&caller, bye, 401, "WWW-Authenticate: Digest realm=\"carrier.lab\", nonce=\"n\"\r\n", NULL);
	net_pass(net, 100);
	for (unsigned i = 0; i < net->sent_count; i++)
		cr_expect_null(strstr(net->sent[i].text, "uthorization"));
	net_expect_nothing_left(net);
}

Test(transfers, plan_with_fallbacks_returns_to_the_agent)
{
	refer("sip:plan-sales@198.51.100.1");
	expect_accepted();
	phone_answer(&edge, phone_rung(&edge), 486, NULL, NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&pbx);
	phone_answer(&pbx, invite, 180, NULL, NULL);
	expect_notify("180", false);
	net_pass(net, 2900);
	cr_expect_eq(net_count(net, pbx.address, "CANCEL"), 0);
	net_pass(net, 200);
	const struct sip_message *cancel = net_hear(net, pbx.address, "CANCEL");
	cr_assert_not_null(cancel);
	phone_answer(&pbx, cancel, 200, NULL, NULL);
	phone_answer(&pbx, invite, 487, NULL, NULL);
	const struct sip_message *final = expect_notify("408", true);
	cr_expect_not_null(strstr(final->body, "attempt 1: 486"), "%s", final->body);
	cr_expect_not_null(strstr(final->body, "attempt 2: 408"), "%s", final->body);
	net_pass(net, 5000);
	cr_expect_eq(net_count(net, agent.address, "BYE"), 0, "the agent never left");
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite));
	cr_expect_eq(net_feeder(net, agent.invite), net_port(caller_sdp()));
	cr_expect_eq(final_notifies(), 1);
	refer("tel:+12025550143"); /* and it may ask again: its Event says which REFER is meant */
	cr_assert_not_null(net_hear(net, agent.address, "202 REFER"));
	const struct sip_message *trying = phone_ok(&agent, "NOTIFY");
	char event[32];
	snprintf(event, sizeof(event), "refer;id=%u", agent.cseq);
	cr_expect_str_eq(sip_message_header(trying, "Event", NULL), event);
	phone_answer(&edge, phone_rung(&edge), 603, NULL, NULL);
	expect_notify("603", true);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, caller_hangs_up_while_the_target_rings)
{
	refer("tel:+12025550143");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 180, NULL, NULL);
	expect_notify("180", false);
	phone_request(&caller, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, caller.address, "200 BYE"));
	const struct sip_message *cancel = net_hear(net, edge.address, "CANCEL");
	cr_assert_not_null(cancel);
	cr_expect_eq(net_count(net, agent.address, "BYE"), 0, "our BYE follows the NOTIFY's answer");
	expect_notify("487", true);
	net_pass(net, 5);
	phone_ok(&agent, "BYE");
	expect_agent_ended("status=487 reason=\"hung up\"");
	phone_answer(&edge, cancel, 200, NULL, NULL);
	phone_answer(&edge, invite, 487, NULL, NULL);
	cr_expect_eq(final_notifies(), 1);
	net_expect_nothing_left(net);
}

Test(transfers, an_answer_that_crosses_our_cancel_is_ended)
{
	refer("tel:+12025550143");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 180, NULL, NULL);
	expect_notify("180", false);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	cr_expect_not_null(net_hear(net, edge.address, "ACK"));
	phone_answer(&edge, net_hear(net, edge.address, "CANCEL"), 481, NULL, NULL);
	phone_ok(&edge, "BYE");
	expect_notify("487", true);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, agent_hangs_up_after_the_202)
{
	refer("tel:+12025550143");
	expect_accepted();
	phone_request(&agent, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, agent.address, "200 BYE"));
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 183, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite), "the caller hears the target's early media");
	const struct sip_message *progress = net_hear(net, agent.address, "NOTIFY");
	cr_assert_not_null(progress);
	phone_answer(&agent, progress, 481, NULL, NULL);
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	cr_expect_eq(net_feeder(net, invite), net_port(caller_sdp()));
	const struct sip_message *final = net_hear(net, agent.address, "NOTIFY");
	cr_assert_not_null(final, "the final NOTIFY goes out all the same");
	phone_answer(&agent, final, 481, NULL, NULL);
	net_pass(net, 10);
	cr_expect_eq(net_count(net, agent.address, "BYE"), 0);
	phone_request(&edge, "BYE", NULL, NULL);
	phone_ok(&caller, "BYE");
	cr_expect_eq(final_notifies(), 1);
	net_expect_nothing_left(net);
}

/* The prompt that the caller hears; "": none. */
static const char *caller_prompt(void)
{
	return net_prompt(net, caller_sdp());
}

static void agent_hangs_up(void)
{
	phone_request(&agent, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, agent.address, "200 BYE"));
	net_pass(net, 5);
}

static void agent_says_again(const char *direction)
{
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, direction));
	cr_assert_not_null(net_hear(net, agent.address, "200 INVITE"));
	agent.cseq--; /* the ACK has the INVITE's */
	phone_request(&agent, "ACK", NULL, NULL);
	net_pass(net, 5);
}

Test(transfers, ringback_when_the_agent_is_gone)
{
	refer("tel:+12025550143");
	expect_accepted();
	agent_hangs_up();
	cr_expect_str_eq(caller_prompt(), "", "nothing rings yet");
	cr_expect_eq(net_feeder(net, caller_sdp()), 0);
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 180, NULL, NULL);
	net_pass(net, 5);
	cr_expect_str_eq(caller_prompt(), "ringback-us");
	phone_answer(&agent, net_hear(net, agent.address, "NOTIFY"), 481, NULL, NULL);
	phone_answer(&edge, invite, 183, NULL, NULL);
	net_pass(net, 5);
	cr_expect_str_eq(caller_prompt(), "ringback-us", "no sound of its own yet");
	phone_answer(&agent, net_hear(net, agent.address, "NOTIFY"), 481, NULL, NULL);
	/* The answer: it rings until the target's first packet. */
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	cr_expect_str_eq(caller_prompt(), "ringback-us", "not armed");
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite));
	cr_expect_eq(net_feeder(net, invite), net_port(caller_sdp()));
	fake_event(&net->dp, net_endpoint(net, caller_sdp()), XF_EVENT_ARMED_FIRED);
	net_pass(net, 5);
	cr_expect_str_eq(caller_prompt(), "");
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite));
	phone_answer(&agent, net_hear(net, agent.address, "NOTIFY"), 481, NULL, NULL);
	phone_request(&edge, "BYE", NULL, NULL);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, ringback_from_when_the_agent_goes)
{
	refer("tel:+12025550143");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 180, NULL, NULL);
	expect_notify("180", false);
	cr_expect_str_eq(caller_prompt(), "", "the agent is there to be heard");
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite));
	agent_hangs_up();
	cr_expect_str_eq(caller_prompt(), "ringback-us");
	/* The target's own sound takes over. */
	phone_answer(&edge, invite, 183, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite));
	fake_event(&net->dp, net_endpoint(net, caller_sdp()), XF_EVENT_ARMED_FIRED);
	phone_answer(&edge, invite, 180, NULL, NULL);
	net_pass(net, 5);
	cr_expect_str_eq(caller_prompt(), "");
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite));
	phone_answer(&edge, invite, 486, NULL, NULL);
	net_pass(net, 5);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, ringback_while_the_agent_is_on_hold)
{
	static const char *const silent[] = {"inactive", "recvonly"};
	for (unsigned i = 0; i < 2; i++) {
		agent_says_again(silent[i]);
		refer("tel:+12025550143");
		expect_accepted();
		const struct sip_message *invite = phone_rung(&edge);
		cr_expect_str_eq(caller_prompt(), "");
		phone_answer(&edge, invite, 180, NULL, NULL);
		expect_notify("180", false);
		cr_expect_str_eq(caller_prompt(), "ringback-us", "%s", silent[i]);
		agent_says_again("sendrecv");
		cr_expect_str_eq(caller_prompt(), "", "the agent speaks again");
		cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite));
		agent_says_again(silent[i]);
		cr_expect_str_eq(caller_prompt(), "ringback-us", "%s", silent[i]);
		/* It fails: back to the agent, whatever that says. */
		phone_answer(&edge, invite, 486, NULL, NULL);
		expect_notify("486", true);
		net_pass(net, 5);
		cr_expect_str_eq(caller_prompt(), "");
		phone_init(&edge, net, "192.0.2.10");
	}
	agent_says_again("sendrecv");
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite), "the caller is back with the agent");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* Between two targets nothing rings. */
Test(transfers, ringback_of_each_target)
{
	phone_request(&agent, "REFER", "Refer-To: <sip:plan-sales@xfergate>\r\nRefer-Sub: false\r\n", NULL);
	net_pass(net, 20);
	cr_assert_not_null(net_hear(net, agent.address, "202 REFER"));
	agent_hangs_up();
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 180, NULL, NULL);
	net_pass(net, 5);
	cr_expect_str_eq(caller_prompt(), "ringback-us");
	phone_answer(&edge, invite, 486, NULL, NULL);
	net_pass(net, 20);
	cr_expect_str_eq(caller_prompt(), "");
	invite = phone_rung(&pbx);
	phone_answer(&pbx, invite, 180, NULL, NULL);
	net_pass(net, 5);
	cr_expect_str_eq(caller_prompt(), "ringback-us");
	phone_answer(&pbx, invite, 200, NULL, phone_sdp(&pbx, "sendrecv"));
	net_pass(net, 20);
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite));
	phone_request(&pbx, "BYE", NULL, NULL);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

/* A dataplane that comes back in the middle of the ringing rings on. */
Test(transfers, ringback_survives_the_dataplane)
{
	refer("tel:+12025550143");
	expect_accepted();
	agent_hangs_up();
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 180, NULL, NULL);
	net_pass(net, 5);
	plane_link_down(net->plane, net->now_ns);
	fake_restart(&net->dp);
	cr_expect_str_eq(caller_prompt(), "");
	fake_connected(&net->dp);
	plane_link_up(net->plane, net->now_ns);
	net_pass(net, 20);
	cr_expect_str_eq(caller_prompt(), "ringback-us");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_answer(&edge, net_hear(net, edge.address, "CANCEL"), 200, NULL, NULL);
	phone_answer(&edge, invite, 487, NULL, NULL);
	net_expect_nothing_left(net);
}

Test(transfers, agent_gone_and_the_target_too)
{
	refer("tel:+12025550143");
	expect_accepted();
	phone_request(&agent, "BYE", NULL, NULL);
	phone_answer(&edge, phone_rung(&edge), 486, NULL, NULL);
	net_pass(net, 5);
	phone_ok(&caller, "BYE");
	cr_expect_eq(net_count(net, agent.address, "NOTIFY"), 2);
	net_expect_nothing_left(net);
}

Test(transfers, notify_that_nobody_answers)
{
	refer("tel:+12025550143");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 3900);
	cr_expect_eq(net_count(net, agent.address, "BYE"), 0);
	net_pass(net, 200);
	phone_ok(&agent, "BYE");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&edge, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, agent_on_hold_does_not_hold_the_target)
{
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "inactive"));
	cr_assert_not_null(net_hear(net, agent.address, "200 INVITE"));
	agent.cseq--; /* the ACK has the INVITE's */
	phone_request(&agent, "ACK", NULL, NULL);
	refer("tel:+12025550143");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	cr_expect_not_null(strstr(invite->body, "a=sendrecv"));
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	expect_talk(caller_sdp(), invite);
	expect_notify("200", true);
	phone_ok(&agent, "BYE");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&edge, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, one_at_a_time)
{
	refer("tel:+12025550143");
	expect_accepted();
	refer("tel:+12025550144");
	cr_expect_not_null(net_hear(net, agent.address, "491 REFER"));
	phone_answer(&edge, phone_rung(&edge), 486, NULL, NULL);
	expect_notify("486", true);
	cr_expect_eq(net_count(net, edge.address, "INVITE"), 1);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, without_a_subscription)
{
	phone_request(&agent, "REFER", "Refer-To: <tel:+12025550143>\r\nRefer-Sub: false\r\n", NULL);
	const struct sip_message *ok = net_hear(net, agent.address, "202 REFER");
	cr_assert_not_null(ok);
	cr_expect_str_eq(sip_message_header(ok, "Refer-Sub", NULL), "false");
	net_pass(net, 20);
	phone_answer(&edge, phone_rung(&edge), 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 20);
	phone_ok(&agent, "BYE");
	cr_expect_eq(net_count(net, agent.address, "NOTIFY"), 0);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&edge, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, by_an_operator_to_a_sip_uri)
{
	uint64_t id;
	char why[256] = "";
	struct shard *shard = (struct shard *)plane_shard(net->plane);
	const struct call *call = shard_next_call(shard, NULL);
	cr_assert_eq(shard_transfer_start(shard, call->id, "sip:reception@pbx.lab", NULL, NULL, &id, why, sizeof(why)),
		     0, "%s", why);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&pbx);
	cr_expect_str_eq(invite->from.uri.user, "+12025550177");
	cr_expect(fake_admits(&net->dp, &(struct xf_addr){4, {0}, {203, 0, 113, 10}}));
	phone_answer(&pbx, invite, 401, "WWW-Authenticate: Digest realm=\"pbx.lab\", nonce=\"n\", qop=\"auth\"\r\n",
		     NULL);
	invite = phone_rung(&pbx);
	cr_expect_not_null(strstr(sip_message_header(invite, "Authorization", NULL), "username=\"gw\""));
	phone_answer(&pbx, invite, 200, NULL, phone_sdp(&pbx, "sendrecv"));
	net_pass(net, 20);
	expect_talk(caller_sdp(), invite);
	phone_ok(&agent, "BYE");
	cr_expect_eq(net_count(net, agent.address, "NOTIFY"), 0);
	cr_expect_eq(shard_transfer(shard, id)->result, TRANSFER_RESULT_CONNECTED);
	phone_request(&pbx, "BYE", NULL, NULL);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, a_dataplane_that_refuses_the_patch)
{
	refer("tel:+12025550143");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	net->dp.fail_type = XF_LINK_PATCH;
	net->dp.fail_result = -ENOENT;
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 20);
	phone_ok(&edge, "BYE");
	expect_notify("500", true);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(transfers, a_second_answer_of_a_fork_is_ended)
{
	refer("tel:+12025550143");
	expect_accepted();
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	struct phone fork = edge;
	snprintf(fork.tag, sizeof(fork.tag), "fork");
	phone_answer(&fork, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	const struct sip_message *bye = net_hear(net, edge.address, "BYE");
	cr_assert_not_null(bye);
	cr_expect_str_eq(bye->to.tag, "fork");
	phone_answer(&edge, bye, 200, NULL, NULL);
	expect_notify("200", true);
	phone_ok(&agent, "BYE");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&edge, "BYE");
	net_expect_nothing_left(net);
}
