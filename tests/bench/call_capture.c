#include "call_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "capture/capture.h"
#include "turns.h"

#define START_NS 1767225600000000000ull
#define MS	 1000000ull

enum kind {
	CALLER_INVITE,
	GATEWAY_TRYING,
	GATEWAY_INVITE,
	AGENT_OK,
	GATEWAY_ACK,
	GATEWAY_OK,
	CALLER_ACK,
	CALLER_BYE,
	GATEWAY_BYE_OK,
	GATEWAY_BYE,
	AGENT_BYE_OK,
	SIP_KINDS,
	CALLER_RTP = SIP_KINDS,
	AGENT_RTP,
};

/* One packet of the capture. */
struct event {
	uint64_t ns;
	uint32_t call;
	uint16_t kind, number;
};

static const struct {
	uint32_t at_ms;	  /* of the call; of its end from CALLER_BYE on */
	const char *from; /* who */
	const char *to;
} sip[SIP_KINDS] = {
    [CALLER_INVITE] = {0, "192.0.2.20", "192.0.2.1"},	     [GATEWAY_TRYING] = {1, "192.0.2.1", "192.0.2.20"},
    [GATEWAY_INVITE] = {2, "198.51.100.1", "198.51.100.10"}, [AGENT_OK] = {10, "198.51.100.10", "198.51.100.1"},
    [GATEWAY_ACK] = {11, "198.51.100.1", "198.51.100.10"},   [GATEWAY_OK] = {11, "192.0.2.1", "192.0.2.20"},
    [CALLER_ACK] = {15, "192.0.2.20", "192.0.2.1"},	     [CALLER_BYE] = {40, "192.0.2.20", "192.0.2.1"},
    [GATEWAY_BYE_OK] = {41, "192.0.2.1", "192.0.2.20"},	     [GATEWAY_BYE] = {41, "198.51.100.1", "198.51.100.10"},
    [AGENT_BYE_OK] = {45, "198.51.100.10", "198.51.100.1"},
};

static uint16_t caller_port(uint32_t call)
{
	return (uint16_t)(20000 + call % 4000 * 2);
}

static uint16_t gateway_port(uint32_t call)
{
	return (uint16_t)(16384 + call % 4000 * 4);
}

static const char *sdp(const char *address, uint16_t port)
{
	static char text[512];
	snprintf(text, sizeof(text),
		 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 0\r\n"
		 "a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n",
		 address, address, port);
	return text;
}

/* The two dialogs: of the caller with the gateway, and of the gateway with the agent. */
static int message(char *text, size_t size, const struct event *e)
{
	char start[128], ids[512];
	const char *body = "", *method = "INVITE";
	unsigned cseq = 1;
	bool agent_side = strncmp(sip[e->kind].to, "198", 3) == 0 || strncmp(sip[e->kind].from, "198", 3) == 0;
	const char *contact = sip[e->kind].from;
	bool tagged = true;
	switch (e->kind) {
	case CALLER_INVITE:
		snprintf(start, sizeof(start), "INVITE sip:+12025550100@192.0.2.1 SIP/2.0");
		body = sdp("192.0.2.20", caller_port(e->call));
		tagged = false;
		break;
	case GATEWAY_INVITE:
		snprintf(start, sizeof(start), "INVITE sip:bot@agent.lab SIP/2.0");
		body = sdp("198.51.100.1", (uint16_t)(gateway_port(e->call) + 2));
		tagged = false;
		break;
	case GATEWAY_TRYING:
		snprintf(start, sizeof(start), "SIP/2.0 100 Trying");
		tagged = false;
		break;
	case AGENT_OK:
		snprintf(start, sizeof(start), "SIP/2.0 200 OK");
		body = sdp("198.51.100.10", caller_port(e->call));
		break;
	case GATEWAY_OK:
		snprintf(start, sizeof(start), "SIP/2.0 200 OK");
		body = sdp("192.0.2.1", gateway_port(e->call));
		break;
	case GATEWAY_ACK:
		snprintf(start, sizeof(start), "ACK sip:bot@198.51.100.10 SIP/2.0");
		method = "ACK";
		break;
	case CALLER_ACK:
		snprintf(start, sizeof(start), "ACK sip:192.0.2.1 SIP/2.0");
		method = "ACK";
		break;
	case CALLER_BYE:
	case GATEWAY_BYE:
		snprintf(start, sizeof(start), "BYE sip:%s SIP/2.0", sip[e->kind].to);
		method = "BYE";
		cseq = 2;
		break;
	default:
		snprintf(start, sizeof(start), "SIP/2.0 200 OK");
		method = "BYE";
		cseq = 2;
	}
	unsigned branch = e->kind == GATEWAY_ACK || e->kind == CALLER_ACK ? 3 : cseq;
	if (agent_side)
		snprintf(ids, sizeof(ids),
			 "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKg%u-%u\r\n"
			 "From: <sip:+14155550143@198.51.100.1>;tag=gw%u\r\nTo: <sip:bot@agent.lab>%s\r\n"
			 "Call-ID: out-%u@198.51.100.1\r\n",
			 e->call, branch, e->call, tagged ? ";tag=agent" : "", e->call);
	else
		snprintf(ids, sizeof(ids),
			 "Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKc%u-%u;rport\r\n"
			 "From: <sip:+14155550143@192.0.2.20>;tag=caller%u\r\nTo: <sip:+12025550100@192.0.2.1>%s\r\n"
			 "Call-ID: in-%u@192.0.2.20\r\n",
			 e->call, branch, e->call, tagged ? ";tag=gateway" : "", e->call);
	return snprintf(text, size,
			"%s\r\n%sCSeq: %u %s\r\nMax-Forwards: 70\r\nContact: <sip:party@%s>\r\n%sContent-Length: "
			"%zu\r\n\r\n%s",
			start, ids, cseq, method, contact, *body ? "Content-Type: application/sdp\r\n" : "",
			strlen(body), body);
}

