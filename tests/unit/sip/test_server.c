/* What the stack does with requests and answers of all kinds that come in. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "corpus.h"
#include "world.h"

static struct world world;
static const char *const bob = "<sip:bob@192.0.2.2>";

static void begin(void)
{
	world_init(&world, 1);
}

static void end(void)
{
	world_run(&world, UINT64_MAX);
	world_assert_empty(&world);
	world_fini(&world);
}

static void inject_from(const char *text, const char *addr, uint16_t port)
{
	struct xf_sockaddr from = {.port = port};
	cr_assert_eq(xf_addr_parse(&from.addr, addr), 0);
	world_inject(&world.nodes[0], &from, text, strlen(text));
}

static void inject(const char *text)
{
	inject_from(text, "198.51.100.7", 5070);
}

static const struct sent *last(void)
{
	return world.sent_count ? &world.sent[world.sent_count - 1] : NULL;
}

/* A request with one header line replaced or added. */
static char *request(const char *method, const char *ruri, const char *via, const char *more)
{
	static char text[8][4096];
	static unsigned next;
	char *out = text[next++ % 8];
	snprintf(out, sizeof(text[0]),
		 "%s %s SIP/2.0\r\nVia: %s\r\nFrom: <sip:alice@example.com>;tag=a1\r\nTo: %s\r\nCall-ID: c1\r\n"
		 "CSeq: 5 %s\r\n%sContent-Length: 0\r\n\r\n",
		 method, ruri, via, bob, method, more);
	return out;
}
#define URI "sip:bob@192.0.2.1"
#define VIA "SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKabc"

static void answer(struct node *node, sip_txn txn, int status)
{
	struct sip_reply reply = {.status = status, .to_tag = "us"};
	cr_assert_eq(sip_respond(node->stack, txn, &reply), 0);
}

static void assert_has(const char *text, const char *part)
{
	cr_assert_not_null(strstr(text, part), "no \"%s\" in\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	cr_assert_null(strstr(text, part), "\"%s\" in\n%s", part, text);
}

