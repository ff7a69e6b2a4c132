#include "standin.h"

#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>
#include "due.h"
#include "rewrite.h"

#define STANDIN_RING_NS	  100000000ull
#define STANDIN_PACKET_NS 20000000ull
#define STANDIN_REAL_NS	  4000000000ull /* silence of the capture for so long was meant */
#define STANDIN_PORT	  40000
#define STANDIN_SAMPLES	  160
#define MESSAGE_MAX	  8192

enum call_phase {
	PHASE_CALLED,
	PHASE_RINGING,
	PHASE_TALKING,
	PHASE_OVER,
};

/* An INVITE of the gateway's that the stand-in answers for a target. */
struct standin_call {
	char *invite; /* the last one, a re-INVITE too */
	size_t invite_len;
	struct xf_sockaddr own, gateway;
	uint32_t network;
	uint8_t phase;
	struct target target;
	struct xf_sockaddr media, own_media; /* port 0: none */
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t timestamp;
	uint64_t next_ns, answer_ns;
};

void standin_init(struct standin *standin, const struct commands *commands, struct matcher *matcher, uint64_t end_ns,
		  const struct standin_ops *ops)
{
	*standin = (struct standin){.commands = commands, .matcher = matcher, .ops = *ops, .end_ns = end_ns};
}

void standin_fini(struct standin *standin)
{
	for (uint32_t i = 0; i < standin->count; i++)
		free(standin->calls[i].invite);
	free(standin->calls);
	strmap_fini(&standin->by_call_id);
	heap_fini(&standin->due);
}

__attribute__((format(printf, 2, 3))) static void note(struct standin *standin, const char *format, ...)
{
	char text[320];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	standin->ops.note(standin->ops.arg, text);
}

/* ---- messages */

struct message {
	char text[MESSAGE_MAX];
	size_t len;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct message *message, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(message->text + message->len, MESSAGE_MAX - message->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= MESSAGE_MAX - message->len)
		message->full = true;
	else
		message->len += (size_t)n;
}

static void put_header(struct message *message, const struct sip_text *text, const char *name, const char *tag)
{
	int line;
	for (unsigned from = 0; (line = sip_text_find(text, name, from)) >= 0; from = (unsigned)line + 1) {
		struct sip_text_span value = text->lines[line].value;
		put(message, "%s: %.*s", name, (int)value.len, value.at);
		if (tag && !sip_text_param(value, "tag").at)
			put(message, ";tag=%s", tag);
		put(message, "\r\n");
	}
}

static void say(struct standin *standin, uint32_t network, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		const struct message *message)
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
static void answer(struct standin *standin, const struct output *request, unsigned status, const char *tag,
		   const char *sdp, size_t sdp_len)
{
	struct message message = {.len = 0};
	char own[XF_SOCKADDR_STRLEN];
	put(&message, "SIP/2.0 %u %s\r\n", status, reason_of(status));
	put_header(&message, &request->text, "Via", NULL);
	put_header(&message, &request->text, "Record-Route", NULL);
	put_header(&message, &request->text, "From", NULL);
	put_header(&message, &request->text, "To", tag);
	put_header(&message, &request->text, "Call-ID", NULL);
	put_header(&message, &request->text, "CSeq", NULL);
	if (status < 300)
		put(&message, "Contact: <sip:standin@%s>\r\n", xf_sockaddr_format(&request->to, own));
	if (sdp)
		put(&message, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%.*s", sdp_len, (int)sdp_len,
		    sdp);
	else
		put(&message, "Content-Length: 0\r\n\r\n");
	say(standin, request->network, &request->to, &request->from, &message);
}

/* ---- calls of its own */

static struct standin_call *call_of(const struct standin *standin, const struct facts *facts)
{
	uint32_t i =
	    facts->call_id.at ? strmap_get(&standin->by_call_id, facts->call_id.at, facts->call_id.len) : STRMAP_NONE;
	return i == STRMAP_NONE ? NULL : &standin->calls[i];
}

