#include "facts.h"

#include <string.h>
#include <strings.h>

static uint32_t number_of(struct sip_text_span span)
{
	uint64_t v = 0;
	for (size_t i = 0; i < span.len && span.at[i] >= '0' && span.at[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(span.at[i] - '0') > UINT32_MAX ? UINT32_MAX
								       : v * 10 + (uint64_t)(span.at[i] - '0');
	return (uint32_t)v;
}

/* Takes the next word that spaces separate. */
static struct sip_text_span word(struct sip_text_span *rest)
{
	*rest = sip_text_trim(*rest);
	struct sip_text_span found = *rest;
	size_t n = 0;
	while (n < rest->len && rest->at[n] != ' ' && rest->at[n] != '\t')
		n++;
	found.len = n;
	rest->at += n;
	rest->len -= n;
	return found;
}

static void method_set(struct facts *facts, struct sip_text_span span)
{
	size_t n = span.len < FACTS_METHOD_MAX - 1 ? span.len : FACTS_METHOD_MAX - 1;
	if (n)
		memcpy(facts->method, span.at, n);
	facts->method[n] = 0;
}

static void read_start(struct facts *facts, const struct sip_text *text)
{
	struct sip_text_span rest = text->start, cseq = sip_text_value(text, "CSeq");
	struct sip_text_span first = word(&rest);
	facts->request = !(first.len >= 4 && memcmp(first.at, "SIP/", 4) == 0);
	if (cseq.at)
		facts->cseq = number_of(word(&cseq));
	if (facts->request) {
		method_set(facts, first);
		facts->ruri = word(&rest);
	} else {
		facts->status = (uint16_t)number_of(word(&rest));
		if (cseq.at)
			method_set(facts, word(&cseq));
	}
}

static void read_address(struct xf_sockaddr *media, struct sip_text_span line)
{
	char buf[XF_ADDR_STRLEN];
	struct sip_text_span rest = {line.at + 2, line.len - 2};
	word(&rest);
	word(&rest);
	struct sip_text_span addr = word(&rest);
	if (addr.len == 0 || addr.len >= sizeof(buf))
		return;
	memcpy(buf, addr.at, addr.len);
	buf[addr.len] = 0;
	struct xf_addr parsed;
	if (xf_addr_parse(&parsed, buf) == 0)
		media->addr = parsed;
}

static void read_sdp(struct facts *facts, struct sip_text_span body)
{
	const char *p = body.at, *end = body.at + body.len;
	bool audio = false, other = false;
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *next = lf ? lf + 1 : end;
		struct sip_text_span line = sip_text_trim((struct sip_text_span){p, (size_t)((lf ? lf : end) - p)});
		p = next;
		if (line.len < 2 || line.at[1] != '=')
			continue;
		if (line.at[0] == 'm') {
			other = audio || line.len < 8 || strncasecmp(line.at + 2, "audio ", 6) != 0;
			if (other)
				continue;
			struct sip_text_span rest = {line.at + 8, line.len - 8}, port = word(&rest);
			audio = true;
			uint32_t number = number_of(port);
			facts->media.port = number <= UINT16_MAX ? (uint16_t)number : 0;
			word(&rest);
			facts->payload_type = (uint8_t)(number_of(word(&rest)) & 0x7f);
		} else if (line.at[0] == 'c' && !other) {
			read_address(&facts->media, line);
		}
	}
	if (!audio || facts->media.addr.family == 0)
		facts->media.port = 0;
}

static void read_body(struct facts *facts, const struct sip_text *text)
{
	struct sip_text_span type = sip_text_value(text, "Content-Type");
	if (!type.at || text->body.len == 0)
		return;
	/* multipart: the SDP is found by its first line */
	const char *sdp = memmem(text->body.at, text->body.len, "v=0", 3);
	if (sdp && (sdp == text->body.at || sdp[-1] == '\n') &&
	    (strncasecmp(type.at, "application/sdp", type.len < 15 ? type.len : 15) == 0 ||
	     strncasecmp(type.at, "multipart/", type.len < 10 ? type.len : 10) == 0)) {
		facts->has_sdp = true;
		read_sdp(facts, (struct sip_text_span){sdp, text->body.len - (size_t)(sdp - text->body.at)});
	}
	if (type.len >= 15 && strncasecmp(type.at, "message/sipfrag", 15) == 0) {
		const char *lf = memchr(text->body.at, '\n', text->body.len);
		facts->sipfrag = sip_text_trim(
		    (struct sip_text_span){text->body.at, lf ? (size_t)(lf - text->body.at) : text->body.len});
	}
}

/* Of `Digest realm="…", nonce="…"`. */
static struct sip_text_span nonce_of(struct sip_text_span challenge)
{
	const char *p = challenge.at ? memmem(challenge.at, challenge.len, "nonce=\"", 7) : NULL;
	if (!p)
		return (struct sip_text_span){NULL, 0};
	p += 7;
	const char *quote = memchr(p, '"', challenge.len - (size_t)(p - challenge.at));
	return (struct sip_text_span){p, quote ? (size_t)(quote - p) : 0};
}

void facts_read(struct facts *facts, const struct sip_text *text)
{
	*facts = (struct facts){0};
	read_start(facts, text);
	struct sip_text_span from = sip_text_value(text, "From"), via = sip_text_first(sip_text_value(text, "Via"));
	facts->call_id = sip_text_value(text, "Call-ID");
	facts->from_tag = sip_text_param(from, "tag");
	facts->from_user = sip_text_uri_user(sip_text_uri(from));
	facts->to_tag = sip_text_param(sip_text_value(text, "To"), "tag");
	facts->branch = sip_text_param(via, "branch");
	facts->contact = sip_text_uri(sip_text_first(sip_text_value(text, "Contact")));
	struct sip_text_span state = sip_text_value(text, "Subscription-State");
	facts->final_notify = state.len >= 10 && strncasecmp(state.at, "terminated", 10) == 0;
	struct sip_text_span challenge = sip_text_value(text, "WWW-Authenticate");
	if (!challenge.at)
		challenge = sip_text_value(text, "Proxy-Authenticate");
	facts->nonce = nonce_of(challenge);
	struct sip_text_span rseq = sip_text_value(text, "RSeq"), rack = sip_text_value(text, "RAck");
	facts->rseq = rseq.at ? number_of(rseq) : 0;
	facts->rack = rack.at ? number_of(rack) : 0;
	read_body(facts, text);
}
