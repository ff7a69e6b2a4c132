/* Whose silence ends a call: of who is connected and has said that it sends. */
#include "net.h"

#include <criterion/criterion.h>

static struct net *net;
static struct phone caller, agent;

static void setup(void)
{
	net = net_create();
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(silence, .init = setup, .fini = teardown);

/* The endpoint that talks to the phone, of those whose peer is known. */
static const struct fake_endpoint *endpoint_of(const struct phone *phone)
{
	struct xf_addr address = {0};
	cr_assert_eq(xf_addr_parse(&address, phone->address), 0);
	for (uint32_t i = 0; i < net->dp.addr_count * XF_PORT_PAIRS; i++) {
		const struct fake_endpoint *e = &net->dp.endpoint[i];
		if (e->open && xf_addr_eq(&e->settings.remote.addr, &address))
			return e;
	}
	return NULL;
}

static bool watched(const struct phone *phone)
{
	const struct fake_endpoint *e = endpoint_of(phone);
	cr_assert_not_null(e, "no endpoint talks to %s", phone->address);
	return e->settings.timeout_ns == net->config->media_timeout_ms * NS_PER_MS;
}

/* Ringing may take longer than silence may: it counts from the answer. */
Test(silence, counts_from_the_answer)
{
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	phone_answer(&agent, invite, 183, NULL, phone_sdp(&agent, "sendrecv"));
	net_pass(net, 20);
	cr_expect(!watched(&agent));
	cr_expect_eq(endpoint_of(&agent)->settings.timeout_ns, 0);
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	phone_connected(&caller, NULL);
	net_pass(net, 20);
	cr_expect(watched(&agent));
	cr_expect(watched(&caller));
}

/* Who holds us sends nothing, and is not lost for it; the time begins anew when it comes back. */
Test(silence, not_of_who_holds_us)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "inactive"));
	const struct sip_message *ok = net_hear(net, agent.address, "200 INVITE");
	cr_assert_not_null(ok);
	phone_ack(&agent, ok->cseq, NULL);
	net_pass(net, 20);
	cr_expect(!watched(&agent));
	cr_expect(watched(&caller));
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "sendrecv"));
	ok = net_hear(net, agent.address, "200 INVITE");
	cr_assert_not_null(ok);
	phone_ack(&agent, ok->cseq, NULL);
	net_pass(net, 20);
	cr_expect(watched(&agent));
}

static void says(struct phone *phone, const char *direction)
{
	phone_request(phone, "INVITE", NULL, phone_sdp(phone, direction));
	const struct sip_message *ok = net_hear(net, phone->address, "200 INVITE");
	cr_assert_not_null(ok);
	phone_ack(phone, ok->cseq, NULL);
	net_pass(net, 20);
}

static struct xf_endpoint_id id_of(const struct phone *phone)
{
	const struct fake_endpoint *e = endpoint_of(phone);
	return (struct xf_endpoint_id){(uint32_t)(e - net->dp.endpoint), e->generation};
}

static uint64_t limit_ms(const struct phone *phone)
{
	return endpoint_of(phone)->settings.timeout_ns / NS_PER_MS;
}

static void silent(const struct phone *phone, uint16_t spoke_ms)
{
	net_pass(net, 1000);
	fake_silence(&net->dp, id_of(phone), spoke_ms);
	net_pass(net, 20);
}

/* RFC 3264 8.4: who holds says `sendonly` and may send music or nothing. Music that ends is a peer that is gone. */
Test(silence, of_who_holds_us_counts_after_music)
{
	for (unsigned by_caller = 0; by_caller < 2; by_caller++) {
		net_connect(net, &caller, &agent, "+12025550100");
		struct phone *holder = by_caller ? &caller : &agent;
		says(holder, "sendonly");
		cr_expect_eq(limit_ms(holder), 5000);
		unsigned before = fake_find(&net->dp, id_of(holder))->switched_on;
		silent(holder, 10000);
		cr_expect_eq(net_count(net, holder->address, "BYE"), 0, "it may come back");
		cr_expect(watched(holder));
		cr_expect_eq(fake_find(&net->dp, id_of(holder))->switched_on, before + 1,
			     "the same silence is told again");
		says(holder, "sendonly");
		cr_expect(watched(holder), "a refresh changes nothing");
		silent(holder, 0);
		phone_ok(&agent, "BYE");
		phone_ok(&caller, "BYE");
		net_expect_nothing_left(net);
		net_destroy(net);
		net = net_create();
	}
}

/* What was under way when it said so is no music, and neither are a few packets that keep a binding of NAT: whoever
 * falls silent after them is not missed, however often they come. */
Test(silence, of_who_holds_us_in_silence_never_counts)
{
	static const uint16_t spoke[] = {0, 40, 1999, 4999, 9999};
	for (unsigned i = 0; i < sizeof(spoke) / sizeof(spoke[0]); i++) {
		net_connect(net, &caller, &agent, "+12025550100");
		says(&agent, "sendonly");
		silent(&agent, spoke[i]);
		cr_expect_eq(limit_ms(&agent), 0, "%u ms", spoke[i]);
		says(&agent, "sendonly");
		cr_expect_eq(limit_ms(&agent), 0, "a refresh changes nothing");
		silent(&agent, 20000);
		cr_assert_eq(net_count(net, agent.address, "BYE"), 0, "%u ms", spoke[i]);
		says(&agent, "sendrecv");
		cr_expect(watched(&agent));
		says(&agent, "sendonly");
		cr_expect_eq(limit_ms(&agent), 5000, "another hold, another chance");
		net_destroy(net);
		net = net_create();
	}
}

/* Silence that was told while the hold lasted is on its way when it ends. */
Test(silence, told_before_the_end_of_a_hold)
{
	net_connect(net, &caller, &agent, "+12025550100");
	says(&agent, "sendonly");
	says(&agent, "sendrecv");
	fake_silence(&net->dp, id_of(&agent), 0);
	net_pass(net, 20);
	cr_expect_eq(net_count(net, agent.address, "BYE"), 0);
	silent(&agent, 0);
	phone_ok(&agent, "BYE");
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

/* Who comes back from a hold owes media again, and its time begins then: the dataplane counts from when it is told. */
Test(silence, counts_from_the_end_of_a_hold)
{
	net_connect(net, &caller, &agent, "+12025550100");
	says(&agent, "sendonly");
	silent(&agent, 0);
	unsigned before = fake_find(&net->dp, id_of(&agent))->switched_on;
	says(&agent, "sendrecv");
	cr_expect_eq(fake_find(&net->dp, id_of(&agent))->switched_on, before + 1);
	says(&agent, "sendrecv");
	cr_expect_eq(fake_find(&net->dp, id_of(&agent))->switched_on, before + 1, "a refresh changes nothing");
	silent(&agent, 0);
	phone_ok(&agent, "BYE");
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}
