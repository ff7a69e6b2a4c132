/* Digest: published vectors, choice of challenge, hostile challenges. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "corpus.h"
#include "sip/digest.h"

static struct sip_message *response(int status, const char *headers)
{
	char text[8192], why[128];
	struct sip_message *message;
	int n = snprintf(text, sizeof(text),
			 "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
			 "To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n%s\r\n",
			 status, headers);
	cr_assert_eq(sip_message_parse(&message, text, (size_t)n, why, sizeof(why)), 0, "%s", why);
	return message;
}

/* The value of a parameter in the header line that digest_answer wrote. */
static void assert_param(const char *line, const char *param)
{
	cr_assert_not_null(strstr(line, param), "no %s in %s", param, line);
}

struct vector {
	const char *source, *algorithm, *username, *realm, *password, *method, *uri, *nonce, *nc, *cnonce, *qop,
	    *response;
};

static void check_vector(const struct vector *v)
{
	char headers[1024], line[1024] = "", want[128], why[128];
	struct digest_challenge challenge;
	snprintf(headers, sizeof(headers), "WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", algorithm=%s%s\r\n",
		 v->realm, v->nonce, v->algorithm, v->qop ? ", qop=\"auth-int, auth\"" : "");
	struct sip_message *message = response(401, headers);
	cr_assert_eq(digest_choose(&challenge, message, v->realm, why, sizeof(why)), 0, "%s: %s", v->source, why);
	cr_assert_eq(digest_answer(line, sizeof(line), &challenge, v->username, v->password, v->method, v->uri,
				   v->cnonce ? v->cnonce : "", v->nc ? (uint32_t)strtoul(v->nc, NULL, 16) : 1),
		     0);
	snprintf(want, sizeof(want), "response=\"%s\"", v->response);
	assert_param(line, want);
	cr_assert_eq(strstr(line, "qop=auth") != NULL, v->qop != NULL);
	cr_assert_eq(strncmp(line, "Authorization: Digest username=\"", 32), 0);
	cr_assert_str_eq(line + strlen(line) - 2, "\r\n");
	sip_message_destroy(message);
}

