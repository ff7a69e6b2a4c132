/* Where requests go: a peer names its Contact and Record-Route, and we believe it only so far. */
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

TestSuite(hops, .init = setup, .fini = teardown);

/* Everything that left went to one of these. */
static void expect_sent_only_to(const char *const *addresses, unsigned count)
{
	for (unsigned i = 0; i < net->sent_count; i++) {
		char shown[XF_ADDR_STRLEN];
		bool known = false;
		xf_addr_format(&net->sent[i].to.addr, shown);
		for (unsigned k = 0; k < count; k++)
			known = known || strcmp(addresses[k], shown) == 0;
		cr_expect(known, "sent to %s:\n%s", shown, net->sent[i].text);
	}
}

static void connect_with(const char *contact)
{
	caller.contact = contact;
	phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	phone_answer(&agent, phone_rung(&agent), 200, NULL, phone_sdp(&agent, "sendrecv"));
	phone_connected(&caller, NULL);
	net_pass(net, 20);
}

/* Behind NAT a Contact is private; and no peer makes us talk to ourselves, to everybody, or into our own house. */
Test(hops, a_contact_that_nothing_is_sent_to)
{
	static const char *const contacts[] = {"sip:x@192.168.7.7", "sip:x@192.0.2.255",     "sip:x@192.0.2.1",
					       "sip:x@127.0.0.1",   "sip:x@255.255.255.255", "sip:x@224.0.0.1",
					       "sip:x@0.0.0.0",	    "sip:x@198.51.100.1",    "sip:x@198.51.100.77"};
	static const char *const peers[] = {"192.0.2.20", "198.51.100.10"};
	for (size_t i = 0; i < sizeof(contacts) / sizeof(*contacts); i++) {
		phone_init(&caller, net, "192.0.2.20");
		connect_with(contacts[i]);
		phone_request(&agent, "BYE", NULL, NULL);
		phone_ok(&caller, "BYE");
	}
	expect_sent_only_to(peers, 2);
	net_expect_nothing_left(net);
}

Test(hops, a_contact_elsewhere_is_admitted_first)
{
	struct phone elsewhere;
	phone_init(&elsewhere, net, "192.0.2.200");
	connect_with("sip:x@192.0.2.200:5070");
	cr_expect(fake_admits(&net->dp, &(struct xf_addr){4, {0}, {192, 0, 2, 200}}));
	phone_request(&agent, "BYE", NULL, NULL);
	phone_ok(&elsewhere, "BYE");
	net_expect_nothing_left(net);
}

Test(hops, a_contact_that_cannot_be_admitted)
{
	static const char *const peers[] = {"192.0.2.20", "198.51.100.10"};
	net->dp.fail_type = XF_LINK_ADMIT;
	net->dp.fail_result = -ENOSPC;
	connect_with("sip:x@192.0.2.200");
	phone_request(&agent, "BYE", NULL, NULL);
	phone_ok(&caller, "BYE");
	expect_sent_only_to(peers, 2);
	net_expect_nothing_left(net);
}

