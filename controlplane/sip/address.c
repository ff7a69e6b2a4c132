#include "sip/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "sip/lex.h"

/* Takes strings from the front of a buffer. */
struct scratch {
	char *at;
	size_t left;
};

static const char *scratch_put(struct scratch *scratch, struct lex_span from)
{
	if (lex_unquote(scratch->at, scratch->left, from) < 0)
		return NULL;
	const char *out = scratch->at;
	size_t used = strlen(out) + 1;
	scratch->at += used;
	scratch->left -= used;
	for (char *p = scratch->at - used; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f) /* only a quoted pair can have brought it here */
			*p = '?';
	return out;
}

/* A quoted string, or words: RFC 3261 says tokens, and devices in the field write more, but never separators that
 * would let two readers see two addresses. */
static bool is_display(struct lex_span text)
{
	if (text.len == 0)
		return true;
	if (text.text[0] == '"')
		return text.len >= 2 && text.text[text.len - 1] == '"' &&
		       lex_find(text.text, text.text + text.len - 1, "") == NULL;
	for (size_t i = 0; i < text.len; i++)
		if (strchr("\"\\,;:<>@", text.text[i]))
			return false;
	return true;
}

static int address_params(struct sip_address *address, const char *p, const char *end, struct scratch *scratch)
{
	struct lex_span name, value;
	int rc;
	while ((rc = lex_param(&p, end, &name, &value)) > 0) {
		if (!lex_span_is(name, "tag"))
			continue;
		if (!value.text || !lex_is_token(value.text, value.len) || address->tag[0])
			return -EBADMSG;
		address->tag = scratch_put(scratch, value);
		if (!address->tag)
			return -EBADMSG;
	}
	return rc;
}

/* Where the URI stands, and where the parameters behind it begin. */
static int address_split(struct lex_span *display, struct lex_span *uri, const char **params, const char *p,
			 const char *end)
{
	const char *open = lex_find(p, end, "<");
	if (!open)
		return -EBADMSG;
	if (open < end) {
		const char *close = memchr(open, '>', (size_t)(end - open));
		if (!close)
			return -EBADMSG;
		*display = lex_trim(p, open);
		*uri = (struct lex_span){open + 1, (size_t)(close - open - 1)};
		*params = close + 1;
		return is_display(*display) ? 0 : -EBADMSG;
	}
	const char *semicolon = memchr(p, ';', (size_t)(end - p));
	*params = semicolon ? semicolon : end;
	*display = (struct lex_span){"", 0};
	*uri = lex_trim(p, *params);
	/* RFC 3261 20: with a comma, a question mark or a semicolon the URI stands in <>. */
	return memchr(uri->text, ',', uri->len) || memchr(uri->text, '?', uri->len) ? -EBADMSG : 0;
}

int address_read(struct sip_address *address, const char *text, char *scratch_buf, size_t scratch_size)
{
	struct scratch scratch = {scratch_buf, scratch_size};
	struct lex_span display, uri;
	const char *params, *end = text + strlen(text);
	*address = (struct sip_address){.display = "", .tag = "", .text = text};
	address->uri.scheme = SIP_SCHEME_OTHER;
	int rc = address_split(&display, &uri, &params, text, end);
	if (rc < 0)
		return rc;
	if (display.len) {
		address->display = scratch_put(&scratch, display);
		if (!address->display)
			return -EBADMSG;
	}
	if (address_params(address, params, end, &scratch) < 0)
		return -EBADMSG;
	rc = sip_uri_parse(&address->uri, uri.text, uri.len);
	if (rc == -EILSEQ || rc == -E2BIG)
		address->uri = (struct sip_uri){.scheme = SIP_SCHEME_OTHER};
	return rc;
}

int sip_address_parse(struct sip_address *address, const char *text, char *scratch, size_t scratch_size)
{
	return address_read(address, text, scratch, scratch_size) < 0 ? -EBADMSG : 0;
}

