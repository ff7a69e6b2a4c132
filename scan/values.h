/* What screening asks of the start line and of some headers; compiled once for each way of scanning (text.h). */
#pragma once

SCAN_FN size_t find1(struct text t, size_t at, size_t end, char x)
{
	return find3(t, at, end, x, x, x);
}

/* "SIP/" and anything, in any case. *known: it is 2.0. */
static inline bool version_read(struct text t, size_t from, size_t end, bool *known)
{
	*known = is_word(t, from, end, "sip/2.0");
	return *known || (end - from > 4 && is_word(t, from, from + 4, "sip/"));
}

/* " SIP/2.0", of 8 bytes. */
static inline bool is_last_word(const uint8_t *p)
{
	return memcmp(p, " SIP/2.0", 8) == 0;
}

SCAN_FN enum sip_scan_verdict status_read(struct sip_scan *scan, struct text t, size_t from, size_t end)
{
	uint32_t status;
	if (end - from < 12 || t.d[from + 11] != ' ' || !number_read(t, from + 8, from + 11, &status) || status < 100 ||
	    status > 699)
		return SIP_SCAN_STATUS;
	scan->request = false;
	scan->status = (uint16_t)status;
	scan->method = SIP_METHOD_OTHER;
	scan->method_name = scan->request_uri = (struct sip_span){0, 0};
	return SIP_SCAN_MESSAGE;
}

/* Spaces too many are told, and the URI is what the outer ones leave. */
SCAN_FN enum sip_scan_verdict request_line_read(struct sip_scan *scan, struct text t, size_t from, size_t end)
{
	size_t space = find1(t, from, end, ' '), stop = end;
	bool known;
	if (space - from > SIP_NAME_MAX)
		return SIP_SCAN_METHOD_LONG;
	unsigned method = names_method(t.d + from, space - from);
	if (method == SIP_METHOD_OTHER && !names_is_token(t.d + from, space - from))
		return SIP_SCAN_START_LINE;
	while (stop > space && is_blank(t.d[stop - 1]))
		stop--;
	size_t version = stop;
	known = stop - space > 8 && is_last_word(t.d + stop - 8);
	if (known)
		version = stop - 7;
	while (version > space && t.d[version - 1] != ' ')
		version--;
	/* The last space must be another one than the first. */
	if (version <= space + 1 || (!known && !version_read(t, version, stop, &known)))
		return SIP_SCAN_START_LINE;
	struct sip_span uri = span_trim(t, space + 1, version - 1);
	size_t uri_end = uri.off + (size_t)uri.len;
	if (uri.len == 0)
		return SIP_SCAN_START_LINE;
	scan->request = true;
	scan->status = 0;
	scan->method = (uint8_t)method;
	scan->method_name = span_of(from, space);
	scan->request_uri = uri;
	if (!known || stop != end || uri.off != space + 1 || uri_end != version - 1 ||
	    find3(t, uri.off, uri_end, ' ', '\t', ' ') < uri_end)
		scan->odd |= SIP_ODD_START_LINE;
	return SIP_SCAN_MESSAGE;
}

SCAN_FN enum sip_scan_verdict start_line_read(struct sip_scan *scan, struct text t, size_t from, size_t end, bool wrong)
{
	scan->start_line = span_of(from, end);
	scan->odd = 0;
	if (end - from > SIP_LINE_MAX)
		return SIP_SCAN_START_LINE_LONG;
	enum sip_scan_verdict verdict = wrong ? controls_check(t, from, end, false) : SIP_SCAN_MESSAGE;
	if (verdict != SIP_SCAN_MESSAGE)
		return verdict;
	if (end - from >= 7 && is_word(t, from, from + 7, "sip/2.0") && (end - from == 7 || t.d[from + 7] == ' '))
		return status_read(scan, t, from, end);
	return request_line_read(scan, t, from, end);
}

