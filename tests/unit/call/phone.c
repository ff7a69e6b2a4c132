#include "net.h"

#include <criterion/criterion.h>
#include <stdlib.h>

void phone_init(struct phone *phone, struct net *net, const char *address)
{
	static unsigned count;
	*phone =
	    (struct phone){.net = net, .address = address, .media_port = 20000 + 2 * (++count % 20000), .cseq = 100};
	snprintf(phone->tag, sizeof(phone->tag), "phone%u", count);
	snprintf(phone->call_id, sizeof(phone->call_id), "call-%u@%s", count, address);
}

const char *phone_sdp(const struct phone *phone, const char *direction)
{
	static char sdp[4][512];
	static unsigned next;
	char *buf = sdp[next++ % 4];
	snprintf(buf, sizeof(sdp[0]),
		 "v=0\r\no=secret 1 1 IN IP4 %s\r\ns=secret\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 0 101\r\n"
		 "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=%s\r\n",
		 phone->address, phone->address, phone->media_port, direction);
	return buf;
}

static const char *gateway_of(const char *address)
{
	return *address == '1' && address[2] == '2' ? "192.0.2.1" : address[1] == '9' ? "198.51.100.1" : "203.0.113.1";
}

static const char *contact(const struct phone *phone)
{
	static char uri[64];
	snprintf(uri, sizeof(uri), "sip:phone@%s", phone->address);
	return phone->contact ? phone->contact : uri;
}

static void send_request(struct phone *phone, const char *method, unsigned cseq, const char *target, const char *extra,
			 const char *sdp)
{
	char text[8192], to_tag[160] = "";
	static unsigned branch;
	if (*phone->remote_tag)
		snprintf(to_tag, sizeof(to_tag), ";tag=%s", phone->remote_tag);
	snprintf(text, sizeof(text),
		 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKphone%u;rport\r\nMax-Forwards: 70\r\n"
		 "From: <%s>;tag=%s\r\nTo: <%s>%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContact: <%s>\r\n%s%s"
		 "Content-Length: %zu\r\n\r\n%s",
		 method, target, phone->address, ++branch, phone->from, phone->tag, phone->to, to_tag, phone->call_id,
		 cseq, method, contact(phone), extra ? extra : "", sdp ? "Content-Type: application/sdp\r\n" : "",
		 sdp ? strlen(sdp) : 0, sdp ? sdp : "");
	net_say(phone->net, phone->address, text);
}

void phone_invite(struct phone *phone, const char *from, const char *number, const char *sdp, const char *extra)
{
	snprintf(phone->from, sizeof(phone->from), "sip:%s@secret.caller.example", from);
	snprintf(phone->to, sizeof(phone->to), "sip:%s@%s", number, gateway_of(phone->address));
	send_request(phone, "INVITE", ++phone->cseq, phone->to, extra, sdp);
}

const struct sip_message *phone_connected(struct phone *phone, const char *ack_sdp)
{
	const struct sip_message *ok = net_hear(phone->net, phone->address, "200 INVITE");
	cr_assert_not_null(ok, "%s is not connected", phone->address);
	snprintf(phone->remote_tag, sizeof(phone->remote_tag), "%s", ok->to.tag);
	snprintf(phone->remote_target, sizeof(phone->remote_target), "%s", ok->contact.uri.text);
	send_request(phone, "ACK", ok->cseq, phone->remote_target, NULL, ack_sdp);
	return ok;
}

const struct sip_message *phone_rung(struct phone *phone)
{
	const struct sip_message *invite = net_hear(phone->net, phone->address, "INVITE");
	cr_assert_not_null(invite, "no INVITE came to %s", phone->address);
	phone->invite = invite;
	snprintf(phone->call_id, sizeof(phone->call_id), "%s", invite->call_id);
	snprintf(phone->remote_tag, sizeof(phone->remote_tag), "%s", invite->from.tag);
	snprintf(phone->remote_target, sizeof(phone->remote_target), "%s", invite->contact.uri.text);
	snprintf(phone->from, sizeof(phone->from), "%s", invite->to.uri.text);
	snprintf(phone->to, sizeof(phone->to), "%s", invite->from.uri.text);
	return invite;
}

void phone_answer(struct phone *phone, const struct sip_message *request, int status, const char *extra,
		  const char *sdp)
{
	char text[8192], tag[64] = "";
	if (status > 100)
		snprintf(tag, sizeof(tag), ";tag=%s", phone->tag);
	snprintf(text, sizeof(text),
		 "SIP/2.0 %d Answer\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		 "Contact: <%s>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
		 status, request->via[0].text, request->from.text, request->to.text, *request->to.tag ? "" : tag,
		 request->call_id, request->cseq, request->method_name, contact(phone), extra ? extra : "",
		 sdp ? "Content-Type: application/sdp\r\n" : "", sdp ? strlen(sdp) : 0, sdp ? sdp : "");
	net_say(phone->net, phone->address, text);
}

void phone_ack(struct phone *phone, unsigned cseq, const char *sdp)
{
	send_request(phone, "ACK", cseq, phone->remote_target, NULL, sdp);
}

void phone_request(struct phone *phone, const char *method, const char *extra, const char *sdp)
{
	send_request(phone, method, ++phone->cseq, phone->remote_target, extra, sdp);
}

const struct sip_message *phone_ok(struct phone *phone, const char *method)
{
	const struct sip_message *request = net_hear(phone->net, phone->address, method);
	cr_assert_not_null(request, "no %s came to %s", method, phone->address);
	phone_answer(phone, request, 200, NULL, NULL);
	return request;
}
