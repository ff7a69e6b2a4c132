#include "sip/uri.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "sip/lex.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Unescapes into buf. 0, -EBADMSG, -EILSEQ (a control character is escaped), -E2BIG. */
static int uri_unescape(char *buf, size_t size, struct lex_span from)
{
	size_t n = 0;
	bool control = false;
	for (size_t i = 0; i < from.len; i++) {
		char c = from.text[i];
		if (c == '%') {
			if (i + 2 >= from.len || hex(from.text[i + 1]) < 0 || hex(from.text[i + 2]) < 0)
				return -EBADMSG;
			c = (char)(hex(from.text[i + 1]) * 16 + hex(from.text[i + 2]));
			i += 2;
			control = control || (unsigned char)c < 0x20 || c == 0x7f;
		}
		if (n + 1 >= size)
			return -E2BIG;
		buf[n++] = c;
	}
	buf[n] = 0;
	return control ? -EILSEQ : 0;
}

static int uri_copy_lower(char *buf, size_t size, struct lex_span from)
{
	if (from.len >= size)
		return -E2BIG;
	for (size_t i = 0; i < from.len; i++)
		buf[i] = lower(from.text[i]);
	buf[from.len] = 0;
	return 0;
}

static int uri_param(struct sip_uri *uri, struct lex_span name, struct lex_span value)
{
	if (lex_span_is(name, "lr"))
		uri->lr = true;
	else if (lex_span_is(name, "user") && value.text)
		uri->user_phone = lex_span_is(value, "phone");
	else if (lex_span_is(name, "transport") && value.text)
		return uri_copy_lower(uri->transport, sizeof(uri->transport), value) < 0 ? -EBADMSG : 0;
	else if (lex_span_is(name, "method") && value.text) {
		if (value.len >= sizeof(uri->method))
			return -EBADMSG;
		memcpy(uri->method, value.text, value.len);
		uri->method[value.len] = 0;
	}
	return 0;
}

static bool uri_is_param_text(struct lex_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.text[i];
		if (!lex_is_token_char(c) && !(c && strchr("[]/:&$()", c)))
			return false;
		if (c == '%' && (i + 2 >= text.len || hex(text.text[i + 1]) < 0 || hex(text.text[i + 2]) < 0))
			return false;
	}
	return text.len > 0;
}

/* ";a=b;c" with the escapes left as they are: a parameter with an escaped name is none that we know. */
static int uri_params(struct sip_uri *uri, const char *p, const char *end)
{
	bool seen_transport = false, seen_user = false, seen_method = false;
	while (p < end) {
		if (*p++ != ';')
			return -EBADMSG;
		const char *stop = memchr(p, ';', (size_t)(end - p));
		stop = stop ? stop : end;
		const char *equals = memchr(p, '=', (size_t)(stop - p));
		struct lex_span name = {p, (size_t)((equals ? equals : stop) - p)};
		struct lex_span value = {NULL, 0};
		if (equals)
			value = (struct lex_span){equals + 1, (size_t)(stop - equals - 1)};
		if (!uri_is_param_text(name) || (equals && !uri_is_param_text(value)))
			return -EBADMSG;
		/* RFC 3261 19.1.1: no parameter twice; two readings of one that routes would be two destinations. */
		bool *seen = lex_span_is(name, "transport") ? &seen_transport
			     : lex_span_is(name, "user")    ? &seen_user
			     : lex_span_is(name, "method")  ? &seen_method
							    : NULL;
		if (seen && *seen)
			return -EBADMSG;
		if (seen)
			*seen = true;
		int rc = uri_param(uri, name, value);
		if (rc < 0)
			return rc;
		p = stop;
	}
	return 0;
}

static int uri_host_port(struct sip_uri *uri, const char *p, const char *end)
{
	const char *host_end;
	if (p < end && *p == '[') {
		host_end = memchr(p, ']', (size_t)(end - p));
		if (!host_end)
			return -EBADMSG;
		host_end++;
	} else {
		host_end = memchr(p, ':', (size_t)(end - p));
		host_end = host_end ? host_end : end;
	}
	size_t len = (size_t)(host_end - p);
	if (len >= SIP_HOST_MAX)
		return -E2BIG;
	if (!lex_is_host(p, len))
		return -EBADMSG;
	struct lex_span host = {p, len};
	if (*p == '[')
		host = (struct lex_span){p + 1, len - 2};
	uri_copy_lower(uri->host, sizeof(uri->host), host);
	if (host_end == end)
		return 0;
	unsigned long port;
	if (*host_end != ':' || !lex_number(host_end + 1, (size_t)(end - host_end - 1), 65535, &port) || port == 0)
		return -EBADMSG;
	uri->port = (uint16_t)port;
	return 0;
}

static bool uri_is_user_text(struct lex_span text, bool password)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.text[i];
		if (c >= 0x80 || lex_is_token_char(c))
			continue;
		/* "#" and brackets are not in the grammar; dialled strings hold the first unescaped. */
		if (!c || !strchr(password ? "()&=+$," : "()&=+$,;?/#", c))
			return false;
	}
	return true;
}

