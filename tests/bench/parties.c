#include "parties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "turns.h"

/* What a party hears: its lines are found once, and answered by copying them. */
struct heard {
	int status; /* 0: a request */
	char method[16];
	unsigned cseq;
	char via[256], from[256], to[256], call_id[128], contact[256];
	const char *text;
};

static bool header(const char *text, const char *name, char *value, size_t size)
{
	char line[32];
	snprintf(line, sizeof(line), "\r\n%s: ", name);
	const char *at = strstr(text, line);
	if (!at)
		return false;
	at += strlen(line);
	snprintf(value, size, "%.*s", (int)strcspn(at, "\r"), at);
	return true;
}

static void heard_read(struct heard *heard, const char *text)
{
	char cseq[64];
	*heard = (struct heard){.text = text};
	bool whole = header(text, "Via", heard->via, sizeof(heard->via)) &&
		     header(text, "From", heard->from, sizeof(heard->from)) &&
		     header(text, "To", heard->to, sizeof(heard->to)) &&
		     header(text, "Call-ID", heard->call_id, sizeof(heard->call_id)) &&
		     header(text, "CSeq", cseq, sizeof(cseq)) &&
		     sscanf(cseq, "%u %15s", &heard->cseq, heard->method) == 2;
	turns_require(whole, "a header is missing in:\n%s", text);
	header(text, "Contact", heard->contact, sizeof(heard->contact));
	if (sscanf(text, "SIP/2.0 %d", &heard->status) != 1)
		heard->status = 0;
}

/* The number of the call: the four digits behind `mark`. */
static struct call_script *script_of(struct parties *p, const char *text, const char *mark)
{
	unsigned number;
	const char *at = strstr(text, mark);
	turns_require(at && sscanf(at + strlen(mark), "%4u", &number) == 1 && number < p->calls, "whose is this?\n%s",
		      text);
	return &p->script[number];
}

static unsigned number_of(const struct parties *p, const struct call_script *script)
{
	return (unsigned)(script - p->script);
}

static const char *sdp(const char *address, unsigned number)
{
	static char text[512];
	snprintf(text, sizeof(text),
		 "v=0\r\no=- %u 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 0 101\r\n"
		 "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n",
		 number + 1, address, address, 20000 + 2 * number);
	return text;
}

/* body may be NULL. */
static void send_text(struct parties *p, const char *address, const char *head, const char *body)
{
	char text[4096];
	int len = snprintf(text, sizeof(text), "%s%sContent-Length: %zu\r\n\r\n%s", head,
			   body ? "Content-Type: application/sdp\r\n" : "", body ? strlen(body) : 0, body ? body : "");
	turns_require(len > 0 && (size_t)len < sizeof(text), "a message does not fit");
	p->say(p->arg, address, text, (size_t)len);
}

static void request(struct parties *p, const char *address, struct dialog *d, const char *method, unsigned cseq,
		    const char *extra, const char *body)
{
	char head[3072];
	snprintf(head, sizeof(head),
		 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKbench%u;rport\r\nMax-Forwards: 70\r\n"
		 "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:party@%s>\r\n"
		 "User-Agent: bench/1.0\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY\r\n%s",
		 method, d->target, address, ++p->branch, d->us, d->them, d->call_id, cseq, method, address, extra);
	send_text(p, address, head, body);
}

static void next_request(struct parties *p, const char *address, struct dialog *d, const char *method,
			 const char *extra)
{
	request(p, address, d, method, ++d->cseq, extra, NULL);
}

/* tag: put to a To that has none. */
static void answer(struct parties *p, const char *address, const struct heard *h, const char *status, const char *tag,
		   const char *extra, const char *body)
{
	char head[3072];
	snprintf(head, sizeof(head),
		 "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		 "Contact: <sip:party@%s>\r\nServer: bench/1.0\r\n%s",
		 status, h->via, h->from, h->to, *tag ? ";tag=" : "", tag, h->call_id, h->cseq, h->method, address,
		 extra);
	send_text(p, address, head, body);
}

/* The URI of a Contact. */
static void target_of(char target[256], const char *contact)
{
	const char *at = strchr(contact, '<');
	at = at ? at + 1 : contact;
	snprintf(target, 256, "%.*s", (int)strcspn(at, ">;"), at);
}

/* Takes a call: the dialog of an INVITE that is answered with this tag. */
static void accept_call(struct parties *p, const char *address, struct dialog *d, const struct heard *h,
			const char *tag, unsigned number)
{
	*d = (struct dialog){.cseq = 1, .open = true};
	snprintf(d->call_id, sizeof(d->call_id), "%s", h->call_id);
	snprintf(d->them, sizeof(d->them), "%s", h->from);
	snprintf(d->us, sizeof(d->us), "%.200s;tag=%s", h->to, tag);
	target_of(d->target, h->contact);
	answer(p, address, h, "180 Ringing", tag, "", NULL);
	answer(p, address, h, "200 OK", tag, "", sdp(address, number));
}

static void agent_refer(struct parties *p, struct call_script *script)
{
	char extra[128];
	snprintf(extra, sizeof(extra), "Refer-To: <sip:+1202777%04u@agent.lab>\r\n", number_of(p, script));
	next_request(p, PARTY_AGENT, &script->agent, "REFER", extra);
}

