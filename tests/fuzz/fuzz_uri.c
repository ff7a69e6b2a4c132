/* One line: a URI, and an address with parameters. What is accepted is within its limits, is read alike by libosip2,
 * and says the same when it is written out and read again. */
#include <errno.h>
#include "against_osip.h"
#include "sip/address.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return parser_init();
}

static void plain(const char *text, size_t size)
{
	fuzz_check(strnlen(text, size) < size);
	for (const char *p = text; *p; p++)
		fuzz_check((unsigned char)*p >= 0x20 && *p != 0x7f, "control character %02x", (unsigned char)*p);
}

/* What a request of ours to it would have as its Request-URI. */
static void written_again(const struct sip_uri *uri)
{
	char user[SIP_USER_MAX * 3], host[SIP_HOST_MAX + 2], port[8] = "", text[SIP_URI_MAX * 2];
	struct sip_uri again;
	if (uri->port)
		snprintf(port, sizeof(port), ":%u", uri->port);
	int n = snprintf(text, sizeof(text), "sip:%s%s%s%s", sip_user_escape(user, sizeof(user), uri->user),
			 uri->user[0] ? "@" : "", sip_host_format(host, sizeof(host), uri->host), port);
	int rc = sip_uri_parse(&again, text, (size_t)n);
	if (rc == -E2BIG)
		return;
	fuzz_check(rc == 0, "'%s' became '%s'", uri->text, text);
	fuzz_check(strcmp(again.user, uri->user) == 0 && strcmp(again.host, uri->host) == 0 && again.port == uri->port,
		   "'%s' became '%s'", uri->text, text);
	fuzz_check(!again.headers && !again.method[0] && !again.transport[0]);
}

static void one_uri(const uint8_t *data, size_t len)
{
	struct sip_uri uri, again;
	osip_uri_t *theirs;
	int rc = sip_uri_parse(&uri, (const char *)data, len);
	fuzz_check(rc == 0 || rc == -EBADMSG || rc == -EILSEQ || rc == -E2BIG, "%d", rc);
	if (rc < 0)
		return;
	plain(uri.user, sizeof(uri.user));
	plain(uri.host, sizeof(uri.host));
	plain(uri.transport, sizeof(uri.transport));
	plain(uri.method, sizeof(uri.method));
	plain(uri.text, sizeof(uri.text));
	const char *at = strrchr(uri.text, '@'); /* a user part may hold "?" */
	fuzz_check(!uri.headers || !strchr(at ? at : uri.text, '?'), "headers in '%s'", uri.text);
	rc = sip_uri_parse(&again, uri.text, strlen(uri.text));
	fuzz_check(rc == 0 && !again.headers && uri.scheme == again.scheme && uri.user_phone == again.user_phone &&
		       uri.port == again.port && uri.lr == again.lr && strcmp(uri.user, again.user) == 0 &&
		       strcmp(uri.host, again.host) == 0 && strcmp(uri.transport, again.transport) == 0 &&
		       strcmp(uri.method, again.method) == 0 && strcmp(uri.text, again.text) == 0,
		   "'%s' is not read twice alike", uri.text);
	if (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS)
		return;
	fuzz_check(uri.host[0], "no host in '%s'", uri.text);
	written_again(&uri);
	fuzz_check(osip_uri_init(&theirs) == 0);
	/* Whoever routes by it holds it against libosip2 first, but for the host that a user part begins with. */
	if (osip_uri_parse(theirs, uri.text) == 0)
		against_osip_uri("URI", &uri, theirs);
	osip_uri_free(theirs);
}

static void one_address(const uint8_t *data, size_t len)
{
	struct sip_address address;
	char *text = fuzz_text(data, len), *scratch = malloc(len + 2), value[64];
	osip_from_t *theirs;
	fuzz_check(scratch);
	if (text && !strpbrk(text, "\r\n") && sip_address_parse(&address, text, scratch, len + 2) == 0) {
		plain(address.tag, len + 2);
		plain(address.display, len + 2);
		if (sip_param(strchr(text, '>') ? strchr(text, '>') : text, "tag", value, sizeof(value)) &&
		    strchr(text, '<') && !strchr(address.display, '>'))
			fuzz_check(strcmp(value, address.tag) == 0, "tag '%s' or '%s'", value, address.tag);
		fuzz_check(osip_from_init(&theirs) == 0);
		if (osip_from_parse(theirs, text) == 0)
			against_osip_address("address", &address, theirs);
		osip_from_free(theirs);
	}
	free(scratch);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 4096)
		return 0;
	one_uri(data, len);
	one_address(data, len);
	return 0;
}