static const char *tag_of(const struct standin *standin, const struct standin_call *call, char buf[static 32])
{
	snprintf(buf, 32, "standin-%u", call ? (unsigned)(call - standin->calls) + 1 : 0u);
	return buf;
}

static void schedule(struct standin *standin, struct standin_call *call)
{
	uint32_t index = (uint32_t)(call - standin->calls);
	uint64_t due = UINT64_MAX;
	if (call->phase == PHASE_CALLED || call->phase == PHASE_RINGING ||
	    (call->phase == PHASE_TALKING && call->media.port))
		due = call->next_ns;
	if (due == UINT64_MAX)
		heap_del(&standin->due, index);
	else if (heap_set(&standin->due, index, due, index) < 0)
		standin->out_of_memory = true;
}

static bool keep_invite(struct standin_call *call, const struct output *invite)
{
	char *copy = malloc(invite->len + 1);
	if (!copy)
		return false;
	memcpy(copy, invite->data, invite->len);
	copy[invite->len] = 0;
	free(call->invite);
	call->invite = copy;
	call->invite_len = invite->len;
	call->own = invite->to;
	call->gateway = invite->from;
	call->network = invite->network;
	call->media = invite->facts.media;
	call->payload_type = invite->facts.has_sdp ? invite->facts.payload_type : 0;
	return true;
}

/* An answer with the first codec that is offered, and how the offer describes it. */
static size_t make_sdp(const struct standin_call *call, const struct output *invite, char *buf, size_t size)
{
	char addr[XF_ADDR_STRLEN], wanted[32];
	xf_addr_format(&call->own_media.addr, addr);
	int version = call->own_media.addr.family == 6 ? 6 : 4;
	int n = snprintf(
	    buf, size, "v=0\r\no=standin %u 1 IN IP%d %s\r\ns=-\r\nc=IN IP%d %s\r\nt=0 0\r\nm=audio %u RTP/AVP %u\r\n",
	    call->own_media.port, version, addr, version, addr, call->own_media.port, call->payload_type);
	snprintf(wanted, sizeof(wanted), "a=rtpmap:%u ", call->payload_type);
	const char *body = invite->text.body.at, *end = body + invite->text.body.len;
	const char *line = memmem(body, (size_t)(end - body), wanted, strlen(wanted));
	size_t len = 0;
	while (line && line + len < end && line[len] != '\r' && line[len] != '\n')
		len++;
	n +=
	    snprintf(buf + n, size - (size_t)n, "%.*s%sa=sendrecv\r\n", (int)len, line ? line : "", line ? "\r\n" : "");
	return (size_t)n < size ? (size_t)n : 0;
}

static void accept_invite(struct standin *standin, struct standin_call *call, const struct output *invite)
{
	char sdp[1024], tag[32];
	size_t len = make_sdp(call, invite, sdp, sizeof(sdp));
	answer(standin, invite, 200, tag_of(standin, call, tag), sdp, len);
}

static void set_times(struct standin_call *call, uint64_t now_ns)
{
	call->answer_ns = now_ns + call->target.delay_ns;
	call->next_ns = now_ns + (call->target.delay_ns < STANDIN_RING_NS ? call->target.delay_ns : STANDIN_RING_NS);
}