/* Names in Contacts: the last one counts, and a peer that changes it often takes no other's place at the resolver. */
Test(hops, many_contacts_are_one_question)
{
	net_connect(net, &caller, &agent, "+12025550100");
	net->mute_resolver = true;
	for (unsigned i = 0; i < 20; i++) {
		char name[64];
		snprintf(name, sizeof(name), "sip:x@host%u.slow.lab", i);
		caller.contact = name;
		phone_request(&caller, "UPDATE", NULL, NULL);
		cr_expect_not_null(net_hear(net, caller.address, "200 UPDATE"));
	}
	caller.contact = NULL;
	net->mute_resolver = false;
	net_pass(net, 6000);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* A Contact that no request can be sent to would leave the caller in a call that we cannot end. */
Test(hops, a_contact_that_is_no_sip_uri)
{
	static const char *const contacts[] = {"tel:+12025550177", "mailto:x@y.example", "sip:%00@192.0.2.20"};
	for (size_t i = 0; i < sizeof(contacts) / sizeof(*contacts); i++) {
		phone_init(&caller, net, "192.0.2.20");
		caller.contact = contacts[i];
		phone_invite(&caller, "+12025550177", "+12025550100", phone_sdp(&caller, "sendrecv"), NULL);
		cr_expect_not_null(net_hear(net, caller.address, "400 INVITE"), "%s", contacts[i]);
	}
	net_expect_nothing_left(net);
}

Test(hops, a_target_without_a_usable_contact)
{
	static const char *const contacts[] = {"mailto:x@y.example", "sip:%00@198.51.100.10"};
	for (size_t i = 0; i < sizeof(contacts) / sizeof(*contacts); i++) {
		phone_init(&caller, net, "192.0.2.20");
		phone_init(&agent, net, "198.51.100.10");
		agent.contact = contacts[i];
		connect_with(NULL);
		cr_expect_not_null(net_hear(net, agent.address, "ACK"));
		phone_request(&caller, "BYE", NULL, NULL);
		phone_ok(&agent, "BYE");
	}
	net_expect_nothing_left(net);
}

/* A trunk that knows us by our address would place any call for an agent whose allowed name leads there. */
Test(hops, a_name_that_leads_to_a_provider)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <sip:x+442079460000@sneaky.lab>\r\n", NULL);
	net_pass(net, 20);
	cr_expect_eq(net_count(net, "192.0.2.10", "INVITE"), 0);
	phone_ok(&agent, "NOTIFY");
	const struct sip_message *final = phone_ok(&agent, "NOTIFY");
	cr_expect_eq(strncmp(final->body, "SIP/2.0 403", 11), 0, "%s", final->body);
	/* What our look-up of its name gave is the other network's affair. */
	cr_expect_null(strstr(final->body, "192.0.2.10"), "%s", final->body);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* The operator is bound by no list, but neither does what it names reach a provider unchecked. */
Test(hops, an_operators_way_to_a_provider)
{
	static const char *const at_once[] = {"sip:+12025550143@192.0.2.10:5060", "sip:x@192.0.2.10",
					      "sip:x@192.0.2.77", "sip:x@edge.carrier.lab", "sip:x@EDGE.carrier.lab."};
	uint64_t id;
	char why[256];
	struct shard *shard = (struct shard *)plane_shard(net->plane);
	net_connect(net, &caller, &agent, "+12025550100");
	const struct call *call = shard_next_call(shard, NULL);
	for (size_t i = 0; i < sizeof(at_once) / sizeof(*at_once); i++) {
		int status = shard_transfer_start(shard, call->id, at_once[i], NULL, NULL, &id, why, sizeof(why));
		cr_expect_eq(status, 403, "%s: %d %s", at_once[i], status, why);
		cr_expect_not_null(strstr(why, "transfer to a number"), "%s", why);
	}
	cr_assert_eq(
	    shard_transfer_start(shard, call->id, "sip:+12025550143@sneaky.lab", NULL, NULL, &id, why, sizeof(why)), 0);
	net_pass(net, 20);
	cr_expect_eq(net_count(net, "192.0.2.10", "INVITE"), 0);
	const struct transfer *transfer = shard_transfer(shard, id);
	cr_expect_eq(transfer->final_status, 403);
	cr_expect_not_null(strstr(transfer->reason, "transfer to a number"), "%s", transfer->reason);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* RFC 7332: a call that comes back to us through others must end somewhere. */
Test(hops, max_forwards_goes_down)
{
	phone_init(&caller, net, "192.0.2.20");
	phone_invite(&caller, "+12025550177", "+12025550199", phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&agent);
	cr_expect_eq(invite->max_forwards, 69);
	phone_answer(&agent, invite, 503, NULL, NULL);
	net_pass(net, 20);
	struct phone pbx;
	phone_init(&pbx, net, "203.0.113.10");
	invite = phone_rung(&pbx);
	cr_expect_eq(invite->max_forwards, 69);
	phone_answer(&pbx, invite, 503, NULL, NULL);
	net_expect_nothing_left(net);
}

/* Each peer has its network. One that finds the socket of another would be told that network's addresses. */
Test(hops, a_provider_at_another_networks_door)
{
	struct xf_sockaddr from = {.addr = {4, {0}, {192, 0, 2, 20}}, .port = 5060};
	static const char invite[] =
	    "INVITE sip:+12025550100@198.51.100.1 SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKdoor\r\nMax-Forwards: 70\r\n"
	    "From: <sip:+12025550177@x.example>;tag=door\r\nTo: <sip:+12025550100@x.example>\r\n"
	    "Call-ID: door\r\nCSeq: 1 INVITE\r\nContact: <sip:x@192.0.2.20>\r\n"
	    "Content-Length: 0\r\n\r\n";
	plane_sip_datagram(net->plane, net->now_ns, 1, &from, invite, sizeof(invite) - 1);
	net_pass(net, 100);
	cr_expect_eq(net->sent_count, 0);
	cr_expect_eq(net_counts(net).unknown_sources, 1);
	net_expect_nothing_left(net);
}
