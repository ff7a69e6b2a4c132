/* AVX2 against portable, and both against the control plane's reading, over messages that others published and over
 * what chance makes of good ones. None of them ever reads outside its message. */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "place.h"
#include "same.h"

static const char *const good[] = {
    "INVITE sip:+12025550100@192.0.2.1;user=phone SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bK776asdhds;rport\r\nMax-Forwards: 70\r\n"
    "From: \"A \\\"Caller\\\" <x>\" <sip:+12025550177@198.51.100.10>;tag=1928301774\r\n"
    "To: <sip:+12025550100@192.0.2.1>\r\nCall-ID: a84b4c76e66710@198.51.100.10\r\nCSeq: 314159 INVITE\r\n"
    "Contact: <sip:caller@198.51.100.10:5060>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO\r\n"
    "Supported: timer, 100rel\r\nUser-Agent: phone/1.0\r\nP-Asserted-Identity: <tel:+12025550177>\r\n"
    "Content-Type: application/sdp\r\nContent-Length: 37\r\n\r\nv=0\r\no=- 1 1 IN IP4 198.51.100.10\r\n\r\n",
    "REFER sip:a@b SIP/2.0\r\nv :\r\n SIP / 2.0 / UDP a.b:5060 ;\r\n branch = z9hG4bKx, SIP/2.0/TCP [2001:db8::1]:1\r\n"
    "f: \"a \\\"q\\\" \\\x01\" <sip:a%40b:pw@c:1;lr?x=y>;tag=t\r\nt: tel:+1-2;x=y\r\ni: x@y\r\nCSeq: 1\r\n REFER\r\n"
    "r: \"x\" <sip:plan-a@b?Replaces=1%3B>\r\nm: *\r\nRecord-Route: <sip:a;lr>,<sip:b.c>\r\nl: 0\r\n\r\n",
    "SIP/2.0 407 No\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx;received=1.2.3.4;rport=5\r\nFrom: a <sip:a@b>;tag=1\r\n"
    "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 2 INVITE\r\nProxy-Authenticate: Digest realm=\"r\", "
    "nonce=\"n\"\r\n\r\n",
};

#define GOOD (sizeof(good) / sizeof(good[0]))

/* The verdict; *accepted (may be NULL): the control plane's. */
static enum sip_scan_verdict judge(const char *what, const char *text, size_t len, bool *accepted)
{
	static struct sip_scan scan;
	enum sip_scan_verdict verdict;
	const char *differs = same_every_way(&scan, &verdict, place_last(text, len), len);
	cr_assert_null(differs, "%s: %s\n%.*s", what, differs, (int)len, text);
	differs = same_as_controlplane(place_first(text, len), len, accepted);
	cr_assert_null(differs, "%s: %s\n%.*s", what, differs, (int)len, text);
	return verdict;
}

/* A message cut short has no empty line, until the cut is in the body; then its Content-Length is odd. */
Test(ways, every_truncation)
{
	for (size_t i = 0; i < GOOD; i++) {
		size_t len = strlen(good[i]), head = (size_t)(strstr(good[i], "\r\n\r\n") - good[i]) + 4;
		for (size_t cut = 1; cut <= len; cut++) {
			bool accepted;
			enum sip_scan_verdict verdict = judge("truncation", good[i], cut, &accepted);
			cr_expect_eq(verdict, cut < head ? SIP_SCAN_UNFINISHED : SIP_SCAN_MESSAGE, "%zu of %zu: %s",
				     cut, i, sip_scan_verdict_name(verdict));
			cr_expect_eq(accepted, cut == len, "%zu of %zu", cut, i);
		}
	}
}

/* Every message at every distance from a 64-byte border: the front grows by one byte at a time. */
Test(ways, every_alignment)
{
	char text[2048];
	for (size_t i = 0; i < GOOD; i++) {
		const char *line = strstr(good[i], "\r\n") + 2;
		for (int shift = 0; shift < 140; shift++) {
			bool accepted;
			int n = snprintf(text, sizeof(text), "%.*sX: %0*d\r\n%s", (int)(line - good[i]), good[i], shift,
					 0, line);
			cr_expect_eq(judge("alignment", text, (size_t)n, &accepted), SIP_SCAN_MESSAGE);
			cr_expect(accepted);
		}
	}
}