static void take_invite(struct standin *standin, const struct output *invite)
{
	if (standin->count == standin->room) {
		uint32_t room = standin->room ? standin->room * 2 : 16;
		struct standin_call *calls = realloc(standin->calls, room * sizeof(*calls));
		if (!calls) {
			standin->out_of_memory = true;
			return;
		}
		standin->calls = calls;
		standin->room = room;
	}
	struct sip_text_span user = sip_text_uri_user(invite->facts.ruri), ruri = invite->facts.ruri;
	struct standin_call *call = &standin->calls[standin->count];
	*call =
	    (struct standin_call){.target = commands_target_of(standin->commands, user.at ? user.at : "", user.len)};
	if (!keep_invite(call, invite) ||
	    strmap_set(&standin->by_call_id, invite->facts.call_id.at, invite->facts.call_id.len, standin->count) < 0) {
		standin->out_of_memory = true;
		return;
	}
	call->own_media.addr = invite->to.addr;
	call->own_media.port = (uint16_t)(STANDIN_PORT + 2 * (standin->count % 10000));
	set_times(call, invite->ns);
	standin->count++;
	if (call->target.answer == TARGET_SILENT) {
		call->phase = PHASE_OVER;
		note(standin, "stands in for %.*s: silent", (int)ruri.len, ruri.at);
		return;
	}
	if (call->target.answer == TARGET_REFUSES)
		note(standin, "stands in for %.*s: %u", (int)ruri.len, ruri.at, call->target.code);
	else
		note(standin, "stands in for %.*s: answers after %.1f s", (int)ruri.len, ruri.at,
		     (double)call->target.delay_ns / 1e9);
	schedule(standin, call);
}

static void again(struct standin *standin, struct standin_call *call, const struct output *invite)
{
	if (!invite->facts.to_tag.at) { /* with credentials, or elsewhere */
		bool silent = call->target.answer == TARGET_SILENT;
		if (!keep_invite(call, invite))
			standin->out_of_memory = true;
		call->phase = silent ? PHASE_OVER : PHASE_CALLED;
		set_times(call, invite->ns);
		schedule(standin, call);
		return;
	}
	if (invite->facts.media.port)
		call->media = invite->facts.media;
	accept_invite(standin, call, invite);
}

static void hang_up(struct standin *standin, struct standin_call *call)
{
	call->phase = PHASE_OVER;
	schedule(standin, call);
}

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
	answer(standin, cancel, 200, "standin-0", NULL, 0);
	if (index == RECORDING_NONE || script_answered(rec, index) ||
	    output_parse(&invite, rec->entries[index].live, rec->entries[index].live_len) < 0)
		return;
	rec->entries[index].cancelled = true;
	invite.from = cancel->from;
	invite.to = cancel->to;
	invite.network = cancel->network;
	answer(standin, &invite, 487, "standin-0", NULL, 0);
	sip_text_fini(&invite.text);
	note(standin, "answers CANCEL and INVITE with 487");
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
	answer(standin, request, status, "standin-0", len ? sdp : NULL, len);
	note(standin, "answers %s with %u", request->facts.method, status);
}

