/* Caller and agent: from INVITE to the last leg, by the rules and against them. */
#include "net.h"

#include <criterion/criterion.h>

static struct net *net;
static struct phone caller, agent;

static void setup(void)
{
	net = net_create();
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(calls, .init = setup, .fini = teardown);

/* No address, Via, Contact, Call-ID or SDP line of one side reaches the other. */
static void expect_hidden(void)
{
	for (unsigned i = 0; i < net->sent_count; i++) {
		const struct sent *s = &net->sent[i];
		bool to_caller = s->network == 0;
		cr_expect_null(strstr(s->text, to_caller ? "198.51.100" : "192.0.2."), "%s", s->text);
		if (!to_caller) {
			cr_expect_null(strstr(s->text, "secret"), "%s", s->text);
			cr_expect_null(strstr(s->text, caller.call_id), "%s", s->text);
		}
	}
}

Test(calls, caller_reaches_agent)
{
	net_connect(net, &caller, &agent, "+12025550100");
	const struct sip_message *invite = agent.invite;
	cr_expect_str_eq(invite->ruri_text, "sip:bot@agent.lab");
	cr_expect_str_eq(invite->from.uri.user, "+12025550177");
	cr_expect_str_eq(invite->to.uri.user, "+12025550100");
	cr_expect_not_null(sip_message_header(invite, "X-Xfergate-Call", NULL));
	cr_expect_eq(net_counts(net).calls, 1);
	expect_hidden();
	phone_request(&caller, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, caller.address, "200 BYE"));
	phone_ok(&agent, "BYE");
	expect_hidden();
	net_expect_nothing_left(net);
}

Test(calls, agent_hangs_up)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, agent.address, "200 BYE"));
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, byes_that_cross_are_both_answered)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&caller, "BYE", NULL, NULL);
	const struct sip_message *bye = net_hear(net, agent.address, "BYE");
	phone_request(&agent, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, agent.address, "200 BYE"));
	phone_answer(&agent, bye, 200, NULL, NULL);
	net_expect_nothing_left(net);
}

Test(calls, audio_is_patched_both_ways)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	const struct sip_message *ok = phone_connected(&caller, NULL);
	net_pass(net, 10);
	cr_expect_eq(net_feeder(net, ok), net_port(invite));
	cr_expect_eq(net_feeder(net, invite), net_port(ok));
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, early_media_reaches_the_caller)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	phone_answer(&agent, invite, 183, NULL, phone_sdp(&agent, "sendrecv"));
	net_pass(net, 10);
	const struct sip_message *progress = net_hear(net, caller.address, "183 INVITE");
	cr_assert_not_null(progress);
	cr_expect_eq(net_feeder(net, progress), net_port(invite));
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	const struct sip_message *ok = phone_connected(&caller, NULL);
	cr_expect_eq(net_port(ok), net_port(progress));
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, late_offer)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550100", NULL, NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	const struct sip_message *ok = phone_connected(&caller, phone_sdp(&caller, "sendrecv"));
	net_pass(net, 10);
	cr_expect_eq(net_feeder(net, ok), net_port(invite));
	cr_expect_eq(net_feeder(net, invite), net_port(ok));
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, caller_cancels)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	char text[4096];
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	phone_answer(&agent, invite, 180, NULL, NULL);
	const struct sip_message *ringing = net_hear(net, caller.address, "180 INVITE");
	cr_assert_not_null(ringing);
	snprintf(text, sizeof(text),
		 "CANCEL %s SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\n"
		 "CSeq: %u CANCEL\r\nContent-Length: 0\r\n\r\n",
		 caller.to, ringing->via[0].text, caller.from, caller.tag, caller.to, caller.call_id, caller.cseq);
	net_say(net, caller.address, text);
	cr_expect_not_null(net_hear(net, caller.address, "200 CANCEL"));
	cr_expect_not_null(net_hear(net, caller.address, "487 INVITE"));
	const struct sip_message *cancel = net_hear(net, agent.address, "CANCEL");
	cr_assert_not_null(cancel);
	phone_answer(&agent, cancel, 200, NULL, NULL);
	phone_answer(&agent, invite, 487, NULL, NULL);
	net_expect_nothing_left(net);
}

Test(calls, agent_busy_is_what_the_route_says)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	phone_answer(&agent, phone_rung(&agent), 486, NULL, NULL);
	cr_expect_not_null(net_hear(net, caller.address, "480 INVITE"));
	net_expect_nothing_left(net);
}

Test(calls, agent_that_does_not_answer_is_cancelled_in_time)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	phone_answer(&agent, invite, 180, NULL, NULL);
	net_pass(net, 19900);
	cr_expect_eq(net_count(net, agent.address, "CANCEL"), 0);
	net_pass(net, 200);
	const struct sip_message *cancel = net_hear(net, agent.address, "CANCEL");
	cr_assert_not_null(cancel);
	phone_answer(&agent, cancel, 200, NULL, NULL);
	phone_answer(&agent, invite, 487, NULL, NULL);
	cr_expect_not_null(net_hear(net, caller.address, "480 INVITE"));
	net_expect_nothing_left(net);
}

