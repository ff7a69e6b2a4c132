/* Announcements of a plan: the caller hears a sound, then the plan goes on. */
#include "net.h"

#include <criterion/criterion.h>

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

TestSuite(announcements, .init = setup, .fini = teardown);

static const struct sip_message *caller_sdp(void)
{
	for (unsigned i = 0; i < net->sent_count; i++) {
		const struct sip_message *m = net->sent[i].message;
		if (!m->request && m->method == SIP_INVITE && m->status == 200 && net->sent[i].network == 0)
			return m;
	}
	cr_assert_fail("the caller has no answer");
	return NULL;
}

static const char *heard(void)
{
	return net_prompt(net, caller_sdp());
}

static void it_ends(void)
{
	fake_event(&net->dp, net_endpoint(net, caller_sdp()), XF_EVENT_PROMPT_ENDED);
	net_pass(net, 20);
}

static void refer_to_closed(void)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <sip:plan-closed@xfergate>\r\nRefer-Sub: false\r\n", NULL);
	net_pass(net, 20);
	cr_assert_not_null(net_hear(net, agent.address, "202 REFER"));
}

static void target_is_busy(void)
{
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 486, NULL, NULL);
	net_pass(net, 20);
}

/* Target, announcement, tone, hang-up; the agent stays to the end. */
Test(announcements, then_hang_up)
{
	refer_to_closed();
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite));
	target_is_busy();
	cr_expect_str_eq(heard(), "sorry");
	cr_expect_not_null(strstr(net_rpc(net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.transfers\"}"),
				  "\"state\":\"announcing\""),
			   "%s", net->reply);
	cr_expect_not_null(strstr(net->reply, "{\"type\":\"announcement\",\"destination\":\"sorry\""), "%s",
			   net->reply);
	net_pass(net, 2900);
	cr_expect_str_eq(heard(), "sorry");
	it_ends();
	cr_expect_str_eq(heard(), "busy-us", "the region's own");
	net_rpc(net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"+12025550177\"}}");
	cr_expect_not_null(strstr(net->reply, "\"reason\":\"played to its end\"},{\"at\":"), "%s", net->reply);
	cr_expect_not_null(strstr(net->reply, "\"sound\":\"busy\""), "%s", net->reply);
	cr_expect_not_null(strstr(net->reply, "\"fed_from\":\"busy-us\""), "%s", net->reply);
	net_pass(net, 3900);
	cr_expect_str_eq(heard(), "busy-us");
	cr_expect_eq(net_count(net, caller.address, "BYE"), 0);
	net_pass(net, 150);
	phone_ok(&caller, "BYE");
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* The dataplane's word is lost: a little after the sound must have ended the plan goes on. */
Test(announcements, nobody_says_that_it_has_ended)
{
	refer_to_closed();
	target_is_busy();
	net_pass(net, 3000 + 1900);
	cr_expect_str_eq(heard(), "sorry");
	uint32_t sorry = fake_find(&net->dp, net_endpoint(net, caller_sdp()))->source.generation;
	net_pass(net, 200);
	cr_expect_str_eq(heard(), "busy-us");
	cr_expect_not_null(strstr(net_rpc(net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.transfers\"}"),
				  "\"reason\":\"ended when its time was up\""),
			   "%s", net->reply);
	/* And a late word is not the next one's. */
	fake_prompt_ended(&net->dp, net_endpoint(net, caller_sdp()), sorry, 0);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "busy-us");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* The agent has left before: nothing changes for the caller. */
Test(announcements, without_the_agent)
{
	refer_to_closed();
	phone_request(&agent, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, agent.address, "200 BYE"));
	net_pass(net, 5);
	cr_expect_eq(net_feeder(net, caller_sdp()), 0);
	target_is_busy();
	cr_expect_str_eq(heard(), "sorry");
	it_ends();
	cr_expect_str_eq(heard(), "busy-us");
	net_pass(net, 4100);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

