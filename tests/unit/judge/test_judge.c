/* What came out of a run beside what another run has stored. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>
#include "judge/judge.h"

static struct xf_sockaddr gateway = {.port = 5060}, caller = {.port = 5060}, listener = {.port = 20000};

/* How a run differs from the stored one. */
struct run {
	const char *call_id, *tag, *branch;
	unsigned port;
	const char *reason;			/* of the NOTIFY */
	bool no_notify, twice, other_tag, asks; /* asks: one more request before the NOTIFY */
	bool drops;				/* one more line of outcome before the others */
	bool unanswered, no_call;		/* the call's line is another one, or none */
	unsigned lose, marker_at, jump_at;	/* packets */
	uint32_t ssrc;
};

static const struct run plain = {"abc123@192.0.2.1", "t1t1t1t1", "z9hG4bKone", 16384, "200 OK", .ssrc = 7};

static void say(struct judge *judge, uint64_t ms, const struct run *run, const char *start, const char *cseq,
		const char *tag, const char *body)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
			 "%s\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=%s-%s\r\nFrom: <sip:bot@192.0.2.1>;tag=%s\r\n"
			 "To: <sip:x@192.0.2.20>\r\nCall-ID: %s\r\nCSeq: %s\r\nUser-Agent: of %s\r\n"
			 "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
			 start, run->branch, cseq, tag, run->call_id, cseq, run->branch,
			 strncmp(body, "v=0", 3) == 0 ? "application/sdp" : "message/sipfrag", strlen(body), body);
	judge_sent_sip(judge, ms * 1000000, &gateway, &caller, text, (size_t)n);
}

static struct judge *play(const struct run *run)
{
	struct judge *judge;
	char sdp[256], frag[64];
	xf_addr_parse(&gateway.addr, "192.0.2.1");
	xf_addr_parse(&caller.addr, "192.0.2.20");
	listener.addr = caller.addr;
	cr_assert_eq(judge_create(&judge, true), 0);
	snprintf(sdp, sizeof(sdp), "v=0\r\no=- %u 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio %u RTP/AVP 0\r\n",
		 run->port * 3, run->port);
	say(judge, 0, run, "INVITE sip:x@192.0.2.20 SIP/2.0", "1 INVITE", run->tag, sdp);
	snprintf(frag, sizeof(frag), "SIP/2.0 %s", run->reason);
	if (run->asks)
		say(judge, 400, run, "INFO sip:x@192.0.2.20 SIP/2.0", "7 INFO", run->tag, "");
	if (!run->no_notify)
		say(judge, 500, run, "NOTIFY sip:x@192.0.2.20 SIP/2.0", "2 NOTIFY", run->tag, frag);
	if (run->twice)
		say(judge, 600, run, "NOTIFY sip:x@192.0.2.20 SIP/2.0", "2 NOTIFY", run->tag, frag);
	say(judge, 900, run, "BYE sip:x@192.0.2.20 SIP/2.0", "3 BYE", run->other_tag ? "zzzz9999" : run->tag, "");
	for (unsigned i = 0; i < 60; i++) {
		uint8_t packet[20] = {0x80, 0};
		uint16_t sequence = htons((uint16_t)(i + run->port + (run->jump_at && i >= run->jump_at ? 5 : 0)));
		uint32_t timestamp = htonl(i * 160 + run->port), ssrc = htonl(run->ssrc);
		struct xf_sockaddr from = gateway;
		from.port = (uint16_t)run->port;
		if (run->lose && i == run->lose)
			continue;
		if (i == 0 || (run->marker_at && i == run->marker_at))
			packet[1] |= 0x80;
		memcpy(packet + 2, &sequence, 2);
		memcpy(packet + 4, &timestamp, 4);
		memcpy(packet + 8, &ssrc, 4);
		packet[12] = (uint8_t)i;
		judge_sent(judge, (uint64_t)i * 20000000, &from, &listener, packet, sizeof(packet));
	}
	if (run->drops)
		judge_outcome(judge, "drop wrong-source: 3");
	if (!run->no_call)
		judge_outcome(judge, run->unanswered ? "call 1: not answered" : "call 1: answered");
	judge_outcome(judge, run->no_notify ? "transfer 1: failed" : "transfer 1: connected");
	return judge;
}

/* The differences between `run` and the plain one; "" if there are none. */
static const char *differences(const struct run *run)
{
	static char text[16384];
	char dir[] = "/tmp/xfergate-judge-XXXXXX", why[JUDGE_WHY] = "", path[64];
	static const char *const names[] = {"sip.txt", "rtp.txt", "outcome.txt"};
	struct judge *stored = play(&plain), *judge = play(run);
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(judge_accept(stored, dir, why), 0, "%s", why);
	memset(text, 0, sizeof(text));
	FILE *out = fmemopen(text, sizeof(text) - 1, "w");
	int r = judge_expect(judge, dir, out, why);
	fclose(out);
	cr_assert_geq(r, 0, "%s", why);
	cr_expect_eq(r == 1, *text != 0);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		cr_expect_eq(unlink(path), 0);
	}
	rmdir(dir);
	judge_destroy(stored);
	judge_destroy(judge);
	return text;
}