static int uri_userinfo(struct sip_uri *uri, const char *p, const char *at)
{
	const char *colon = memchr(p, ':', (size_t)(at - p));
	struct lex_span user = {p, (size_t)((colon ? colon : at) - p)};
	if (user.len == 0 || !uri_is_user_text(user, false))
		return -EBADMSG;
	if (colon && !uri_is_user_text((struct lex_span){colon + 1, (size_t)(at - colon - 1)}, true))
		return -EBADMSG;
	return uri_unescape(uri->user, sizeof(uri->user), user);
}

static int uri_parse_sip(struct sip_uri *uri, const char *p, const char *end)
{
	const char *at = memchr(p, '@', (size_t)(end - p));
	int rc, escaped = 0;
	if (at) {
		rc = uri_userinfo(uri, p, at);
		if (rc == -EILSEQ)
			escaped = rc;
		else if (rc < 0)
			return rc;
		p = at + 1;
	}
	const char *question = memchr(p, '?', (size_t)(end - p));
	if (question) {
		uri->headers = true;
		uri->text[question - end + (ptrdiff_t)strlen(uri->text)] = 0;
		if (memchr(question, '@', (size_t)(end - question)))
			return -EBADMSG;
		end = question;
	}
	const char *semicolon = memchr(p, ';', (size_t)(end - p));
	rc = uri_host_port(uri, p, semicolon ? semicolon : end);
	if (rc < 0)
		return rc;
	rc = semicolon ? uri_params(uri, semicolon, end) : 0;
	return rc < 0 ? rc : escaped;
}

/* RFC 3966: the number up to the parameters; visual separators stay, policy reads them. */
static int uri_parse_tel(struct sip_uri *uri, const char *p, const char *end)
{
	const char *semicolon = memchr(p, ';', (size_t)(end - p));
	struct lex_span number = {p, (size_t)((semicolon ? semicolon : end) - p)};
	bool digit = false;
	for (size_t i = 0; i < number.len; i++) {
		char c = number.text[i];
		if (hex(c) < 0 && !(c && strchr("-.()*#", c)) && !(c == '+' && i == 0))
			return -EBADMSG;
		digit = digit || (c >= '0' && c <= '9') || c == '*' || c == '#';
	}
	if (!digit)
		return -EBADMSG;
	if (number.len >= sizeof(uri->user))
		return -E2BIG;
	memcpy(uri->user, number.text, number.len);
	uri->user[number.len] = 0;
	for (const char *q = semicolon ? semicolon : end; q < end;) {
		q++;
		const char *stop = memchr(q, ';', (size_t)(end - q));
		stop = stop ? stop : end;
		const char *equals = memchr(q, '=', (size_t)(stop - q));
		struct lex_span name = {q, (size_t)((equals ? equals : stop) - q)};
		struct lex_span value = {equals ? equals + 1 : NULL, equals ? (size_t)(stop - equals - 1) : 0};
		if (!uri_is_param_text(name) || (equals && !uri_is_param_text(value)))
			return -EBADMSG;
		q = stop;
	}
	return 0;
}

static bool uri_is_scheme(const char *text, size_t len)
{
	if (len == 0 || hex(text[0]) == -1) {
		char c = len ? lower(text[0]) : 0;
		if (c < 'a' || c > 'z')
			return false;
	} else if (text[0] >= '0' && text[0] <= '9') {
		return false;
	}
	for (size_t i = 1; i < len; i++) {
		char c = lower(text[i]);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr("+-.", c)))
			return false;
	}
	return true;
}

int sip_uri_parse(struct sip_uri *uri, const char *text, size_t len)
{
	*uri = (struct sip_uri){.scheme = SIP_SCHEME_OTHER};
	if (len >= SIP_URI_MAX)
		return -E2BIG;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c <= 0x20 || c == 0x7f || c == '<' || c == '>' || c == '"')
			return -EBADMSG;
	}
	const char *colon = memchr(text, ':', len), *end = text + len;
	if (!colon || colon + 1 == end || !uri_is_scheme(text, (size_t)(colon - text)))
		return -EBADMSG;
	memcpy(uri->text, text, len);
	struct lex_span scheme = {text, (size_t)(colon - text)};
	if (lex_span_is(scheme, "sip"))
		uri->scheme = SIP_SCHEME_SIP;
	else if (lex_span_is(scheme, "sips"))
		uri->scheme = SIP_SCHEME_SIPS;
	else if (lex_span_is(scheme, "tel"))
		uri->scheme = SIP_SCHEME_TEL;
	else
		return 0;
	return uri->scheme == SIP_SCHEME_TEL ? uri_parse_tel(uri, colon + 1, end) : uri_parse_sip(uri, colon + 1, end);
}

const char *sip_host_format(char *buf, size_t size, const char *host)
{
	snprintf(buf, size, strchr(host, ':') && host[0] != '[' ? "[%s]" : "%s", host);
	return buf;
}

const char *sip_user_escape(char *buf, size_t size, const char *user)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;
	for (; *user; user++) {
		unsigned char c = (unsigned char)*user;
		bool plain = c != '%' && c != '`' && (lex_is_token_char(c) || strchr("()&=+$,;?/", c));
		if (n + (plain ? 1 : 3) >= size)
			break;
		if (plain) {
			buf[n++] = (char)c;
		} else {
			buf[n++] = '%';
			buf[n++] = digits[c >> 4];
			buf[n++] = digits[c & 15];
		}
	}
	if (size)
		buf[n] = 0;
	return buf;
}
