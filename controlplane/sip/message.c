#include "sip/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "sip/address.h"
#include "sip/agree.h"
#include "sip/lex.h"
#include "sip/scan.h"

struct message_storage {
	struct sip_message message; /* first: message->storage points to the whole */
	struct arena arena;
};

/* What one reading works on. */
struct reading {
	struct sip_message *message;
	struct arena *arena;
	struct scan scan;
	struct scan_error error;
};

static enum sip_method method_of(const char *name)
{
	for (int i = 0; i < SIP_METHOD_OTHER; i++)
		if (strcmp(name, sip_method_name((enum sip_method)i)) == 0) /* case counts: RFC 3261 7.1 */
			return (enum sip_method)i;
	return SIP_METHOD_OTHER;
}

const char *sip_message_header(const struct sip_message *message, const char *name, unsigned *count)
{
	const char *first = NULL;
	unsigned n = 0;
	for (unsigned i = 0; i < message->header_count; i++) {
		if (strcasecmp(message->headers[i].name, name) != 0)
			continue;
		if (n++ == 0)
			first = message->headers[i].value;
		if (!count)
			break;
	}
	if (count)
		*count = n;
	return first;
}

bool sip_message_lists(const struct sip_message *message, const char *name, const char *token)
{
	for (unsigned i = 0; i < message->header_count; i++) {
		if (strcasecmp(message->headers[i].name, name) != 0)
			continue;
		const char *p = message->headers[i].value, *end = p + strlen(p);
		while (p < end) {
			const char *comma = lex_find(p, end, ",");
			if (!comma)
				break;
			if (lex_span_is(lex_trim(p, comma), token))
				return true;
			p = comma + 1;
		}
	}
	return false;
}

static char *copy(struct reading *r, const char *text, size_t len)
{
	char *out = arena_copy(r->arena, text, len);
	if (!out)
		scan_fail(&r->error, -ENOMEM, "no memory");
	return out;
}

/* "SIP/2.0", 1 if it is another version, else -EBADMSG. */
static int version_of(struct lex_span text)
{
	if (lex_span_is(text, "SIP/2.0"))
		return 0;
	const char *dot = memchr(text.text, '.', text.len);
	unsigned long number;
	if (text.len < 7 || strncasecmp(text.text, "SIP/", 4) != 0 || !dot ||
	    !lex_number(text.text + 4, (size_t)(dot - text.text - 4), UINT32_MAX, &number) ||
	    !lex_number(dot + 1, (size_t)(text.text + text.len - dot - 1), UINT32_MAX, &number))
		return -EBADMSG;
	return 1;
}

static void read_status_line(struct reading *r, const char *p, const char *end)
{
	unsigned long status;
	r->message->request = false;
	r->message->reason = "";
	if (end - p < 12 || p[7] != ' ' || p[11] != ' ' || !lex_number(p + 8, 3, 699, &status) || status < 100) {
		scan_fail(&r->error, -EBADMSG, "status line is not \"SIP/2.0 code reason\"");
		return;
	}
	r->message->status = (int)status;
	r->message->reason = p + 12;
}

static void read_request_line(struct reading *r, const char *p, const char *end)
{
	struct sip_message *message = r->message;
	const char *space = memchr(p, ' ', (size_t)(end - p));
	const char *uri = space ? space + 1 : end;
	const char *last = memchr(uri, ' ', (size_t)(end - uri));
	message->request = true;
	message->method = SIP_METHOD_OTHER;
	message->method_name = "";
	message->ruri_text = "";
	message->ruri.scheme = SIP_SCHEME_OTHER;
	if (!space || !lex_is_token(p, (size_t)(space - p))) {
		scan_fail(&r->error, -EBADMSG, "start line does not begin with a method");
		return;
	}
	if (space - p > SIP_NAME_MAX)
		scan_fail(&r->error, -E2BIG, "a method of more than %d bytes", SIP_NAME_MAX);
	message->method_name = copy(r, p, (size_t)(space - p));
	if (!message->method_name)
		return;
	message->method = method_of(message->method_name);
	if (!last || memchr(last + 1, ' ', (size_t)(end - last - 1))) {
		scan_fail(&r->error, -EBADMSG, "start line is not \"method URI version\" with one space between");
		return;
	}
	int version = version_of((struct lex_span){last + 1, (size_t)(end - last - 1)});
	if (version != 0)
		scan_fail(&r->error, version > 0 ? -EPROTONOSUPPORT : -EBADMSG, "version is not SIP/2.0");
	message->ruri_text = copy(r, uri, (size_t)(last - uri));
	if (!message->ruri_text)
		return;
	int rc = sip_uri_parse(&message->ruri, message->ruri_text, (size_t)(last - uri));
	if (rc < 0)
		scan_fail(&r->error, -EBADMSG, "Request-URI %s",
			  rc == -E2BIG	  ? "is too long"
			  : rc == -EILSEQ ? "escapes control characters"
					  : "is no URI");
	else if (message->ruri.headers)
		scan_fail(&r->error, -EBADMSG, "Request-URI has headers");
	else if (!agree_uri(&message->ruri, message->ruri_text))
		scan_fail(&r->error, -EBADMSG, "Request-URI can be read in two ways");
}