static void address(struct xf_sockaddr *out, const char *text, uint16_t port)
{
	*out = (struct xf_sockaddr){.port = port};
	turns_require(xf_addr_parse(&out->addr, text) == 0, "address %s", text);
}

static void write_sip(struct capture_writer *writer, const struct event *e)
{
	char text[2048];
	struct xf_sockaddr from, to;
	int n = message(text, sizeof(text), e);
	turns_require(n > 0 && (size_t)n < sizeof(text), "a message does not fit");
	address(&from, sip[e->kind].from, 5060);
	address(&to, sip[e->kind].to, 5060);
	capture_writer_udp(writer, e->ns, &from, &to, text, (size_t)n);
}

static void write_rtp(struct capture_writer *writer, const struct event *e)
{
	uint8_t packet[172] = {0x80, e->number ? 0 : 0x80, (uint8_t)(e->number >> 8), (uint8_t)e->number};
	struct xf_sockaddr from, to;
	uint32_t timestamp = htonl(e->number * 160u), ssrc = htonl(e->call * 2 + (e->kind == AGENT_RTP));
	memcpy(packet + 4, &timestamp, 4);
	memcpy(packet + 8, &ssrc, 4);
	memset(packet + 12, (int)(e->number & 0x7f), 160);
	bool agent = e->kind == AGENT_RTP;
	address(&from, agent ? "198.51.100.10" : "192.0.2.20", caller_port(e->call));
	address(&to, agent ? "198.51.100.1" : "192.0.2.1", (uint16_t)(gateway_port(e->call) + (agent ? 2 : 0)));
	capture_writer_udp(writer, e->ns, &from, &to, packet, sizeof(packet));
}

static bool to_gateway(unsigned kind)
{
	return strcmp(sip[kind].to, "192.0.2.1") == 0 || strcmp(sip[kind].to, "198.51.100.1") == 0;
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	if (x->call != y->call)
		return x->call < y->call ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static size_t add_call(struct event *events, const struct call_capture *c, uint32_t call)
{
	/* Callers do not keep to a common beat. */
	uint64_t start = START_NS + call * (1000 * MS / c->per_second) + call * 7919 % 20000 * 1000ull;
	uint64_t end = start + c->seconds * 1000ull * MS;
	size_t n = 0;
	for (unsigned kind = 0; kind < SIP_KINDS; kind++)
		events[n++] =
		    (struct event){(kind < CALLER_BYE ? start : end) + sip[kind].at_ms * MS, call, (uint16_t)kind, 0};
	for (unsigned i = 0; i < c->seconds * 50; i++) {
		uint64_t at = start + 20 * MS + i * 20ull * MS;
		events[n++] = (struct event){at, call, CALLER_RTP, (uint16_t)i};
		events[n++] = (struct event){at + MS, call, AGENT_RTP, (uint16_t)i};
	}
	return n;
}

void call_capture_write(struct call_capture *c, const char *path)
{
	char why[CAPTURE_WHY];
	struct capture_writer *writer;
	size_t room = (size_t)c->calls * (SIP_KINDS + c->seconds * 100), count = 0;
	struct event *events = calloc(room, sizeof(*events));
	turns_require(events, "no memory");
	for (uint32_t call = 0; call < c->calls; call++)
		count += add_call(events + count, c, call);
	qsort(events, count, sizeof(*events), by_time);
	turns_require(capture_writer_open(&writer, path, why) == 0, "%s", why);
	for (size_t i = 0; i < count; i++) {
		bool rtp = events[i].kind >= SIP_KINDS;
		c->rtp += rtp;
		c->packets += rtp || to_gateway(events[i].kind);
		if (rtp)
			write_rtp(writer, &events[i]);
		else
			write_sip(writer, &events[i]);
	}
	c->span_s = (double)(events[count - 1].ns - events[0].ns) / 1e9;
	turns_require(capture_writer_close(writer, true) == 0, "%s cannot be written", path);
	free(events);
}