Test(server, where_answers_go)
{
	static const struct {
		const char *via;
		const char *source;
		uint16_t source_port, want_port;
		const char *want_via;
	} cases[] = {
	    {"SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKa", "198.51.100.7", 5070, 5099,
	     "Via: SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKa\r\n"},
	    {"SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa", "198.51.100.7", 5070, 5060,
	     "Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa\r\n"},
	    {"SIP/2.0/UDP 198.51.100.7:5099;rport;branch=z9hG4bKa", "198.51.100.7", 5070, 5070,
	     "Via: SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKa;received=198.51.100.7;rport=5070\r\n"},
	    {"SIP/2.0/UDP 10.1.1.1:5099;rport=9;received=203.0.113.1;branch=z9hG4bKa", "198.51.100.7", 5070, 5070,
	     "Via: SIP/2.0/UDP 10.1.1.1:5099;branch=z9hG4bKa;received=198.51.100.7;rport=5070\r\n"},
	    {"SIP/2.0/UDP host.example.com;branch=z9hG4bKa", "198.51.100.7", 5070, 5060,
	     "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKa;received=198.51.100.7\r\n"},
	    {"SIP/2.0/UDP 198.51.100.7;maddr=224.2.0.1;ttl=16;branch=z9hG4bKa", "198.51.100.7", 5070, 5060,
	     "maddr=224.2.0.1;ttl=16;branch=z9hG4bKa\r\n"},
	    {"SIP/2.0/UDP [2001:db8::7];branch=z9hG4bKa;rport", "2001:db8::9", 5071, 5071,
	     "Via: SIP/2.0/UDP [2001:db8::7];branch=z9hG4bKa;received=2001:db8::9;rport=5071\r\n"},
	    {"SIP/2.0/UDP [2001:db8::9]:5066;branch=z9hG4bKa", "2001:db8::9", 5071, 5066,
	     "Via: SIP/2.0/UDP [2001:db8::9]:5066;branch=z9hG4bKa\r\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xf_addr want;
		begin();
		inject_from(request("OPTIONS", URI, cases[i].via, ""), cases[i].source, cases[i].source_port);
		answer(&world.nodes[0], world.nodes[0].events[0].txn, 200);
		xf_addr_parse(&want, cases[i].source);
		cr_assert(xf_addr_eq(&last()->to.addr, &want), "case %zu", i);
		cr_assert_eq(last()->to.port, cases[i].want_port, "case %zu: %u", i, last()->to.port);
		assert_has(last()->data, cases[i].want_via);
		end();
	}
}

Test(server, answers_echo_what_they_must)
{
	begin();
	inject(request("INVITE", URI, VIA,
		       "Via: SIP/2.0/TCP b.example.com;branch=b , SIP/2.0/UDP c.example.com\r\nTimestamp: 54\r\n"
		       "Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>\r\n"
		       "Record-Route: <sip:p0.example.com;lr>\r\n"));
	const char *trying = world.sent[0].data;
	assert_has(trying, "SIP/2.0 100 Trying\r\n");
	assert_has(trying,
		   "Via: " VIA "\r\nVia: SIP/2.0/TCP b.example.com;branch=b\r\nVia: SIP/2.0/UDP c.example.com\r\n");
	assert_has(trying, "To: <sip:bob@192.0.2.2>\r\n");
	assert_has(trying, "Timestamp: 54\r\n");
	assert_has_not(trying, "Record-Route");
	struct sip_reply ringing = {
	    .status = 180, .to_tag = "us", .contact = "<sip:us@192.0.2.1>", .headers = "Allow: INVITE\r\n"};
	cr_assert_eq(sip_respond(world.nodes[0].stack, world.nodes[0].invite, &ringing), 0);
	const char *text = last()->data;
	assert_has(text, "To: <sip:bob@192.0.2.2>;tag=us\r\n");
	assert_has(text, "From: <sip:alice@example.com>;tag=a1\r\nTo:");
	assert_has(text, "Call-ID: c1\r\nCSeq: 5 INVITE\r\n");
	assert_has(text, "Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>\r\n"
			 "Record-Route: <sip:p0.example.com;lr>\r\n");
	assert_has(text, "Contact: <sip:us@192.0.2.1>\r\n");
	assert_has(text, "Server: xfergate/test\r\n");
	assert_has(text, "Allow: INVITE\r\n");
	answer(&world.nodes[0], world.nodes[0].invite, 603);
	assert_has(last()->data, "SIP/2.0 603 Decline\r\n");
	assert_has_not(last()->data, "Record-Route");
	cr_assert_null(sip_received_request(world.nodes[0].stack, world.nodes[0].invite));
	end();
}

Test(server, a_tag_is_made_where_the_user_gives_none)
{
	begin();
	inject(request("OPTIONS", URI, VIA, ""));
	struct sip_reply ok = {.status = 200};
	cr_assert_eq(sip_respond(world.nodes[0].stack, world.nodes[0].events[0].txn, &ok), 0);
	const char *tag = strstr(last()->data, "To: <sip:bob@192.0.2.2>;tag=");
	cr_assert_not_null(tag);
	cr_assert_geq(strcspn(strchr(tag, '='), "\r"), 9);
	end();
}

Test(server, refusals_by_the_stack)
{
	static const struct {
		const char *method, *ruri, *via, *more;
		const char *want; /* NULL: no answer */
		bool asked;	  /* the user sees the request */
	} cases[] = {
	    {"OPTIONS", URI, VIA, "Max-Forwards: 0\r\n", NULL, true},
	    {"INVITE", URI, VIA, "Max-Forwards: 0\r\n", "SIP/2.0 483 ", false},
	    {"INVITE", URI, VIA, "Max-Forwards: 1\r\n", "SIP/2.0 100 ", true},
	    {"INVITE", "soap.beep://192.0.2.103:3002", VIA, "", "SIP/2.0 416 ", false},
	    {"OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent", VIA, "", "SIP/2.0 416 ", false},
	    {"INVITE", "tel:+12125551234", VIA, "", "SIP/2.0 100 ", true},
	    {"CANCEL", URI, VIA, "", "SIP/2.0 481 ", false},
	    {"BYE", URI, "SIP/2.0/UDP 198.51.100.7", "", NULL, true},
	    {"INVITE", URI, "SIP/2.0/UDP 198.51.100.7;;branch=z9hG4bKa", "", "SIP/2.0 400 Via 1 is malformed", false},
	    {"INVITE", URI, VIA, "Max-Forwards: x\r\n", "SIP/2.0 400 Max-Forwards is no number", false},
	    {"INVITE", URI, VIA, "Call-ID: c2\r\n", "SIP/2.0 400 Call-ID occurs 2 times", false},
	    {"INVITE", URI, VIA, "i: c2\r\n", "SIP/2.0 400 Call-ID occurs 2 times", false},
	    {"INVITE", URI, VIA, "X\x0b: y\r\n", "SIP/2.0 400 ", false},
	    {"ACK", URI, VIA, "Max-Forwards: x\r\n", NULL, false},
	    {"ACK", URI, VIA, "i: c2\r\n", NULL, false},
	    {"WHATEVER", URI, VIA, "", NULL, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		inject(request(cases[i].method, cases[i].ruri, cases[i].via, cases[i].more));
		cr_assert_eq(world.sent_count, cases[i].want ? 1 : 0, "case %zu sent %u", i, world.sent_count);
		if (cases[i].want)
			cr_assert_eq(strncmp(last()->data, cases[i].want, strlen(cases[i].want)), 0, "case %zu: %s", i,
				     last()->start);
		if (cases[i].want && strncmp(cases[i].want, "SIP/2.0 400", 11) == 0)
			assert_has(last()->data, "Warning: 399 xfergate \"");
		if (cases[i].want && strncmp(cases[i].want, "SIP/2.0 100", 11) != 0)
			assert_has(last()->data, "To: <sip:bob@192.0.2.2>;tag=");
		cr_assert_eq(world.nodes[0].event_count, cases[i].asked ? 1 : 0, "case %zu", i);
		if (cases[i].asked)
			answer(&world.nodes[0], world.nodes[0].events[0].txn, 404);
		end();
	}
}

Test(server, refusals_without_a_transaction_are_the_same_each_time)
{
	begin();
	inject(request("INVITE", URI, VIA, "Max-Forwards: 0\r\n"));
	inject(request("INVITE", URI, VIA, "Max-Forwards: 0\r\n"));
	cr_assert_eq(world.sent_count, 2);
	cr_assert_str_eq(world.sent[0].data, world.sent[1].data);
	end();
}

Test(server, other_version)
{
	begin();
	inject("OPTIONS sip:t.watson@example.org SIP/7.0\r\nVia: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw\r\n"
	       "Max-Forwards: 70\r\nFrom: A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe\r\n"
	       "To: T. Watson <sip:t.watson@example.org>\r\nCall-ID: badvers.31417@c.example.com\r\nCSeq: 1 OPTIONS\r\n"
	       "l: 0\r\n\r\n");
	cr_assert_eq(world.sent_count, 1);
	assert_has(last()->data, "SIP/2.0 505 ");
	end();
}

Test(server, keep_alives_are_silent)
{
	static const char *const cases[] = {"", "\r\n\r\n", "\r\n", "\r\n\r\n\r\n"};
	struct sip_counts counts;
	begin();
	for (size_t i = 0; i < 4; i++)
		inject(cases[i]);
	struct xf_sockaddr from = world.nodes[0].addr;
	world_inject(&world.nodes[0], &from, "\0\0\0\0", 4);
	world_inject(&world.nodes[0], &from,
		     "\0\1\0\0\x21\x12\xa4\x42"
		     "123456789012",
		     20);
	sip_stack_counts(world.nodes[0].stack, &counts);
	cr_assert_eq(counts.received, 6);
	cr_assert_eq(counts.malformed, 0);
	cr_assert_eq(world.sent_count, 0);
	end();
}

Test(server, merged_requests)
{
	begin();
	inject(request("INVITE", URI, VIA, ""));
	inject(request("INVITE", URI, "SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKother", ""));
	assert_has(last()->data, "SIP/2.0 482 ");
	cr_assert_eq(world.nodes[0].event_count, 1);
	answer(&world.nodes[0], world.nodes[0].invite, 486);
	/* The first one is finished: this is a new attempt. */
	inject(request("INVITE", URI, "SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKthird", ""));
	cr_assert_eq(world.nodes[0].event_count, 2);
	answer(&world.nodes[0], world.nodes[0].invite, 200);
	/* That one is up: a copy that took longer is no second call. */
	inject(request("INVITE", URI, "SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKfourth", ""));
	assert_has(last()->data, "SIP/2.0 482 ");
	cr_assert_eq(world.nodes[0].event_count, 2);
	end();
}

Test(server, rfc2543_requests_are_matched_by_their_fields)
{
	const char *via = "SIP/2.0/UDP 198.51.100.7";
	begin();
	inject(request("INVITE", URI, via, ""));
	inject(request("INVITE", URI, via, ""));
	cr_assert_eq(world.nodes[0].event_count, 1);
	cr_assert_eq(world_count_sent(&world, 0, "SIP/2.0 100"), 2);
	inject(request("CANCEL", URI, via, ""));
	assert_has(last()->data, "SIP/2.0 200 ");
	cr_assert_eq(world.nodes[0].events[1].kind, EVENT_CANCELLED);
	answer(&world.nodes[0], world.nodes[0].invite, 487);
	unsigned before = world.sent_count;
	inject(request("ACK", URI, via, ""));
	world_run(&world, 20 * NS_PER_S);
	cr_assert_eq(world.sent_count, before, "the ACK was found");
	end();
}

/* Only the host that sent the INVITE can cancel or acknowledge it: failure classes 11 and 33. */
Test(server, other_hosts_have_other_transactions)
{
	begin();
	inject(request("INVITE", URI, VIA, ""));
	inject_from(request("CANCEL", URI, VIA, ""), "203.0.113.5", 5070);
	assert_has(last()->data, "SIP/2.0 481 ");
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_CANCELLED, -1), 0);
	inject_from(request("CANCEL", URI, VIA, ""), "198.51.100.7", 40000);
	assert_has(last()->data, "SIP/2.0 200 ");
	assert_has(last()->data, "CSeq: 5 CANCEL\r\n");
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_CANCELLED, -1), 1, "a NAT may change the port");
	inject(request("CANCEL", URI, VIA, ""));
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_CANCELLED, -1), 1, "a repeat is told once");
	answer(&world.nodes[0], world.nodes[0].invite, 487);
	inject_from(request("ACK", URI, VIA, ""), "203.0.113.5", 5070);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_ACK, -1), 1, "to no transaction: the user judges it");
	unsigned before = world.sent_count;
	world_run(&world, NS_PER_S);
	cr_assert_gt(world.sent_count, before, "487 is still being repeated");
	end();
}

