/* What the stand-in says. */
#include "standin_inside.h"

#include <stdarg.h>

void standin_put(struct standin_message *message, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(message->text + message->len, STANDIN_MESSAGE_MAX - message->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= STANDIN_MESSAGE_MAX - message->len)
		message->full = true;
	else
		message->len += (size_t)n;
}

void standin_put_header(struct standin_message *message, const struct sip_text *text, const char *name, const char *tag)
{
	int line;
	for (unsigned from = 0; (line = sip_text_find(text, name, from)) >= 0; from = (unsigned)line + 1) {
		struct sip_text_span value = text->lines[line].value;
		standin_put(message, "%s: %.*s", name, (int)value.len, value.at);
		if (tag && !sip_text_param(value, "tag").at)
			standin_put(message, ";tag=%s", tag);
		standin_put(message, "\r\n");
	}
}

void standin_say(struct standin *standin, uint32_t network, const struct xf_sockaddr *from,
		 const struct xf_sockaddr *to, const struct standin_message *message)
{
	if (message->full)
		return;
	standin->said++;
	standin->ops.send(standin->ops.arg, network, from, to, message->text, message->len, false);
}

static const char *reason_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *words;
	} reasons[] = {{180, "Ringing"},
		       {200, "OK"},
		       {404, "Not Found"},
		       {408, "Request Timeout"},
		       {480, "Temporarily Unavailable"},
		       {486, "Busy Here"},
		       {487, "Request Terminated"},
		       {488, "Not Acceptable Here"},
		       {503, "Service Unavailable"},
		       {603, "Decline"}};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].words;
	return status < 200 ? "Progress" : status < 300 ? "OK" : "Refused";
}

/* Answers a request of the gateway's. tag: ours, where it has none yet. sdp NULL: none. */
void standin_answer(struct standin *standin, const struct output *request, unsigned status, const char *tag,
		    const char *sdp, size_t sdp_len)
{
	struct standin_message message = {.len = 0};
	char own[XF_SOCKADDR_STRLEN];
	standin_put(&message, "SIP/2.0 %u %s\r\n", status, reason_of(status));
	standin_put_header(&message, &request->text, "Via", NULL);
	standin_put_header(&message, &request->text, "Record-Route", NULL);
	standin_put_header(&message, &request->text, "From", NULL);
	standin_put_header(&message, &request->text, "To", tag);
	standin_put_header(&message, &request->text, "Call-ID", NULL);
	standin_put_header(&message, &request->text, "CSeq", NULL);
	if (status < 300)
		standin_put(&message, "Contact: <sip:standin@%s>\r\n", xf_sockaddr_format(&request->to, own));
	if (sdp)
		standin_put(&message, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%.*s", sdp_len,
			    (int)sdp_len, sdp);
	else
		standin_put(&message, "Content-Length: 0\r\n\r\n");
	standin_say(standin, request->network, &request->to, &request->from, &message);
}

void standin_note(struct standin *standin, const char *format, ...)
{
	char text[320];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	standin->ops.note(standin->ops.arg, text);
}