static inline bool is_scheme(struct text t, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		uint8_t c = t.d[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		if (!letter && (i == from || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return false;
	}
	return from < end;
}

/* "sip:", of 4 bytes at least. */
static inline bool is_sip_scheme(const uint8_t *p)
{
	static const uint8_t other_case[4] = {0x20, 0x20, 0x20, 0};
	uint32_t word, bits, sip;
	memcpy(&word, p, 4);
	memcpy(&bits, other_case, 4);
	memcpy(&sip, "sip:", 4);
	return (word | bits) == sip;
}

/* The user part of a URI. False: it is no URI. */
SCAN_FN bool uri_user(struct sip_span *user, struct text t, size_t from, size_t end)
{
	size_t start = from + 4;
	*user = (struct sip_span){0, 0};
	if (start >= end || !is_sip_scheme(t.d + from)) {
		size_t colon = find1(t, from, end, ':');
		start = colon + 1;
		if (start >= end || !is_scheme(t, from, colon))
			return false;
		if (is_word(t, from, colon, "tel")) {
			*user = span_of(start, find1(t, start, end, ';'));
			return user->len > 0;
		}
		if (!is_word(t, from, colon, "sips"))
			return true;
	}
	/* The first "@" ends user part and password, which a ":" parts; a ":" without "@" is the port's. */
	size_t stop = find3(t, start, end, '@', ':', '@');
	size_t at = stop < end && t.d[stop] == ':' ? find1(t, stop, end, '@') : stop;
	if (at == end)
		return true;
	*user = span_of(start, stop);
	return user->len > 0;
}

/* Behind the quoted string whose first character is at `at`; 0: it is not closed. */
SCAN_FN size_t quoted_end(struct text t, size_t at, size_t end)
{
	for (at++; (at = find3(t, at, end, '"', '\\', '"')) < end; at += 2)
		if (t.d[at] == '"')
			return at + 1;
	return 0;
}

/* name-addr or addr-spec at the front of a value: its user part, and where parameters begin. `list`: a comma ends it.
 * False: it is none. */
SCAN_FN bool address_read(struct sip_span *user, size_t *params, struct text t, struct sip_span value, bool list)
{
	size_t from = value.off, end = from + value.len, at = from;
	*user = (struct sip_span){0, 0};
	while ((at = find3(t, at, end, '"', '<', list ? ',' : '<')) < end && t.d[at] == '"')
		if (!(at = quoted_end(t, at, end)))
			return false;
	if (at < end && t.d[at] == '<') {
		size_t close = find1(t, at, end, '>');
		*params = close + 1;
		return close < end && uri_user(user, t, at + 1, close);
	}
	*params = find1(t, from, at, ';');
	struct sip_span uri = span_trim(t, from, *params);
	return uri_user(user, t, uri.off, uri.off + (size_t)uri.len);
}

/* The end of the parameter at `at`; 0: a quote or bracket is not closed. */
SCAN_FN size_t param_end(struct text t, size_t at, size_t end)
{
	while ((at = find3(t, at, end, ';', '"', '<')) < end && t.d[at] != ';') {
		if (t.d[at] == '"') {
			at = quoted_end(t, at, end);
			if (!at)
				return 0;
		} else {
			at = find1(t, at, end, '>') + 1;
			if (at > end)
				return 0;
		}
	}
	return at;
}

/* The tag among parameters. False: they are none, or have two. */
SCAN_FN bool tag_read(struct sip_span *tag, struct text t, size_t at, size_t end)
{
	*tag = (struct sip_span){0, 0};
	for (;;) {
		while (at < end && is_space(t.d[at]))
			at++;
		if (at == end)
			return true;
		size_t stop = param_end(t, at + 1, end);
		if (t.d[at] != ';' || !stop)
			return false;
		size_t equals = find1(t, at + 1, stop, '=');
		struct sip_span name = span_trim(t, at + 1, equals);
		if (name.len == 0)
			return false;
		if (is_word(t, name.off, name.off + (size_t)name.len, "tag")) {
			struct sip_span value = span_trim(t, equals < stop ? equals + 1 : stop, stop);
			if (value.len == 0 || tag->len)
				return false;
			*tag = value;
		}
		at = stop;
	}
}

SCAN_FN bool cseq_read(struct sip_scan *scan, struct text t, struct sip_span value)
{
	size_t from = value.off, end = from + value.len, at = from;
	uint64_t number = 0;
	for (; at < end && t.d[at] >= '0' && t.d[at] <= '9' && number <= UINT32_MAX; at++)
		number = number * 10 + (t.d[at] - (unsigned)'0');
	if (at == from || at == end || !is_space(t.d[at]) || number > UINT32_MAX)
		return false;
	struct sip_span name = span_trim(t, at, end);
	unsigned method = names_method(t.d + name.off, name.len);
	if (method == SIP_METHOD_OTHER && !names_is_token(t.d + name.off, name.len))
		return false;
	scan->cseq = (uint32_t)number;
	scan->cseq_method_name = name;
	scan->cseq_method = (uint8_t)method;
	return true;
}

SCAN_FN void body_read(struct sip_scan *scan, struct text t, size_t from)
{
	scan->body = span_of(from, t.len);
	if (!scan->first[SIP_HEADER_CONTENT_LENGTH])
		return;
	struct sip_span value = sip_scan_value(scan, SIP_HEADER_CONTENT_LENGTH);
	uint32_t len;
	if (!number_read(t, value.off, value.off + (size_t)value.len, &len) || len > scan->body.len)
		scan->odd |= SIP_ODD_CONTENT_LENGTH;
	else
		scan->body.len = (uint16_t)len;
}

/* "*", or a list that begins with it, has no user part. */
static inline bool is_star(struct text t, struct sip_span value)
{
	size_t at = value.off, end = at + value.len;
	if (at == end || t.d[at] != '*')
		return false;
	for (at++; at < end && is_space(t.d[at]);)
		at++;
	return at == end || t.d[at] == ',';
}

SCAN_FN void values_read(struct sip_scan *scan, struct text t)
{
	const struct sip_span none = {0, 0};
	size_t params;
	struct sip_span value = scan->request_uri;
	scan->request_user = scan->from_user = scan->to_user = scan->contact_user = scan->to_tag = none;
	if (scan->request && !uri_user(&scan->request_user, t, value.off, value.off + (size_t)value.len))
		scan->odd |= SIP_ODD_REQUEST_URI;
	value = sip_scan_value(scan, SIP_HEADER_FROM);
	if (value.off && !address_read(&scan->from_user, &params, t, value, false))
		scan->odd |= SIP_ODD_FROM;
	value = sip_scan_value(scan, SIP_HEADER_TO);
	if (value.off && (!address_read(&scan->to_user, &params, t, value, false) ||
			  !tag_read(&scan->to_tag, t, params, value.off + (size_t)value.len))) {
		scan->odd |= SIP_ODD_TO;
		scan->to_tag = none;
	}
	value = sip_scan_value(scan, SIP_HEADER_CONTACT);
	if (value.off && !is_star(t, value) && !address_read(&scan->contact_user, &params, t, value, true))
		scan->odd |= SIP_ODD_CONTACT;
	scan->cseq = 0;
	scan->cseq_method = SIP_METHOD_OTHER;
	scan->cseq_method_name = none;
	value = sip_scan_value(scan, SIP_HEADER_CSEQ);
	if (value.off && !cseq_read(scan, t, value))
		scan->odd |= SIP_ODD_CSEQ;
}

SCAN_FN enum sip_scan_verdict message_read(struct sip_scan *scan, struct text t, size_t from)
{
	struct lines lines;
	enum sip_scan_verdict verdict = lines_find(&lines, t, from);
	if (verdict == SIP_SCAN_MESSAGE)
		verdict = start_line_read(scan, t, from, (size_t)lines.lf[0] - 1, lines.wrong);
	if (verdict == SIP_SCAN_MESSAGE)
		verdict = headers_read(scan, t, &lines);
	if (verdict != SIP_SCAN_MESSAGE)
		return verdict;
	values_read(scan, t);
	body_read(scan, t, (size_t)lines.lf[lines.count - 1] + 1);
	scan->class_id = !scan->request		      ? SIP_CLASS_RESPONSE
			 : scan->to_tag.len	      ? SIP_CLASS_DIALOG
			 : scan->method == SIP_INVITE ? SIP_CLASS_INVITE
						      : SIP_CLASS_REQUEST;
	return SIP_SCAN_MESSAGE;
}