/* The agent leaves, or the caller does, in the middle of it. */
Test(announcements, somebody_leaves)
{
	refer_to_closed();
	target_is_busy();
	phone_request(&agent, "BYE", NULL, NULL);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	phone_request(&caller, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, caller.address, "200 BYE"));
	net_pass(net, 20);
	cr_expect_eq(net->impossible, 0);
	net_expect_nothing_left(net);
}

/* An agent that says nothing while it waits stays: the plan may come back to it. */
Test(announcements, silent_agent)
{
	refer_to_closed();
	target_is_busy();
	cr_expect_str_eq(heard(), "sorry");
	fake_event(&net->dp, net_endpoint(net, agent.invite), XF_EVENT_MEDIA_TIMEOUT);
	net_pass(net, 20);
	cr_expect_eq(net_count(net, agent.address, "BYE"), 0);
	it_ends();
	net_pass(net, 4100);
	phone_ok(&caller, "BYE");
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* Back to the agent; only where that is gone the plan goes on behind it. */
Test(announcements, instead_of_the_agent)
{
	for (unsigned gone = 0; gone < 2; gone++) {
		if (gone)
			phone_init(&pbx, net, "203.0.113.10");
		else
			net_connect(net, &caller, &agent, "+12025550100");
		phone_request(&agent, "REFER", "Refer-To: <sip:plan-back@xfergate>\r\nRefer-Sub: false\r\n", NULL);
		net_pass(net, 20);
		if (gone) {
			phone_request(&agent, "BYE", NULL, NULL);
			net_pass(net, 20);
		}
		phone_answer(&pbx, phone_rung(&pbx), 486, NULL, NULL);
		net_pass(net, 20);
		cr_expect_str_eq(heard(), gone ? "twice" : "");
		cr_expect_eq(net_feeder(net, caller_sdp()), gone ? 0 : net_port(agent.invite));
	}
	it_ends();
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

/* The agent does not answer: the caller, not answered yet, is answered for it; then the next target. */
Test(announcements, when_the_agent_fails)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550198", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	phone_answer(&agent, phone_rung(&agent), 486, NULL, NULL);
	net_pass(net, 20);
	phone_connected(&caller, NULL);
	cr_expect_str_eq(heard(), "sorry");
	it_ends();
	cr_expect_str_eq(heard(), "");
	const struct sip_message *invite = phone_rung(&pbx);
	phone_answer(&pbx, invite, 180, NULL, NULL);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "ringback-us");
	phone_answer(&pbx, invite, 200, NULL, phone_sdp(&pbx, "sendrecv"));
	net_pass(net, 20);
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite));
	phone_request(&pbx, "BYE", NULL, NULL);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

/* What the answer to a caller names whom nobody but the gateway talks to yet. */
static const char *answered_alone(const char *formats)
{
	char sdp[256];
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	snprintf(sdp, sizeof(sdp),
		 "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n"
		 "m=audio 20000 RTP/AVP %s\r\n",
		 formats ? formats : "0");
	phone_invite(&caller, "+12025550177", "+12025550198", formats ? sdp : NULL, NULL);
	net_pass(net, 20);
	phone_answer(&agent, phone_rung(&agent), 486, NULL, NULL);
	net_pass(net, 20);
	const struct sip_message *ok = phone_connected(&caller, formats ? NULL : sdp);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	return strstr(ok->body, "m=audio ");
}

/* A target that comes later may know G.711 only, and G.722 is not turned into it: the caller's order counts for less.
 */
Test(announcements, leave_the_caller_a_codec_that_targets_know)
{
	const char *media = answered_alone("9 0 8");
	cr_expect_not_null(strstr(media, "RTP/AVP 0\r\n"), "%s", media);
	it_ends();
	phone_answer(&pbx, phone_rung(&pbx), 200, NULL, phone_sdp(&pbx, "sendrecv"));
	net_pass(net, 20);
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(pbx.invite));
	phone_request(&pbx, "BYE", NULL, NULL);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

Test(announcements, take_g722_where_the_caller_has_no_law)
{
	const char *media = answered_alone("9 18");
	cr_expect_not_null(strstr(media, "RTP/AVP 9\r\n"), "%s", media);
	phone_request(&caller, "BYE", NULL, NULL);
	net_expect_nothing_left(net);
}

