/* Messages: what is read, what is refused, and that nothing else can happen. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "corpus.h"
#include "sip/message.h"

#define INVITE                                                                                                         \
	"INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKx;rport\r\n"              \
	"From: \"Alice\" <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: c1@x\r\n"             \
	"CSeq: 5 INVITE\r\n"

static int parse(struct sip_message **out, const char *text, size_t len, char *why)
{
	/* In a block of just its length, so that a read behind it is found. */
	char *exact = malloc(len ? len : 1);
	memcpy(exact, text, len);
	int rc = sip_message_parse(out, exact, len, why, 160);
	free(exact);
	cr_assert_eq(rc < 0, why[0] != 0, "a reason, and only on failure");
	cr_assert(rc < 0 || *out);
	return rc;
}

Test(message, request)
{
	static const char text[] = INVITE
	    "v: SIP/2.0/TCP b.example.com ; branch = z2 , SIP / 2.0 / UDP [2001:DB8::1]:5061\r\n"
	    "Max-Forwards: 0068\r\nm: \"B\" <sip:x@192.0.2.1;lr>, <sip:y@z>\r\nRecord-Route: "
	    "<sip:p2;lr>,<sip:p1;lr>\r\n"
	    "Record-Route: <sip:p0;lr>\r\nRoute: <sip:r1;lr>, <sip:r2;lr>\r\nk: timer, 100rel\r\nSupported: x\r\n"
	    "Subject: folded\r\n\t text  \r\n  here\r\nc: Application/SDP ; x=y\r\nl: 5\r\n\r\nv=0\r\nmore";
	struct sip_message *m;
	char why[160];
	unsigned count;
	cr_assert_eq(parse(&m, text, sizeof(text) - 1, why), 0, "%s", why);
	cr_assert(m->request);
	cr_assert_eq(m->method, SIP_INVITE);
	cr_assert_str_eq(m->ruri.user, "bob");
	cr_assert_str_eq(m->ruri_text, "sip:bob@example.com");
	cr_assert_str_eq(m->call_id, "c1@x");
	cr_assert_eq(m->cseq, 5);
	cr_assert_str_eq(m->from.display, "Alice");
	cr_assert_str_eq(m->from.tag, "a1");
	cr_assert_str_eq(m->to.tag, "");
	cr_assert_eq(m->via_count, 3);
	cr_assert_str_eq(m->via[0].host, "192.0.2.1");
	cr_assert_eq(m->via[0].port, 5070);
	cr_assert_str_eq(m->via[0].branch, "z9hG4bKx");
	cr_assert(m->via[0].rport);
	cr_assert_str_eq(m->via[1].transport, "TCP");
	cr_assert_str_eq(m->via[1].branch, "z2");
	cr_assert_not(m->via[1].rport);
	cr_assert_str_eq(m->via[2].host, "2001:db8::1");
	cr_assert_eq(m->via[2].port, 5061);
	cr_assert_eq(m->max_forwards, 68);
	cr_assert_eq(m->contact_count, 2);
	cr_assert_str_eq(m->contact.uri.user, "x");
	cr_assert_eq(m->record_route_count, 3);
	cr_assert_str_eq(m->record_route[0], "<sip:p2;lr>");
	cr_assert_str_eq(m->record_route[2], "<sip:p0;lr>");
	cr_assert_eq(m->route_count, 2);
	cr_assert_str_eq(m->content_type, "application/sdp");
	cr_assert_eq(m->body_len, 5);
	cr_assert_str_eq(m->body, "v=0\r\n");
	cr_assert_str_eq(sip_message_header(m, "subject", &count), "folded text here");
	cr_assert_eq(count, 1);
	cr_assert_str_eq(sip_message_header(m, "Supported", &count), "timer, 100rel");
	cr_assert_eq(count, 2);
	cr_assert(sip_message_lists(m, "supported", "TIMER"));
	cr_assert(sip_message_lists(m, "Supported", "x"));
	cr_assert_not(sip_message_lists(m, "Supported", "100"));
	cr_assert_null(sip_message_header(m, "Nothing", &count));
	cr_assert_eq(count, 0);
	sip_message_destroy(m);
}

