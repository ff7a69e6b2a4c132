/* Hold: whoever is held hears music while the holder sends nothing; the holder hears nothing. */
#include "net.h"

#include <criterion/criterion.h>

static struct net *net;
static struct phone caller, agent, edge;

static void setup(void)
{
	net = net_create();
	phone_init(&edge, net, "192.0.2.10");
	net_connect(net, &caller, &agent, "+12025550100");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(hold, .init = setup, .fini = teardown);

static const struct sip_message *caller_sdp(void)
{
	for (unsigned i = 0; i < net->sent_count; i++) {
		const struct sip_message *m = net->sent[i].message;
		if (!m->request && m->method == SIP_INVITE && m->status == 200 && net->sent[i].network == 0)
			return m;
	}
	return NULL;
}

static void says(struct phone *phone, const char *direction)
{
	phone_request(phone, "INVITE", NULL, phone_sdp(phone, direction));
	cr_assert_not_null(net_hear(net, phone->address, "200 INVITE"));
	phone->cseq--; /* the ACK has the INVITE's */
	phone_request(phone, "ACK", NULL, NULL);
	net_pass(net, 5);
}

Test(hold, of_the_agent)
{
	static const struct {
		const char *direction, *music;
		bool heard; /* by the holder */
	} cases[] = {{"sendonly", "music", false}, {"inactive", "music", false}, {"recvonly", "", true}};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		says(&agent, cases[i].direction);
		cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite), "what it sends is heard");
		cr_expect_str_eq(net_hold_music(net, caller_sdp()), cases[i].music, "%s", cases[i].direction);
		cr_expect_eq(net_feeder(net, agent.invite) != 0, cases[i].heard);
		says(&agent, "sendrecv");
		cr_expect_str_eq(net_hold_music(net, caller_sdp()), "");
		cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite));
		cr_expect_eq(net_feeder(net, agent.invite), net_port(caller_sdp()));
	}
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* `show call`: the caller's leg first, then the agent's. */
static void expect_shown(const char *to_caller, const char *to_agent)
{
	const char *at = net_rpc(
	    net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"+12025550177\"}}");
	const char *const wanted[] = {to_caller, to_agent};
	for (unsigned i = 0; i < 2; i++) {
		at = strstr(at, "\"while_silent\":");
		cr_assert_not_null(at, "%s", net->reply);
		at += strlen("\"while_silent\":");
		cr_expect_eq(strncmp(at, wanted[i], strlen(wanted[i])), 0, "%s", net->reply);
	}
}

Test(hold, of_the_caller)
{
	expect_shown("null", "null");
	says(&caller, "sendonly");
	expect_shown("null", "\"music\"");
	cr_expect_str_eq(net_hold_music(net, agent.invite), "music");
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "");
	cr_expect_eq(net_feeder(net, caller_sdp()), 0);
	/* Both: neither hears anything. */
	says(&agent, "inactive");
	cr_expect_str_eq(net_hold_music(net, agent.invite), "");
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "");
	says(&caller, "sendrecv");
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "music");
	says(&agent, "sendrecv");
	cr_expect_eq(net_feeder(net, agent.invite), net_port(caller_sdp()));
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* A transfer out of a hold: music, ringback, the target. */
Test(hold, before_a_transfer)
{
	says(&agent, "inactive");
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "music");
	phone_request(&agent, "REFER", "Refer-To: <tel:+12025550143>\r\nRefer-Sub: false\r\n", NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&edge);
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "music");
	phone_answer(&edge, invite, 180, NULL, NULL);
	net_pass(net, 5);
	cr_expect_str_eq(net_prompt(net, caller_sdp()), "ringback-us");
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "");
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 5);
	fake_event(&net->dp, net_endpoint(net, caller_sdp()), XF_EVENT_ARMED_FIRED);
	net_pass(net, 20);
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(invite));
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "");
	/* The target holds. */
	says(&edge, "sendonly");
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "music");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&edge, "BYE");
	net_pass(net, 20);
}

/* None is configured: as if there were no such thing. */
Test(hold, without_music)
{
	char *music = net->config->hold_music;
	net->config->hold_music = NULL;
	says(&agent, "inactive");
	cr_expect_str_eq(net_hold_music(net, caller_sdp()), "");
	cr_expect_eq(net_feeder(net, caller_sdp()), net_port(agent.invite));
	net->config->hold_music = music;
}
