#include "sip/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "sip/lex.h"

#define DIGEST_HEX (2 * 32 + 1) /* of SHA-256 */

/* "realm="x", nonce=…": takes the next parameter and moves *p behind its comma. 1, 0 (end) or -EBADMSG. */
static int challenge_param(const char **p, const char *end, struct lex_span *name, struct lex_span *value)
{
	for (;;) {
		struct lex_span rest = lex_trim(*p, end);
		if (rest.len == 0)
			return 0;
		*p = rest.text;
		if (**p != ',')
			break;
		(*p)++; /* RFC 7235 allows empty list elements */
	}
	const char *stop = lex_find(*p, end, ",");
	const char *equals = stop ? memchr(*p, '=', (size_t)(stop - *p)) : NULL;
	if (!equals)
		return -EBADMSG;
	*name = lex_trim(*p, equals);
	*value = lex_trim(equals + 1, stop);
	*p = stop < end ? stop + 1 : end;
	if (!lex_is_token(name->text, name->len) || value->len == 0)
		return -EBADMSG;
	return 1;
}

/* One that reaches the limit cannot be answered right: refused, not cut. Controls cannot be echoed. */
static int challenge_copy(char *buf, size_t size, struct lex_span value)
{
	if (lex_unquote(buf, size, value) < 0)
		return -EBADMSG;
	for (const char *p = buf; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return -EBADMSG;
	return 0;
}

static bool list_has(struct lex_span value, const char *word)
{
	char text[128];
	if (lex_unquote(text, sizeof(text), value) < 0)
		return false;
	for (const char *p = text, *end = text + strlen(text); p <= end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		if (lex_span_is(lex_trim(p, comma ? comma : end), word))
			return true;
		p = (comma ? comma : end) + 1;
	}
	return false;
}

enum challenge_param_bit {
	HAS_REALM = 1,
	HAS_NONCE = 2,
	HAS_OPAQUE = 4,
	HAS_ALGORITHM = 8,
	HAS_QOP = 16,
	HAS_STALE = 32,
};

static int challenge_take(struct digest_challenge *out, unsigned *has, bool *unknown, struct lex_span name,
			  struct lex_span value)
{
	unsigned bit = 0;
	int rc = 0;
	char word[32];
	if (lex_span_is(name, "realm")) {
		bit = HAS_REALM;
		rc = challenge_copy(out->realm, sizeof(out->realm), value);
	} else if (lex_span_is(name, "nonce")) {
		bit = HAS_NONCE;
		rc = challenge_copy(out->nonce, sizeof(out->nonce), value);
	} else if (lex_span_is(name, "opaque")) {
		bit = HAS_OPAQUE;
		out->has_opaque = true;
		rc = challenge_copy(out->opaque, sizeof(out->opaque), value);
	} else if (lex_span_is(name, "algorithm")) {
		bit = HAS_ALGORITHM;
		if (lex_unquote(word, sizeof(word), value) < 0)
			word[0] = 0;
		out->sha256 = strcasecmp(word, "SHA-256") == 0;
		*unknown = *unknown || (!out->sha256 && strcasecmp(word, "MD5") != 0);
	} else if (lex_span_is(name, "qop")) {
		bit = HAS_QOP;
		out->qop_auth = list_has(value, "auth");
		*unknown = *unknown || !out->qop_auth; /* auth-int only */
	} else if (lex_span_is(name, "stale")) {
		bit = HAS_STALE;
		out->stale = list_has(value, "true");
	}
	if (*has & bit)
		return -EBADMSG;
	*has |= bit;
	return rc;
}

/* 0, -ENOENT (of a kind that we cannot answer) or -EBADMSG. */
static int challenge_parse(struct digest_challenge *out, const char *text, bool proxy)
{
	const char *end = text + strlen(text), *p = text + strcspn(text, " \t");
	struct lex_span name, value;
	unsigned has = 0;
	bool unknown = false;
	int rc;
	*out = (struct digest_challenge){.proxy = proxy};
	if (!lex_span_is((struct lex_span){text, (size_t)(p - text)}, "Digest"))
		return -ENOENT;
	while ((rc = challenge_param(&p, end, &name, &value)) > 0)
		if ((rc = challenge_take(out, &has, &unknown, name, value)) < 0)
			break;
	if (rc < 0 || (has & (HAS_REALM | HAS_NONCE)) != (HAS_REALM | HAS_NONCE))
		return -EBADMSG;
	return unknown ? -ENOENT : 0;
}

/* Adds what was offered, briefly, to why. */
static void tell_offer(char *why, size_t size, const char *text)
{
	char line[64];
	size_t used = strlen(why);
	snprintf(line, sizeof(line), "%s", text);
	if (used + 3 < size)
		snprintf(why + used, size - used, "%s%s", used ? "; " : "", line);
}

int digest_choose(struct digest_challenge *challenge, const struct sip_message *response, const char *realm, char *why,
		  size_t why_size)
{
	bool proxy = response->status == 407, malformed = false;
	const char *wanted = proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
	char offers[256] = "";
	if (why_size)
		why[0] = 0;
	for (unsigned i = 0; !response->request && i < response->header_count; i++) {
		const struct sip_header *header = &response->headers[i];
		struct digest_challenge candidate;
		if ((response->status != 401 && !proxy) || strcasecmp(header->name, wanted) != 0)
			continue;
		int rc = challenge_parse(&candidate, header->value, proxy);
		if (rc == 0 && (!realm || strcmp(realm, candidate.realm) == 0)) {
			*challenge = candidate;
			return 0;
		}
		malformed = malformed || rc == -EBADMSG;
		if (rc == 0)
			snprintf(offers + strlen(offers), sizeof(offers) - strlen(offers), "%srealm \"%.80s\"",
				 offers[0] ? "; " : "", candidate.realm);
		else
			tell_offer(offers, sizeof(offers), header->value);
	}
	if (why_size)
		snprintf(why, why_size, "no challenge that we can answer%s%s", offers[0] ? ": " : "", offers);
	return malformed ? -EBADMSG : -ENOENT;
}

/* Hex of H(a ":" b ":" …), a list of strings that ends with NULL. */
static int digest_hash(char out[DIGEST_HEX], bool sha256, const char *first, ...)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestInit_ex(context, sha256 ? EVP_sha256() : EVP_md5(), NULL);
	va_list args;
	va_start(args, first);
	for (const char *part = first; ok && part; part = va_arg(args, const char *))
		ok = (part == first || EVP_DigestUpdate(context, ":", 1)) &&
		     EVP_DigestUpdate(context, part, strlen(part));
	va_end(args);
	ok = ok && EVP_DigestFinal_ex(context, bytes, &len);
	EVP_MD_CTX_free(context);
	if (!ok)
		return -ENOMEM;
	for (unsigned int i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return 0;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void put(char *buf, size_t size, size_t *len, const char *format, ...) __attribute__((format(printf, 4, 5)));

static void put(char *buf, size_t size, size_t *len, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = *len < size ? vsnprintf(buf + *len, size - *len, format, args) : 0;
	va_end(args);
	*len += n > 0 ? (size_t)n : 0;
}

static void put_quoted(char *buf, size_t size, size_t *len, const char *name, const char *value)
{
	put(buf, size, len, "%s=\"", name);
	for (const char *p = value; *p; p++)
		put(buf, size, len, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	put(buf, size, len, "\"");
}

static int digest_response(char out[DIGEST_HEX], const struct digest_challenge *challenge, const char *username,
			   const char *password, const char *method, const char *uri, const char *cnonce,
			   const char *nc)
{
	char a1[DIGEST_HEX], a2[DIGEST_HEX];
	bool sha256 = challenge->sha256;
	int rc = digest_hash(a1, sha256, username, challenge->realm, password, NULL);
	if (rc == 0)
		rc = digest_hash(a2, sha256, method, uri, NULL);
	if (rc == 0 && challenge->qop_auth)
		rc = digest_hash(out, sha256, a1, challenge->nonce, nc, cnonce, "auth", a2, NULL);
	else if (rc == 0)
		rc = digest_hash(out, sha256, a1, challenge->nonce, a2, NULL);
	OPENSSL_cleanse(a1, sizeof(a1));
	return rc;
}

int digest_answer(char *headers, size_t size, const struct digest_challenge *challenge, const char *username,
		  const char *password, const char *method, const char *uri, const char *cnonce, uint32_t nc)
{
	char response[DIGEST_HEX], count[9];
	size_t start = strnlen(headers, size), len = start;
	/* A colon in the user name would move what is hashed as the realm. */
	if (!is_plain(username) || strchr(username, ':') || !is_plain(uri) || strchr(uri, '"') || strchr(uri, ' ') ||
	    !lex_is_token(method, strlen(method)) || !is_plain(challenge->realm) || !is_plain(challenge->nonce) ||
	    !is_plain(challenge->opaque))
		return -EINVAL;
	if (challenge->qop_auth && (nc == 0 || !cnonce[0] || !is_plain(cnonce)))
		return -EINVAL;
	snprintf(count, sizeof(count), "%08x", nc);
	int rc = digest_response(response, challenge, username, password, method, uri, cnonce, count);
	if (rc < 0)
		return rc;
	put(headers, size, &len, "%s: Digest ", challenge->proxy ? "Proxy-Authorization" : "Authorization");
	put_quoted(headers, size, &len, "username", username);
	put_quoted(headers, size, &len, ", realm", challenge->realm);
	put_quoted(headers, size, &len, ", nonce", challenge->nonce);
	put_quoted(headers, size, &len, ", uri", uri);
	put(headers, size, &len, ", response=\"%s\", algorithm=%s", response, challenge->sha256 ? "SHA-256" : "MD5");
	if (challenge->qop_auth) {
		put_quoted(headers, size, &len, ", cnonce", cnonce);
		put(headers, size, &len, ", qop=auth, nc=%s", count);
	}
	if (challenge->has_opaque)
		put_quoted(headers, size, &len, ", opaque", challenge->opaque);
	put(headers, size, &len, "\r\n");
	if (len < size)
		return 0;
	if (start < size)
		headers[start] = 0;
	return -E2BIG;
}