Test(calls, failing_agent_leads_to_the_routes_plan)
{
	struct phone pbx;
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_init(&pbx, net, "203.0.113.10");
	phone_invite(&caller, "+12025550177", "+12025550199", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	phone_answer(&agent, phone_rung(&agent), 503, NULL, NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&pbx);
	cr_expect_str_eq(invite->ruri_text, "sip:reception@pbx.lab");
	phone_answer(&pbx, invite, 200, NULL, phone_sdp(&pbx, "sendrecv"));
	net_pass(net, 20);
	const struct sip_message *ok = phone_connected(&caller, NULL);
	cr_expect_eq(net_feeder(net, ok), net_port(invite));
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&pbx, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, hold_ends_at_the_leg)
{
	net_connect(net, &caller, &agent, "+12025550100");
	unsigned to_caller = net_count(net, caller.address, "INVITE");
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "sendonly"));
	const struct sip_message *ok = net_hear(net, agent.address, "200 INVITE");
	cr_assert_not_null(ok);
	cr_expect_not_null(strstr(ok->body, "a=recvonly"));
	cr_expect_eq(net_feeder(net, ok), 0, "the agent said that it does not listen");
	phone_ack(&agent, agent.cseq, NULL);
	cr_expect_eq(net_count(net, caller.address, "INVITE"), to_caller);
	net_pass(net, 40000);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, a_forged_bye_is_nobodys)
{
	net_connect(net, &caller, &agent, "+12025550100");
	struct phone forged = caller;
	forged.address = "192.0.2.200"; /* right tags, but no block of the provider holds it */
	phone_request(&forged, "BYE", NULL, NULL);
	cr_expect_null(net_hear(net, "192.0.2.200", "200 BYE"));
	struct phone guessed = caller;
	snprintf(guessed.remote_tag, sizeof(guessed.remote_tag), "guess");
	phone_request(&guessed, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, "192.0.2.20", "481 BYE"));
	cr_expect_eq(net_counts(net).calls, 1);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, strangers_get_no_answer)
{
	struct phone stranger;
	phone_init(&stranger, net, "192.0.2.222");
	phone_invite(&stranger, "+12025550177", "+12025550100", phone_sdp(&stranger, "sendrecv"), NULL);
	net_pass(net, 1000);
	cr_expect_eq(net->sent_count, 0);
	cr_expect_eq(net_counts(net).unknown_sources, 1);
	net_expect_nothing_left(net);
}

static void expect_reason(struct phone *phone, int cause, const char *text)
{
	char wanted[160];
	const struct sip_message *bye = phone_ok(phone, "BYE");
	const char *reason = sip_message_header(bye, "Reason", NULL);
	snprintf(wanted, sizeof(wanted), "SIP;cause=%d;text=\"%s\"", cause, text);
	cr_assert_not_null(reason);
	cr_expect_eq(strncmp(reason, wanted, strlen(wanted)), 0, "%.*s", (int)strcspn(reason, "\r\n"), reason);
}

Test(calls, no_ack_ends_the_call)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	phone_answer(&agent, phone_rung(&agent), 200, NULL, phone_sdp(&agent, "sendrecv"));
	net_pass(net, 33000);
	expect_reason(&agent, 487, "the caller did not acknowledge our 200 to its INVITE");
	expect_reason(&caller, 408, "the caller did not acknowledge our 200 to its INVITE");
	cr_expect_gt(net_count(net, caller.address, "200 INVITE"), 5);
	cr_expect_not_null(strstr(net_logged(net, "event=no-ack"), "leg=caller event=no-ack answer=\"200 (INVITE)\""));
	cr_expect_not_null(
	    strstr(net_logged(net, "leg=agent event=ended"), "reason=\"the caller did not acknowledge "));
	net_expect_nothing_left(net);
}

/* Nobody has hung up, so the caller does not read that somebody did. */
Test(calls, no_ack_of_the_agent_is_not_its_hanging_up)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "sendrecv"));
	net_pass(net, 33000);
	expect_reason(&caller, 480, "the agent did not acknowledge our 200 to its INVITE");
	expect_reason(&agent, 408, "the agent did not acknowledge our 200 to its INVITE");
	net_expect_nothing_left(net);
}

Test(calls, silence_ends_the_call)
{
	net_connect(net, &caller, &agent, "+12025550100");
	struct xf_endpoint_id id = {XF_ENDPOINT_NONE, 0};
	for (uint32_t i = 0; i < XF_PORT_PAIRS && id.index == XF_ENDPOINT_NONE; i++)
		if (net->dp.endpoint[i].open) /* the caller's: of the first media address */
			id = (struct xf_endpoint_id){i, net->dp.endpoint[i].generation};
	fake_event(&net->dp, id, XF_EVENT_MEDIA_TIMEOUT);
	net_pass(net, 10);
	expect_reason(&caller, 408, "no media from the caller");
	expect_reason(&agent, 487, "no media from the caller");
	net_expect_nothing_left(net);
}

Test(calls, calls_end_at_their_longest)
{
	net_connect(net, &caller, &agent, "+12025550100");
	net_pass(net, net->config->call_max_ms);
	phone_ok(&caller, "BYE");
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(calls, a_number_without_route)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_invite(&caller, "+12025550177", "+12025550111", phone_sdp(&caller, "sendrecv"), NULL);
	const struct sip_message *refusal = net_hear(net, caller.address, "404 INVITE");
	cr_assert_not_null(refusal);
	cr_expect_not_null(strstr(sip_message_header(refusal, "Warning", NULL), "routes"));
	net_expect_nothing_left(net);
}

Test(calls, without_a_dataplane_calls_are_refused)
{
	net->link = false;
	plane_link_down(net->plane, net->now_ns);
	phone_init(&caller, net, "192.0.2.20");
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	const struct sip_message *refusal = net_hear(net, caller.address, "503 INVITE");
	cr_assert_not_null(refusal);
	cr_expect_not_null(sip_message_header(refusal, "Retry-After", NULL));
	net_expect_nothing_left(net);
}

Test(calls, stop_hangs_up)
{
	net_connect(net, &caller, &agent, "+12025550100");
	plane_stop(net->plane, net->now_ns);
	cr_expect_not(plane_stopped(net->plane));
	phone_ok(&caller, "BYE");
	phone_ok(&agent, "BYE");
	net_pass(net, 10);
	cr_expect(plane_stopped(net->plane));
}
