#include "same.h"

#include <stdlib.h>
#include <string.h>
#include "sip/message.h"

static bool inside(struct sip_span span, size_t len)
{
	return span.off + (size_t)span.len <= len;
}

static const char *all_inside(const struct sip_scan *scan, size_t len)
{
	const struct sip_span spans[] = {
	    scan->start_line, scan->method_name,  scan->request_uri, scan->request_user, scan->from_user,
	    scan->to_user,    scan->contact_user, scan->to_tag,	     scan->body,	 scan->cseq_method_name};
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (!inside(spans[i], len))
			return "a span leaves the message";
	if (scan->header_count > SIP_HEADERS_MAX)
		return "too many headers";
	for (unsigned i = 0; i < scan->header_count; i++)
		if (!inside(scan->headers[i].name, len) || !inside(scan->headers[i].value, len) ||
		    scan->headers[i].id >= SIP_HEADER_COUNT)
			return "a header leaves the message";
	for (unsigned id = 1; id < SIP_HEADER_COUNT; id++)
		if (scan->first[id] > scan->header_count ||
		    (scan->first[id] && scan->headers[scan->first[id] - 1].id != id))
			return "the first header of a name is another one's";
	return NULL;
}

const char *same_every_way(struct sip_scan *scan, enum sip_scan_verdict *verdict, const void *data, size_t len)
{
	static struct sip_scan other;
	sip_scan_fn ways[] = {sip_scan_portable, sip_scan_avx2()};
	memset(scan, 0xee, sizeof(*scan));
	*verdict = sip_scan(scan, data, len);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!ways[i])
			continue;
		memset(&other, 0xee, sizeof(other));
		if (ways[i](&other, data, len) != *verdict)
			return i ? "AVX2 gives another verdict" : "portable gives another verdict";
		/* What is refused may have been read to any point. */
		if (*verdict == SIP_SCAN_MESSAGE && memcmp(scan, &other, sizeof(other)) != 0)
			return i ? "AVX2 gives another result" : "portable gives another result";
	}
	if (*verdict >= SIP_SCAN_VERDICT_COUNT)
		return "no verdict of the list";
	return *verdict == SIP_SCAN_MESSAGE ? all_inside(scan, len) : NULL;
}

static bool is_text(const char *data, struct sip_span span, const char *text)
{
	return strlen(text) == span.len && memcmp(data + span.off, text, span.len) == 0;
}

/* As RFC 3261 7.3.1 has it: a fold and the white space round it are one space. */
static size_t unfold(char *to, const char *from, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len;) {
		if (from[i] != '\r') {
			to[n++] = from[i++];
			continue;
		}
		while (n > 0 && (to[n - 1] == ' ' || to[n - 1] == '\t'))
			n--;
		for (i += 2; i < len && (from[i] == ' ' || from[i] == '\t');)
			i++;
		/* A fold right behind a fold. */
		if (i < len && from[i] == '\r')
			continue;
		to[n++] = ' ';
	}
	return n;
}

/* Is it the user part, escaped, of what the control plane has unescaped? A URI that it does not route by is not read.
 */
static bool is_user(const char *data, struct sip_span span, const struct sip_uri *uri)
{
	char user[SIP_MESSAGE_MAX + 1];
	size_t n = 0;
	if (uri->scheme == SIP_SCHEME_OTHER && !uri->text[0])
		return true;
	for (size_t i = 0; i < span.len; i++) {
		const char *c = data + span.off + i;
		user[n] = *c;
		if (*c == '%' && uri->scheme != SIP_SCHEME_TEL && i + 2 < span.len) {
			user[n] = (char)strtoul((char[]){c[1], c[2], 0}, NULL, 16);
			i += 2;
		}
		n++;
	}
	return strlen(uri->user) == n && memcmp(uri->user, user, n) == 0;
}

static const char *same_headers(const struct sip_scan *scan, const struct sip_message *m, const char *data)
{
	char value[SIP_MESSAGE_MAX];
	if (scan->header_count != m->header_count)
		return "number of headers";
	for (unsigned i = 0; i < m->header_count; i++) {
		const struct sip_scan_header *header = &scan->headers[i];
		const struct sip_header *theirs = &m->headers[i];
		if (sip_header_find(theirs->name, strlen(theirs->name)) != header->id)
			return "name of a header";
		if (header->id == SIP_HEADER_OTHER && !is_text(data, header->name, theirs->name))
			return "name of an unknown header";
		if (header->folded != (memchr(data + header->value.off, '\n', header->value.len) != NULL))
			return "fold of a header";
		size_t len = unfold(value, data + header->value.off, header->value.len);
		if (len != theirs->wire_len || memcmp(value, theirs->wire, len) != 0)
			return "value of a header";
	}
	return NULL;
}

static const char *same_fields(const struct sip_scan *scan, const struct sip_message *m, const char *data)
{
	enum sip_class class = !m->request		 ? SIP_CLASS_RESPONSE
			       : m->to.tag[0]		 ? SIP_CLASS_DIALOG
			       : m->method == SIP_INVITE ? SIP_CLASS_INVITE
							 : SIP_CLASS_REQUEST;
	if (scan->request != m->request || (!m->request && scan->status != m->status))
		return "request or response";
	if (m->request && (scan->method != m->method || !is_text(data, scan->method_name, m->method_name)))
		return "method";
	if (m->request && !is_text(data, scan->request_uri, m->ruri_text))
		return "Request-URI";
	if (!m->request && scan->cseq_method != m->method)
		return "method of CSeq";
	if (scan->cseq != m->cseq || !is_text(data, scan->cseq_method_name, m->cseq_method) ||
	    strcmp(scan->cseq_method == SIP_METHOD_OTHER ? m->cseq_method
							 : sip_method_name((enum sip_method)scan->cseq_method),
		   m->cseq_method) != 0)
		return "CSeq";
	if (!is_text(data, sip_scan_value(scan, SIP_HEADER_CALL_ID), m->call_id))
		return "Call-ID";
	if (!is_text(data, scan->to_tag, m->to.tag))
		return "To tag";
	if (scan->class_id != class)
		return "class";
	if (m->request && !is_user(data, scan->request_user, &m->ruri))
		return "user of the Request-URI";
	if (!is_user(data, scan->from_user, &m->from.uri))
		return "user of From";
	if (!is_user(data, scan->to_user, &m->to.uri))
		return "user of To";
	if (m->contact_count && !is_user(data, scan->contact_user, &m->contact.uri))
		return "user of Contact";
	if (scan->body.len != m->body_len || memcmp(data + scan->body.off, m->body, m->body_len) != 0)
		return "body";
	return scan->odd ? "something is odd" : same_headers(scan, m, data);
}

const char *same_as_controlplane(const void *data, size_t len, bool *accepted)
{
	static struct sip_scan scan;
	struct sip_message *m;
	char why[160];
	const char *differs = NULL;
	int rc = sip_message_parse(&m, data, len, why, sizeof(why));
	if (accepted)
		*accepted = rc == 0;
	if (rc == 0)
		differs = sip_scan(&scan, data, len) != SIP_SCAN_MESSAGE ? "the scan refuses it"
									 : same_fields(&scan, m, data);
	sip_message_destroy(m);
	return differs;
}
