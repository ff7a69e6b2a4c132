/* Calls of the stand-in's own: it plays the targets that the capture does not have. */
#include "standin_inside.h"

#include <stdlib.h>

#define STANDIN_RING_NS	  100000000ull
#define STANDIN_PACKET_NS 20000000ull
#define STANDIN_PORT	  40000
#define STANDIN_SAMPLES	  160

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

struct standin_call *standin_call_of(const struct standin *standin, const struct facts *facts)
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
	standin_answer(standin, invite, 200, tag_of(standin, call, tag), sdp, len);
}

static void set_times(struct standin_call *call, uint64_t now_ns)
{
	call->answer_ns = now_ns + call->target.delay_ns;
	call->next_ns = now_ns + (call->target.delay_ns < STANDIN_RING_NS ? call->target.delay_ns : STANDIN_RING_NS);
}

void standin_call_take(struct standin *standin, const struct output *invite)
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
		standin_note(standin, "stands in for %.*s: silent", (int)ruri.len, ruri.at);
		return;
	}
	if (call->target.answer == TARGET_REFUSES)
		standin_note(standin, "stands in for %.*s: %u", (int)ruri.len, ruri.at, call->target.code);
	else
		standin_note(standin, "stands in for %.*s: answers after %.1f s", (int)ruri.len, ruri.at,
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

void standin_call_hear(struct standin *standin, struct standin_call *call, const struct output *request)
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
	standin_answer(standin, request, 200, tag_of(standin, call, tag), NULL, 0);
	if (facts_is(facts, "CANCEL") && call->phase < PHASE_TALKING &&
	    output_parse(&invite, call->invite, call->invite_len) == 0) {
		invite.from = call->gateway;
		invite.to = call->own;
		invite.network = call->network;
		standin_answer(standin, &invite, 487, tag, NULL, 0);
		sip_text_fini(&invite.text);
		hang_up(standin, call);
	}
	if (facts_is(facts, "BYE"))
		hang_up(standin, call);
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
		standin_answer(standin, &invite, call->target.code, tag_of(standin, call, tag), NULL, 0);
		call->phase = PHASE_OVER;
	} else if (call->phase == PHASE_CALLED && call->answer_ns > call->next_ns) {
		standin_answer(standin, &invite, 180, tag_of(standin, call, tag), NULL, 0);
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