Test(judge, identifiers_may_differ_as_long_as_they_are_consistent)
{
	struct run run = plain;
	run.call_id = "totally-different@192.0.2.1";
	run.tag = "u2u2u2u2";
	run.branch = "z9hG4bKtwo";
	run.port = 20002;
	run.ssrc = 99;
	cr_expect_str_empty(differences(&run));
}

Test(judge, an_identifier_that_is_not_consistent)
{
	struct run run = plain;
	run.other_tag = true;
	const char *text = differences(&run);
	cr_expect_not_null(strstr(text, "differs: SIP message 3"), "%s", text);
	cr_expect_not_null(strstr(text, "BYE sip:x@192.0.2.20"), "%s", text);
	cr_expect_not_null(strstr(text, "expected From: <sip:bot@192.0.2.1>;tag={tag 1}"), "%s", text);
}

Test(judge, another_word_in_a_body)
{
	struct run run = plain;
	run.reason = "486 Busy Here";
	const char *text = differences(&run);
	cr_expect_not_null(strstr(text, "expected SIP/2.0 200 OK\n    got      SIP/2.0 486 Busy Here"), "%s", text);
}

Test(judge, a_message_that_is_missing_and_one_that_is_added)
{
	struct run run = plain;
	run.no_notify = true;
	const char *text = differences(&run);
	cr_expect_not_null(strstr(text, "missing: SIP message 2 at 0.500 s"), "%s", text);
	cr_expect_not_null(strstr(text, "expected transfer 1: connected\n         got      transfer 1: failed"), "%s",
			   text);
	run.no_notify = false;
	run.twice = true;
	text = differences(&run);
	cr_expect_not_null(strstr(text, "not expected: SIP message 3 at 0.600 s"), "%s", text);
	cr_expect_null(strstr(text, "missing"), "%s", text);
}

/* The numbers of requests behind it are other words then, and nothing more. */
Test(judge, a_request_that_is_added_before_others)
{
	struct run run = plain;
	run.asks = true;
	const char *text = differences(&run);
	cr_expect_str_eq(text, "not expected: SIP message 2 at 0.400 s, 192.0.2.1:5060 -> 192.0.2.20:5060: "
			       "INFO sip:x@192.0.2.20 SIP/2.0\n");
}

Test(judge, a_line_of_outcome_that_is_added_before_others)
{
	struct run run = plain;
	run.drops = true;
	cr_expect_str_eq(differences(&run), "outcome: expected nothing\n         got      drop wrong-source: 3\n");
}

/* Lines about different things do not stand beside each other. */
Test(judge, lines_of_outcome_pair_by_what_they_are_about)
{
	struct run run = plain;
	run.drops = true;
	run.no_notify = true;
	run.unanswered = true;
	const char *text = strstr(differences(&run), "outcome:");
	cr_assert_not_null(text);
	cr_expect_str_eq(text, "outcome: expected nothing\n         got      drop wrong-source: 3\n"
			       "outcome: expected call 1: answered\n         got      call 1: not answered\n"
			       "outcome: expected transfer 1: connected\n         got      transfer 1: failed\n");
	run.drops = false;
	run.no_call = true;
	text = strstr(differences(&run), "outcome:");
	cr_expect_str_eq(text, "outcome: expected call 1: answered\n         got      nothing\n"
			       "outcome: expected transfer 1: connected\n         got      transfer 1: failed\n");
}