Test(announcements, offer_the_laws_where_the_caller_offers_late)
{
	const char *media = answered_alone(NULL);
	cr_expect_not_null(strstr(media, "RTP/AVP 0 8 101\r\n"), "%s", media);
	phone_request(&caller, "BYE", NULL, NULL);
	net_expect_nothing_left(net);
}

static const char *sdp_g729(const struct phone *phone)
{
	static char sdp[512];
	snprintf(sdp, sizeof(sdp),
		 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 18\r\n"
		 "a=rtpmap:18 G729/8000\r\n",
		 phone->address, phone->address, phone->media_port);
	return sdp;
}

/* A caller that cannot hear it is not answered for it: the next target is, or nobody. early: it has heard the agent
 * before the answer, so its codec is agreed. */
Test(announcements, nobody_is_answered_for_nothing)
{
	for (unsigned early = 0; early < 2; early++) {
		phone_init(&caller, net, "192.0.2.20");
		phone_init(&agent, net, "198.51.100.10");
		phone_init(&pbx, net, "203.0.113.10");
		phone_invite(&caller, "+12025550177", "+12025550198", sdp_g729(&caller), NULL);
		net_pass(net, 20);
		const struct sip_message *invite = phone_rung(&agent);
		if (early)
			phone_answer(&agent, invite, 183, NULL, sdp_g729(&agent));
		phone_answer(&agent, invite, 486, NULL, NULL);
		net_pass(net, 20);
		cr_expect_null(net_hear(net, caller.address, "200 INVITE"), "early %u", early);
		phone_answer(&pbx, phone_rung(&pbx), 486, NULL, NULL);
		net_pass(net, 20);
		cr_expect_not_null(net_hear(net, caller.address, "486 INVITE"), "early %u", early);
		cr_expect_not_null(strstr(net_rpc(net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.transfers\"}"),
					  "\"status\":488"),
				   "%s", net->reply);
	}
	net_expect_nothing_left(net);
}

/* Nor while the dataplane is away. */
Test(announcements, nobody_is_answered_without_a_dataplane)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_invite(&caller, "+12025550177", "+12025550198", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	plane_link_down(net->plane, net->now_ns);
	phone_answer(&agent, invite, 486, NULL, NULL);
	net_pass(net, 20);
	cr_expect_null(net_hear(net, caller.address, "200 INVITE"));
	fake_connected(&net->dp);
	plane_link_up(net->plane, net->now_ns);
	net_pass(net, 20);
	net_expect_nothing_left(net);
}