static char *response_to(const struct sent *sent, const char *status)
{
	static char text[4096];
	const char *via = strstr(sent->data, "Via:"), *from = strstr(sent->data, "From:");
	const char *cseq = strstr(sent->data, "CSeq:");
	snprintf(text, sizeof(text),
		 "SIP/2.0 %s\r\n%.*s\r\n%.*s\r\nTo: <sip:b@c>;tag=x\r\nCall-ID: call-1@192.0.2.1\r\n%.*s\r\n\r\n",
		 status, (int)strcspn(via, "\r"), via, (int)strcspn(from, "\r"), from, (int)strcspn(cseq, "\r"), cseq);
	return text;
}

static void replace(char *text, const char *from, const char *to)
{
	char *at = strstr(text, from);
	cr_assert_not_null(at);
	char rest[4096];
	snprintf(rest, sizeof(rest), "%s", at + strlen(from));
	sprintf(at, "%s%s", to, rest);
}

Test(server, answers_that_are_not_ours_are_strays)
{
	struct sip_request options = world_request(SIP_OPTIONS);
	struct sip_hop to = {.remote = {.port = 5080}};
	struct sip_counts counts;
	sip_txn txn;
	char *text;
	begin();
	xf_addr_parse(&to.remote.addr, "198.51.100.7");
	cr_assert_eq(sip_send(world.nodes[0].stack, &txn, &options, &to, 5), 0);
	const struct sent *sent = last();
	inject_from(response_to(sent, "200 OK"), "198.51.100.8", 5080);
	text = response_to(sent, "200 OK");
	replace(text, "192.0.2.1:5060", "192.0.2.9:5060");
	inject(text);
	text = response_to(sent, "200 OK");
	replace(text, "192.0.2.1:5060", "192.0.2.1:5061");
	inject(text);
	text = response_to(sent, "200 OK");
	replace(text, "z9hG4bK", "z9hG4bKx");
	inject(text);
	text = response_to(sent, "200 OK");
	replace(text, "CSeq: 1", "CSeq: 2");
	inject(text);
	text = response_to(sent, "200 OK");
	replace(text, "Call-ID: call-1", "Call-ID: call-2");
	inject(text);
	text = response_to(sent, "200 OK");
	replace(text, "From:", "Via: SIP/2.0/UDP 255.255.255.255\r\nFrom:");
	inject(text);
	sip_stack_counts(world.nodes[0].stack, &counts);
	cr_assert_eq(counts.stray, 7);
	cr_assert_eq(world.nodes[0].event_count, 0);
	inject_from(response_to(sent, "200"), "198.51.100.7", 9999);
	sip_stack_counts(world.nodes[0].stack, &counts);
	cr_assert_eq(counts.malformed, 1, "no reason, not even its space");
	inject_from(response_to(sent, "200 "), "198.51.100.7", 9999);
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_RESPONSE, 200), 1, "its port may be another");
	cr_assert_eq(world.sent_count, 1, "no answer to an answer");
	end();
}