/* Two runs with n messages each, one of them without the first. */
static void many_messages(unsigned n)
{
	char dir[] = "/tmp/xfergate-judge-XXXXXX", why[JUDGE_WHY] = "", path[64], call_id[32], tag[32], branch[32];
	static char text[16384];
	struct judge *judges[2];
	xf_addr_parse(&gateway.addr, "192.0.2.1");
	xf_addr_parse(&caller.addr, "192.0.2.20");
	cr_assert_not_null(mkdtemp(dir));
	for (unsigned k = 0; k < 2; k++) {
		cr_assert_eq(judge_create(&judges[k], true), 0);
		for (unsigned i = k; i < n; i++) {
			struct run run = plain;
			snprintf(call_id, sizeof(call_id), "%u-call-%u", i, k);
			snprintf(tag, sizeof(tag), "tag-%u-%u", k, i);
			snprintf(branch, sizeof(branch), "z9hG4bK%u-%u", k, i);
			run.call_id = call_id;
			run.tag = tag;
			run.branch = branch;
			say(judges[k], i, &run,
			    i ? "OPTIONS sip:x@192.0.2.20 SIP/2.0" : "INFO sip:x@192.0.2.20 SIP/2.0",
			    i ? "1 OPTIONS" : "1 INFO", tag, "");
		}
	}
	cr_assert_eq(judge_accept(judges[0], dir, why), 0, "%s", why);
	memset(text, 0, sizeof(text));
	FILE *out = fmemopen(text, sizeof(text) - 1, "w");
	cr_expect_eq(judge_expect(judges[1], dir, out, why), 1);
	fclose(out);
	cr_expect_str_eq(text, "missing: SIP message 1 at 0.000 s, 192.0.2.1:5060 -> 192.0.2.20:5060: "
			       "INFO sip:x@192.0.2.20 SIP/2.0\n");
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, (const char *[]){"sip.txt", "rtp.txt", "outcome.txt"}[i]);
		unlink(path);
	}
	rmdir(dir);
	judge_destroy(judges[0]);
	judge_destroy(judges[1]);
}

/* Each word is looked up among all before it, and each message could be paired with each other one. */
Test(judge, tens_of_thousands_of_messages, .timeout = 20)
{
	many_messages(30000);
}

Test(judge, packets_of_audio)
{
	struct run run = plain;
	run.lose = 30;
	const char *text = differences(&run);
	cr_expect_not_null(strstr(text, "1 packets are missing before packet 31"), "%s", text);
	run.lose = 0;
	run.marker_at = 10;
	text = differences(&run);
	cr_expect_not_null(strstr(text, "packet 11: expected the next one in line, payload"), "%s", text);
	cr_expect_not_null(strstr(text, "; got a marker, payload"), "%s", text);
	run.marker_at = 0;
	run.jump_at = 10;
	text = differences(&run);
	cr_expect_not_null(strstr(text, "got sequence +6, payload"), "%s", text);
}

static void speak(struct judge *judge, unsigned port, const struct xf_sockaddr *to, unsigned from_ms, unsigned until_ms)
{
	static const uint8_t packet[20] = {0x80};
	struct xf_sockaddr own = gateway;
	own.port = (uint16_t)port;
	for (unsigned ms = from_ms; ms < until_ms; ms += 20)
		judge_sent(judge, ms * 1000000ull, &own, to, packet, sizeof(packet));
}

/* Who is heard at the same host, such as the transfer's target at the caller's trunk, fills no silence. */
Test(judge, silence_is_that_of_one_end)
{
	struct judge *judge;
	struct xf_sockaddr own, other;
	xf_addr_parse(&gateway.addr, "192.0.2.1");
	xf_addr_parse(&listener.addr, "192.0.2.20");
	own = other = gateway;
	own.port = 16384;
	other.port = 16386;
	cr_assert_eq(judge_create(&judge, false), 0);
	for (unsigned ms = 0; ms < 5000; ms += 20) {
		if (ms < 1000 || (ms >= 2500 && ms < 3000))
			speak(judge, 16384, &listener, ms, ms + 20);
		speak(judge, 16386, &listener, ms, ms + 20);
	}
	cr_expect_eq(judge_longest_gap(judge, &own, 1200000000, 2700000000), 1520000000);
	/* it has not ended at all */
	cr_expect_eq(judge_longest_gap(judge, &own, 2600000000, 4000000000), 1020000000);
	cr_expect_eq(judge_longest_gap(judge, &own, 100000000, 500000000), 20000000);
	cr_expect_eq(judge_longest_gap(judge, &other, 0, 4500000000), 20000000);
	other.port = 9;
	cr_expect_eq(judge_longest_gap(judge, &other, 0, 4500000000), UINT64_MAX);
	judge_destroy(judge);
}

Test(judge, what_is_not_stored_cannot_be_compared)
{
	char why[JUDGE_WHY] = "";
	struct judge *judge = play(&plain);
	cr_expect_lt(judge_expect(judge, "/nonexistent", stderr, why), 0);
	cr_expect_not_null(strstr(why, "/nonexistent/sip.txt"), "%s", why);
	cr_expect_lt(judge_accept(judge, "/nonexistent/dir", why), 0);
	judge_destroy(judge);
}

static void receive(struct judge *judge, unsigned sequence, uint64_t us)
{
	uint8_t packet[13] = {0x80, 8, (uint8_t)(sequence >> 8), (uint8_t)sequence};
	uint32_t timestamp = htonl(sequence * 160);
	memcpy(packet + 4, &timestamp, 4);
	packet[11] = 5;
	judge_received(judge, us * 1000, &caller, &listener, packet, sizeof(packet));
}