Test(digest, published_vectors)
{
	static const char nonce[] = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
	static const char cnonce[] = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
	static const struct vector vectors[] = {
	    {"RFC 2617 3.5", "MD5", "Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html",
	     "dcd98b7102dd2f0e8b11d0f600bfb0c093", "00000001", "0a4f113b", "auth", "6629fae49393a05397450978507c4ef1"},
	    {"RFC 7616 3.9.1", "MD5", "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html",
	     nonce, "00000001", cnonce, "auth", "8ca523f5e9506fed4657c9700eebdbec"},
	    {"RFC 7616 3.9.1", "SHA-256", "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html",
	     nonce, "00000001", cnonce, "auth", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	};
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		check_vector(&vectors[i]);
}

/* The published file is flat: objects of "key": "value" or null, one a line. */
Test(digest, published_file)
{
	size_t len;
	char *text = corpus_read("digest/vectors.json", &len);
	unsigned checked = 0;
	if (!text) {
		cr_skip("the published digest vectors are not here");
		return;
	}
	for (char *object = strchr(text, '{'); object; object = strchr(object, '{')) {
		struct vector v = {0};
		char *end = strchr(object, '}');
		*end = 0;
		static const char *const keys[] = {"source",   "algorithm", "username", "realm",
						   "password", "method",    "uri",	"nonce",
						   "nc",       "cnonce",    "qop",	"response_published"};
		char *values[12];
		for (unsigned i = 0; i < 12; i++) {
			char key[40];
			snprintf(key, sizeof(key), "\"%s\": \"", keys[i]);
			char *at = strstr(object, key);
			values[i] = at ? strndup(at + strlen(key), strcspn(at + strlen(key), "\"")) : NULL;
		}
		v = (struct vector){values[0], values[1], values[2], values[3], values[4],  values[5],
				    values[6], values[7], values[8], values[9], values[10], values[11]};
		check_vector(&v);
		checked++;
		for (unsigned i = 0; i < 12; i++)
			free(values[i]);
		object = end + 1;
	}
	cr_assert_geq(checked, 4);
	free(text);
}

Test(digest, choose)
{
	static const struct {
		int status;
		const char *headers, *realm;
		int rc;
		bool sha256, stale, qop, proxy;
		const char *nonce;
	} cases[] = {
	    {401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL, 0, .nonce = "n"},
	    {407, "Proxy-Authenticate: Digest realm=\"r\",nonce=\"n\",stale=TRUE,qop=\"auth\"\r\n", "r", 0,
	     .stale = true, .qop = true, .proxy = true, .nonce = "n"},
	    {407, "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\"\r\n", NULL, -ENOENT},
	    {401, "Proxy-Authenticate: Digest realm=\"r\",nonce=\"n\"\r\n", NULL, -ENOENT},
	    {403, "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\"\r\n", NULL, -ENOENT},
	    {401, "", NULL, -ENOENT},
	    /* The topmost that we can answer. */
	    {401,
	     "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-256\r\n"
	     "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=MD5\r\n",
	     "r", 0, .sha256 = true, .nonce = "1"},
	    {401,
	     "WWW-Authenticate: Digest realm=\"r\", nonce=\"0\", algorithm=SHA-512-256\r\n"
	     "WWW-Authenticate: Basic realm=\"r\"\r\n"
	     "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=MD5-sess\r\n"
	     "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", qop=\"auth-int\"\r\n"
	     "WWW-Authenticate: Digest realm=\"other\", nonce=\"3\"\r\n"
	     "WWW-Authenticate: digest realm=\"r\", nonce=\"4\", algorithm=md5, qop=\"auth-int,auth\"\r\n",
	     "r", 0, .qop = true, .nonce = "4"},
	    {401, "WWW-Authenticate: Digest realm=\"other\", nonce=\"1\"\r\n", "r", -ENOENT},
	    {401, "WWW-Authenticate: Digest realm=\"R\", nonce=\"1\"\r\n", "r", -ENOENT},
	    {401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=MD5-sess\r\n", "r", -ENOENT},
	    {401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=\r\n", "r", -EBADMSG},
	    {401, "WWW-Authenticate: Digest realm=\"r\"\r\n", "r", -EBADMSG},
	    {401, "WWW-Authenticate: Digest nonce=\"1\"\r\n", NULL, -EBADMSG},
	    {401, "WWW-Authenticate: Digest realm=\"r\", realm=\"s\", nonce=\"1\"\r\n", NULL, -EBADMSG},
	    {401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", nonce=\"1\"\r\n", NULL, -EBADMSG},
	    {401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\\\x01\"\r\n", NULL, -EBADMSG},
	    {401, "WWW-Authenticate: Digest realm=\"r, nonce=\"1\"\r\n", NULL, -EBADMSG},
	    {401, "WWW-Authenticate: Digest\r\n", NULL, -EBADMSG},
	    {401, "WWW-Authenticate: Digest ,,realm=\"r\",, nonce=\"1\",\r\n", NULL, 0, .nonce = "1"},
	    {401, "WWW-Authenticate: NoOneKnowsThisScheme a=b\r\n", NULL, -ENOENT},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct digest_challenge challenge;
		char why[128];
		struct sip_message *message = response(cases[i].status, cases[i].headers);
		cr_assert_eq(digest_choose(&challenge, message, cases[i].realm, why, sizeof(why)), cases[i].rc,
			     "case %zu: %s", i, why);
		cr_assert_eq(why[0] != 0, cases[i].rc != 0);
		if (cases[i].rc == 0) {
			cr_assert_eq(challenge.sha256, cases[i].sha256);
			cr_assert_eq(challenge.stale, cases[i].stale);
			cr_assert_eq(challenge.qop_auth, cases[i].qop);
			cr_assert_eq(challenge.proxy, cases[i].proxy);
			cr_assert_str_eq(challenge.nonce, cases[i].nonce);
		}
		sip_message_destroy(message);
	}
}

Test(digest, long_values_are_refused_not_cut)
{
	for (unsigned len = 250; len <= 260; len++) {
		char headers[1024], why[64];
		struct digest_challenge challenge;
		snprintf(headers, sizeof(headers), "WWW-Authenticate: Digest realm=\"r\", nonce=\"%0*d\"\r\n", (int)len,
			 0);
		struct sip_message *message = response(401, headers);
		int rc = digest_choose(&challenge, message, NULL, why, sizeof(why));
		cr_assert_eq(rc, len < sizeof(challenge.nonce) ? 0 : -EBADMSG, "%u", len);
		sip_message_destroy(message);
	}
}

Test(digest, quotes_and_opaque_come_back_escaped)
{
	struct digest_challenge challenge;
	char line[1024] = "X: y\r\n", why[64];
	struct sip_message *message =
	    response(407, "Proxy-Authenticate: Digest realm=\"a\\\"b\\\\c\", nonce=\"n\\\"\", "
			  "opaque=\"\", qop=\"auth\"\r\n");
	cr_assert_eq(digest_choose(&challenge, message, "a\"b\\c", why, sizeof(why)), 0, "%s", why);
	cr_assert_str_eq(challenge.nonce, "n\"");
	cr_assert(challenge.has_opaque);
	cr_assert_eq(digest_answer(line, sizeof(line), &challenge, "us\"er", "pw", "INVITE", "sip:a@b", "cn", 0xab), 0);
	cr_assert_eq(strncmp(line, "X: y\r\nProxy-Authorization: Digest ", 34), 0, "appended");
	assert_param(line, "username=\"us\\\"er\"");
	assert_param(line, "realm=\"a\\\"b\\\\c\"");
	assert_param(line, "nonce=\"n\\\"\"");
	assert_param(line, "opaque=\"\"");
	assert_param(line, "nc=000000ab");
	assert_param(line, "qop=auth");
	assert_param(line, "cnonce=\"cn\"");
	assert_param(line, "algorithm=MD5");
	cr_assert_null(strstr(line, "pw"), "the password stays here");
	sip_message_destroy(message);
}

Test(digest, nothing_that_breaks_a_header_is_written)
{
	const struct digest_challenge good = {.realm = "r", .nonce = "n", .qop_auth = true};
	struct digest_challenge bad = good;
	char line[512] = "";
	cr_assert_eq(digest_answer(line, sizeof(line), &good, "u\r\nX: y", "p", "BYE", "sip:a@b", "c", 1), -EINVAL);
	cr_assert_eq(digest_answer(line, sizeof(line), &good, "u:v", "p", "BYE", "sip:a@b", "c", 1), -EINVAL);
	cr_assert_eq(digest_answer(line, sizeof(line), &good, "u", "p", "BYE", "sip:a@b\", x=\"", "c", 1), -EINVAL);
	cr_assert_eq(digest_answer(line, sizeof(line), &good, "u", "p", "B E", "sip:a@b", "c", 1), -EINVAL);
	cr_assert_eq(digest_answer(line, sizeof(line), &good, "u", "p", "BYE", "sip:a@b", "", 1), -EINVAL);
	cr_assert_eq(digest_answer(line, sizeof(line), &good, "u", "p", "BYE", "sip:a@b", "c", 0), -EINVAL);
	strcpy(bad.realm, "r\r\n");
	cr_assert_eq(digest_answer(line, sizeof(line), &bad, "u", "p", "BYE", "sip:a@b", "c", 1), -EINVAL);
	cr_assert_str_eq(line, "");
	cr_assert_eq(digest_answer(line, sizeof(line), &good, "u", "p", "BYE", "sip:a@b", "c", 1), 0);
	size_t need = strlen(line) + 1;
	for (size_t size = 1; size <= need; size++) {
		char exact[512] = "";
		cr_assert_eq(digest_answer(exact, size, &good, "u", "p", "BYE", "sip:a@b", "c", 1),
			     size < need ? -E2BIG : 0, "%zu", size);
		cr_assert_str_eq(exact, size < need ? "" : line);
	}
}