static const char *single(struct reading *r, const char *name)
{
	const char *value = sip_message_header(r->message, name, NULL);
	if (!value)
		scan_fail(&r->error, -EBADMSG, "no %s", name);
	return value;
}

static void check_repeats(struct reading *r)
{
	for (unsigned i = 0; i < r->message->header_count; i++) {
		const char *name = r->message->headers[i].name;
		unsigned count;
		if (!scan_is_single(name))
			continue;
		sip_message_header(r->message, name, &count);
		if (count > 1) {
			scan_fail(&r->error, -EBADMSG, "%s occurs %u times", name, count);
			return;
		}
	}
}

static void read_address(struct reading *r, const char *name, const char *value, struct sip_address *address)
{
	size_t size = strlen(value) + 2;
	char *scratch = arena_alloc(r->arena, size);
	if (!scratch) {
		scan_fail(&r->error, -ENOMEM, "no memory");
		return;
	}
	if (address_read(address, value, scratch, size) == -EBADMSG)
		scan_fail(&r->error, -EBADMSG, "%s is no address", name);
	else if (!agree_address(address))
		scan_fail(&r->error, -EBADMSG, "%s can be read in two ways", name);
}

/* Calls take for each comma-separated value of all headers of that name, copied. Stops when take says false. */
static void each_value(struct reading *r, const char *name, bool (*take)(struct reading *r, const char *value))
{
	for (unsigned i = 0; i < r->message->header_count; i++) {
		if (strcasecmp(r->message->headers[i].name, name) != 0)
			continue;
		const char *p = r->message->headers[i].value, *end = p + strlen(p);
		for (;;) {
			const char *comma = lex_find(p, end, ",");
			struct lex_span span = lex_trim(p, comma ? comma : end);
			if (!comma || span.len == 0) {
				scan_fail(&r->error, -EBADMSG, "%s has %s", name,
					  comma ? "an empty value" : "an open quote or bracket");
				break;
			}
			char *value = copy(r, span.text, span.len);
			if (!value || !take(r, value))
				return;
			if (comma == end)
				break;
			p = comma + 1;
		}
	}
}

static bool take_via(struct reading *r, const char *value)
{
	struct sip_message *message = r->message;
	size_t size = strlen(value) + 2;
	char *scratch = arena_alloc(r->arena, size);
	if (!scratch) {
		scan_fail(&r->error, -ENOMEM, "no memory");
		return false;
	}
	if (message->via_count == SIP_VIA_MAX) {
		scan_fail(&r->error, -E2BIG, "more than %d Vias", SIP_VIA_MAX);
		return false;
	}
	struct sip_via *via = &message->via[message->via_count++];
	if (via_read(via, value, scratch, size) < 0)
		scan_fail(&r->error, -EBADMSG, "Via %u is malformed", message->via_count);
	else if (!agree_via(via))
		scan_fail(&r->error, -EBADMSG, "Via %u can be read in two ways", message->via_count);
	return true;
}

static bool take_contact(struct reading *r, const char *value)
{
	struct sip_message *message = r->message;
	/* A display name may begin so, and libosip2 reads no further. */
	if (value[0] == '*' && value[1])
		scan_fail(&r->error, -EBADMSG, "Contact can be read in two ways");
	if (message->contact_count++ == 0) {
		if (strcmp(value, "*") == 0)
			message->contact.text = value;
		else
			read_address(r, "Contact", value, &message->contact);
		return true;
	}
	struct sip_address other;
	read_address(r, "Contact", value, &other);
	return message->contact_count < SIP_HEADERS_MAX;
}

