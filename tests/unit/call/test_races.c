/* Messages that cross, come early, late, twice or not at all. */
#include "net.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

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

TestSuite(races, .init = setup, .fini = teardown);

static struct shard *shard(void)
{
	return (struct shard *)plane_shard(net->plane);
}

static const struct sip_message *call_in(const char *number)
{
	phone_invite(&caller, "+12025550177", number, phone_sdp(&caller, "sendrecv"), NULL);
	net_pass(net, 20);
	return phone_rung(&agent);
}

/* The agent has answered, and the 200 is on its way to the caller, whose ACK is not here yet. */
static const struct sip_message *answered(void)
{
	const struct sip_message *invite = call_in("+12025550100");
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	net_pass(net, 20);
	const struct sip_message *ok = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(ok);
	snprintf(caller.remote_tag, sizeof(caller.remote_tag), "%s", ok->to.tag);
	snprintf(caller.remote_target, sizeof(caller.remote_target), "%s", ok->contact.uri.text);
	return ok;
}

static void refer(const char *to)
{
	char extra[512];
	snprintf(extra, sizeof(extra), "Refer-To: <%s>\r\n", to);
	phone_request(&agent, "REFER", extra, NULL);
	net_pass(net, 20);
	cr_assert_not_null(net_hear(net, agent.address, "202 REFER"));
	phone_ok(&agent, "NOTIFY");
}

/* RFC 3261 15: a caller may end an early dialog with BYE instead of CANCEL. */
Test(races, bye_in_an_early_dialog)
{
	const struct sip_message *invite = call_in("+12025550100");
	phone_answer(&agent, invite, 180, NULL, NULL);
	const struct sip_message *ringing = net_hear(net, caller.address, "180 INVITE");
	cr_assert_not_null(ringing);
	snprintf(caller.remote_tag, sizeof(caller.remote_tag), "%s", ringing->to.tag);
	snprintf(caller.remote_target, sizeof(caller.remote_target), "%s", ringing->contact.uri.text);
	phone_request(&caller, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, caller.address, "200 BYE"));
	cr_expect_not_null(net_hear(net, caller.address, "487 INVITE"));
	const struct sip_message *cancel = net_hear(net, agent.address, "CANCEL");
	cr_assert_not_null(cancel);
	phone_answer(&agent, cancel, 200, NULL, NULL);
	phone_answer(&agent, invite, 487, NULL, NULL);
	net_expect_nothing_left(net);
}

/* RFC 3261 8.2.6.2: all answers to one request have the same To tag. */
Test(races, every_answer_has_the_same_tag)
{
	const struct sip_message *invite = call_in("+12025550100");
	phone_answer(&agent, invite, 180, NULL, NULL);
	const struct sip_message *ringing = net_hear(net, caller.address, "180 INVITE");
	cr_assert_not_null(ringing);
	phone_answer(&agent, invite, 486, NULL, NULL);
	const struct sip_message *refusal = net_hear(net, caller.address, "480 INVITE");
	cr_assert_not_null(refusal);
	cr_expect_str_eq(refusal->to.tag, ringing->to.tag);
	net_expect_nothing_left(net);
}

/* RFC 3261 15: the called side sends no BYE before it has the ACK. One that overtakes our 200 would leave the caller
 * in a call with nobody. */
