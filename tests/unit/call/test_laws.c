/* G.711's two laws: legs that know one each are connected, and the dataplane converts. */
#include "net.h"

#include <criterion/criterion.h>

static struct net *net;
static struct phone caller, agent, edge;

static void setup(void)
{
	net = net_create();
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_init(&edge, net, "192.0.2.10");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(laws, .init = setup, .fini = teardown);

static const char *sdp_of(const struct phone *phone, const char *formats)
{
	static char sdp[2][512];
	static unsigned next;
	char *buf = sdp[next++ % 2];
	snprintf(buf, sizeof(sdp[0]),
		 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP %s\r\n"
		 "a=rtpmap:101 telephone-event/8000\r\na=rtpmap:96 opus/48000/2\r\n",
		 phone->address, phone->address, phone->media_port, formats);
	return buf;
}

/* The payload types of the endpoint that `with_sdp` names, in their order: "0=PCMU 101=telephone-event". */
static const char *types(const struct sip_message *with_sdp)
{
	static const char *const names[] = {
#define X(symbol, name, rate, pt, channels) name,
	    XF_CODECS(X)
#undef X
	};
	static char text[128];
	struct fake_endpoint *endpoint = fake_find(&net->dp, net_endpoint(net, with_sdp));
	cr_assert_not_null(endpoint);
	*text = 0;
	for (unsigned i = 0; i < endpoint->settings.pt_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u=%s", i ? " " : "",
			 endpoint->settings.pts[i].pt, names[endpoint->settings.pts[i].codec]);
	return text;
}

static const struct sip_message *ok_to_caller;

/* The caller's offer, what the agent is offered then, and its answer. */
static void talk_to_agent(const char *offered, const char *passed_on, const char *answered)
{
	char line[64];
	phone_invite(&caller, "+12025550177", "+12025550100", sdp_of(&caller, offered), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	snprintf(line, sizeof(line), "RTP/AVP %s\r\n", passed_on);
	cr_expect_not_null(strstr(invite->body, line), "%s: %s", offered, invite->body);
	phone_answer(&agent, invite, 200, NULL, sdp_of(&agent, answered));
	ok_to_caller = phone_connected(&caller, NULL);
	net_pass(net, 20);
}

static void expect_answer(const char *formats)
{
	char line[64];
	snprintf(line, sizeof(line), "RTP/AVP %s\r\n", formats);
	cr_expect_not_null(strstr(ok_to_caller->body, line), "%s", ok_to_caller->body);
}

static void hang_up(struct phone *other)
{
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(other, "BYE");
	net_expect_nothing_left(net);
}

Test(laws, the_agent_has_the_other)
{
	talk_to_agent("8 101", "8 0 101", "0 101");
	expect_answer("8 101");
	cr_expect_str_eq(types(ok_to_caller), "8=PCMA 101=telephone-event");
	cr_expect_str_eq(types(agent.invite), "0=PCMU 101=telephone-event");
	hang_up(&agent);
}

/* The first that both have; of an answer's two laws the agent may send either. */
Test(laws, both_have_both)
{
	talk_to_agent("8 0 101", "8 0 101", "0 8 101");
	expect_answer("0 101");
	cr_expect_str_eq(types(agent.invite), "0=PCMU 8=PCMA 101=telephone-event");
	hang_up(&agent);
}

Test(laws, another_codec_comes_first)
{
	talk_to_agent("9 0 101", "9 0 8 101", "8 9 101");
	/* The agent sends its first, A-law, which the caller has in its other law. */
	expect_answer("0 101");
	hang_up(&agent);
}

Test(laws, a_target_has_the_other)
{
	talk_to_agent("0 101", "0 8 101", "0 101");
	phone_request(&agent, "REFER", "Refer-To: <tel:+12025550143>\r\n", NULL);
	net_pass(net, 20);
	cr_expect_not_null(strstr(phone_rung(&edge)->body, "RTP/AVP 0 8 101\r\n"), "%s", edge.invite->body);
	phone_answer(&edge, edge.invite, 200, NULL, sdp_of(&edge, "8 101"));
	net_pass(net, 20);
	phone_ok(&agent, "NOTIFY");
	phone_ok(&agent, "NOTIFY");
	phone_ok(&agent, "BYE");
	cr_expect_str_eq(types(edge.invite), "8=PCMA 101=telephone-event");
	cr_expect_eq(net_feeder(net, ok_to_caller), net_port(edge.invite));
	cr_expect_eq(net_count(net, caller.address, "INVITE"), 0u, "the caller is left in peace");
	hang_up(&edge);
}

/* Nothing is offered that cannot be had, and what is not offered is refused with its reason. */
Test(laws, other_codecs_are_not_converted)
{
	talk_to_agent("9 101", "9 101", "9 101");
	phone_request(&agent, "REFER", "Refer-To: <tel:+12025550143>\r\n", NULL);
	net_pass(net, 20);
	cr_expect_not_null(strstr(phone_rung(&edge)->body, "RTP/AVP 9 101\r\n"), "%s", edge.invite->body);
	phone_answer(&edge, edge.invite, 200, NULL, sdp_of(&edge, "0 101"));
	net_pass(net, 20);
	cr_expect_not_null(net_hear(net, edge.address, "ACK"));
	phone_ok(&edge, "BYE");
	phone_ok(&agent, "NOTIFY");
	const struct sip_message *final = phone_ok(&agent, "NOTIFY");
	cr_expect_not_null(strstr(final->body, "488"), "%s", final->body);
	hang_up(&agent);
}

/* A payload number that stands for something else is not used twice. */
Test(laws, a_number_that_is_taken)
{
	phone_invite(&caller, "+12025550177", "+12025550100",
		     "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n"
		     "m=audio 20000 RTP/AVP 0 8\r\na=rtpmap:8 telephone-event/8000\r\n",
		     NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	cr_expect_not_null(strstr(invite->body, "RTP/AVP 0 8\r\n"), "%s", invite->body);
	cr_expect_not_null(strstr(invite->body, "a=rtpmap:8 telephone-event/8000"), "%s", invite->body);
	cr_expect_null(strstr(invite->body, "PCMA"), "%s", invite->body);
	phone_answer(&agent, invite, 486, NULL, NULL);
	cr_assert_not_null(net_hear(net, caller.address, "480 INVITE"));
	net_expect_nothing_left(net);
}

/* In a call that is up: the caller has only the other law from now on, as a device behind a transfer of its own may. */
Test(laws, a_later_offer_of_the_other)
{
	talk_to_agent("0 101", "0 8 101", "0 101");
	phone_request(&caller, "INVITE", NULL, sdp_of(&caller, "8 101"));
	const struct sip_message *ok = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(ok);
	cr_expect_not_null(strstr(ok->body, "RTP/AVP 8 101\r\n"), "%s", ok->body);
	cr_expect_str_eq(types(ok), "8=PCMA 101=telephone-event");
	phone_ack(&caller, caller.cseq, NULL);
	hang_up(&agent);
}