static uint64_t dice(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* One of what a message is made of, put in, written over or taken out. */
static size_t change(char *text, size_t len, size_t size, uint64_t *state)
{
	static const char *const pieces[] = {"\r\n", "\r",     "\n",	     "\r\n ",	 "\t",	 " ",	 "\"",
					     "\\",   "<",      ">",	     ";",	 ":",	 "@",	 ",",
					     "*",    "%41",    ";tag=x",     "\r\n\r\n", "\x01", "\x7f", "\x80",
					     "To:",  "\r\nf:", "\r\nRoute:", "SIP/2.0",	 "sip:"};
	const char *piece = pieces[dice(state) % (sizeof(pieces) / sizeof(pieces[0]))];
	size_t piece_len = strlen(piece), at = dice(state) % (len + 1), gone = dice(state) % 3 ? 0 : dice(state) % 40;
	if (gone > len - at)
		gone = len - at;
	if (dice(state) % 8 == 0) {
		piece = "";
		piece_len = dice(state) % 3 == 0; /* its NUL */
	}
	if (len - gone + piece_len > size)
		return len;
	memmove(text + at + piece_len, text + at + gone, len - at - gone);
	memcpy(text + at, piece, piece_len);
	return len - gone + piece_len;
}

Test(ways, chance)
{
	uint64_t state = 88172645463325252u;
	unsigned by_verdict[SIP_SCAN_VERDICT_COUNT] = {0}, both = 0;
	for (unsigned round = 0; round < 60000; round++) {
		char text[2048];
		const char *from = good[round % GOOD];
		size_t len = strlen(from);
		bool accepted;
		memcpy(text, from, len);
		for (unsigned changes = (unsigned)(dice(&state) % 4); changes > 0; changes--)
			len = change(text, len, sizeof(text), &state);
		by_verdict[judge("chance", text, len, &accepted)]++;
		both += accepted;
	}
	/* Else this says less than it seems to. */
	cr_expect_gt(both, 15000, "%u were accepted by both", both);
	cr_expect_gt(by_verdict[SIP_SCAN_MESSAGE], both);
	static const enum sip_scan_verdict wanted[] = {SIP_SCAN_UNFINISHED,   SIP_SCAN_BARE_CR,	 SIP_SCAN_BARE_LF,
						       SIP_SCAN_CONTROL,      SIP_SCAN_NO_COLON, SIP_SCAN_NAME,
						       SIP_SCAN_FIRST_FOLDED, SIP_SCAN_REPEATED, SIP_SCAN_START_LINE};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		cr_expect_gt(by_verdict[wanted[i]], 20, "%s", sip_scan_verdict_name(wanted[i]));
}

/* Bytes without any form, most of them of those that a head is marked by. */
Test(ways, noise)
{
	static const char bytes[] = "\r\n \t:\"\\<>;aF";
	uint64_t state = 2463534242u;
	for (unsigned round = 0; round < 20000; round++) {
		char text[400];
		size_t len = dice(&state) % sizeof(text);
		for (size_t i = 0; i < len; i++)
			text[i] = dice(&state) % 16 ? bytes[dice(&state) % (sizeof(bytes) - 1)] : (char)dice(&state);
		judge("noise", text, len, NULL);
	}
}

static unsigned play(const char *pattern, const char *refused)
{
	static char text[SIP_MESSAGE_MAX];
	glob_t found;
	unsigned count = 0;
	if (glob(pattern, 0, NULL, &found) != 0)
		cr_skip_test("no %s: these messages are not here", pattern);
	for (; count < found.gl_pathc; count++) {
		const char *path = found.gl_pathv[count], *name = strrchr(path, '/') + 1;
		char word[128];
		FILE *file = fopen(path, "rb");
		cr_assert_not_null(file, "%s", path);
		size_t len = fread(text, 1, sizeof(text), file);
		fclose(file);
		enum sip_scan_verdict verdict = judge(path, text, len, NULL);
		for (size_t cut = 0; cut < len; cut++)
			judge(path, text, cut, NULL);
		snprintf(word, sizeof(word), " %.*s=%s ", (int)strcspn(name, "."), name,
			 sip_scan_verdict_name(verdict));
		if (verdict != SIP_SCAN_MESSAGE)
			cr_expect_not_null(strstr(refused, word), "%s", word);
		else
			cr_expect_null(strstr(refused, strtok(word, "=")), "%s is accepted", name);
	}
	globfree(&found);
	return count;
}

/* What the RFC calls well-formed is accepted, and so is what deserves a 400 but whose structure is whole. The file of
 * baddn ends with its last header, and test is not in the RFC's text. */
Test(ways, rfc4475, .timeout = 100)
{
	cr_expect_eq(play(CORPORA "/rfc4475/raw/*.dat",
			  " multi01=repeated-header  mcl01=repeated-header  bigcode=status  baddn=no-empty-line "
			  " test=start-line "),
		     50);
}

Test(ways, rfc5118)
{
	cr_expect_eq(play(CORPORA "/rfc5118/wire/*.sip", ""), 12);
}

Test(ways, rfc_flows, .timeout = 100)
{
	cr_expect_gt(play(CORPORA "/rfc-flows/*/*.sip", ""), 100);
}