Test(races, our_bye_waits_for_the_ack)
{
	const struct sip_message *ok = answered();
	phone_request(&agent, "BYE", NULL, NULL);
	net_pass(net, 2000);
	cr_expect_eq(net_count(net, caller.address, "BYE"), 0);
	cr_expect_gt(net_count(net, caller.address, "200 INVITE"), 1, "the 200 is said again until it is heard");
	phone_ack(&caller, ok->cseq, NULL);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

Test(races, our_bye_does_not_wait_for_ever)
{
	answered();
	phone_request(&agent, "BYE", NULL, NULL);
	net_pass(net, 31900);
	cr_expect_eq(net_count(net, caller.address, "BYE"), 0);
	net_pass(net, 200);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

Test(races, both_hang_up_before_the_ack)
{
	answered();
	phone_request(&agent, "BYE", NULL, NULL);
	phone_request(&caller, "BYE", NULL, NULL);
	cr_expect_not_null(net_hear(net, caller.address, "200 BYE"));
	net_pass(net, 100);
	cr_expect_eq(net_counts(net).calls, 0);
	cr_expect_eq(net_count(net, caller.address, "BYE"), 0, "the dialog is over");
	net_expect_nothing_left(net);
}

Test(races, bye_instead_of_ack)
{
	answered();
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	unsigned said = net_count(net, caller.address, "200 INVITE");
	net_pass(net, 20000);
	cr_expect_eq(net_count(net, caller.address, "200 INVITE"), said, "nobody waits for it any more");
	net_expect_nothing_left(net);
}

/* An ACK belongs to the INVITE of its number: a late copy of the first is not the answer to a new offer. */
Test(races, an_old_ack_acknowledges_nothing)
{
	const struct sip_message *ok = answered();
	phone_ack(&caller, ok->cseq, NULL);
	phone_request(&caller, "INVITE", NULL, NULL);
	const struct sip_message *offer = net_hear(net, caller.address, "200 INVITE");
	cr_assert_not_null(offer);
	phone_ack(&caller, ok->cseq, NULL);
	net_pass(net, 600);
	cr_expect_gt(net_count(net, caller.address, "200 INVITE"), 2, "not acknowledged yet");
	phone_ack(&caller, caller.cseq, phone_sdp(&caller, "inactive"));
	cr_expect_eq(net_feeder(net, offer), 0, "the answer in the ACK was taken");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* The ACK waits until its next hop is admitted. If that takes long, or the call ends meanwhile, it goes out all the
 * same, and before the BYE. */
Test(races, ack_comes_before_bye)
{
	const struct sip_message *invite = call_in("+12025550100");
	net->mute_dataplane = true;
	agent.contact = "sip:phone@198.51.100.77";
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	cr_expect_eq(net_count(net, agent.address, "ACK"), 0);
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	cr_expect_eq(net_count(net, agent.address, "ACK"), 1, "to where its answers come from");
	phone_connected(&caller, NULL);
	net->mute_dataplane = false;
	net_pass(net, 10);
	phone_request(&caller, "BYE", NULL, NULL);
	const struct sip_message *bye = net_hear(net, "198.51.100.77", "BYE");
	cr_assert_not_null(bye, "its Contact is admitted now");
	phone_answer(&(struct phone){.net = net, .address = "198.51.100.77"}, bye, 200, NULL, NULL);
	net_expect_nothing_left(net);
}

Test(races, an_unwanted_answer_is_acknowledged_before_it_is_ended)
{
	const struct sip_message *invite = call_in("+12025550100");
	phone_answer(&agent, invite, 180, NULL, NULL);
	net_pass(net, 20100);
	phone_answer(&agent, net_hear(net, agent.address, "CANCEL"), 200, NULL, NULL);
	net->mute_dataplane = true;
	agent.contact = "sip:phone@198.51.100.77";
	phone_answer(&agent, invite, 200, NULL, phone_sdp(&agent, "sendrecv"));
	unsigned ack = 0, bye = 0;
	for (unsigned i = 0; i < net->sent_count; i++) {
		if (net->sent[i].message->request && net->sent[i].message->method == SIP_ACK)
			ack = i;
		if (net->sent[i].message->request && net->sent[i].message->method == SIP_BYE)
			bye = i;
	}
	cr_expect_gt(ack, 0);
	cr_expect_gt(bye, ack);
	net->mute_dataplane = false;
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* A target that hangs up while the patches move has failed like any other, also when the caller never had an agent. */
Test(races, target_hangs_up_while_it_is_connected_for_a_failed_agent)
{
	phone_answer(&agent, call_in("+12025550199"), 503, NULL, NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&pbx);
	net->mute_dataplane = true;
	phone_answer(&pbx, invite, 200, NULL, phone_sdp(&pbx, "sendrecv"));
	phone_connected(&caller, NULL);
	phone_request(&pbx, "BYE", NULL, NULL);
	const struct transfer *transfer = shard_next_transfer(shard(), NULL);
	cr_assert_not_null(transfer);
	cr_expect_eq(transfer->result, TRANSFER_RESULT_HUNG_UP, "%s", transfer_result_name(transfer->result));
	cr_expect_eq(transfer->final_status, 480);
	net->mute_dataplane = false;
	net_pass(net, 10);
	phone_ok(&caller, "BYE");
	net_expect_nothing_left(net);
}

/* The acknowledgement of one attempt's patch says nothing about the next one's. */
Test(races, a_late_acknowledgement_is_not_the_next_attempts)
{
	net_connect(net, &caller, &agent, "+12025550100");
	refer("sip:plan-sales@198.51.100.1");
	const struct sip_message *invite = phone_rung(&edge);
	net->mute_dataplane = true;
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 2100);
	phone_ok(&edge, "BYE");
	net_pass(net, 20);
	const struct transfer *transfer = shard_next_transfer(shard(), NULL);
	cr_assert_eq(transfer->attempt, 1);
	/* Only the answers to what was said so far. */
	struct fake_packet late[64];
	unsigned count = 0;
	while (count < 64 && fake_take(&net->dp, &late[count]))
		count++;
	invite = net_hear(net, pbx.address, "INVITE");
	for (unsigned i = 0; !invite && i < count; i++) { /* its admission is among them */
		plane_link_packet(net->plane, net->now_ns, late[i].bytes, late[i].len);
		free(late[i].bytes);
		late[i].bytes = NULL;
		invite = net_hear(net, pbx.address, "INVITE");
	}
	cr_expect_neq(transfer->state, TRANSFER_REPORTING);
	for (unsigned i = 0; i < count; i++) {
		if (late[i].bytes)
			plane_link_packet(net->plane, net->now_ns, late[i].bytes, late[i].len);
		free(late[i].bytes);
	}
	net->mute_dataplane = false;
	net_pass(net, 4000);
	phone_request(&caller, "BYE", NULL, NULL);
	net_expect_nothing_left(net);
}

/* 487 only when the caller left. */
Test(races, an_operators_hang_up_during_a_transfer)
{
	net_connect(net, &caller, &agent, "+12025550100");
	refer("tel:+12025550143");
	phone_answer(&edge, phone_rung(&edge), 180, NULL, NULL);
	phone_ok(&agent, "NOTIFY");
	uint64_t id = shard_next_call(shard(), NULL)->id;
	cr_expect_eq(shard_hangup(shard(), id, NULL), 0);
	cr_expect_eq(shard_hangup(shard(), id, NULL), -EALREADY);
	const struct sip_message *final = phone_ok(&agent, "NOTIFY");
	cr_expect_eq(strncmp(final->body, "SIP/2.0 480", 11), 0, "%s", final->body);
	const struct transfer *transfer = shard_next_transfer(shard(), NULL);
	cr_assert_not_null(transfer);
	cr_expect_eq(transfer->result, TRANSFER_RESULT_STOPPED);
	net_pass(net, 10);
	phone_ok(&caller, "BYE");
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
	cr_expect_eq(shard_hangup(shard(), id, NULL), -ENOENT);
}

/* A request with our tag in a dialog that does not exist yet is nobody's, also without a tag of its own. */
Test(races, nobody_speaks_in_a_dialog_that_is_not_there)
{
	const struct sip_message *invite = call_in("+12025550100");
	struct phone early = agent;
	early.contact = "sip:phone@198.51.100.77";
	char text[4096];
	snprintf(text, sizeof(text),
		 "UPDATE %s SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKearly\r\nMax-Forwards: 70\r\n"
		 "From: <%s>\r\nTo: <%s>;tag=%s\r\nCall-ID: %s\r\nCSeq: 1 UPDATE\r\n"
		 "Contact: <sip:phone@198.51.100.77>\r\nContent-Length: 0\r\n\r\n",
		 early.remote_target, early.from, early.to, early.remote_tag, early.call_id);
	net_say(net, agent.address, text);
	cr_expect_not_null(net_hear(net, agent.address, "481 UPDATE"));
	phone_answer(&agent, invite, 486, NULL, NULL);
	net_expect_nothing_left(net);
}

/* What can be received can be too long to be answered: it is forgotten in time all the same. */
Test(races, an_answer_that_does_not_fit)
{
	char *text = malloc(66000);
	static const char tail[] = "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: long\r\n"
				   "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
	size_t n = (size_t)sprintf(text, "OPTIONS sip:192.0.2.1 SIP/2.0\r\n");
	for (unsigned i = 0; i < 60; i++) {
		n += (size_t)sprintf(text + n, "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKlong%u;x=", i);
		size_t fill = i < 59 ? 1030 : 65500 - sizeof(tail) - n;
		memset(text + n, 'x', fill);
		n += fill;
		n += (size_t)sprintf(text + n, "\r\n");
	}
	memcpy(text + n, tail, sizeof(tail));
	net_say(net, caller.address, text);
	free(text);
	net_expect_nothing_left(net);
}

/* RFC 3261 14.2: a second INVITE before the first is finished comes too early, not at the same time as ours. */
Test(races, a_second_offer_before_the_first_is_acknowledged)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "sendrecv"));
	unsigned first = agent.cseq;
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "inactive"));
	const struct sip_message *early = net_hear(net, agent.address, "500 INVITE");
	cr_assert_not_null(early);
	cr_expect_not_null(sip_message_header(early, "Retry-After", NULL));
	phone_ack(&agent, early->cseq, NULL);
	phone_ack(&agent, first, NULL);
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

/* Of a later INVITE the ACK is not waited for: the peer has long heard that it is in the call that ends. */
Test(races, our_bye_waits_for_the_first_ack_only)
{
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "INVITE", NULL, phone_sdp(&agent, "sendonly"));
	phone_request(&caller, "BYE", NULL, NULL);
	unsigned said = net_count(net, agent.address, "200 INVITE");
	phone_ok(&agent, "BYE");
	net_pass(net, 10000);
	cr_expect_eq(net_count(net, agent.address, "200 INVITE"), said);
	cr_expect_eq(net_count(net, agent.address, "BYE"), 1);
	net_expect_nothing_left(net);
}
