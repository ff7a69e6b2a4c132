/* What is taken out of messages, and that nothing else is. */
#include "capture/scrub.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scrub scrub = {.key = "a key that only this test knows"};

static char *scrubbed(const char *text)
{
	char *copy = strdup(text);
	scrub_sip(&scrub, copy, strlen(copy));
	cr_assert_eq(strlen(copy), strlen(text), "a length has changed");
	return copy;
}

/* Digits only. */
static void number(char *out, const char *text)
{
	char copy[128];
	size_t n = 0;
	snprintf(copy, sizeof(copy), "%s", text);
	scrub_numbers(&scrub, copy, strlen(copy), true);
	cr_assert_eq(strlen(copy), strlen(text));
	for (const char *p = copy; *p; p++)
		if (*p >= '0' && *p <= '9')
			out[n++] = *p;
		else
			cr_expect_eq(*p, text[p - copy], "a separator has changed");
	out[n] = 0;
}

Test(scrub, one_number_in_all_its_spellings)
{
	static const char *const spellings[] = {
	    "+12025550143",   "12025550143", "+1 (202) 555-0143", "+1.202.555.0143", "0012025550143", "01112025550143",
	    "%2B12025550143", "2025550143",  "(202) 555-0143",	  "202-555-0143",    "+(1)2025550143"};
	char first[64], other[64];
	number(first, spellings[0]);
	cr_expect_eq(first[0], '1', "the country code stays");
	cr_expect_neq(strcmp(first, "12025550143"), 0);
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		number(other, spellings[i]);
		cr_expect_str_eq(other + strlen(other) - 10, first + 1, "%s", spellings[i]);
	}
	number(first, "+447700900123");
	number(other, "07700900123");
	cr_expect_eq(strncmp(first, "44", 2), 0);
	cr_expect_eq(other[0], '0');
	cr_expect_str_eq(first + 2, other + 1);
	number(first, "+35312345678");
	cr_expect_eq(strncmp(first, "353", 3), 0);
}

