/* `advertise`: what the others see is our public address, in Via, Contact and SDP; the socket stays where it is. */
#include "net.h"

#include <criterion/criterion.h>

Test(behind_nat, the_carrier_sees_the_public_address)
{
	struct net *net = net_create_advertising("198.18.0.7");
	struct phone caller, agent, edge;
	phone_init(&edge, net, "192.0.2.10");
	net_connect(net, &caller, &agent, "+12025550100");
	phone_request(&agent, "REFER", "Refer-To: <tel:+12025550143>\r\n", NULL);
	net_pass(net, 20);
	const struct sip_message *invite = phone_rung(&edge);
	cr_expect_str_eq(invite->via[0].host, "198.18.0.7");
	cr_expect_str_eq(invite->contact.uri.host, "198.18.0.7");
	cr_expect_not_null(strstr(invite->body, "c=IN IP4 198.18.0.7"));
	phone_answer(&edge, invite, 200, NULL, phone_sdp(&edge, "sendrecv"));
	net_pass(net, 20);
	phone_ok(&agent, "NOTIFY");
	phone_ok(&agent, "NOTIFY");
	phone_ok(&agent, "BYE");
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&edge, "BYE");
	for (unsigned i = 0; i < net->sent_count; i++) {
		const struct sent *s = &net->sent[i];
		if (s->network != 0) {
			cr_expect_null(strstr(s->text, "198.18.0.7"), "%s", s->text);
			continue;
		}
		/* The caller dialled the private address: its own To line and our answers' echo of it are its words. */
		cr_expect_null(strstr(s->message->contact.text, "192.0.2.1"), "%s", s->text);
		cr_expect(!s->message->body_len || !strstr(s->message->body, "192.0.2.1\r"), "%s", s->text);
	}
	net_expect_nothing_left(net);
	net_destroy(net);
}

Test(behind_nat, options_is_answered)
{
	struct net *net = net_create_advertising("198.18.0.7");
	net_say(net, "192.0.2.10",
		"OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKopt;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:edge@192.0.2.10>;tag=o\r\nTo: <sip:192.0.2.1>\r\nCall-ID: opt\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	const struct sip_message *ok = net_hear(net, "192.0.2.10", "200 OPTIONS");
	cr_assert_not_null(ok);
	cr_expect(sip_message_lists(ok, "Allow", "REFER"));
	cr_expect_str_eq(sip_message_header(ok, "Accept", NULL), "application/sdp");
	net_expect_nothing_left(net);
	net_destroy(net);
}