static bool take_record_route(struct reading *r, const char *value)
{
	struct sip_message *message = r->message;
	if (message->record_route_count == SIP_ROUTE_MAX) {
		scan_fail(&r->error, -E2BIG, "more than %d Record-Routes", SIP_ROUTE_MAX);
		return false;
	}
	struct sip_address hop;
	if (!memchr(value, '<', strlen(value)))
		scan_fail(&r->error, -EBADMSG, "Record-Route without <>");
	else
		read_address(r, "Record-Route", value, &hop);
	if (!r->error.code && hop.uri.scheme != SIP_SCHEME_SIP && hop.uri.scheme != SIP_SCHEME_SIPS)
		scan_fail(&r->error, -EBADMSG, "Record-Route is no SIP URI");
	message->record_route[message->record_route_count++] = value;
	return true;
}

static bool take_route(struct reading *r, const char *value)
{
	return ++r->message->route_count <= SIP_HEADERS_MAX;
}

static void read_cseq(struct reading *r, const char *value)
{
	struct sip_message *message = r->message;
	const char *end = value + strlen(value), *space = value + strcspn(value, " \t");
	struct lex_span method = lex_trim(space, end);
	unsigned long number;
	message->cseq_method = "";
	if (!lex_number(value, (size_t)(space - value), UINT32_MAX, &number) ||
	    !lex_is_token(method.text, method.len)) {
		scan_fail(&r->error, -EBADMSG, "CSeq is not \"number method\" with a number below 2^32");
		return;
	}
	message->cseq = (uint32_t)number;
	message->cseq_method = copy(r, method.text, method.len);
	if (!message->cseq_method)
		return;
	if (!agree_cseq(message->cseq, message->cseq_method, value))
		scan_fail(&r->error, -EBADMSG, "CSeq can be read in two ways");
	if (!message->request) {
		message->method_name = message->cseq_method;
		message->method = method_of(message->cseq_method);
	} else if (strcmp(message->cseq_method, message->method_name) != 0) {
		scan_fail(&r->error, -EBADMSG, "CSeq names another method");
	}
}

static void read_body(struct reading *r)
{
	struct sip_message *message = r->message;
	const char *value = sip_message_header(message, "Content-Length", NULL);
	unsigned long len = r->scan.rest_len;
	if (value && !lex_number(value, strlen(value), UINT32_MAX, &len)) {
		scan_fail(&r->error, -EBADMSG, "Content-Length is no number");
		return;
	}
	if (len > r->scan.rest_len) {
		scan_fail(&r->error, -EBADMSG, "Content-Length is larger than the body");
		return;
	}
	message->body = copy(r, r->scan.rest, len);
	message->body_len = message->body ? len : 0;
}