static void caller_hears(struct parties *p, const struct heard *h)
{
	struct call_script *script = script_of(p, h->text, "tag=caller-");
	struct dialog *d = &script->caller;
	turns_require(h->status >= 100 && h->status < 300, "the caller hears:\n%s", h->text);
	if (h->status < 200)
		return;
	if (strcmp(h->method, "BYE") == 0) {
		d->open = false;
		return;
	}
	snprintf(d->them, sizeof(d->them), "%s", h->to);
	target_of(d->target, h->contact);
	request(p, PARTY_CALLER, d, "ACK", h->cseq, "", NULL);
	if (p->transfer)
		agent_refer(p, script);
	else
		next_request(p, PARTY_CALLER, d, "BYE", "");
}

static void agent_hears(struct parties *p, const struct heard *h)
{
	if (h->status) {
		turns_require(h->status == 202, "the agent hears:\n%s", h->text);
		return;
	}
	if (strcmp(h->method, "ACK") == 0)
		return;
	if (strcmp(h->method, "INVITE") == 0) {
		struct call_script *script = script_of(p, h->from, "+1415555");
		char tag[32];
		snprintf(tag, sizeof(tag), "agent-%04u", number_of(p, script));
		accept_call(p, PARTY_AGENT, &script->agent, h, tag, number_of(p, script));
		return;
	}
	struct call_script *script = script_of(p, h->to, "tag=agent-");
	answer(p, PARTY_AGENT, h, "200 OK", "", "", NULL);
	if (strcmp(h->method, "BYE") != 0)
		return;
	script->agent.open = false;
	if (p->transfer)
		next_request(p, PARTY_CALLER, &script->caller, "BYE", "");
}

static void edge_hears(struct parties *p, const struct heard *h)
{
	turns_require(!h->status, "the edge hears:\n%s", h->text);
	if (strcmp(h->method, "INVITE") == 0) {
		struct call_script *script = script_of(p, h->text, "+1202777");
		char tag[32];
		snprintf(tag, sizeof(tag), "edge-%04u", number_of(p, script));
		if (strstr(h->text, "\r\nProxy-Authorization: "))
			accept_call(p, PARTY_EDGE, &script->edge, h, tag, number_of(p, script));
		else
			answer(p, PARTY_EDGE, h, "407 Proxy Authentication Required", tag,
			       "Proxy-Authenticate: Digest realm=\"carrier.lab\", nonce=\"bench\", algorithm=SHA-256, "
			       "qop=\"auth\"\r\n",
			       NULL);
		return;
	}
	if (strcmp(h->method, "ACK") == 0)
		return;
	struct call_script *script = script_of(p, h->to, "tag=edge-");
	turns_require(strcmp(h->method, "BYE") == 0 && script->edge.open, "the edge hears:\n%s", h->text);
	answer(p, PARTY_EDGE, h, "200 OK", "", "", NULL);
	script->edge.open = false;
	script->transferred = true;
}

void parties_init(struct parties *p, void (*say)(void *, const char *, const char *, size_t), void *arg)
{
	*p = (struct parties){.say = say, .arg = arg};
}

void parties_begin(struct parties *p, unsigned calls, bool transfer)
{
	turns_require(calls <= PARTIES_CALLS_MAX, "too many calls");
	p->first += p->calls;
	p->calls = calls;
	p->transfer = transfer;
	for (unsigned i = 0; i < calls; i++) {
		struct dialog *d = &p->script[i].caller;
		p->script[i] = (struct call_script){.caller = {.cseq = 100, .open = true}};
		snprintf(d->call_id, sizeof(d->call_id), "call-%u@%s", p->first + i, PARTY_CALLER);
		snprintf(d->us, sizeof(d->us), "<sip:+1415555%04u@%s>;tag=caller-%04u", i, PARTY_CALLER, i);
		snprintf(d->them, sizeof(d->them), "<sip:+12025550100@192.0.2.1>");
		snprintf(d->target, sizeof(d->target), "sip:+12025550100@192.0.2.1");
		request(p, PARTY_CALLER, d, "INVITE", ++d->cseq, "", sdp(PARTY_CALLER, i));
	}
}

void parties_hear(struct parties *p, const struct xf_sockaddr *to, const char *text, size_t len)
{
	struct heard heard;
	char shown[XF_ADDR_STRLEN];
	xf_addr_format(&to->addr, shown);
	heard_read(&heard, text);
	if (strcmp(shown, PARTY_CALLER) == 0)
		caller_hears(p, &heard);
	else if (strcmp(shown, PARTY_AGENT) == 0)
		agent_hears(p, &heard);
	else if (strcmp(shown, PARTY_EDGE) == 0)
		edge_hears(p, &heard);
	else
		turns_fail("sent to %s", shown);
}

void parties_end(struct parties *p)
{
	for (unsigned i = 0; i < p->calls; i++) {
		const struct call_script *script = &p->script[i];
		turns_require(!script->caller.open && !script->agent.open && !script->edge.open,
			      "call %u has not ended", i);
		turns_require(script->transferred == p->transfer, "call %u: transferred: %d", i, script->transferred);
	}
}
