/* What is accepted, what is refused by which name, and what is said of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "place.h"
#include "same.h"

#define VIA  "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKx;rport\r\n"
#define REST VIA "From: \"Alice\" <sip:alice@example.com>;tag=a1\r\nCall-ID: c1@x\r\nCSeq: 5 INVITE\r\n"
#define TO   "To: <sip:bob@example.com>\r\n"
#define HEAD "INVITE sip:bob@example.com SIP/2.0\r\n"

static struct sip_scan scan;
static const char *data;

static enum sip_scan_verdict run(const void *text, size_t len)
{
	enum sip_scan_verdict verdict;
	data = place_first(text, len);
	const char *differs = same_every_way(&scan, &verdict, data, len);
	cr_assert_null(differs, "%s: %.*s", differs, (int)len, (const char *)text);
	data = place_last(text, len);
	differs = same_every_way(&scan, &verdict, data, len);
	cr_assert_null(differs, "%s: %.*s", differs, (int)len, (const char *)text);
	return verdict;
}

static enum sip_scan_verdict run_text(const char *text)
{
	return run(text, strlen(text));
}

static bool is(struct sip_span span, const char *text)
{
	return span.len == strlen(text) && memcmp(data + span.off, text, span.len) == 0;
}

static void expect(const char *what, struct sip_span span, const char *text)
{
	cr_expect(is(span, text), "%s: '%.*s', not '%s'", what, span.len, data + span.off, text);
}

Test(scan, request)
{
	static const char text[] = "\r\n\r\nINVITE sip:bob%40home:secret@example.com;x=y SIP/2.0\r\n"
				   "v: SIP/2.0/TCP b.example.com ; branch = z2 , SIP / 2.0 / UDP [2001:DB8::1]:5061\r\n"
				   "F \t : \"Alice <sip:no@x>; \\\" tag=0\" <sip:alice@example.com;p=q>;tag=a1\r\n"
				   "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
				   "CaLL-iD: c1@x  \r\ncSEQ:\t 0009\r\n  INVITE\r\n"
				   "m: \"B, b\" <sip:x;y@192.0.2.1;lr>, <sip:z@z>\r\nContact: <sip:late@x>\r\n"
				   "User-Agent: friendly-scanner \r\n\t 1.0\r\nServer:\r\n"
				   "X-Own!: \xef\xbb\xbf\r\nSubject:\r\n \r\n\t\r\nl: 5\r\n\r\nv=0\r\nmore";
	cr_assert_eq(run(text, sizeof(text) - 1), SIP_SCAN_MESSAGE);
	cr_expect(scan.request);
	cr_expect_eq(scan.method, SIP_INVITE);
	cr_expect_eq(scan.class_id, SIP_CLASS_DIALOG);
	cr_expect_eq(scan.cseq, 9);
	cr_expect_eq(scan.cseq_method, SIP_INVITE);
	cr_expect_eq(scan.odd, 0, "%x", scan.odd);
	cr_expect_eq(scan.start_line.off, 4);
	expect("start line", scan.start_line, "INVITE sip:bob%40home:secret@example.com;x=y SIP/2.0");
	expect("method", scan.method_name, "INVITE");
	expect("Request-URI", scan.request_uri, "sip:bob%40home:secret@example.com;x=y");
	expect("its user", scan.request_user, "bob%40home");
	expect("From user", scan.from_user, "alice");
	expect("To user", scan.to_user, "vivekg");
	expect("To tag", scan.to_tag, "1918181833n");
	expect("Contact user", scan.contact_user, "x;y");
	expect("CSeq method", scan.cseq_method_name, "INVITE");
	expect("body", scan.body, "v=0\r\n");
	expect("Call-ID", sip_scan_value(&scan, SIP_HEADER_CALL_ID), "c1@x");
	expect("User-Agent", sip_scan_value(&scan, SIP_HEADER_USER_AGENT), "friendly-scanner \r\n\t 1.0");
	expect("Server", sip_scan_value(&scan, SIP_HEADER_SERVER), "");
	cr_expect_neq(scan.first[SIP_HEADER_SERVER], 0);
	cr_expect_eq(scan.first[SIP_HEADER_ROUTE], 0);
	expect("Route", sip_scan_value(&scan, SIP_HEADER_ROUTE), "");
	static const struct {
		const char *name, *value;
		enum sip_header_id id;
		bool folded;
	} headers[] = {
	    {"v", "SIP/2.0/TCP b.example.com ; branch = z2 , SIP / 2.0 / UDP [2001:DB8::1]:5061", SIP_HEADER_VIA, 0},
	    {"F", "\"Alice <sip:no@x>; \\\" tag=0\" <sip:alice@example.com;p=q>;tag=a1", SIP_HEADER_FROM, 0},
	    {"TO", "sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n", SIP_HEADER_TO, 0},
	    {"CaLL-iD", "c1@x", SIP_HEADER_CALL_ID, 0},
	    {"cSEQ", "0009\r\n  INVITE", SIP_HEADER_CSEQ, 1},
	    {"m", "\"B, b\" <sip:x;y@192.0.2.1;lr>, <sip:z@z>", SIP_HEADER_CONTACT, 0},
	    {"Contact", "<sip:late@x>", SIP_HEADER_CONTACT, 0},
	    {"User-Agent", "friendly-scanner \r\n\t 1.0", SIP_HEADER_USER_AGENT, 1},
	    {"Server", "", SIP_HEADER_SERVER, 0},
	    {"X-Own!", "\xef\xbb\xbf", SIP_HEADER_OTHER, 0},
	    {"Subject", "", SIP_HEADER_SUBJECT, 0},
	    {"l", "5", SIP_HEADER_CONTENT_LENGTH, 0},
	};
	cr_assert_eq(scan.header_count, sizeof(headers) / sizeof(headers[0]), "%u", scan.header_count);
	for (unsigned i = 0; i < scan.header_count; i++) {
		expect("name", scan.headers[i].name, headers[i].name);
		expect(headers[i].name, scan.headers[i].value, headers[i].value);
		cr_expect_eq(scan.headers[i].id, headers[i].id, "%s", headers[i].name);
		cr_expect_eq(scan.headers[i].folded, headers[i].folded, "%s", headers[i].name);
	}
}

Test(scan, response)
{
	cr_assert_eq(run_text("sip/2.0 180 \xd0\xa2 ok\r\n" VIA "To: sip:c@d;tag=2\r\nCSeq: 4294967295 x\r\n\r\nbody"),
		     SIP_SCAN_MESSAGE);
	cr_expect_not(scan.request);
	cr_expect_eq(scan.status, 180);
	cr_expect_eq(scan.method, SIP_METHOD_OTHER);
	cr_expect_eq(scan.class_id, SIP_CLASS_RESPONSE);
	cr_expect_eq(scan.cseq, UINT32_MAX);
	cr_expect_eq(scan.cseq_method, SIP_METHOD_OTHER);
	cr_expect_eq(scan.odd, 0);
	expect("method of CSeq", scan.cseq_method_name, "x");
	expect("To tag", scan.to_tag, "2");
	expect("From user", scan.from_user, "");
	expect("body", scan.body, "body");
}

/* A row for each verdict at least. */
Test(scan, verdicts)
{
	static const struct {
		const char *text;
		size_t len; /* 0: of the string */
		enum sip_scan_verdict verdict;
	} cases[] = {
	    {HEAD TO "\r\n", 0, SIP_SCAN_MESSAGE},
	    {HEAD "\r\n", 0, SIP_SCAN_MESSAGE},
	    {"", 0, SIP_SCAN_EMPTY},
	    {"\r\n", 0, SIP_SCAN_PONG},
	    {"\r\n\r\n", 0, SIP_SCAN_PING},
	    {"\r\n\r\n\r\n", 0, SIP_SCAN_NOT_SIP},
	    {"\r", 0, SIP_SCAN_NOT_SIP},
	    {"\r\n\r", 0, SIP_SCAN_NOT_SIP},
	    {"\n\n", 0, SIP_SCAN_NOT_SIP},
	    {"\0\x01\0\0\x21\x12\xa4\x42tttttttttttt", 20, SIP_SCAN_STUN},
	    {"\x01\x01\0\x04\x21\x12\xa4\x42tttttttttttt\x80\x22\0\0", 24, SIP_SCAN_STUN},
	    {"\0\x01\0\x04\x21\x12\xa4\x42tttttttttttt", 20, SIP_SCAN_NOT_SIP},
	    {"\0\x01\0\x02\x21\x12\xa4\x42ttttttttttttxx", 22, SIP_SCAN_NOT_SIP},
	    {"\0\x01\0\0\x21\x12\xa4\x43tttttttttttt", 20, SIP_SCAN_NOT_SIP},
	    {"\x04\x01\0\0\x21\x12\xa4\x42tttttttttttt", 20, SIP_SCAN_NOT_SIP},
	    {"\0\x01\0\0\x21\x12\xa4\x42ttttttttttt", 19, SIP_SCAN_NOT_SIP},
	    {"\0\0\0\0", 4, SIP_SCAN_NOT_SIP},
	    {" " HEAD TO "\r\n", 0, SIP_SCAN_NOT_SIP},
	    {"\x80\x08", 0, SIP_SCAN_NOT_SIP},
	    {"I", 0, SIP_SCAN_UNFINISHED},
	    {"INVITE sip:bob@example.com SIP/2.0\r", 0, SIP_SCAN_UNFINISHED},
	    {HEAD, 0, SIP_SCAN_UNFINISHED},
	    {HEAD TO, 0, SIP_SCAN_UNFINISHED},
	    {HEAD TO "\r", 0, SIP_SCAN_UNFINISHED},
	    {HEAD TO " ", 0, SIP_SCAN_UNFINISHED},
	    {HEAD TO " \r\n", 0, SIP_SCAN_UNFINISHED},
	    {HEAD "To: \n\r\n", 0, SIP_SCAN_BARE_LF},
	    {"INVITE sip:a@b SIP/2.0\nTo: <sip:c@d>\n\n", 0, SIP_SCAN_BARE_LF},
	    {"INVITE sip:a@b SIP/2.0\rTo: <sip:c@d>\r\r", 0, SIP_SCAN_BARE_CR},
	    {"INVITE sip:a@b SIP/2.0\rTo: <sip:c@d>\r\n\r\n", 0, SIP_SCAN_BARE_CR},
	    {"INVITE sip:a@b\n SIP/2.0\r\n\r\n", 0, SIP_SCAN_BARE_LF},
	    {"INVITE sip:a@b SIP/2.0\x01\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {"INVITE sip:\"\\\x01\" SIP/2.0\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {HEAD "X: a\nFrom: b\r\n\r\n", 0, SIP_SCAN_BARE_LF},
	    {HEAD "X: a\r\r\n\r\n", 0, SIP_SCAN_BARE_CR},
	    {HEAD "X: a\n\r\n\r\n", 0, SIP_SCAN_BARE_LF},
	    {HEAD "X: a\rFrom: b\r\n\r\n", 0, SIP_SCAN_BARE_CR},
	    {HEAD "X: \"\\\n\"\r\n\r\n", 0, SIP_SCAN_BARE_LF},
	    {HEAD "X: \"\\\r\"\r\n\r\n", 0, SIP_SCAN_BARE_CR},
	    {HEAD "X: \"\\\r\n \"\r\n\r\n", 0, SIP_SCAN_MESSAGE},
	    {HEAD "X: \"\\\r\n \x01\"\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {HEAD "X: \"\\\x07 \\\x7f\"\r\n\r\n", 0, SIP_SCAN_MESSAGE},
	    {HEAD "X: \\\x07\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {HEAD "X: \"\" \\\x07\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {HEAD "X: \"\x07\"\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {HEAD "X: a\x7f\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {HEAD "X: \x01\r\n\r\n", 0, SIP_SCAN_CONTROL},
	    {HEAD "X: \t\r\n\r\n\x01\x02\r\r\n\n", 0, SIP_SCAN_MESSAGE},
	    {HEAD "X: \"\\\0\"\r\n\r\n", sizeof(HEAD) + 10, SIP_SCAN_MESSAGE},
	    {HEAD "X: a\0b\r\n\r\n", sizeof(HEAD) + 9, SIP_SCAN_CONTROL},
	    {"INVITE\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"INVITE \r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"INVITE SIP/2.0\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"INVITE  SIP/2.0\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"INVITE   SIP/2.0\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"INVITE sip:a@b\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"INVITE sip:a@b SIP/\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"INV(TE sip:a@b SIP/2.0\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"GET / HTTP/1.1\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"SIP/3.0 200 OK\r\n\r\n", 0, SIP_SCAN_START_LINE},
	    {"SIP/2.0\r\n\r\n", 0, SIP_SCAN_STATUS},
	    {"SIP/2.0 200\r\n\r\n", 0, SIP_SCAN_STATUS},
	    {"SIP/2.0 200 \r\n\r\n", 0, SIP_SCAN_MESSAGE},
	    {"SIP/2.0 099 x\r\n\r\n", 0, SIP_SCAN_STATUS},
	    {"SIP/2.0 700 x\r\n\r\n", 0, SIP_SCAN_STATUS},
	    {"SIP/2.0 2a0 x\r\n\r\n", 0, SIP_SCAN_STATUS},
	    {"SIP/2.0  200 OK\r\n\r\n", 0, SIP_SCAN_STATUS},
	    {"SIP/2.0 4294967301 x\r\n\r\n", 0, SIP_SCAN_STATUS},
	    {HEAD " To: <sip:c@d>\r\n\r\n", 0, SIP_SCAN_FIRST_FOLDED},
	    {HEAD "\tTo: <sip:c@d>\r\n\r\n", 0, SIP_SCAN_FIRST_FOLDED},
	    {HEAD "X\r\n\r\n", 0, SIP_SCAN_NO_COLON},
	    {HEAD "To <sip@x>\r\n\r\n", 0, SIP_SCAN_NO_COLON},
	    {HEAD "To\r\n : <sip:x>\r\n\r\n", 0, SIP_SCAN_NO_COLON},
	    {HEAD "A-name-of-more-than-thirty-two-bytes-without\r\nX:\r\n\r\n", 0, SIP_SCAN_NO_COLON},
	    {HEAD ": z\r\n\r\n", 0, SIP_SCAN_NAME},
	    {HEAD "  : z\r\n\r\n", 0, SIP_SCAN_FIRST_FOLDED},
	    {HEAD TO "X Y: z\r\n\r\n", 0, SIP_SCAN_NAME},
	    {HEAD "X\x0b: z\r\n\r\n", 0, SIP_SCAN_NAME},
	    {HEAD "\x80: z\r\n\r\n", 0, SIP_SCAN_NAME},
	    {HEAD "X\xc2\xa0: z\r\n\r\n", 0, SIP_SCAN_NAME},
	    {HEAD "T\0: z\r\n\r\n", sizeof(HEAD) + 8, SIP_SCAN_NAME},
	    {HEAD "Call\x0dID: z\r\n\r\n", 0, SIP_SCAN_NAME},
	    {HEAD "(From): z\r\n\r\n", 0, SIP_SCAN_NAME},
	    {HEAD TO "Accept: a/b\r\nAccept: a/b\r\n\r\n", 0, SIP_SCAN_MESSAGE},
	    {HEAD TO "t : <sip:c@d>\r\n\r\n", 0, SIP_SCAN_REPEATED},
	    {HEAD "f:a\r\nfROM\t:a\r\n\r\n", 0, SIP_SCAN_REPEATED},
	    {HEAD "l: 0\r\nContent-Length: 0\r\n\r\n", 0, SIP_SCAN_REPEATED},
	};
	bool seen[SIP_SCAN_VERDICT_COUNT] = {
	    /* test_limits.c */
	    [SIP_SCAN_TOO_LONG] = true,	   [SIP_SCAN_LINES] = true,	[SIP_SCAN_START_LINE_LONG] = true,
	    [SIP_SCAN_METHOD_LONG] = true, [SIP_SCAN_NAME_LONG] = true, [SIP_SCAN_LINE_LONG] = true,
	    [SIP_SCAN_HEADERS] = true,
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sip_scan_verdict verdict = run(cases[i].text, cases[i].len ? cases[i].len : strlen(cases[i].text));
		cr_expect_eq(verdict, cases[i].verdict, "case %zu \"%s\" gives %s, not %s", i, cases[i].text,
			     sip_scan_verdict_name(verdict), sip_scan_verdict_name(cases[i].verdict));
		cr_expect_eq(sip_scan_is_keepalive(verdict) || sip_scan_is_refused(verdict),
			     verdict != SIP_SCAN_MESSAGE);
		seen[verdict] = true;
	}
	for (unsigned i = 0; i < SIP_SCAN_VERDICT_COUNT; i++)
		cr_expect(seen[i], "%s is never given", sip_scan_verdict_name(i));
}

/* Values that the structure carries, but that cannot be read. */
Test(scan, odd_values)
{
	static const struct {
		const char *line; /* start line if it begins so, else one of the headers */
		unsigned odd;
		const char *request_user, *from_user, *to_user, *contact_user, *to_tag;
	} cases[] = {
	    {"INVITE sip:a@b sip/2.0", 0, .request_user = "a"},
	    {"INVITE  sip:a@b SIP/2.0", SIP_ODD_START_LINE, .request_user = "a"},
	    {"INVITE sip:a@b  SIP/2.0", SIP_ODD_START_LINE, .request_user = "a"},
	    {"INVITE sip:a@b SIP/2.0 ", SIP_ODD_START_LINE, .request_user = "a"},
	    {"INVITE sip:a@b; lr SIP/2.0", SIP_ODD_START_LINE, .request_user = "a"},
	    {"INVITE sip:a@b SIP/7.0", SIP_ODD_START_LINE, .request_user = "a"},
	    {"INVITE sip:a@b SIP/2", SIP_ODD_START_LINE, .request_user = "a"},
	    {"INVITE <sip:a@b> SIP/2.0", SIP_ODD_REQUEST_URI},
	    {"INVITE a SIP/2.0", SIP_ODD_REQUEST_URI},
	    {"INVITE sip: SIP/2.0", SIP_ODD_REQUEST_URI},
	    {"INVITE 1x:y SIP/2.0", SIP_ODD_REQUEST_URI},
	    {"INVITE sip:@b SIP/2.0", SIP_ODD_REQUEST_URI},
	    {"INVITE sip:b SIP/2.0", 0, .request_user = ""},
	    {"INVITE SIPS:a:b@c SIP/2.0", 0, .request_user = "a"},
	    {"INVITE tel:+1-2;x=y SIP/2.0", 0, .request_user = "+1-2"},
	    {"INVITE Tel:7042;phone-context=example.com SIP/2.0", 0, .request_user = "7042"},
	    {"INVITE urn:service:sos SIP/2.0", 0, .request_user = ""},
	    {"INVITE soap.beep://192.0.2.103:3002 SIP/2.0", 0, .request_user = ""},
	    {"From: a <sip:b@c>", 0, .from_user = "b"},
	    {"From: a<sip:b@c>;tag", 0, .from_user = "b"},
	    {"From: tel:+1;tag=1", 0, .from_user = "+1"},
	    {"From: <http:x@y>", 0, .from_user = ""},
	    {"From: \"a <sip:b@c>", SIP_ODD_FROM},
	    {"From: \"a\\\" <sip:b@c>", SIP_ODD_FROM},
	    {"From: \"a\\\\\" <sip:b@c>", 0, .from_user = "b"},
	    {"From: \"<sip:x@y>\" <sip:b@c>", 0, .from_user = "b"},
	    {"From: <sip:b@c", SIP_ODD_FROM},
	    {"From: b", SIP_ODD_FROM},
	    {"From:", SIP_ODD_FROM},
	    {"From: <>", SIP_ODD_FROM},
	    {"To: <sip:b@c>;tag=x", 0, .to_user = "b", .to_tag = "x"},
	    {"To: sip:b@c;tag=x", 0, .to_user = "b", .to_tag = "x"},
	    {"To: <sip:b@c;tag=x>", 0, .to_user = "b"},
	    {"To: \"<a>;tag=y\" <sip:b@c>", 0, .to_user = "b"},
	    {"To: <sip:b@c> ; p ; TAG\t=  x ;q=\"; tag=z\"", 0, .to_user = "b", .to_tag = "x"},
	    {"To: <sip:b@c>;p=\"\\\";tag=z\"", 0, .to_user = "b"},
	    {"To: <sip:b@c>;p=<;tag=z>", 0, .to_user = "b"},
	    {"To: <sip:b@c>;tagx=z;xtag=z", 0, .to_user = "b"},
	    {"To: <sip:b@c>;\r\n tag\r\n =\r\n x", 0, .to_user = "b", .to_tag = "x"},
	    {"To: <sip:b@c>;tag=x;tag=y", SIP_ODD_TO, .to_user = "b"},
	    {"To: <sip:b@c>;tag=", SIP_ODD_TO, .to_user = "b"},
	    {"To: <sip:b@c>;tag", SIP_ODD_TO, .to_user = "b"},
	    {"To: <sip:b@c>;;tag=x", SIP_ODD_TO, .to_user = "b"},
	    {"To: <sip:b@c>;", SIP_ODD_TO, .to_user = "b"},
	    {"To: <sip:b@c>tag=x", SIP_ODD_TO, .to_user = "b"},
	    {"To: <sip:b@c>;p=\"tag=x", SIP_ODD_TO, .to_user = "b"},
	    {"To: <sip:b@c>;p=<tag=x", SIP_ODD_TO, .to_user = "b"},
	    {"To: \"Mr. J. User <sip:b@c>;tag=x", SIP_ODD_TO},
	    {"Contact: *", 0, .contact_user = ""},
	    {"Contact: *\r\n\t, <sip:a@b>", 0, .contact_user = ""},
	    {"Contact: *<sip:a@b>", 0, .contact_user = "a"},
	    {"Contact: * a", SIP_ODD_CONTACT},
	    {"m: sip:a@b, sip:c@d", 0, .contact_user = "a"},
	    {"m: \"a,b\" <sip:c,d@e>, <sip:f@g>", 0, .contact_user = "c,d"},
	    {"m: <sip:a@b", SIP_ODD_CONTACT},
	    {"m: ,", SIP_ODD_CONTACT},
	    {"CSeq: 1 INVITE", 0},
	    {"CSeq: 4294967296 INVITE", SIP_ODD_CSEQ},
	    {"CSeq: 1", SIP_ODD_CSEQ},
	    {"CSeq: x INVITE", SIP_ODD_CSEQ},
	    {"CSeq: INVITE", SIP_ODD_CSEQ},
	    {"CSeq: 1 INV ITE", SIP_ODD_CSEQ},
	    {"CSeq:", SIP_ODD_CSEQ},
	    {"l: 4", 0},
	    {"l: 5", SIP_ODD_CONTENT_LENGTH},
	    {"l: -1", SIP_ODD_CONTENT_LENGTH},
	    {"l: 4294967300", SIP_ODD_CONTENT_LENGTH},
	    {"l: 18446744073709551620", SIP_ODD_CONTENT_LENGTH},
	    {"l:", SIP_ODD_CONTENT_LENGTH},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];
		bool start = strncmp(cases[i].line, "INVITE", 6) == 0;
		snprintf(text, sizeof(text), "%s\r\n%s%s\r\nbody", start ? cases[i].line : "INVITE a:b SIP/2.0",
			 start ? "" : cases[i].line, start ? "" : "\r\n");
		enum sip_scan_verdict verdict = run_text(text);
		cr_expect_eq(verdict, SIP_SCAN_MESSAGE, "%s: %s", cases[i].line, sip_scan_verdict_name(verdict));
		cr_expect_eq(scan.odd, cases[i].odd, "%s: %x, not %x", cases[i].line, scan.odd, cases[i].odd);
		expect(cases[i].line, scan.request_user, cases[i].request_user ? cases[i].request_user : "");
		expect(cases[i].line, scan.from_user, cases[i].from_user ? cases[i].from_user : "");
		expect(cases[i].line, scan.to_user, cases[i].to_user ? cases[i].to_user : "");
		expect(cases[i].line, scan.contact_user, cases[i].contact_user ? cases[i].contact_user : "");
		expect(cases[i].line, scan.to_tag, cases[i].to_tag ? cases[i].to_tag : "");
		expect("body", scan.body, "body");
	}
}

Test(scan, classes)
{
	static const struct {
		const char *start, *to;
		enum sip_class class;
	} cases[] = {
	    {"INVITE sip:a SIP/2.0", "<sip:a>", SIP_CLASS_INVITE},
	    {"INVITE sip:a SIP/2.0", "<sip:a>;tag=1", SIP_CLASS_DIALOG},
	    {"INVITE sip:a SIP/2.0", "<sip:a>;tag=1;tag=2", SIP_CLASS_INVITE},
	    {"INVITE sip:a SIP/2.0", "\"<sip:a>;tag=1", SIP_CLASS_INVITE},
	    {"invite sip:a SIP/2.0", "<sip:a>", SIP_CLASS_REQUEST},
	    {"OPTIONS sip:a SIP/2.0", "<sip:a>", SIP_CLASS_REQUEST},
	    {"CANCEL sip:a SIP/2.0", "<sip:a>", SIP_CLASS_REQUEST},
	    {"BYE sip:a SIP/2.0", "<sip:a>;tag=1", SIP_CLASS_DIALOG},
	    {"SIP/2.0 200 OK", "<sip:a>", SIP_CLASS_RESPONSE},
	    {"SIP/2.0 200 OK", "<sip:a>;tag=1", SIP_CLASS_RESPONSE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		snprintf(text, sizeof(text), "%s\r\nTo: %s\r\n\r\n", cases[i].start, cases[i].to);
		cr_assert_eq(run_text(text), SIP_SCAN_MESSAGE);
		cr_expect_eq(scan.class_id, cases[i].class, "%s To: %s", cases[i].start, cases[i].to);
	}
}

/* Every name is found, long and compact, in any case; what only resembles one is not. */
Test(scan, names)
{
	static const struct {
		enum sip_header_id id;
		const char *name;
		char compact;
		bool once;
	} names[] = {
#define X(symbol, name, compact, once) {SIP_HEADER_##symbol, name, compact, once},
	    SIP_HEADER_NAMES(X)
#undef X
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[512], changed[64];
		size_t len = strlen(names[i].name);
		cr_expect_eq(sip_header_find(names[i].name, len), names[i].id,
			     "scan/names.c misses S(..., %zu, '%c', '%c', '%c') for %s", len, names[i].name[0] | 0x20,
			     names[i].name[len / 2] | 0x20, names[i].name[len - 1] | 0x20, names[i].name);
		cr_expect_str_eq(sip_header_name(names[i].id), names[i].name);
		if (names[i].compact) {
			char upper = (char)(names[i].compact - 32);
			cr_expect_eq(sip_header_find(&names[i].compact, 1), names[i].id);
			cr_expect_eq(sip_header_find(&upper, 1), names[i].id);
		}
		/* At both ends of a message, so that it stands where 32 bytes can be read and where not. */
		for (unsigned k = 0; k < 2 * len; k++) {
			memcpy(changed, names[i].name, len + 1);
			for (size_t j = 0; k >= len && j < len; j++)
				changed[j] = (char)(changed[j] >= 'A' && changed[j] <= 'Z'   ? changed[j] + 32
						    : changed[j] >= 'a' && changed[j] <= 'z' ? changed[j] - 32
											     : changed[j]);
			changed[k % len] = '*';
			snprintf(text, sizeof(text), HEAD "%s: 1\r\n%s:0\r\n\r\n%s", changed, changed,
				 k % 2 ? "a body that is longer than 32 bytes" : "");
			cr_expect_eq(run_text(text), SIP_SCAN_MESSAGE);
			for (unsigned j = 0; j < 2; j++)
				cr_expect_eq(scan.headers[j].id, len == 1 ? names[i].id : SIP_HEADER_OTHER, "%s",
					     changed);
			changed[k % len] = names[i].name[k % len];
			snprintf(text, sizeof(text), HEAD "%s: 1\r\n%s: 0\r\n\r\n%s", changed, names[i].name,
				 k % 2 ? "a body that is longer than 32 bytes" : "");
			cr_expect_eq(run_text(text), names[i].once ? SIP_SCAN_REPEATED : SIP_SCAN_MESSAGE, "%s",
				     changed);
			if (!names[i].once)
				cr_expect(scan.headers[0].id == names[i].id && scan.headers[1].id == names[i].id);
		}
		memcpy(changed, names[i].name, len);
		changed[len] = 's';
		cr_expect_eq(sip_header_find(changed, len + 1) == names[i].id, false, "%s", names[i].name);
		if (len > 2) /* "T" is To */
			cr_expect_eq(sip_header_find(changed, len - 1) == names[i].id, false, "%s", names[i].name);
	}
	static const char *const others[] = {"", "Y-apy", "z", "1", "@", "[", "`", "{", "FRO", "Froms", "Call\rID"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		cr_expect_eq(sip_header_find(others[i], strlen(others[i])), SIP_HEADER_OTHER, "%s", others[i]);
}