static void read_small(struct reading *r)
{
	struct sip_message *message = r->message;
	unsigned long number;
	const char *value = sip_message_header(message, "Max-Forwards", NULL);
	message->max_forwards = -1;
	if (value && lex_number(value, strlen(value), 65535, &number))
		message->max_forwards = (int)number;
	else if (value)
		scan_fail(&r->error, -EBADMSG, "Max-Forwards is no number");
	value = sip_message_header(message, "Content-Type", NULL);
	if (!value)
		return;
	const char *end = value + strlen(value), *stop = lex_find(value, end, ";");
	const char *slash = stop ? memchr(value, '/', (size_t)(stop - value)) : NULL;
	/* "application / sdp" is legal, and is the same. */
	struct lex_span type = lex_trim(value, slash ? slash : value),
			subtype = lex_trim(slash ? slash + 1 : end, stop ? stop : end);
	if (!slash || !lex_is_token(type.text, type.len) || !lex_is_token(subtype.text, subtype.len)) {
		scan_fail(&r->error, -EBADMSG, "Content-Type is no media type");
		return;
	}
	char *out = arena_alloc(r->arena, type.len + subtype.len + 2);
	if (!out) {
		scan_fail(&r->error, -ENOMEM, "no memory");
		return;
	}
	snprintf(out, type.len + subtype.len + 2, "%.*s/%.*s", (int)type.len, type.text, (int)subtype.len,
		 subtype.text);
	for (char *p = out; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	message->content_type = out;
}

static bool call_id_ok(const char *value)
{
	for (const char *p = value; *p; p++)
		if (*p == ' ' || *p == '\t' || *p == ',')
			return false;
	return value[0] != 0;
}

/* How many values the headers of that name hold at most. */
static size_t room_for(const struct sip_message *message, const char *name, size_t max)
{
	size_t count = 0;
	for (unsigned i = 0; i < message->header_count; i++) {
		if (strcasecmp(message->headers[i].name, name) != 0)
			continue;
		count++;
		for (const char *p = message->headers[i].value; *p; p++)
			count += *p == ',';
	}
	return count < max ? count : max;
}

static void read_headers(struct reading *r)
{
	struct sip_message *message = r->message;
	check_repeats(r);
	message->via = arena_alloc(r->arena, room_for(message, "Via", SIP_VIA_MAX) * sizeof(*message->via));
	message->record_route =
	    arena_alloc(r->arena, room_for(message, "Record-Route", SIP_ROUTE_MAX) * sizeof(*message->record_route));
	if (!message->via || !message->record_route) {
		scan_fail(&r->error, -ENOMEM, "no memory");
		return;
	}
	each_value(r, "Via", take_via);
	if (message->via_count == 0)
		scan_fail(&r->error, -EBADMSG, "no Via");
	const char *value = single(r, "From");
	if (value)
		read_address(r, "From", value, &message->from);
	value = single(r, "To");
	if (value)
		read_address(r, "To", value, &message->to);
	message->call_id = single(r, "Call-ID");
	if (message->call_id && !call_id_ok(message->call_id))
		scan_fail(&r->error, -EBADMSG, "Call-ID is malformed");
	value = single(r, "CSeq");
	if (value)
		read_cseq(r, value);
	each_value(r, "Contact", take_contact);
	each_value(r, "Record-Route", take_record_route);
	each_value(r, "Route", take_route);
	read_small(r);
	read_body(r);
}

static bool is_response(const struct scan *scan)
{
	return scan->start_len >= 7 && strncasecmp(scan->start_line, "SIP/2.0", 7) == 0 &&
	       (scan->start_len == 7 || scan->start_line[7] == ' ');
}

/* May a refusal be sent? Only with all that must be echoed, and a first Via that says where it came from. */
static bool answerable(const struct reading *r)
{
	const struct sip_message *message = r->message;
	return message->request && message->via_count > 0 && message->via[0].host && message->via[0].host[0] &&
	       message->call_id && message->from.text && message->to.text &&
	       sip_message_header(message, "CSeq", NULL) && message->method != SIP_ACK &&
	       (!message->cseq_method || strcmp(message->cseq_method, "ACK") != 0);
}

int sip_message_parse(struct sip_message **out, const char *data, size_t len, char *why, size_t why_size)
{
	*out = NULL;
	if (why_size)
		why[0] = 0;
	struct message_storage *storage = calloc(1, sizeof(*storage));
	if (!storage) {
		if (why_size)
			snprintf(why, why_size, "no memory");
		return -ENOMEM;
	}
	struct sip_message *message = &storage->message;
	struct reading r = {.message = message, .arena = &storage->arena, .error = {.why = why, .why_size = why_size}};
	message->storage = storage;
	message->content_type = "";
	message->body = "";
	message->contact = (struct sip_address){.uri.scheme = SIP_SCHEME_OTHER, .display = "", .tag = "", .text = ""};
	message->max_forwards = -1;
	int rc = scan_message(&r.scan, r.arena, data, len, &r.error);
	if (rc == 0) {
		const char *line = r.scan.start_line, *end = line + r.scan.start_len;
		message->headers = r.scan.headers;
		message->header_count = r.scan.header_count;
		if (is_response(&r.scan))
			read_status_line(&r, line, end);
		else
			read_request_line(&r, line, end);
		read_headers(&r);
		rc = r.error.code;
	}
	if (rc == 0 || (rc != -ENOMEM && answerable(&r)))
		*out = message;
	else
		sip_message_destroy(message);
	return rc;
}

void sip_message_destroy(struct sip_message *message)
{
	if (!message)
		return;
	struct message_storage *storage = message->storage;
	arena_fini(&storage->arena);
	free(storage);
}