Test(message, response)
{
	static const char text[] =
	    "SIP/2.0 180 \xd0\xa2 ok\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: sip:a@b;tag=1\r\n"
	    "To: sip:c@d;tag=2\r\nCall-ID: x\r\nCSeq: 4294967295 INVITE\r\n\r\nbody";
	struct sip_message *m;
	char why[160];
	cr_assert_eq(parse(&m, text, sizeof(text) - 1, why), 0, "%s", why);
	cr_assert_not(m->request);
	cr_assert_eq(m->status, 180);
	cr_assert_str_eq(m->reason, "\xd0\xa2 ok");
	cr_assert_eq(m->method, SIP_INVITE);
	cr_assert_eq(m->cseq, UINT32_MAX);
	cr_assert_str_eq(m->to.tag, "2");
	cr_assert_eq(m->max_forwards, -1);
	cr_assert_str_eq(m->contact.text, "");
	cr_assert_str_eq(m->body, "body", "without Content-Length: to the end of the datagram");
	sip_message_destroy(m);
}

/* One more header line in a good INVITE: what becomes of it. */
Test(message, one_more_line)
{
	static const struct {
		const char *line;
		size_t len; /* 0: of the string */
		int rc;
	} cases[] = {
	    {"X-Y: z", 0, 0},
	    {"X-Y : z", 0, 0},
	    {"X-Y\t \t: z", 0, 0},
	    {"X-Y:", 0, 0},
	    {"X-Y: a: b", 0, 0},
	    {"extensionHeader-!.%*+_`'~:\xef\xbb\xbf", 0, 0},
	    {"X-Y: \"\\\x07 \\\x7f\"", 0, 0},
	    {"X-Y: \"\\\0\"", 9, 0},
	    {"X Y: z", 0, -EBADMSG},
	    {"X-Y z", 0, -EBADMSG},
	    {": z", 0, -EBADMSG},
	    {"X-Y\x0b: z", 0, -EBADMSG},
	    {"X-Y\0: z", 7, -EBADMSG},
	    {"X-Y\x80: z", 0, -EBADMSG},
	    {"X-Y\xc2\xa0: z", 0, -EBADMSG},
	    {"X-Y: a\0b", 8, -EBADMSG},
	    {"X-Y: a\x01", 0, -EBADMSG},
	    {"X-Y: a\nFrom: b", 0, -EBADMSG},
	    {"X-Y: a\rFrom: b", 0, -EBADMSG},
	    {"X-Y: \"\\\n\"", 0, -EBADMSG},
	    {"From: <sip:x@y>;tag=2", 0, -EBADMSG},
	    {"f: <sip:x@y>;tag=2", 0, -EBADMSG},
	    {"fRoM : <sip:x@y>;tag=2", 0, -EBADMSG},
	    {"t: <sip:x@y>", 0, -EBADMSG},
	    {"i: c1@x", 0, -EBADMSG},
	    {"CSeq: 5 INVITE", 0, -EBADMSG},
	    {"Content-Length: 0\r\nl: 0", 0, -EBADMSG},
	    {"Content-Length: 0\r\nContent-Length: 0", 0, -EBADMSG},
	    {"Content-Length:\r\n 0", 0, 0},
	    {"Content-Length: 1\r\n 0", 0, -EBADMSG},
	    {"Content-Length: 1", 0, -EBADMSG},
	    {"Content-Length: -1", 0, -EBADMSG},
	    {"Content-Length: five", 0, -EBADMSG},
	    {"Content-Length: 4294967296", 0, -EBADMSG},
	    {"Content-Length: 18446744073709551616", 0, -EBADMSG},
	    {"Content-Length:", 0, -EBADMSG},
	    {"Max-Forwards: 70\r\nMax-Forwards: 70", 0, -EBADMSG},
	    {"Max-Forwards: -1", 0, -EBADMSG},
	    {"Max-Forwards: 65536", 0, -EBADMSG},
	    {"c: a/b\r\nContent-Type: a/b", 0, -EBADMSG},
	    {"Content-Type: ab", 0, -EBADMSG},
	    {"Content-Type: application / sdp", 0, 0},
	    {"Content-Type: appli cation/sdp", 0, -EBADMSG},
	    {"Content-Type: application/s dp", 0, -EBADMSG},
	    {"Content-Type: =application/sdp", 0, -EBADMSG},
	    {"Content-Type: /sdp", 0, -EBADMSG},
	    {"Content-Type: application/", 0, -EBADMSG},
	    {"r: <sip:a@b>\r\nRefer-To: <sip:a@b>", 0, -EBADMSG},
	    {"b: <sip:a@b>\r\nReferred-By: <sip:a@b>", 0, -EBADMSG},
	    {"o: refer\r\nEvent: refer", 0, -EBADMSG},
	    {"Subscription-State: active\r\nSubscription-State: active", 0, -EBADMSG},
	    {"Replaces: a;to-tag=b;from-tag=c\r\nReplaces: a;to-tag=b;from-tag=c", 0, -EBADMSG},
	    {"Accept: a/b\r\nAccept: c/d", 0, 0},
	    {"Contact: <sip:a@b>\r\nm: <sip:c@d>", 0, 0},
	    {"Contact: *", 0, 0},
	    {"Contact: *<sip:a@b.c>", 0, -EBADMSG},
	    {"Contact: \"*\" <sip:a@b.c>", 0, 0},
	    {"Contact: <sip:a@b>;;,;", 0, -EBADMSG},
	    {"Contact: <sip:a@b", 0, -EBADMSG},
	    {"Contact: <sip:a@b>, <sip:c d>", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP a,", 0, -EBADMSG},
	    {"Via: SIP/3.0/UDP a", 0, -EBADMSG},
	    {"Via: HTTP/2.0/UDP a", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP a:0", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP a:65536", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP a;branch=1;branch=2", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP a;branch=", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP 2001:db8::1;branch=x", 0, -EBADMSG},
	    {"Via: SIP/2.0/UDP [2001:db8::1];received=2001:db8::9:255;branch=x", 0, 0},
	    {"Via: SIP/2.0/UDP [2001:db8::1];received=[2001:db8::9:255];branch=x", 0, 0},
	    {"Record-Route: sip:a", 0, -EBADMSG},
	    {"Record-Route: <sip~:p1.example;lr>", 0, -EBADMSG},
	    {"Record-Route: <tel:+12025550143>", 0, -EBADMSG},
	    {"Record-Route: <sip:p1.example;lr>, <Via:p2.exam,ple;lr>", 0, -EBADMSG},
	    {"Contact: <sip:a@b>, <sip:c@d>;tag=1;tag=2", 0, -EBADMSG},
	    {"Route: <sip:a", 0, -EBADMSG},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[2048], why[160];
		struct sip_message *m;
		size_t n = (size_t)sprintf(text, "%s", INVITE);
		size_t len = cases[i].len ? cases[i].len : strlen(cases[i].line);
		memcpy(text + n, cases[i].line, len);
		memcpy(text + n + len, "\r\n\r\n", 4);
		int rc = parse(&m, text, n + len + 4, why);
		cr_assert_eq(rc, cases[i].rc, "case %zu \"%s\" gives %d (%s)", i, cases[i].line, rc, why);
		if (rc < 0)
			cr_assert_not_null(m, "case %zu \"%s\" can be answered 400", i, cases[i].line);
		sip_message_destroy(m);
	}
}

Test(message, start_line)
{
	static const struct {
		const char *line;
		int rc;
	} cases[] = {
	    {"INVITE sip:a@b SIP/2.0", 0},
	    {"INVITE sip:a@b sip/2.0", 0},
	    {"\r\n\r\nINVITE sip:a@b SIP/2.0", 0},
	    {"INVITE  sip:a@b SIP/2.0", -EBADMSG},
	    {"INVITE sip:a@b  SIP/2.0", -EBADMSG},
	    {"INVITE sip:a@b SIP/2.0 ", -EBADMSG},
	    {" INVITE sip:a@b SIP/2.0", -EBADMSG},
	    {"INVITE sip:a b SIP/2.0", -EBADMSG},
	    {"INVITE <sip:a@b> SIP/2.0", -EBADMSG},
	    {"INVITE sip:a@b?Route=x SIP/2.0", -EBADMSG},
	    {"INVITE sip:%00@b SIP/2.0", -EBADMSG},
	    {"INVITE sip:a@b SIP/3.0", -EPROTONOSUPPORT},
	    {"INVITE sip:a@b SIP/2", -EBADMSG},
	    {"INVITE sip:a@b HTTP/1.1", -EBADMSG},
	    {"INVITE sip:a@b", -EBADMSG},
	    {"INVITE", -EBADMSG},
	    {"INV(TE sip:a@b SIP/2.0", -EBADMSG},
	    {"invite sip:a@b SIP/2.0", -EBADMSG},
	    {"BYE sip:a@b SIP/2.0", -EBADMSG},
	    {"SIP/2.0 200 OK", 0},
	    {"SIP/2.0 200 ", 0},
	    {"SIP/2.0 200", -EBADMSG},
	    {"SIP/2.0 99 x", -EBADMSG},
	    {"SIP/2.0 099 x", -EBADMSG},
	    {"SIP/2.0 700 x", -EBADMSG},
	    {"SIP/2.0 4294967301 x", -EBADMSG},
	    {"SIP/2.0  200 OK", -EBADMSG},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[2048], why[160];
		struct sip_message *m;
		int n = snprintf(text, sizeof(text), "%s%s\r\n", cases[i].line, strstr(INVITE, "\r\n"));
		int rc = parse(&m, text, (size_t)n, why);
		cr_assert_eq(rc, cases[i].rc, "\"%s\" gives %d (%s)", cases[i].line, rc, why);
		sip_message_destroy(m);
	}
}

Test(message, malformed_acks_and_responses_are_never_answered)
{
	static const char *const cases[] = {
	    "ACK sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
	    "Call-ID: x\r\nCSeq: 1 INVITE\r\n\r\n",
	    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
	    "Call-ID: x\r\nCSeq: 1 ACK\r\n\r\n",
	    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
	    "Call-ID: x\r\nCall-ID: y\r\nCSeq: 1 INVITE\r\n\r\n",
	    "INVITE sip:a@b SIP/2.0\r\nVia: \r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 "
	    "INVITE\r\n\r\n",
	    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nCall-ID: x\r\nCSeq: 1 "
	    "INVITE\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_message *m;
		char why[160];
		cr_assert_eq(parse(&m, cases[i], strlen(cases[i]), why), -EBADMSG, "case %zu", i);
		cr_assert_null(m, "case %zu", i);
	}
}

/* 1, 50, 500 and 5,000 of everything that may repeat. */
Test(message, limits)
{
	static char text[SIP_MESSAGE_MAX + 2];
	static const char *const lines[] = {
	    "Via: SIP/2.0/UDP a\r\n", "Contact: <sip:a.b>\r\n", "Record-Route: <sip:a.b>\r\n",
	    "Route: <sip:a>\r\n",     "Accept: a/b\r\n",	"Supported: a\r\n"};
	static const unsigned counts[] = {1, 50, 500, 5000};
	char why[160];
	struct sip_message *m;
	for (size_t i = 0; i < 6; i++) {
		for (size_t j = 0; j < 4; j++) {
			size_t n = (size_t)sprintf(text, "%s", INVITE), len = strlen(lines[i]);
			for (unsigned k = 0; k < counts[j] && n + len + 2 <= SIP_MESSAGE_MAX; k++, n += len)
				memcpy(text + n, lines[i], len);
			n += (size_t)sprintf(text + n, "\r\n");
			int rc = parse(&m, text, n, why);
			unsigned max = i == 2 ? SIP_ROUTE_MAX : i == 0 ? SIP_VIA_MAX - 1 : SIP_HEADERS_MAX - 5;
			cr_assert_eq(rc, counts[j] <= max ? 0 : -E2BIG, "%s %u gives %d", lines[i], counts[j], rc);
			cr_assert_not_null(m, "can be answered");
			cr_assert_leq(m->via_count, SIP_VIA_MAX);
			cr_assert_leq(m->header_count, SIP_HEADERS_MAX);
			sip_message_destroy(m);
		}
	}
	size_t n = (size_t)sprintf(text, "%s\r\n", INVITE);
	memset(text + n, 'b', sizeof(text) - n);
	cr_assert_eq(parse(&m, text, SIP_MESSAGE_MAX, why), 0);
	cr_assert_eq(m->body_len, SIP_MESSAGE_MAX - n);
	sip_message_destroy(m);
	cr_assert_eq(parse(&m, text, SIP_MESSAGE_MAX + 1, why), -E2BIG);
}

static const char *const seeds[] = {
    INVITE "Contact: <sip:a@b>\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n",
    "REFER sip:a@b SIP/2.0\r\nv :\r\n SIP / 2.0 / UDP a.b:5060 ;\r\n branch = z9hG4bKx, SIP/2.0/TCP [2001:db8::1]:1\r\n"
    "f: \"a \\\"q\\\" \\\x01\" <sip:a%40b:pw@c:1;lr?x=y>;tag=t\r\nt: tel:+1-2;x=y\r\ni: x@y\r\nCSeq: 1\r\n REFER\r\n"
    "r: \"x\" <sip:plan-a@b?Replaces=1%3B>\r\nm: *\r\nRecord-Route: <sip:a;lr>,<sip:b.c>\r\nl: 0\r\n\r\n",
    "SIP/2.0 407 No\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx;received=1.2.3.4;rport=5\r\nFrom: a <sip:a@b>;tag=1\r\n"
    "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 2 INVITE\r\nProxy-Authenticate: Digest realm=\"r\", "
    "nonce=\"n\"\r\n\r\n",
};

/* Whatever comes out is whole: strings end, counts fit, no control characters. */
static void check_whole(const struct sip_message *m)
{
	for (unsigned i = 0; i < m->header_count; i++) {
		cr_assert_not_null(m->headers[i].name);
		cr_assert_null(strpbrk(m->headers[i].value, "\r\n"));
	}
	cr_assert_leq(m->via_count, SIP_VIA_MAX);
	cr_assert_eq(m->body[m->body_len], 0);
	cr_assert_leq(strlen(m->from.tag), strlen(m->from.text));
}

Test(message, every_truncation)
{
	for (size_t s = 0; s < 3; s++) {
		size_t len = strlen(seeds[s]);
		for (size_t cut = 0; cut <= len; cut++) {
			struct sip_message *m;
			char why[160];
			int rc = parse(&m, seeds[s], cut, why);
			cr_assert(rc == 0 || rc == -EBADMSG || rc == -EPROTONOSUPPORT, "%zu at %zu: %d", s, cut, rc);
			cr_assert_eq(cut == len ? rc : 0, 0, "the whole is good: %s", why);
			if (rc == 0)
				check_whole(m);
			sip_message_destroy(m);
		}
	}
}

Test(message, changed_bytes)
{
	static const char wild[] = "\r\n\0\t \"<>;:,=%@[]\\?\x7f\xff/SIP20";
	uint64_t x = 88172645463325252ull;
	for (size_t s = 0; s < 3; s++) {
		size_t len = strlen(seeds[s]);
		for (unsigned round = 0; round < 4000; round++) {
			char text[1024], why[160];
			struct sip_message *m;
			memcpy(text, seeds[s], len);
			for (unsigned i = 0; i < 1 + round % 5; i++) {
				x ^= x << 13, x ^= x >> 7, x ^= x << 17;
				text[(x >> 8) % len] = x & 1 ? (char)(x >> 40) : wild[(x >> 40) % sizeof(wild)];
			}
			int rc = parse(&m, text, len, why);
			cr_assert(rc == 0 || rc == -EBADMSG || rc == -E2BIG || rc == -EPROTONOSUPPORT, "%d", rc);
			if (rc == 0)
				check_whole(m);
			sip_message_destroy(m);
		}
	}
}

/* What EXPECT.tsv says, as far as reading decides it. */
static bool outcome_fits(const char *name, const char *expect, int rc)
{
	if (strcmp(name, "test") == 0)
		return true;
	if (strstr(expect, "never 400") || strstr(expect, "silently drop (no matching"))
		return rc == 0;
	if (strncmp(expect, "505", 3) == 0)
		return rc == -EPROTONOSUPPORT;
	/* Only 400, or a drop of what reading cannot accept. */
	if (strcmp(expect, "400") == 0 || strcmp(expect, "drop silently") == 0 || strncmp(expect, "4xx", 3) == 0 ||
	    strncmp(expect, "400 on UDP", 10) == 0)
		return rc == -EBADMSG;
	if (strncmp(expect, "400 ", 4) == 0 || strncmp(expect, "501 (400", 8) == 0) /* or leniency */
		return rc == 0 || rc == -EBADMSG;
	/* Everything else is the user's decision: 416, 420, 415, 401, 404, 405, 200 … */
	return rc == 0;
}

Test(message, rfc4475_torture)
{
	size_t len;
	char *table = corpus_read("rfc4475/EXPECT.tsv", &len), *line = table, *fields[6], why[160], path[128];
	unsigned count = 0;
	if (!table) {
		cr_skip("the messages of RFC 4475 are not here");
		return;
	}
	corpus_row(&line, fields, 6);
	while (corpus_row(&line, fields, 6) >= 5) {
		struct sip_message *m;
		snprintf(path, sizeof(path), "rfc4475/raw/%s.dat", fields[0]);
		char *text = corpus_read(path, &len);
		cr_assert_not_null(text, "%s", path);
		int rc = parse(&m, text, len, why);
		cr_assert(outcome_fits(fields[0], fields[4], rc), "%s: %d (%s), but expected: %s", fields[0], rc, why,
			  fields[4]);
		if (rc < 0 && strstr(fields[4], "drop silently"))
			cr_assert_null(m, "%s cannot be answered", fields[0]);
		sip_message_destroy(m);
		free(text);
		count++;
	}
	cr_assert_geq(count, 49);
	free(table);
}

Test(message, rfc5118_torture)
{
	size_t len;
	char *table = corpus_read("rfc5118/EXPECT.tsv", &len), *line = table, *fields[4], why[160], path[128];
	unsigned count = 0;
	if (!table) {
		cr_skip("the messages of RFC 5118 are not here");
		return;
	}
	corpus_row(&line, fields, 4);
	while (corpus_row(&line, fields, 4) == 4) {
		struct sip_message *m;
		snprintf(path, sizeof(path), "rfc5118/wire/%s.sip", fields[0]);
		char *text = corpus_read(path, &len);
		cr_assert_not_null(text, "%s", path);
		int rc = parse(&m, text, len, why);
		/* Its Content-Length counts the RFC's indentation. */
		bool too_long = rc < 0 && strstr(why, "Content-Length is larger");
		cr_assert_eq(rc, strcmp(fields[2], "invalid") == 0 || too_long ? -EBADMSG : 0, "%s: %s", fields[0],
			     why);
		if (strcmp(fields[0], "port-ambiguous") == 0) {
			cr_assert_str_eq(m->ruri.host, "2001:db8::10:5070");
			cr_assert_eq(m->ruri.port, 0);
		} else if (strcmp(fields[0], "port-unambiguous") == 0) {
			cr_assert_str_eq(m->ruri.host, "2001:db8::10");
			cr_assert_eq(m->ruri.port, 5070);
		}
		sip_message_destroy(m);
		free(text);
		count++;
	}
	cr_assert_geq(count, 12);
	free(table);
}

/* The value of a header line, found the plain way: of a folded one, what stands on its first line. */
static void assert_line(const char *text, const char *name, const char *value, const char *path)
{
	size_t len = strlen(name);
	for (const char *p = text; p; p = strstr(p, "\r\n"), p = p ? p + 2 : NULL) {
		if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
			p += len + 1 + strspn(p + len + 1, " ");
			size_t n = strcspn(p, "\r");
			while (n && p[n - 1] == ' ')
				n--;
			bool folded = p[strcspn(p, "\r")] && p[strcspn(p, "\r") + 2] == ' ';
			cr_assert((folded || strlen(value) == n) && strncmp(p, value, n) == 0, "%s: %s is \"%s\"", path,
				  name, value);
			return;
		}
	}
	cr_assert_fail("%s: no %s", path, name);
}

Test(message, rfc_flows)
{
	size_t len;
	char *table = corpus_read("rfc-flows/INDEX.tsv", &len), *line = table, *fields[8], why[160], path[128];
	unsigned whole = 0, altered = 0;
	if (!table) {
		cr_skip("the messages of the RFCs' call flows are not here");
		return;
	}
	corpus_row(&line, fields, 8);
	while (corpus_row(&line, fields, 8) == 8) {
		struct sip_message *m;
		snprintf(path, sizeof(path), "rfc-flows/%s", fields[0]);
		char *text = corpus_read(path, &len), number[64];
		cr_assert_not_null(text, "%s", path);
		int rc = parse(&m, text, len, why);
		/* Where the text leaves out or fills in something, the parser may refuse; it has to live. */
		if (strcmp(fields[7], "asis") == 0) {
			cr_assert_eq(rc, 0, "%s: %s", path, why);
			whole++;
		}
		if (rc == 0) {
			assert_line(text, "Call-ID", m->call_id, path);
			assert_line(text, "From", m->from.text, path);
			assert_line(text, "To", m->to.text, path);
			assert_line(text, "Via", m->via[0].text, path);
			snprintf(number, sizeof(number), "%u %s", m->cseq, m->cseq_method);
			assert_line(text, "CSeq", number, path);
		} else {
			altered++;
		}
		sip_message_destroy(m);
		free(text);
	}
	cr_assert_geq(whole, 190);
	cr_assert_leq(altered, 25);
	free(table);
}
