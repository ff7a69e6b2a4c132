/* Digest client: RFC 7616 and RFC 2617, algorithms of RFC 8760 (MD5, SHA-256; the topmost challenge that we know).
 * Only answers challenges to our own requests; the caller binds credentials to peer and realm. */
#pragma once

#include <stdbool.h>
#include "sip/message.h"

struct digest_challenge {
	bool proxy; /* 407: Proxy-Authenticate */
	bool stale;
	bool sha256; /* else MD5 */
	bool qop_auth;
	char realm[128];
	char nonce[256];
	char opaque[256]; /* "" if none */
	bool has_opaque;
};

/* The topmost challenge of a 401 or 407 that we can answer and whose realm is `realm` (NULL: any).
 * 0, -ENOENT (none; `why` says what was offered), -EBADMSG. */
int digest_choose(struct digest_challenge *challenge, const struct sip_message *response, const char *realm, char *why,
		  size_t why_size);

/* Appends the Authorization or Proxy-Authorization header line (with CRLF) to headers. cnonce: fresh, random.
 * nc: 1 for a nonce's first use. uri: the Request-URI as sent. 0, -E2BIG, -EINVAL. */
int digest_answer(char *headers, size_t size, const struct digest_challenge *challenge, const char *username,
		  const char *password, const char *method, const char *uri, const char *cnonce, uint32_t nc);