Test(scrub, six_digits_and_five)
{
	char masked[64];
	number(masked, "12345");
	cr_expect_str_eq(masked, "12345");
	number(masked, "123456");
	cr_expect_neq(strcmp(masked, "123456"), 0);
	number(masked, "12-34-5x678");
	cr_expect_str_eq(masked, "12345678");
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A bijection: no two numbers become one, at the end of a number nor before it. */
Test(scrub, different_numbers_stay_different)
{
	enum { COUNT = 20000 };
	char(*masked)[16] = calloc(COUNT, sizeof(*masked));
	for (unsigned i = 0; i < COUNT; i++) {
		char text[32], out[64];
		snprintf(text, sizeof(text), "+1%03u%03u%04u", 200 + i % 20, 555, i / 20);
		number(out, text);
		memcpy(masked[i], out, 12);
	}
	qsort(masked, COUNT, sizeof(*masked), compare);
	unsigned twice = 0;
	for (unsigned i = 1; i < COUNT; i++)
		twice += strcmp(masked[i], masked[i - 1]) == 0;
	cr_expect_eq(twice, 0);
	free(masked);
	struct scrub other = {.key = "another"};
	char a[] = "+12025550143", b[] = "+12025550143";
	scrub_numbers(&scrub, a, strlen(a), false);
	scrub_numbers(&other, b, strlen(b), false);
	cr_expect_neq(strcmp(a, b), 0, "the key decides");
}

Test(scrub, a_message)
{
	static const char text[] =
	    "INVITE sip:+12025550143@192.0.2.10:5060;user=phone SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK12025550143;rport\r\n"
	    "From: \"+1 202 555 0143\" <sip:2025550143@a.example>;tag=2025550143\r\n"
	    "t: Bob 7 <sips:bob:se%63ret@b.example;x=2025550143>;tag=2025550143\r\n"
	    "Call-ID: 2025550143@192.0.2.1\r\n"
	    "CSeq: 2025550143 INVITE\r\n"
	    "Contact: <sip:12025550143@192.0.2.1:5060>;+sip.instance=\"2025550143\"\r\n"
	    "Diversion: <tel:+1-202-555-0143;ext=12>;reason=unconditional, <sip:+1%202025550143@x>\r\n"
	    "Route: <sip:192.0.2.1;lr>, <sip:10.20.30.40:5060;lr>\r\n"
	    "Warning: 399 192.168.100.200 \"no route for +12025550143\"\r\n"
	    "Content-Length: 0\r\n\r\n";
	char *out = scrubbed(text), *number, ten[11] = "";
	cr_expect_null(strstr(out, "se%63ret"));
	number = strstr(out, "sip:+1") + 6;
	memcpy(ten, number, 10);
	cr_expect_str_neq(ten, "2025550143");
	const char *const still[] = {
	    "branch=z9hG4bK12025550143;rport",
	    "tag=2025550143\r\nt: Bob 7 <sips:bob:xxxxxxxx@b.example;x=2025550143>;tag=2025550143",
	    "Call-ID: 2025550143@192.0.2.1\r\n",
	    "CSeq: 2025550143 INVITE",
	    "+sip.instance=\"2025550143\"",
	    "<sip:192.0.2.1;lr>, <sip:10.20.30.40:5060;lr>",
	    "399 192.168.100.200 \"no route for +1"};
	for (size_t i = 0; i < sizeof(still) / sizeof(*still); i++)
		cr_expect_not_null(strstr(out, still[i]), "%s in\n%s", still[i], out);
	char wanted[64];
	snprintf(wanted, sizeof(wanted), "\"+1 %.3s %.3s %.4s\" <sip:%s@", ten, ten + 3, ten + 6, ten);
	cr_expect_not_null(strstr(out, wanted), "%s in\n%s", wanted, out);
	snprintf(wanted, sizeof(wanted), "<sip:1%s@192.0.2.1:5060>", ten);
	cr_expect_not_null(strstr(out, wanted), "%s in\n%s", wanted, out);
	snprintf(wanted, sizeof(wanted), "<tel:+1-%.3s-%.3s-%.4s;ext=12>", ten, ten + 3, ten + 6);
	cr_expect_not_null(strstr(out, wanted), "%s in\n%s", wanted, out);
	snprintf(wanted, sizeof(wanted), "route for +1%s\"", ten);
	cr_expect_not_null(strstr(out, wanted), "%s in\n%s", wanted, out);
	free(out);
}

Test(scrub, credentials)
{
	char *out =
	    scrubbed("REGISTER sip:a SIP/2.0\r\n"
		     "Authorization: Digest username=\"acme\", realm=\"a \\\" b\",\r\n nonce=\"n,=1\", uri=\"sip:a\", "
		     "response = \"00ff\", cnonce=c1 , qop=auth, nc=00000001, algorithm=MD5\r\n"
		     "proxy-authorization :Bearer abc.def\r\n"
		     "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"
		     "\r\n");
	cr_expect_str_eq(
	    out, "REGISTER sip:a SIP/2.0\r\n"
		 "Authorization: Digest username=\"xxxx\", realm=\"x xx x\",\r\n nonce=\"xxxx\", uri=\"sip:a\", "
		 "response = \"xxxx\", cnonce=xx , qop=auth, nc=00000001, algorithm=MD5\r\n"
		 "proxy-authorization :Bearer xxxxxxx\r\n"
		 "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"
		 "\r\n");
	free(out);
}

Test(scrub, bodies)
{
	char *out = scrubbed(
	    "INVITE sip:a SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 2025550143 1 IN IP4 1.2.3.4\r\n"
	    "p=+1 202 555 0143\r\nk=clear:abc\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1j|2^20|1:32 "
	    "UNENCRYPTED_SRTP\r\na=fingerprint:sha-256 AB:CD\r\na=ice-pwd:secret\r\nm=audio 20000 RTP/AVP 0\r\n");
	cr_expect_not_null(strstr(out, "o=- 2025550143 1 IN IP4 1.2.3.4\r\n"));
	cr_expect_null(strstr(out, "p=+1 202 555 0143"));
	cr_expect_not_null(
	    strstr(out, "k=xxxxxxxxx\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxxxxxxxxxxxxxxx "
			"UNENCRYPTED_SRTP\r\na=fingerprint:sha-256 xxxxx\r\na=ice-pwd:xxxxxx\r\nm=audio 20000"),
	    "%s", out);
	free(out);
	out = scrubbed("NOTIFY sip:a SIP/2.0\r\n\r\nSIP/2.0 200 OK\r\nTo: <sip:2025550143@a>;tag=2025550143\r\n");
	cr_expect_null(strstr(out, "sip:2025550143@"));
	cr_expect_not_null(strstr(out, "tag=2025550143"));
	free(out);
}

Test(scrub, what_is_sip)
{
	cr_expect(scrub_is_sip("SIP/2.0 200 OK\r\n", 16));
	cr_expect(scrub_is_sip("BYE sip:a SIP/2.0\r\n", 19));
	cr_expect(scrub_is_sip("BYE sip:a SIP/2.0\n", 18));
	cr_expect_not(scrub_is_sip("\x80\x00\x00\x01", 4));
	/* what is malformed is captured too, and may hold as much */
	cr_expect(scrub_is_sip("SIP/2.0 200 OK", 14));
	cr_expect(scrub_is_sip("\r\n\r\nBYE sip:a SIP/2.0\r\n", 23));
	cr_expect(scrub_is_sip("BYE sip:a SIP/2.0 \r\n", 20));
	cr_expect_not(scrub_is_sip("\x16\xfe\xfd\x00", 4));
	cr_expect_not(scrub_is_sip("\r\n\r\n", 4));
	cr_expect_not(scrub_is_sip("", 0));
}

Test(scrub, blank_lines_before_a_message)
{
	char *out = scrubbed(
	    "\r\n\r\nBYE sip:a SIP/2.0\r\nAuthorization: Digest username=\"u\",\r\n response=\"ab12\"\r\n\r\n");
	cr_expect_not_null(strstr(out, "username=\"x\",\r\n response=\"xxxx\""), "%s", out);
	free(out);
}

Test(scrub, passwords_with_commas)
{
	char *out = scrubbed("BYE sip:bob:se,cret@h SIP/2.0\r\nRoute: <sip:b:a,b,c@h>,<sip:c>\r\n"
			     "X: sip:h1,sip:bob:secret@h\r\n\r\n");
	cr_expect_str_eq(out, "BYE sip:bob:xxxxxxx@h SIP/2.0\r\nRoute: <sip:b:xxxxx@h>,<sip:c>\r\n"
			      "X: sip:h1,sip:bob:xxxxxx@h\r\n\r\n");
	free(out);
}

Test(scrub, proofs_and_passports)
{
	char *out = scrubbed(
	    "SIP/2.0 200 OK\r\nAuthentication-Info: nextnonce=\"n\", qop=auth, rspauth=\"0f\", cnonce=\"c\"\r\n"
	    "Identity: eyJ.eyJ.sig;info=<https://a/b>;ppt=shaken\r\ny: eyJ\r\n\r\n");
	cr_expect_str_eq(
	    out, "SIP/2.0 200 OK\r\nAuthentication-Info: nextnonce=\"n\", qop=auth, rspauth=\"xx\", cnonce=\"x\"\r\n"
		 "Identity: xxxxxxxxxxx;info=<https://a/b>;ppt=shaken\r\ny: xxx\r\n\r\n");
	free(out);
}

Test(scrub, numbers_in_sdp)
{
	char *out =
	    scrubbed("SIP/2.0 200 OK\r\n\r\nv=0\r\no=2025550143 3988888888 1 IN IP4 192.0.2.1\r\ns=2025550143\r\n"
		     "i=2025550143\r\n");
	cr_expect_null(strstr(out, "2025550143"), "%s", out);
	cr_expect_not_null(strstr(out, " 3988888888 1 IN IP4 192.0.2.1"), "%s", out);
	free(out);
}

/* Whatever the bytes, nothing outside is touched. */
/* Headers that a URI asks for (RFC 3261 19.1.1) are escaped. */
Test(scrub, headers_in_uris)
{
	char *text = scrubbed("REFER sip:a@b SIP/2.0\r\nRefer-To: <sip:x@h?Replaces=7%40y&Referred-By="
			      "%3Csip%3A%2B12025550199%4010.20.30.40%3E&authorization=Digest%20response%3D%22abc%22&"
			      "Proxy-Authorization=Basic%20abc&P-Asserted-Identity=tel%3A%2B12025550199>\r\n\r\n");
	cr_expect_not_null(strstr(text, "<sip:x@h?Replaces=7%40y&Referred-By=%3Csip%3A%2B1"), "%s", text);
	cr_expect_not_null(strstr(text, "%4010.20.30.40%3E&authorization=xxx"), "%s", text);
	cr_expect_not_null(strstr(text, "xxx&Proxy-Authorization=xxx"), "%s", text);
	cr_expect_null(strstr(text, "2025550199"), "%s", text);
	cr_expect_null(strstr(text, "abc"), "%s", text);
	free(text);
}

Test(scrub, other_ends_of_lines)
{
	char *text = scrubbed("INVITE sip:x@h SIP/2.0\rAuthorization: Digest response=\"abc\"\r\r"
			      "v=0\rp=+12025550143\ra=crypto:1 X inline:abc\r");
	cr_expect_null(strstr(text, "abc"), "%s", text);
	cr_expect_null(strstr(text, "2025550143"), "%s", text);
	free(text);
	text = scrubbed("NOTIFY sip:a@b SIP/2.0\r\n\r\nINVITE sip:x@y SIP/2.0\r\nAuthorization: Digest nc=1,\r\n"
			" response=\"abc\"\r\n");
	cr_expect_null(strstr(text, "abc"), "a folded line of a fragment: %s", text);
	free(text);
	text = scrubbed("INVITE sip::abc@h SIP/2.0\r\n\r\n");
	cr_expect_null(strstr(text, "abc"), "%s", text);
	free(text);
}

Test(scrub, damaged_messages)
{
	static const char text[] =
	    "INVITE sip:+12025550143@h SIP/2.0\r\nFrom: \"a\\\"b\" <sip:1234567:p@h>;tag=1\r\nAuthorization: Digest "
	    "username=\"x\\\",y=\", nonce=\r\n ,response\r\nTo: sip:%\r\n\r\na=crypto:1 "
	    "inline:\r\na=fingerprint:\r\nk=";
	uint64_t state = 88172645463325252u;
	for (unsigned round = 0; round < 20000; round++) {
		size_t len = round < sizeof(text) ? round : sizeof(text) - 1;
		char *copy = malloc(len + 1); /* the sanitizer watches its ends */
		memcpy(copy, text, len);
		for (unsigned change = 0; len && round >= sizeof(text) && change < 1 + round % 8; change++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			copy[state % len] = state & 1 ? (char)(state >> 32) : "\"<>,;:@%\\\r\n= "[(state >> 8) % 13];
		}
		copy[len] = 0x55;
		scrub_sip(&scrub, copy, len);
		cr_assert_eq(copy[len], 0x55);
		free(copy);
	}
}
