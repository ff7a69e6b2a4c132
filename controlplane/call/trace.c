#include "call/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIRST_ROOM 8
#define VALUE_MAX  4096 /* bytes of a header value of ours that are looked at */

/* A retransmission has the same bytes. Eight at a time: this runs over every message. */
static uint64_t digest_of(const char *data, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15ull ^ len, word;
	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, data, len);
	h = (h ^ word) * 0xff51afd7ed558ccdull;
	return h ^ h >> 32;
}

/* Printable text of at most size - 1 bytes. */
static void copy(char *buf, size_t size, const char *text, size_t len)
{
	size_t n = len < size ? len : size - 1;
	for (size_t i = 0; i < n; i++)
		buf[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
	buf[n] = 0;
}

/* "sip:user:password@host" becomes "sip:user@host", wherever such a URI stands. */
static size_t drop_passwords(char *text, size_t len)
{
	size_t out = 0, user = 0; /* user: behind the last "sip:" or "sips:"; 0: none is open */
	size_t colon = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		text[out++] = c;
		if (strchr(" <>\"\t", c) || (user && strchr("?", c))) {
			user = colon = 0;
		} else if (c == ':' && !user && out >= 4) {
			bool sip = strncasecmp(&text[out - 4], "sip:", 4) == 0 ||
				   (out >= 5 && strncasecmp(&text[out - 5], "sips:", 5) == 0);
			user = sip ? out : 0;
		} else if (c == ':' && user && !colon) {
			colon = out - 1;
		} else if (c == '@' && user) {
			if (colon) {
				out = colon;
				text[out++] = '@';
			}
			user = colon = 0;
		}
	}
	return out;
}

/* Headers embedded in a URI can be credentials, so none are kept. */
static size_t drop_headers(char *text, size_t len)
{
	char *question = memchr(text, '?', len),
	     *end = question ? memchr(question, '>', len - (size_t)(question - text)) : NULL;
	if (!question)
		return len;
	if (!end)
		return (size_t)(question - text);
	memmove(question, end, len - (size_t)(end - text));
	return len - (size_t)(end - question);
}

/* Without secrets, and only then cut, for what is cut within a password cannot be told any more. */
static void copy_clean(char *buf, size_t size, const char *text, size_t len, bool headers)
{
	char clean[VALUE_MAX];
	size_t n = len < sizeof(clean) ? len : sizeof(clean);
	memcpy(clean, text, n);
	n = drop_passwords(clean, n);
	if (!headers)
		n = drop_headers(clean, n);
	copy(buf, size, clean, n);
}

static size_t line_len(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	size_t n = end ? (size_t)(end - text) : len;
	return n && text[n - 1] == '\r' ? n - 1 : n;
}

static void read_sipfrag(struct trace_message *message, const char *body, size_t len)
{
	copy(message->sipfrag, sizeof(message->sipfrag), body, line_len(body, len));
}

static void read_parsed(struct trace_message *out, struct trace_dialog *dialog, const struct sip_message *message)
{
	const char *refer_to = sip_message_header(message, "Refer-To", NULL);
	out->in_dialog = *message->to.tag;
	snprintf(out->cseq, sizeof(out->cseq), "%u %s", message->cseq, message->cseq_method);
	if (refer_to)
		copy_clean(out->refer_to, sizeof(out->refer_to), refer_to, strlen(refer_to), false);
	if (strcmp(message->content_type, "message/sipfrag") == 0)
		read_sipfrag(out, message->body, message->body_len);
	const char *tag = message->request ? message->to.tag : message->from.tag;
	copy(dialog->call_id, sizeof(dialog->call_id), message->call_id, strlen(message->call_id));
	copy(dialog->local_tag, sizeof(dialog->local_tag), tag, strlen(tag));
}

static bool tag_of(const char *value, size_t len, char *tag, size_t size)
{
	char text[VALUE_MAX];
	copy(text, sizeof(text), value, len);
	return sip_param(text, "tag", tag, size);
}