bool sip_param(const char *header_value, const char *param, char *buf, size_t size)
{
	const char *end = header_value + strlen(header_value);
	const char *p = lex_find(header_value, end, ";");
	struct lex_span name, value;
	while (p && lex_param(&p, end, &name, &value) > 0) {
		if (!lex_span_is(name, param))
			continue;
		if (!value.text)
			value = (struct lex_span){"", 0};
		return lex_unquote(buf, size, value) == 0;
	}
	return false;
}

/* "SIP / 2.0 / UDP ": moves *p behind it. Another version is told by *known, for a 505 needs the rest of the Via. */
static int via_protocol(struct sip_via *via, bool *known, const char **p, const char *end)
{
	const char *q = *p;
	for (int part = 0; part < 3; part++) {
		q = lex_trim(q, end).text;
		const char *begin = q;
		while (q < end && lex_is_token_char((unsigned char)*q))
			q++;
		struct lex_span token = {begin, (size_t)(q - begin)};
		if (token.len == 0 || (part == 0 && !lex_span_is(token, "SIP")))
			return -EBADMSG;
		if (part == 1)
			*known = lex_span_is(token, "2.0");
		if (part == 2) {
			if (token.len >= sizeof(via->transport) || q == end || (*q != ' ' && *q != '\t'))
				return -EBADMSG;
			for (size_t i = 0; i < token.len; i++) {
				char c = token.text[i];
				via->transport[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
			}
			break;
		}
		q = lex_trim(q, end).text;
		if (q == end || *q++ != '/')
			return -EBADMSG;
	}
	*p = lex_trim(q, end).text;
	return 0;
}

static int via_sent_by(struct sip_via *via, struct lex_span sent_by, struct scratch *scratch)
{
	const char *p = sent_by.text, *end = p + sent_by.len;
	const char *bracket = sent_by.len && *p == '[' ? memchr(p, ']', sent_by.len) : NULL;
	const char *colon = memchr(bracket ? bracket : p, ':', (size_t)(end - (bracket ? bracket : p)));
	struct lex_span host = lex_trim(p, colon ? colon : end);
	if (!lex_is_host(host.text, host.len))
		return -EBADMSG;
	if (host.text[0] == '[')
		host = (struct lex_span){host.text + 1, host.len - 2};
	char *lower = scratch->at;
	via->host = scratch_put(scratch, host);
	if (!via->host)
		return -EBADMSG;
	for (; *lower; lower++)
		if (*lower >= 'A' && *lower <= 'Z')
			*lower = (char)(*lower + 32);
	if (!colon)
		return 0;
	unsigned long port;
	struct lex_span digits = lex_trim(colon + 1, end);
	if (!lex_number(digits.text, digits.len, 65535, &port) || port == 0)
		return -EBADMSG;
	via->port = (uint16_t)port;
	return 0;
}

int via_read(struct sip_via *via, const char *text, char *scratch_buf, size_t scratch_size)
{
	struct scratch scratch = {scratch_buf, scratch_size};
	const char *p = text, *end = text + strlen(text);
	*via = (struct sip_via){.host = "", .branch = "", .text = text};
	bool known_version = false;
	if (via_protocol(via, &known_version, &p, end) < 0)
		return -EBADMSG;
	const char *params = lex_find(p, end, ";");
	if (!params || via_sent_by(via, lex_trim(p, params), &scratch) < 0)
		return -EBADMSG;
	struct lex_span name, value;
	bool branch = false;
	int rc;
	while ((rc = lex_param(&params, end, &name, &value)) > 0) {
		if (lex_span_is(name, "rport")) {
			via->rport = true;
		} else if (lex_span_is(name, "branch")) {
			if (branch || !value.text || !lex_is_token(value.text, value.len))
				return -EBADMSG;
			branch = true;
			via->branch = scratch_put(&scratch, value);
			if (!via->branch)
				return -EBADMSG;
		}
	}
	return rc == 0 && !known_version ? -EBADMSG : rc;
}
