#include "standin_inside.h"

#include <stdlib.h>
#include "due.h"
#include "rewrite.h"

#define STANDIN_REAL_NS 4000000000ull /* silence of the capture for so long was meant */

/* ---- for the capture's parties */

/* SDP that the party of the leg last sent in this run. */
static size_t last_sdp(struct standin *standin, uint32_t leg_index, char *buf, size_t size)
{
	static char message[65536];
	const struct recording *rec = standin->matcher->rec;
	const struct script_leg *leg = &rec->legs[leg_index];
	char why[REWRITE_WHY];
	for (uint32_t i = leg->count; i-- > 0;) {
		const struct entry *entry = &rec->entries[leg->entries[i]];
		struct xf_sockaddr from, to;
		if (entry->out || entry->state != ENTRY_DONE || !entry->facts.has_sdp)
			continue;
		long n = rewrite_input(standin->matcher, leg->entries[i], message, sizeof(message), &from, &to, why);
		const char *body = n > 0 ? memmem(message, (size_t)n, "\r\n\r\n", 4) : NULL;
		size_t len = body ? (size_t)(message + n - body - 4) : 0;
		if (len == 0 || len > size)
			return 0;
		memcpy(buf, body + 4, len);
		return len;
	}
	return 0;
}

/* The INVITE that a CANCEL is for; RECORDING_NONE: of no recorded leg. */
static uint32_t cancelled_invite(const struct recording *rec, uint32_t leg_index)
{
	const struct script_leg *leg = &rec->legs[leg_index];
	for (uint32_t i = leg->count; i-- > 0;) {
		const struct entry *entry = &rec->entries[leg->entries[i]];
		if (entry->out && entry->facts.request && facts_is(&entry->facts, "INVITE") &&
		    entry->state == ENTRY_DONE && entry->live)
			return leg->entries[i];
	}
	return RECORDING_NONE;
}

static bool script_answered(const struct recording *rec, uint32_t invite)
{
	for (uint32_t i = rec->entries[invite].first_answer; i != RECORDING_NONE; i = rec->entries[i].next_answer)
		if (rec->entries[i].state == ENTRY_DONE && rec->entries[i].facts.status >= 200)
			return true;
	return false;
}

static void cancel_for_party(struct standin *standin, const struct output *cancel, uint32_t leg)
{
	static struct output invite; /* big; one thread */
	struct recording *rec = standin->matcher->rec;
	uint32_t index = cancelled_invite(rec, leg);
	standin_answer(standin, cancel, 200, "standin-0", NULL, 0);
	if (index == RECORDING_NONE || script_answered(rec, index) ||
	    output_parse(&invite, rec->entries[index].live, rec->entries[index].live_len) < 0)
		return;
	rec->entries[index].cancelled = true;
	invite.from = cancel->from;
	invite.to = cancel->to;
	invite.network = cancel->network;
	standin_answer(standin, &invite, 487, "standin-0", NULL, 0);
	sip_text_fini(&invite.text);
	standin_note(standin, "answers CANCEL and INVITE with 487");
}

static void answer_for_party(struct standin *standin, const struct output *request, uint32_t leg)
{
	char sdp[4096];
	size_t len = 0;
	if (facts_is(&request->facts, "CANCEL")) {
		cancel_for_party(standin, request, leg);
		return;
	}
	if (facts_is(&request->facts, "BYE"))
		standin->matcher->rec->legs[leg].over = true;
	if (facts_is(&request->facts, "INVITE") || (facts_is(&request->facts, "UPDATE") && request->facts.has_sdp))
		len = last_sdp(standin, leg, sdp, sizeof(sdp));
	unsigned status = facts_is(&request->facts, "INVITE") && len == 0 ? 488 : 200;
	standin_answer(standin, request, status, "standin-0", len ? sdp : NULL, len);
	standin_note(standin, "answers %s with %u", request->facts.method, status);
}

/* The party's INVITE has a final answer that no recorded ACK is for. */
static void acknowledge(struct standin *standin, const struct output *response, uint32_t asked)
{
	static char sent[65536];
	static struct sip_text invite; /* big; one thread */
	struct xf_sockaddr from, to;
	struct standin_message message = {.len = 0};
	char why[REWRITE_WHY];
	long n = rewrite_input(standin->matcher, asked, sent, sizeof(sent), &from, &to, why);
	if (n < 0 || sip_text_parse(&invite, sent, (size_t)n) < 0)
		return;
	struct sip_text_span ruri = invite.start, via = sip_text_value(&invite, "Via");
	const char *space = memchr(ruri.at, ' ', ruri.len), *last = memrchr(ruri.at, ' ', ruri.len);
	ruri = space && last > space ? (struct sip_text_span){space + 1, (size_t)(last - space - 1)} : ruri;
	bool accepted = response->facts.status < 300;
	if (accepted && response->facts.contact.at)
		ruri = response->facts.contact;
	standin_put(&message, "ACK %.*s SIP/2.0\r\n", (int)ruri.len, ruri.at);
	if (accepted) {
		char own[XF_SOCKADDR_STRLEN];
		standin_put(&message, "Via: SIP/2.0/UDP %s;branch=z9hG4bKstandin-%llu;rport\r\n",
			    xf_sockaddr_format(&from, own), (unsigned long long)standin->said);
	} else if (via.at) {
		standin_put(&message, "Via: %.*s\r\n", (int)via.len, via.at);
	}
	standin_put_header(&message, &response->text, "From", NULL);
	standin_put_header(&message, &response->text, "To", NULL);
	standin_put_header(&message, &response->text, "Call-ID", NULL);
	standin_put(&message, "CSeq: %u ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", response->facts.cseq);
	standin_say(standin, response->network, &from, &response->from, &message);
	standin_note(standin, "acknowledges %u (INVITE)", response->facts.status);
	sip_text_fini(&invite);
}

/* ---- who answers? */

/* Does the capture answer the entry, or hold its tongue on purpose? */
static bool script_answers(const struct standin *standin, uint32_t index)
{
	const struct recording *rec = standin->matcher->rec;
	const struct entry *entry = &rec->entries[index];
	for (uint32_t i = entry->first_answer; i != RECORDING_NONE; i = rec->entries[i].next_answer)
		if (!rec->entries[i].out && !rec->entries[i].cut)
			return true;
	return entry->ns + STANDIN_REAL_NS <= rec->last_ns;
}

static void hear_response(struct standin *standin, const struct output *response, const struct match *match)
{
	if (response->facts.status < 200 || !facts_is(&response->facts, "INVITE") || match->asked == RECORDING_NONE)
		return;
	if (match->entry == RECORDING_NONE || !script_answers(standin, match->entry))
		acknowledge(standin, response, match->asked);
}

void standin_hear(struct standin *standin, const struct output *output, const struct match *match)
{
	const struct facts *facts = &output->facts;
	struct standin_call *call = standin_call_of(standin, facts);
	if (match->repeated)
		return;
	if (!facts->request)
		hear_response(standin, output, match);
	else if (facts_is(facts, "ACK"))
		return;
	else if (call)
		standin_call_hear(standin, call, output);
	else if (match->entry != RECORDING_NONE && script_answers(standin, match->entry))
		return;
	else if (match->leg != RECORDING_NONE && (facts->to_tag.at || facts_is(facts, "CANCEL")))
		answer_for_party(standin, output, match->leg);
	else if (facts_is(facts, "INVITE"))
		standin_call_take(standin, output);
	else {
		standin_answer(standin, output, 200, "standin-0", NULL, 0);
		standin_note(standin, "answers %s with 200", facts->method);
	}
}