/* The agent hangs up on the caller: the plan for that. The same sound again is played again. */
Test(announcements, when_the_agent_is_lost)
{
	net_connect(net, &caller, &agent, "+12025550198");
	phone_request(&agent, "BYE", NULL, NULL);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	it_ends();
	phone_answer(&pbx, phone_rung(&pbx), 486, NULL, NULL);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	it_ends();
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

/* The end of the first time is told when the same sound plays once more. */
Test(announcements, the_same_twice)
{
	net_connect(net, &caller, &agent, "+12025550198");
	phone_request(&agent, "BYE", NULL, NULL);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	uint64_t then_ns = net->dp.now_ns;
	uint32_t sorry = fake_find(&net->dp, net_endpoint(net, caller_sdp()))->source.generation;
	it_ends();
	phone_answer(&pbx, phone_rung(&pbx), 486, NULL, NULL);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	fake_prompt_ended(&net->dp, net_endpoint(net, caller_sdp()), sorry, then_ns);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	cr_expect_eq(net_count(net, caller.address, "BYE"), 0);
	it_ends();
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

static unsigned subscribed_s(void)
{
	const struct sip_message *notify = phone_ok(&agent, "NOTIFY");
	const char *state = sip_message_header(notify, "Subscription-State", NULL);
	unsigned seconds = 0;
	cr_assert_eq(sscanf(state, "active;expires=%u", &seconds), 1, "%s", state);
	return seconds;
}

/* The agent's subscription lasts for as long as the plan may take (RFC 3515 3.4): 4 minutes of ringing, a sound of 3 s,
 * 5 minutes of another. */
Test(announcements, the_agent_is_told_of_the_end)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <sip:plan-patient@xfergate>\r\n", NULL);
	net_pass(net, 20);
	uint64_t begun_ns = net->now_ns;
	unsigned trying = subscribed_s();
	cr_expect(trying > 543 && trying < 700, "%u s", trying);
	const struct sip_message *invite = phone_rung(&edge);
	phone_answer(&edge, invite, 100, NULL, NULL);
	net_pass(net, 170000);
	phone_answer(&edge, invite, 180, NULL, NULL);
	net_pass(net, 20);
	unsigned rings = subscribed_s();
	cr_expect(rings > 373 && rings < 700, "%u s", rings);
	net_pass(net, 70000);
	cr_expect_str_eq(heard(), "sorry");
	it_ends();
	net_pass(net, 299000);
	cr_expect_str_eq(heard(), "busy-us");
	cr_expect_eq(net_count(net, agent.address, "NOTIFY"), 2);
	cr_expect_lt(net->now_ns - begun_ns, trying * NS_PER_S);
	net_pass(net, 1500);
	const struct sip_message *final = phone_ok(&agent, "NOTIFY");
	cr_expect_str_eq(sip_message_header(final, "Subscription-State", NULL), "terminated;reason=noresource");
	cr_expect_lt(net->now_ns - begun_ns, trying * NS_PER_S);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* An agent that waits for the report of a plan that came to nobody is told so, and its leg's end does not say
 * otherwise. */
Test(announcements, a_failed_plan_is_no_transfer)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <sip:plan-closed@xfergate>\r\n", NULL);
	net_pass(net, 20);
	phone_ok(&agent, "NOTIFY");
	target_is_busy();
	it_ends();
	net_pass(net, 4050);
	phone_ok(&caller, "BYE");
	phone_ok(&agent, "NOTIFY");
	const char *reason = sip_message_header(phone_ok(&agent, "BYE"), "Reason", NULL);
	cr_assert_not_null(reason);
	cr_expect_eq(strncmp(reason, "SIP;cause=486;text=\"no target answered\"", 39), 0, "%s", reason);
	const char *ended = net_logged(net, "leg=agent event=ended");
	cr_expect_not_null(strstr(ended, "status=486 reason=\"no target answered\""), "%s", ended);
	net_expect_nothing_left(net);
}

/* What cannot be played is passed over, and says why: a sound that the dataplane does not have, a codec that sounds are
 * not there in, a dataplane that refuses or is away. */
Test(announcements, passed_over)
{
	net->dp.no_announcements = true;
	plane_link_down(net->plane, net->now_ns);
	fake_restart(&net->dp);
	plane_link_up(net->plane, net->now_ns);
	net_pass(net, 20);
	refer_to_closed();
	target_is_busy();
	cr_expect_str_eq(heard(), "busy-us");
	cr_expect_not_null(strstr(net_rpc(net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.transfers\"}"),
				  "the dataplane has no sound sorry"),
			   "%s", net->reply);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(announcements, refused)
{
	refer_to_closed();
	net->dp.fail_type = XF_LINK_PATCH;
	net->dp.fail_result = -EINVAL;
	target_is_busy();
	cr_expect_not_null(strstr(net_rpc(net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.transfers\"}"),
				  "the dataplane could not play it"),
			   "%s", net->reply);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* A dataplane that comes back plays it from its beginning; one that has only been away tells that it ended. */
Test(announcements, survive_the_dataplane)
{
	refer_to_closed();
	target_is_busy();
	plane_link_down(net->plane, net->now_ns);
	fake_restart(&net->dp);
	plane_link_up(net->plane, net->now_ns);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "sorry");
	plane_link_down(net->plane, net->now_ns);
	fake_connected(&net->dp);
	fake_find(&net->dp, net_endpoint(net, caller_sdp()))->prompt_ended = true;
	plane_link_up(net->plane, net->now_ns);
	net_pass(net, 20);
	cr_expect_str_eq(heard(), "busy-us");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}