static bool is(const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
	size_t n = strlen(name);
	if (len < n + 2 || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	*value = line + n + 1;
	*value_len = len - n - 1;
	while (*value_len && **value == ' ') {
		++*value;
		--*value_len;
	}
	return true;
}

/* What we wrote ourselves: long names, one line a header, CRLF. */
static void read_own(struct trace_message *out, struct trace_dialog *dialog, const char *data, size_t len)
{
	bool request = len < 8 || memcmp(data, "SIP/2.0 ", 8) != 0, sipfrag = false;
	const char *at = data, *end = data + len, *value;
	size_t n, value_len;
	while ((at = memchr(at, '\n', (size_t)(end - at))) && ++at < end && (n = line_len(at, (size_t)(end - at)))) {
		char tag[128] = "";
		if (is(at, n, "To", &value, &value_len)) {
			out->in_dialog = tag_of(value, value_len, tag, sizeof(tag));
			if (!request)
				copy(dialog->local_tag, sizeof(dialog->local_tag), tag, strlen(tag));
		} else if (request && is(at, n, "From", &value, &value_len)) {
			tag_of(value, value_len, dialog->local_tag, sizeof(dialog->local_tag));
		} else if (is(at, n, "Call-ID", &value, &value_len)) {
			copy(dialog->call_id, sizeof(dialog->call_id), value, value_len);
		} else if (is(at, n, "CSeq", &value, &value_len)) {
			copy(out->cseq, sizeof(out->cseq), value, value_len);
		} else if (is(at, n, "Refer-To", &value, &value_len)) {
			copy_clean(out->refer_to, sizeof(out->refer_to), value, value_len, false);
		} else if (is(at, n, "Content-Type", &value, &value_len)) {
			sipfrag = value_len >= 15 && strncasecmp(value, "message/sipfrag", 15) == 0;
		}
	}
	const char *body = sipfrag && at ? memchr(at, '\n', (size_t)(end - at)) : NULL;
	if (body)
		read_sipfrag(out, body + 1, (size_t)(end - body - 1));
}

void trace_read(struct trace_message *message, struct trace_dialog *dialog, const struct sip_traffic *traffic)
{
	*message =
	    (struct trace_message){.peer = traffic->peer->remote, .sent = traffic->sent, .repeated = traffic->repeated};
	*dialog = (struct trace_dialog){0};
	message->digest = digest_of(traffic->data, traffic->len);
	copy_clean(message->start_line, sizeof(message->start_line), traffic->data,
		   line_len(traffic->data, traffic->len), true);
	if (traffic->message)
		read_parsed(message, dialog, traffic->message);
	else if (traffic->sent)
		read_own(message, dialog, traffic->data, traffic->len);
}

static bool is_ack(const struct trace_message *message)
{
	return strncmp(message->start_line, "ACK ", 4) == 0;
}

/* The stack knows the rest. An ACK to a 2xx is a transaction of its own each time it is sent. */
static bool came_before(const struct trace *trace, const struct trace_message *message)
{
	bool ack = is_ack(message);
	if (!ack && (message->sent || strncmp(message->start_line, "SIP/2.0 1", 9) != 0))
		return false;
	for (uint32_t i = 0; i < trace_count(trace); i++) {
		const struct trace_message *old = trace_at(trace, i);
		if (old->sent != message->sent || old->leg_kind != message->leg_kind ||
		    old->leg_number != message->leg_number)
			continue;
		if (old->digest == message->digest || (ack && is_ack(old) && strcmp(old->cseq, message->cseq) == 0))
			return true;
	}
	return false;
}

static struct trace *grow(struct trace *trace)
{
	uint32_t room = trace ? trace->room * 2 : FIRST_ROOM;
	struct trace *bigger = realloc(trace, sizeof(*trace) + room * sizeof(trace->messages[0]));
	if (!bigger)
		return NULL;
	if (!trace)
		*bigger = (struct trace){0};
	bigger->room = room;
	return bigger;
}

void trace_add(struct trace **out, const struct trace_message *message)
{
	struct trace *trace = *out;
	bool repeated = message->repeated || came_before(trace, message);
	/* Only what never wrapped can be moved as it is. */
	if (!trace || (trace->count == trace->room && trace->room < TRACE_MESSAGES_MAX && trace->first == 0)) {
		struct trace *bigger = grow(trace);
		if (bigger)
			*out = trace = bigger;
	}
	if (!trace)
		return;
	if (trace->count == trace->room) {
		trace->first = (trace->first + 1) % trace->room;
		trace->count--;
		trace->lost++;
	}
	struct trace_message *place = &trace->messages[(trace->first + trace->count++) % trace->room];
	*place = *message;
	place->repeated = repeated;
}