Test(judge, streams_are_counted_as_a_receiver_does)
{
	static const unsigned sequences[] = {65533, 65534, 65535, 1, 0, 1, 4, 5}; /* 2 and 3 are lost, 1 comes twice */
	struct judge *judge;
	cr_assert_eq(judge_create(&judge, false), 0);
	for (unsigned i = 0; i < 8; i++)
		receive(judge, sequences[i], i * 20000 + (i == 7) * 500000);
	json_t *streams = judge_received_streams(judge), *one = json_array_get(streams, 0);
	cr_assert_eq(json_array_size(streams), 1);
	cr_expect_eq(json_integer_value(json_object_get(one, "packets")), 8);
	cr_expect_eq(json_integer_value(json_object_get(one, "expected")), 9);
	cr_expect_eq(json_integer_value(json_object_get(one, "lost")), 2);
	cr_expect_eq(json_integer_value(json_object_get(one, "duplicates")), 1);
	cr_expect_eq(json_integer_value(json_object_get(one, "reordered")), 1);
	cr_expect_str_eq(json_string_value(json_object_get(one, "codec")), "PCMA");
	cr_expect_float_eq(json_real_value(json_object_get(one, "longest_gap_ms")), 520.0, 0.001);
	json_decref(streams);
	judge_destroy(judge);
}

Test(judge, a_clock_that_was_put_back_makes_no_gap)
{
	struct judge *judge;
	cr_assert_eq(judge_create(&judge, false), 0);
	receive(judge, 1, 5000000);
	receive(judge, 2, 1000000);
	receive(judge, 3, 1020000);
	json_t *streams = judge_received_streams(judge), *one = json_array_get(streams, 0);
	cr_expect_float_eq(json_real_value(json_object_get(one, "longest_gap_ms")), 20.0, 0.001);
	json_decref(streams);
	judge_destroy(judge);
}

/* As Wireshark does: only what an SDP has named is RTP. */
/* Each packet is looked up among all addresses that were ever named. */
Test(judge, tens_of_thousands_of_media_addresses, .timeout = 10)
{
	char sdp[128];
	uint8_t packet[13] = {0x80, 8};
	struct judge *judge;
	struct xf_sockaddr to = {.port = 4000};
	xf_addr_parse(&caller.addr, "192.0.2.20");
	cr_assert_eq(judge_create(&judge, false), 0);
	for (unsigned i = 0; i < 50000; i++) {
		int n = snprintf(sdp, sizeof(sdp),
				 "SIP/2.0 200 OK\r\n\r\nv=0\r\nc=IN IP4 10.0.%u.%u\r\nm=audio 4000 RTP/AVP 8\r\n",
				 i >> 8, i & 255);
		judge_captured_sip(judge, i, &caller, &gateway, sdp, (size_t)n);
	}
	for (unsigned i = 0; i < 50000; i++) {
		to.addr = xf_addr_v4((const uint8_t[]){10, 0, (uint8_t)(i >> 8), (uint8_t)i});
		judge_captured(judge, i, &caller, &to, packet, sizeof(packet));
	}
	json_t *streams = judge_captured_streams(judge);
	cr_expect_eq(json_array_size(streams), 50000);
	json_decref(streams);
	judge_destroy(judge);
}

Test(judge, captured_streams_are_those_that_an_sdp_names)
{
	static const char sdp[] = "SIP/2.0 200 OK\r\n\r\nv=0\r\nc=IN IP4 192.0.2.99\r\nm=audio 20000 RTP/AVP 8\r\n"
				  "c=IN IP4 192.0.2.20\r\nm=video 0 RTP/AVP 34\r\n";
	static const char mgcp[] =
	    "CRCX 1 aaln/1@x MGCP 1.0\nC: 1\n\nv=0\nc=IN IP4 192.0.2.20\nm=audio 40362 RTP/AVP 0\n";
	uint8_t packet[13] = {0x80, 8};
	struct judge *judge;
	xf_addr_parse(&caller.addr, "192.0.2.20");
	listener.addr = caller.addr;
	cr_assert_eq(judge_create(&judge, false), 0);
	judge_captured(judge, 1, &caller, &listener, packet, sizeof(packet));
	judge_captured_sip(judge, 2, &caller, &gateway, sdp, sizeof(sdp) - 1);
	judge_captured(judge, 3, &gateway, &listener, packet, sizeof(packet));
	judge_captured(judge, 4, &listener, &gateway, packet, sizeof(packet));
	/* MGCP names media too. */
	judge_captured(judge, 5, &gateway, &caller, mgcp, sizeof(mgcp) - 1);
	listener.port = 40362;
	judge_captured(judge, 6, &gateway, &listener, packet, sizeof(packet));
	listener.port = 20000;
	json_t *streams = judge_captured_streams(judge);
	cr_expect_eq(json_array_size(streams), 3);
	json_decref(streams);
	judge_destroy(judge);
}
