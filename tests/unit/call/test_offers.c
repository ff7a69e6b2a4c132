/* Offers and answers of one leg (RFC 3264, RFC 6337) and what a caller is told, beyond the plain cases. */
#include "net.h"

#include <criterion/criterion.h>

static struct net *net;
static struct phone caller, agent, edge, pbx;

static void setup(void)
{
	net = net_create();
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
	phone_init(&edge, net, "192.0.2.10");
	phone_init(&pbx, net, "203.0.113.10");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(offers, .init = setup, .fini = teardown);

static const struct sip_message *call_in(const char *number, const char *sdp)
{
	phone_invite(&caller, "+12025550177", number, sdp, NULL);
	net_pass(net, 20);
	return phone_rung(&agent);
}

static const char *sdp_of(const char *address, const char *formats, const char *more)
{
	static char sdp[2][512];
	static unsigned next;
	char *buf = sdp[next++ % 2];
	snprintf(buf, sizeof(sdp[0]),
		 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 20000 RTP/AVP %s\r\n%s", address,
		 address, formats, more);
	return buf;
}

static void hang_up(void)
{
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* A re-INVITE without an offer asks what we want, and we hold nobody (RFC 6337 5.3): this is how many devices resume.
 * The offer has a line for each one of the session, in its place. */
Test(offers, resume_without_an_offer)
{
	char held[640];
	net_connect(net, &caller, &agent, "+12025550100");
	snprintf(held, sizeof(held), "%sm=video 30000 RTP/AVP 31\r\n", phone_sdp(&caller, "inactive"));
	phone_request(&caller, "INVITE", NULL, held);
	const struct sip_message *ok = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(ok);
	phone_ack(&caller, caller.cseq, NULL);
	phone_request(&caller, "INVITE", NULL, NULL);
	const struct sip_message *offer = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(offer);
	cr_expect_not_null(strstr(offer->body, "a=sendrecv"), "%s", offer->body);
	cr_expect_not_null(strstr(offer->body, "m=video 0 "), "%s", offer->body);
	phone_ack(&caller, caller.cseq, phone_sdp(&caller, "sendrecv"));
	net_pass(net, 5);
	cr_expect_eq(net_feeder(net, offer), net_port(agent.invite));
	hang_up();
}

/* RFC 3261 14.1: a re-INVITE that fails changes nothing. */
Test(offers, a_refused_offer_leaves_the_session)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&caller, "INVITE", NULL,
		      sdp_of("10.9.9.9", "0 97", "a=rtpmap:97 telephone-event/8000\r\na=sendrecv\r\n"));
	cr_assert_not_null(net_hear(net, caller.address, "488 INVITE"));
	phone_request(&caller, "INVITE", NULL, NULL);
	const struct sip_message *offer = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(offer);
	cr_expect_not_null(strstr(offer->body, "RTP/AVP 0 101"), "%s", offer->body);
	phone_ack(&caller, caller.cseq, phone_sdp(&caller, "sendrecv"));
	hang_up();
}

/* The branch that answers need not have the codec of the one whose early media was heard. */
Test(offers, early_media_of_one_branch_and_the_answer_of_another)
{
	const struct sip_message *invite = call_in("+12025550100", sdp_of("192.0.2.20", "0 8", ""));
	phone_answer(&agent, invite, 183, NULL, sdp_of("198.51.100.10", "0", ""));
	struct phone other = agent;
	snprintf(other.tag, sizeof(other.tag), "other");
	phone_answer(&other, invite, 200, NULL, sdp_of("198.51.100.10", "8", ""));
	agent = other;
	/* The caller has been told PCMU in the 183 already: one law of G.711 is turned into the other. */
	const struct sip_message *ok = phone_connected(&caller, NULL);
	cr_expect_not_null(strstr(ok->body, "RTP/AVP 0\r\n"), "%s", ok->body);
	cr_expect_not_null(net_hear(net, agent.address, "ACK"));
	hang_up();
}

