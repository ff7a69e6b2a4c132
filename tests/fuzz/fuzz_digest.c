/* The header lines of a 401 or 407: the challenge that is chosen stood there, and the answer to it is one header line
 * that a parser takes and that gives back what went in; the password never stands in it. */
#include <errno.h>
#include "fuzz.h"
#include "sip/digest.h"
#include "sip/lex.h"

#define PASSWORD "correct horse battery staple"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

static struct sip_message *response(int status, const uint8_t *headers, size_t len)
{
	char *text = NULL, why[160];
	size_t text_len = 0;
	struct sip_message *message = NULL;
	FILE *out = open_memstream(&text, &text_len);
	fuzz_check(out);
	fprintf(out,
		"SIP/2.0 %d X\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
		"To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n",
		status);
	fwrite(headers, 1, len, out);
	fputs("\r\n", out);
	fclose(out);
	if (sip_message_parse(&message, text, text_len, why, sizeof(why)) < 0) {
		sip_message_destroy(message);
		message = NULL;
	}
	free(text);
	return message;
}

static void plain(const char *text, size_t size)
{
	fuzz_check(strnlen(text, size) < size);
	for (const char *p = text; *p; p++)
		fuzz_check((unsigned char)*p >= 0x20 && *p != 0x7f, "control character %02x", (unsigned char)*p);
}

/* The value of a parameter, unquoted, of the line that we wrote; false if it has none. A reader of its own: name=value
 * with commas between, values quoted or not. */
static bool written(const char *line, const char *name, char *out, size_t size)
{
	const char *p = strstr(line, "Digest ") + 7, *end = line + strlen(line) - 2;
	while (p < end) {
		const char *stop = lex_find(p, end, ",");
		fuzz_check(stop, "an open quote in %s", line);
		const char *equals = memchr(p, '=', (size_t)(stop - p));
		fuzz_check(equals, "a parameter without a value in %s", line);
		struct lex_span key = lex_trim(p, equals), value = lex_trim(equals + 1, stop);
		if (lex_span_is(key, name))
			return lex_unquote(out, size, value) == 0;
		p = stop < end ? stop + 1 : end;
	}
	return false;
}

static void expect(const char *line, const char *name, const char *want)
{
	char got[1024];
	bool there = written(line, name, got, sizeof(got));
	fuzz_check(there == (want != NULL), "%s in %s", name, line);
	fuzz_check(!want || strcmp(got, want) == 0, "%s is '%s' and not '%s'", name, got, want);
}

static void answer(const struct digest_challenge *c, const struct sip_message *from)
{
	char line[8192] = "", again[8192] = "";
	const char *lead = c->proxy ? "Proxy-Authorization: Digest " : "Authorization: Digest ";
	int rc = digest_answer(line, sizeof(line), c, "user", PASSWORD, "INVITE", "sip:x@y", "cnonce", 1);
	fuzz_check(rc == 0, "%d", rc);
	size_t len = strlen(line);
	fuzz_check(strncmp(line, lead, strlen(lead)) == 0 && len > 2 && strcmp(line + len - 2, "\r\n") == 0);
	for (const char *p = line; p < line + len - 2; p++)
		fuzz_check((unsigned char)*p >= 0x20 && *p != 0x7f, "more than one line: %s", line);
	/* A realm may be called so, and libFuzzer finds the word. */
	if (!strstr(c->realm, PASSWORD) && !strstr(c->nonce, PASSWORD) && !strstr(c->opaque, PASSWORD))
		fuzz_check(!strstr(line, PASSWORD), "the password went out");
	expect(line, "username", "user");
	expect(line, "realm", c->realm);
	expect(line, "nonce", c->nonce);
	expect(line, "opaque", c->has_opaque ? c->opaque : NULL);
	expect(line, "uri", "sip:x@y");
	expect(line, "qop", c->qop_auth ? "auth" : NULL);
	expect(line, "algorithm", c->sha256 ? "SHA-256" : "MD5");
	fuzz_check(digest_answer(again, len, c, "user", PASSWORD, "INVITE", "sip:x@y", "cnonce", 1) == -E2BIG,
		   "it has no room for its end");
	fuzz_check(!again[0]);
	fuzz_check(digest_answer(again, len + 1, c, "user", PASSWORD, "INVITE", "sip:x@y", "cnonce", 1) == 0 &&
		   strcmp(again, line) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1 || len > 8192)
		return 0;
	struct sip_message *message = response(data[0] & 1 ? 407 : 401, data + 1, len - 1);
	struct digest_challenge challenge, other;
	char why[256];
	if (!message)
		return 0;
	int rc = digest_choose(&challenge, message, NULL, why, sizeof(why));
	fuzz_check(rc == 0 || rc == -ENOENT || rc == -EBADMSG, "%d", rc);
	fuzz_check((rc < 0) == (why[0] != 0));
	if (rc == 0) {
		plain(challenge.realm, sizeof(challenge.realm));
		plain(challenge.nonce, sizeof(challenge.nonce));
		plain(challenge.opaque, sizeof(challenge.opaque));
		fuzz_check(challenge.proxy == (message->status == 407));
		fuzz_check(challenge.has_opaque || !challenge.opaque[0]);
		answer(&challenge, message);
		fuzz_check(digest_choose(&other, message, challenge.realm, why, sizeof(why)) == 0);
		fuzz_check(memcmp(&other, &challenge, sizeof(other)) == 0, "by its realm another one is chosen");
		fuzz_check(digest_choose(&other, message, "nobody's realm", why, sizeof(why)) < 0 ||
			   strcmp(other.realm, "nobody's realm") == 0);
	}
	sip_message_destroy(message);
	return 0;
}