/* The party's INVITE has a final answer that no recorded ACK is for. */
static void acknowledge(struct standin *standin, const struct output *response, uint32_t asked)
{
	static char sent[65536];
	static struct sip_text invite; /* big; one thread */
	struct xf_sockaddr from, to;
	struct message message = {.len = 0};
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
	put(&message, "ACK %.*s SIP/2.0\r\n", (int)ruri.len, ruri.at);
	if (accepted) {
		char own[XF_SOCKADDR_STRLEN];
		put(&message, "Via: SIP/2.0/UDP %s;branch=z9hG4bKstandin-%llu;rport\r\n",
		    xf_sockaddr_format(&from, own), (unsigned long long)standin->said);
	} else if (via.at) {
		put(&message, "Via: %.*s\r\n", (int)via.len, via.at);
	}
	put_header(&message, &response->text, "From", NULL);
	put_header(&message, &response->text, "To", NULL);
	put_header(&message, &response->text, "Call-ID", NULL);
	put(&message, "CSeq: %u ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", response->facts.cseq);
	say(standin, response->network, &from, &response->from, &message);
	note(standin, "acknowledges %u (INVITE)", response->facts.status);
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

static void hear_in_call(struct standin *standin, struct standin_call *call, const struct output *request)
{
	static struct output invite; /* big; one thread */
	const struct facts *facts = &request->facts;
	char tag[32];
	if (facts_is(facts, "INVITE")) {
		again(standin, call, request);
		return;
	}
	if (call->target.answer == TARGET_SILENT)
		return;
	answer(standin, request, 200, tag_of(standin, call, tag), NULL, 0);
	if (facts_is(facts, "CANCEL") && call->phase < PHASE_TALKING &&
	    output_parse(&invite, call->invite, call->invite_len) == 0) {
		invite.from = call->gateway;
		invite.to = call->own;
		invite.network = call->network;
		answer(standin, &invite, 487, tag, NULL, 0);
		sip_text_fini(&invite.text);
		hang_up(standin, call);
	}
	if (facts_is(facts, "BYE"))
		hang_up(standin, call);
}

void standin_hear(struct standin *standin, const struct output *output, const struct match *match)
{
	const struct facts *facts = &output->facts;
	struct standin_call *call = call_of(standin, facts);
	if (match->repeated)
		return;
	if (!facts->request)
		hear_response(standin, output, match);
	else if (facts_is(facts, "ACK"))
		return;
	else if (call)
		hear_in_call(standin, call, output);
	else if (match->entry != RECORDING_NONE && script_answers(standin, match->entry))
		return;
	else if (match->leg != RECORDING_NONE && (facts->to_tag.at || facts_is(facts, "CANCEL")))
		answer_for_party(standin, output, match->leg);
	else if (facts_is(facts, "INVITE"))
		take_invite(standin, output);
	else {
		answer(standin, output, 200, "standin-0", NULL, 0);
		note(standin, "answers %s with 200", facts->method);
	}
}

/* ---- by itself */

static void talk(struct standin *standin, struct standin_call *call)
{
	uint32_t ssrc = 0x57a4d000u + (uint32_t)(call - standin->calls);
	uint8_t packet[12 + STANDIN_SAMPLES] = {0x80, (uint8_t)(call->payload_type | (call->sequence == 0 ? 0x80 : 0))};
	uint8_t silence = call->payload_type == 0 ? 0xff : call->payload_type == 8 ? 0xd5 : 0;
	const uint32_t words[2] = {htonl(call->timestamp), htonl(ssrc)};
	packet[2] = (uint8_t)(call->sequence >> 8);
	packet[3] = (uint8_t)call->sequence;
	memcpy(packet + 4, words, sizeof(words));
	memset(packet + 12, silence, STANDIN_SAMPLES);
	standin->ops.send(standin->ops.arg, call->network, &call->own_media, &call->media, packet, sizeof(packet),
			  true);
	call->sequence++;
	call->timestamp += STANDIN_SAMPLES;
	/* nobody listens any more */
	call->next_ns = call->next_ns < standin->end_ns ? call->next_ns + STANDIN_PACKET_NS : UINT64_MAX;
}

static void go_on(struct standin *standin, struct standin_call *call)
{
	static struct output invite; /* big; one thread */
	char tag[32];
	if (call->phase == PHASE_TALKING) {
		talk(standin, call);
		return;
	}
	if (output_parse(&invite, call->invite, call->invite_len) < 0)
		return;
	invite.from = call->gateway;
	invite.to = call->own;
	invite.network = call->network;
	if (call->target.answer == TARGET_REFUSES) {
		answer(standin, &invite, call->target.code, tag_of(standin, call, tag), NULL, 0);
		call->phase = PHASE_OVER;
	} else if (call->phase == PHASE_CALLED && call->answer_ns > call->next_ns) {
		answer(standin, &invite, 180, tag_of(standin, call, tag), NULL, 0);
		call->phase = PHASE_RINGING;
		call->next_ns = call->answer_ns;
	} else {
		accept_invite(standin, call, &invite);
		call->phase = PHASE_TALKING;
		call->next_ns += STANDIN_PACKET_NS;
	}
	sip_text_fini(&invite.text);
}

uint64_t standin_next(const struct standin *standin)
{
	const struct heap_item *first = heap_first(&standin->due);
	return first ? first->due_ns : UINT64_MAX;
}

void standin_run(struct standin *standin, uint64_t now_ns)
{
	const struct heap_item *first;
	while ((first = heap_first(&standin->due)) && first->due_ns <= now_ns) {
		struct standin_call *call = &standin->calls[first->id];
		go_on(standin, call);
		schedule(standin, call);
	}
}