Test(server, stray_2xx_to_invite_is_told)
{
	begin();
	inject("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKgone\r\nFrom: <sip:a@b>;tag=1\r\n"
	       "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n");
	inject("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKgone\r\nFrom: <sip:a@b>;tag=1\r\n"
	       "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 BYE\r\n\r\n");
	cr_assert_eq(node_count_events(&world.nodes[0], EVENT_STRAY, 200), 1);
	end();
}

Test(server, escaped_nul_in_a_display_name_comes_back_as_it_was)
{
	static const char text[] =
	    "OPTIONS sip:x@192.0.2.1 SIP/2.0\r\nVia: " VIA "\r\nTo: \"N:\\\0 B:\\\x07\" <sip:a@b>\r\n"
	    "From: <sip:c@d>;tag=1\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n";
	begin();
	struct xf_sockaddr from = world.nodes[0].addr;
	world_inject(&world.nodes[0], &from, text, sizeof(text) - 1);
	answer(&world.nodes[0], world.nodes[0].events[0].txn, 200);
	cr_assert_not_null(memmem(last()->data, last()->len, "To: \"N:\\\0 B:\\\x07\" <sip:a@b>;tag=us\r\n",
				  sizeof("To: \"N:\\\0 B:\\\x07\" <sip:a@b>;tag=us\r\n") - 1));
	end();
}

