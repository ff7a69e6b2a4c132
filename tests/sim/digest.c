#include "party.h"

#include <openssl/evp.h>

static void md5(char hex[static 33], const char *text)
{
	uint8_t sum[16];
	EVP_Digest(text, strlen(text), sum, NULL, EVP_md5(), NULL);
	for (unsigned i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

bool digest_right(const struct message *request, const char *realm, const char *nonce, const char *password)
{
	const char *given = message_header(request, "Authorization");
	char user[64], their_realm[64], their_nonce[64], uri[512], response[64], nc[16], cnonce[64], qop[16];
	char a1[160], a2[600], all[800], h1[33], h2[33], right[33];
	if (!given)
		given = message_header(request, "Proxy-Authorization");
	if (!given || !message_param(given, "username", user, sizeof(user)) ||
	    !message_param(given, "realm", their_realm, sizeof(their_realm)) ||
	    !message_param(given, "nonce", their_nonce, sizeof(their_nonce)) ||
	    !message_param(given, "uri", uri, sizeof(uri)) ||
	    !message_param(given, "response", response, sizeof(response)) ||
	    !message_param(given, "nc", nc, sizeof(nc)) || !message_param(given, "cnonce", cnonce, sizeof(cnonce)) ||
	    !message_param(given, "qop", qop, sizeof(qop)))
		return false;
	snprintf(a1, sizeof(a1), "%s:%s:%s", user, their_realm, password);
	snprintf(a2, sizeof(a2), "%s:%s", request->method, uri);
	md5(h1, a1);
	md5(h2, a2);
	snprintf(all, sizeof(all), "%s:%s:%s:%s:%s:%s", h1, their_nonce, nc, cnonce, qop, h2);
	md5(right, all);
	return strcmp(their_realm, realm) == 0 && strcmp(their_nonce, nonce) == 0 && strcmp(right, response) == 0;
}
