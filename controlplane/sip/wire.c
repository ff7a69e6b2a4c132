#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "sip/lex.h"
#include "sip/txn.h"
#include "xfergate/fault.h"

/* What a UDP datagram over IPv4 can hold. */
#define WIRE_MAX 65507

struct writer {
	char *buf;
	size_t len;
	int error;
};

static void put(struct writer *w, const char *data, size_t len)
{
	if (w->len + len > WIRE_MAX)
		w->error = w->error ? w->error : -E2BIG;
	if (w->error || !len)
		return;
	memcpy(w->buf + w->len, data, len);
	w->len += len;
}

__attribute__((format(printf, 2, 3))) static void putf(struct writer *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(w->buf + w->len, WIRE_MAX - w->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= WIRE_MAX - w->len)
		w->error = w->error ? w->error : -E2BIG;
	if (!w->error)
		w->len += (size_t)n;
}

static bool is_line(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static void put_header(struct writer *w, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	if (!is_line(value))
		w->error = -EINVAL;
	putf(w, "%s: ", name);
	put(w, value, strlen(value));
	put(w, "\r\n", 2);
}

/* Whole lines, each "name: value" with its CRLF. */
static void put_lines(struct writer *w, const char *lines)
{
	for (const char *p = lines ? lines : ""; *p;) {
		const char *stop = strstr(p, "\r\n"), *colon = strchr(p, ':');
		if (!stop || !colon || colon > stop || !lex_is_token(p, (size_t)(colon - p))) {
			w->error = -EINVAL;
			return;
		}
		for (const char *q = colon; q < stop; q++)
			if (((unsigned char)*q < 0x20 && *q != '\t') || *q == 0x7f)
				w->error = -EINVAL;
		put(w, p, (size_t)(stop + 2 - p));
		p = stop + 2;
	}
}

static void put_body(struct writer *w, const char *type, const char *body, size_t len)
{
	if (!body)
		len = 0;
	if (type && !is_line(type))
		w->error = -EINVAL;
	if (len)
		put_header(w, "Content-Type", type);
	putf(w, "Content-Length: %zu\r\n\r\n", len);
	put(w, body, len);
}

static int finish(struct writer *w)
{
	if (w->error)
		return w->error;
	w->buf[w->len] = 0;
	return (int)w->len;
}

int wire_request(struct sip_stack *stack, const struct sip_request *request, const char *method, uint32_t network,
		 const char *branch)
{
	struct writer w = {.buf = stack->out};
	const char *ruri = request->ruri;
	if (!ruri || !ruri[0] || !is_line(ruri) || strchr(ruri, ' ') || !request->from || !request->to ||
	    !request->call_id || !request->from[0] || !request->to[0] || !request->call_id[0])
		return -EINVAL;
	putf(&w, "%s ", method);
	put(&w, ruri, strlen(ruri));
	putf(&w, " SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\n", stack->networks[network].sent_by, branch);
	put_header(&w, "Route", request->route);
	putf(&w, "Max-Forwards: %u\r\n", request->max_forwards);
	put_header(&w, "From", request->from);
	put_header(&w, "To", request->to);
	put_header(&w, "Call-ID", request->call_id);
	putf(&w, "CSeq: %u %s\r\n", request->cseq, method);
	put_header(&w, "Contact", request->contact);
	put_header(&w, "User-Agent", stack->user_agent);
	put_lines(&w, request->headers);
	put_body(&w, request->content_type, request->body, request->body_len);
	return finish(&w);
}

/* The topmost Via with our received and rport, without those that it brought. */
static void put_top_via(struct writer *w, const struct sip_via *via, const struct sip_hop *from)
{
	char addr[XF_ADDR_STRLEN];
	const char *end = via->text + strlen(via->text);
	const char *p = lex_find(via->text, end, ";");
	struct lex_span name, value;
	p = p ? p : end;
	put(w, "Via: ", 5);
	put(w, via->text, (size_t)(p - via->text));
	for (const char *begin = p; lex_param(&p, end, &name, &value) > 0; begin = p)
		if (!lex_span_is(name, "received") && !lex_span_is(name, "rport"))
			put(w, begin, (size_t)(p - begin));
	xf_addr_format(&from->remote.addr, addr);
	if (via->rport || strcasecmp(via->host, addr) != 0)
		putf(w, ";received=%s", addr);
	if (via->rport)
		putf(w, ";rport=%u", from->remote.port);
	put(w, "\r\n", 2);
}

static void put_echo(struct writer *w, const struct sip_message *request, const char *name)
{
	for (unsigned i = 0; i < request->header_count; i++) {
		const struct sip_header *header = &request->headers[i];
		if (strcasecmp(header->name, name) != 0)
			continue;
		putf(w, "%s: ", name);
		put(w, header->wire, header->wire_len);
		put(w, "\r\n", 2);
		/* A request that is refused because it has two of them gets the first one back. */
		if (strcmp(name, "Record-Route") != 0)
			break;
	}
}

static void put_to(struct writer *w, const struct sip_message *request, const char *tag)
{
	for (unsigned i = 0; i < request->header_count; i++) {
		const struct sip_header *header = &request->headers[i];
		if (strcasecmp(header->name, "To") != 0)
			continue;
		put(w, "To: ", 4);
		put(w, header->wire, header->wire_len);
		if (tag && tag[0] && !request->to.tag[0])
			putf(w, ";tag=%s", tag);
		put(w, "\r\n", 2);
		return;
	}
}

int wire_response(struct sip_stack *stack, const struct sip_message *request, const struct sip_hop *from,
		  const struct sip_reply *reply, const char *to_tag)
{
	struct writer w = {.buf = stack->out};
	const char *reason = reply->reason ? reply->reason : sip_reason(reply->status);
	if (!is_line(reason) || (to_tag && to_tag[0] && !lex_is_token(to_tag, strlen(to_tag))))
		return -EINVAL;
	putf(&w, "SIP/2.0 %d ", reply->status);
	put(&w, reason, strlen(reason));
	put(&w, "\r\n", 2);
	put_top_via(&w, &request->via[0], from);
	for (unsigned i = 1; i < request->via_count; i++)
		put_header(&w, "Via", request->via[i].text);
	put_echo(&w, request, "From");
	put_to(&w, request, to_tag);
	put_echo(&w, request, "Call-ID");
	put_echo(&w, request, "CSeq");
	if (reply->status == 100)
		put_echo(&w, request, "Timestamp"); /* RFC 3261 8.2.6.1 */
	if (request->method == SIP_INVITE && reply->status > 100 && reply->status < 300)
		put_echo(&w, request, "Record-Route");
	put_header(&w, "Contact", reply->contact);
	if (reply->status > 100)
		put_header(&w, "Server", stack->user_agent);
	put_lines(&w, reply->headers);
	put_body(&w, reply->content_type, reply->body, reply->body_len);
	return finish(&w);
}

struct sip_hop wire_return_hop(const struct sip_message *request, const struct sip_hop *from)
{
	struct sip_hop to = *from;
	if (!request->via[0].rport)
		to.remote.port = request->via[0].port ? request->via[0].port : 5060;
	if (XF_FAULT("answers-go-to-via"))
		xf_addr_parse(&to.remote.addr, request->via[0].host);
	return to;
}

const char *sip_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {100, "Trying"},
	    {180, "Ringing"},
	    {181, "Call Is Being Forwarded"},
	    {182, "Queued"},
	    {183, "Session Progress"},
	    {199, "Early Dialog Terminated"},
	    {200, "OK"},
	    {202, "Accepted"},
	    {302, "Moved Temporarily"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {406, "Not Acceptable"},
	    {407, "Proxy Authentication Required"},
	    {408, "Request Timeout"},
	    {410, "Gone"},
	    {413, "Request Entity Too Large"},
	    {415, "Unsupported Media Type"},
	    {416, "Unsupported URI Scheme"},
	    {420, "Bad Extension"},
	    {421, "Extension Required"},
	    {422, "Session Interval Too Small"},
	    {423, "Interval Too Brief"},
	    {480, "Temporarily Unavailable"},
	    {481, "Call/Transaction Does Not Exist"},
	    {482, "Loop Detected"},
	    {483, "Too Many Hops"},
	    {484, "Address Incomplete"},
	    {485, "Ambiguous"},
	    {486, "Busy Here"},
	    {487, "Request Terminated"},
	    {488, "Not Acceptable Here"},
	    {489, "Bad Event"},
	    {491, "Request Pending"},
	    {500, "Server Internal Error"},
	    {501, "Not Implemented"},
	    {502, "Bad Gateway"},
	    {503, "Service Unavailable"},
	    {504, "Server Time-out"},
	    {505, "Version Not Supported"},
	    {513, "Message Too Large"},
	    {600, "Busy Everywhere"},
	    {603, "Decline"},
	    {604, "Does Not Exist Anywhere"},
	    {606, "Not Acceptable"},
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	static const char *const classes[] = {"Progress",	 "Success",	   "Redirection",
					      "Request Failure", "Server Failure", "Global Failure"};
	return status >= 100 && status < 700 ? classes[status / 100 - 1] : "Unknown";
}

static size_t length_of(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *take(char **at, const char *text)
{
	if (!text)
		return NULL;
	size_t len = strlen(text) + 1;
	char *out = memcpy(*at, text, len);
	*at += len;
	return out;
}

struct sip_request *wire_copy_request(const struct sip_request *request)
{
	size_t body_len = request->body ? request->body_len : 0;
	struct sip_request *out =
	    malloc(sizeof(*out) + length_of(request->ruri) + length_of(request->from) + length_of(request->to) +
		   length_of(request->call_id) + length_of(request->route) + length_of(request->contact) +
		   length_of(request->headers) + length_of(request->content_type) + body_len + 1);
	if (!out)
		return NULL;
	char *at = (char *)(out + 1);
	*out = *request;
	out->ruri = take(&at, request->ruri);
	out->from = take(&at, request->from);
	out->to = take(&at, request->to);
	out->call_id = take(&at, request->call_id);
	out->route = take(&at, request->route);
	out->contact = take(&at, request->contact);
	out->headers = take(&at, request->headers);
	out->content_type = take(&at, request->content_type);
	if (request->body) {
		memcpy(at, request->body, body_len);
		at[body_len] = 0;
		out->body = at;
	}
	return out;
}

int sip_headers_add(char *buf, size_t size, const char *name, const char *format, ...)
{
	size_t used = strlen(buf), left = size - used;
	if (!lex_is_token(name, strlen(name)))
		return -EINVAL;
	int head = snprintf(buf + used, left, "%s: ", name);
	if (head < 0 || (size_t)head >= left) {
		buf[used] = 0;
		return -E2BIG;
	}
	va_list args;
	va_start(args, format);
	int value = vsnprintf(buf + used + head, left - (size_t)head, format, args);
	va_end(args);
	size_t end = used + (size_t)head + (size_t)(value < 0 ? 0 : value);
	int rc = value < 0 || end + 2 >= size ? -E2BIG : is_line(buf + used + head) ? 0 : -EINVAL;
	if (rc < 0)
		buf[used] = 0;
	else
		memcpy(buf + end, "\r\n", 3);
	return rc;
}