Test(server, headers_add)
{
	char buf[40] = "";
	cr_assert_eq(sip_headers_add(buf, sizeof(buf), "A", "%d", 1), 0);
	cr_assert_str_eq(buf, "A: 1\r\n");
	cr_assert_eq(sip_headers_add(buf, sizeof(buf), "B", "x\r\nC: y"), -EINVAL);
	cr_assert_eq(sip_headers_add(buf, sizeof(buf), "B", "\x01"), -EINVAL);
	cr_assert_eq(sip_headers_add(buf, sizeof(buf), "B b", "x"), -EINVAL);
	cr_assert_str_eq(buf, "A: 1\r\n");
	cr_assert_eq(sip_headers_add(buf, sizeof(buf), "Bb", "%s", "01234567890123456789012345"), 0);
	cr_assert_eq(strlen(buf), 38);
	buf[6] = 0;
	cr_assert_eq(sip_headers_add(buf, sizeof(buf), "Bb", "%s", "012345678901234567890123456"), 0);
	cr_assert_eq(strlen(buf), 39, "to the last byte");
	buf[6] = 0;
	cr_assert_eq(sip_headers_add(buf, sizeof(buf), "Bb", "%s", "0123456789012345678901234567"), -E2BIG);
	cr_assert_str_eq(buf, "A: 1\r\n");
	cr_assert_eq(sip_headers_add(buf, 7, "B", "x"), -E2BIG);
	cr_assert_str_eq(buf, "A: 1\r\n");
}

static void answer_404(struct node *node, sip_txn txn, const struct sip_message *message)
{
	answer(node, txn, 404);
}