/* G.722 is not turned into anything. */
Test(offers, an_answer_without_the_early_ones_codec)
{
	const struct sip_message *invite = call_in("+12025550100", sdp_of("192.0.2.20", "9 0", ""));
	phone_answer(&agent, invite, 183, NULL, sdp_of("198.51.100.10", "9", ""));
	struct phone other = agent;
	snprintf(other.tag, sizeof(other.tag), "other");
	phone_answer(&other, invite, 200, NULL, sdp_of("198.51.100.10", "0", ""));
	agent = other;
	cr_expect_null(net_hear(net, caller.address, "200 INVITE"));
	cr_expect_not_null(net_hear(net, agent.address, "ACK"));
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* RFC 5761 5.1.1: multiplexed RTCP is taken where it is offered, and offered again where it is in use; an answer that
 * nobody asked for has no effect. */
Test(offers, multiplexed_rtcp)
{
	static const char mux[] = "a=rtcp:20009\r\na=rtcp-mux\r\n";
	const struct sip_message *invite = call_in("+12025550100", sdp_of("192.0.2.20", "0", mux));
	cr_expect_null(strstr(invite->body, "rtcp"), "%s", invite->body);
	phone_answer(&agent, invite, 200, NULL, sdp_of("198.51.100.10", "0", mux));
	const struct sip_message *ok = phone_connected(&caller, NULL);
	cr_expect_not_null(strstr(ok->body, "a=rtcp-mux\r\n"), "%s", ok->body);
	cr_expect_eq(net_rtcp(net, ok), 20000u);
	cr_expect_eq(net_rtcp(net, invite), 20009u);
	phone_request(&caller, "INVITE", NULL, NULL);
	const struct sip_message *offer = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(offer);
	cr_expect_not_null(strstr(offer->body, "a=rtcp-mux\r\n"), "%s", offer->body);
	phone_ack(&caller, caller.cseq, sdp_of("192.0.2.20", "0", mux));
	net_pass(net, 5);
	cr_expect_eq(net_rtcp(net, offer), 20000u, "as agreed again");
	phone_request(&caller, "INVITE", NULL, sdp_of("192.0.2.20", "0", "a=rtcp:20009\r\n"));
	ok = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(ok);
	cr_expect_null(strstr(ok->body, "rtcp"), "%s", ok->body);
	cr_expect_eq(net_rtcp(net, ok), 20009u);
	phone_ack(&caller, caller.cseq, NULL);
	hang_up();
}

/* A target is offered what the caller was offered, also before the caller has answered. */
Test(offers, refer_before_a_late_answer)
{
	const struct sip_message *invite = call_in("+12025550100", NULL);
	phone_answer(&agent, invite, 200, NULL, sdp_of("198.51.100.10", "0", ""));
	const struct sip_message *ok = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(ok);
	phone_request(&agent, "REFER", "Refer-To: <tel:+12025550143>\r\n", NULL);
	net_pass(net, 20);
	cr_expect_not_null(strstr(phone_rung(&edge)->body, "RTP/AVP 0 8\r\n"), "%s", edge.invite->body);
	snprintf(caller.remote_tag, sizeof(caller.remote_tag), "%s", ok->to.tag);
	snprintf(caller.remote_target, sizeof(caller.remote_target), "%s", ok->contact.uri.text);
	phone_ack(&caller, ok->cseq, phone_sdp(&caller, "sendrecv"));
	phone_answer(&edge, edge.invite, 486, NULL, NULL);
	phone_ok(&agent, "NOTIFY");
	phone_ok(&agent, "NOTIFY");
	hang_up();
}

/* RFC 6228: 199 ends an early dialog. It is the other side's, not the caller's. */
Test(offers, the_end_of_a_branch_is_not_the_callers)
{
	const struct sip_message *invite = call_in("+12025550100", phone_sdp(&caller, "sendrecv"));
	phone_answer(&agent, invite, 180, NULL, NULL);
	phone_answer(&agent, invite, 199, NULL, NULL);
	cr_expect_null(net_hear(net, caller.address, "199 INVITE"));
	phone_answer(&agent, invite, 486, NULL, NULL);
	net_expect_nothing_left(net);
}

/* A caller can neither answer a challenge of the target's nor follow its redirection. */
Test(offers, what_is_between_us_and_the_target_stays_there)
{
	static const int statuses[] = {302, 401, 407, 403};
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		phone_init(&caller, net, "192.0.2.20");
		phone_answer(&agent, call_in("+12025550199", phone_sdp(&caller, "sendrecv")), 503, NULL, NULL);
		net_pass(net, 20);
		phone_answer(&pbx, phone_rung(&pbx), statuses[i], NULL, NULL);
		net_pass(net, 20);
		cr_expect_not_null(net_hear(net, caller.address, "480 INVITE"), "%d", statuses[i]);
	}
	net_expect_nothing_left(net);
}

/* A peer's words can name anything: neither the caller nor the agent is told those of the other side. */
Test(offers, nobody_hears_the_other_sides_reason)
{
	phone_answer(&agent, call_in("+12025550100", phone_sdp(&caller, "sendrecv")), 486, NULL, NULL);
	cr_assert_not_null(net_hear(net, caller.address, "480 INVITE"));
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <tel:+12025550143>\r\n", NULL);
	net_pass(net, 20);
	phone_answer(&edge, phone_rung(&edge), 486, NULL, NULL);
	net_pass(net, 20);
	for (unsigned i = 0; i < net->sent_count; i++)
		cr_expect_null(strstr(net->sent[i].text, "Answer"), "%s", net->sent[i].text);
	phone_ok(&agent, "NOTIFY");
	phone_ok(&agent, "NOTIFY");
	hang_up();
}