/* The torture messages of RFC 4475 on the wire: who gets an answer, which, and from where it may come. */
Test(server, rfc4475_torture)
{
	size_t len;
	char *table = corpus_read("rfc4475/EXPECT.tsv", &len), *line = table, *fields[6], path[128];
	struct xf_sockaddr from = {.port = 5070};
	if (!table) {
		cr_skip("the messages of RFC 4475 are not here");
		return;
	}
	xf_addr_parse(&from.addr, "198.51.100.7");
	corpus_row(&line, fields, 6);
	while (corpus_row(&line, fields, 6) >= 5) {
		const char *name = fields[0], *expect = fields[4];
		snprintf(path, sizeof(path), "rfc4475/raw/%s.dat", name);
		char *text = corpus_read(path, &len);
		begin();
		world.nodes[0].hooks.request = answer_404;
		world_inject(&world.nodes[0], &from, text, len);
		cr_assert_leq(node_count_events(&world.nodes[0], EVENT_REQUEST, -1), 1, "%s", name);
		for (unsigned i = 0; i < world.sent_count; i++)
			cr_assert(xf_addr_eq(&world.sent[i].to.addr, &from.addr), "%s answers another host", name);
		if (strncmp(text, "SIP/2.0 ", 8) == 0)
			cr_assert_eq(world.sent_count, 0, "%s is an answer", name);
		else if (strstr(expect, "never 400"))
			cr_assert_eq(strncmp(last()->start, "SIP/2.0 404", 11), 0, "%s: %s", name, last()->start);
		else if (strcmp(expect, "400") == 0)
			cr_assert_eq(strncmp(last()->start, "SIP/2.0 400", 11), 0, "%s: %s", name, last()->start);
		else if (strncmp(expect, "416", 3) == 0 || strncmp(expect, "505", 3) == 0)
			cr_assert_eq(strncmp(last()->start + 8, expect, 3), 0, "%s: %s", name, last()->start);
		end();
		free(text);
	}
	free(table);
}

/* Changed requests and answers, one after the other into one stack that has transactions of its own open. */
Test(server, changed_bytes)
{
	static const char *const seeds[] = {
	    "INVITE sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5099;rport;branch=z9hG4bKabc\r\n"
	    "From: <sip:a@b.c>;tag=a1\r\nTo: <sip:b@b.c>\r\nCall-ID: c1\r\nCSeq: 5 INVITE\r\n\r\n",
	    "CANCEL sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKabc\r\n"
	    "From: <sip:a@b.c>;tag=a1\r\nTo: <sip:b@b.c>\r\nCall-ID: c1\r\nCSeq: 5 CANCEL\r\n\r\n",
	    "ACK sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5099;branch=z9hG4bKabc\r\n"
	    "From: <sip:a@b.c>;tag=a1\r\nTo: <sip:b@b.c>;tag=us\r\nCall-ID: c1\r\nCSeq: 5 ACK\r\n\r\n",
	    NULL, /* an answer to the INVITE of ours */
	};
	struct sip_request invite = world_request(SIP_INVITE);
	struct sip_hop to = {.remote = {.port = 5080}};
	struct sip_counts counts;
	uint64_t x = 88172645463325252ull;
	sip_txn txn;
	begin();
	xf_addr_parse(&to.remote.addr, "198.51.100.7");
	world.nodes[0].hooks.request = answer_404;
	cr_assert_eq(sip_send(world.nodes[0].stack, &txn, &invite, &to, 5), 0);
	char *response = strdup(response_to(last(), "180 Ringing"));
	for (unsigned round = 0; round < 8000; round++) {
		char text[1024];
		const char *seed = seeds[round % 4] ? seeds[round % 4] : response;
		size_t len = strlen(seed);
		memcpy(text, seed, len);
		for (unsigned i = 0; i < 1 + round % 3; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			text[(x >> 8) % len] = (char)(x >> 40);
		}
		world_inject(&world.nodes[0], &to.remote, text, len);
		/* What was recorded is not looked at: there is room for so much only. */
		while (world.sent_count > 1)
			free(world.sent[--world.sent_count].data);
		world.delivered_upto = 1;
		world.nodes[0].event_count = 0;
	}
	sip_stack_counts(world.nodes[0].stack, &counts);
	cr_assert_eq(counts.received, 8000);
	cr_assert_gt(counts.malformed, 1000);
	cr_assert_gt(counts.transactions, 20, "%u", counts.transactions);
	sip_disown(world.nodes[0].stack, txn);
	/* Nobody acknowledges: each 404 is repeated for 64 T1, more than can be recorded. */
	for (unsigned second = 1; second < 120; second++) {
		world.now_ns = second * NS_PER_S;
		world.nodes[0].env.now_ns = world.now_ns;
		while (timers_next(&world.nodes[0].env.timers) <= world.now_ns) {
			timers_run(&world.nodes[0].env.timers, timers_next(&world.nodes[0].env.timers));
			while (world.sent_count > 1)
				free(world.sent[--world.sent_count].data);
		}
	}
	free(response);
	end();
}
