/* RTCP through a worker: what is let through, what it becomes, and what the gateway says itself. */
#include "call.h"
#include "fast/rtcp.h"

/* What a party reports. */
struct said {
	bool sender;
	uint32_t ssrc;
	uint32_t ntp_high, ntp_low, timestamp;
	uint32_t about; /* 0: nothing */
	uint8_t fraction;
	uint32_t lost, seq_ext, jitter, lsr, dlsr;
};

static uint8_t *put(uint8_t *p, uint32_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(word >> shift);
	return p;
}

/* The middle of the NTP time that the gateway says now. */
static uint32_t our_time(const struct call *c)
{
	uint64_t ns = c->rig.now_ns + RIG_WALL_S * 1000 * RIG_MS;
	return (uint32_t)((ns / 1000000000 + 2208988800u) << 16 | (ns % 1000000000 << 16) / 1000000000);
}

/* The report, a CNAME with the sender's address, and a BYE. */
static void say_from(struct call *c, const char *src, uint16_t sport, uint16_t dport, const struct said *s)
{
	uint8_t rtcp[128], *p = rtcp;
	unsigned blocks = s->about != 0;
	p = put(p, 0x80000000u | blocks << 24 | (s->sender ? 200u : 201u) << 16 | ((s->sender ? 6u : 1u) + 6 * blocks));
	p = put(p, s->ssrc);
	if (s->sender)
		p = put(put(put(put(put(p, s->ntp_high), s->ntp_low), s->timestamp), 999), 999);
	if (blocks) {
		p = put(put(p, s->about), (uint32_t)s->fraction << 24 | (s->lost & 0xffffff));
		p = put(put(put(put(p, s->seq_ext), s->jitter), s->lsr), s->dlsr);
	}
	memcpy(p, "\x81\xca\x00\x04\0\0\0\1\x01\x09me@10.0.0\0", 20);
	memcpy(p + 20, "\x81\xcb\x00\x01\0\0\0\1", 8);
	rig_receive(&c->rig, &(struct frame){.src = src,
					     .sport = sport,
					     .dst = "192.0.2.1",
					     .dport = dport,
					     .payload = rtcp,
					     .payload_len = (uint16_t)(p + 28 - rtcp)});
}

/* Whom the words come from. */
static void caller_reports(struct call *c, struct said said)
{
	said.ssrc = 0xca;
	say_from(c, CALLER, 4001, 20001, &said);
}

static void agent_reports(struct call *c, struct said said)
{
	said.ssrc = 0xa6;
	say_from(c, AGENT, 5001, 20003, &said);
}

static void target_reports(struct call *c, struct said said)
{
	said.ssrc = 0x7a;
	say_from(c, TARGET, 6001, 20005, &said);
}

static void report(struct call *c, const char *src, uint16_t sport, uint16_t dport, bool sender, uint32_t ssrc,
		   uint32_t timestamp, uint32_t about, uint32_t seq_ext)
{
	say_from(c, src, sport, dport,
		 &(struct said){.sender = sender,
				.ssrc = ssrc,
				.ntp_high = 0x11111111,
				.ntp_low = 0x22222222,
				.timestamp = timestamp,
				.about = about,
				.fraction = 5,
				.lost = 7,
				.seq_ext = seq_ext,
				.jitter = 33,
				.lsr = our_time(c),
				.dlsr = 55});
}

static uint32_t word(const struct seen *s, unsigned i)
{
	const uint8_t *p = s->payload + 4 * i;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

Test(rtcp, rewritten)
{
	static struct call c;
	call_init(&c);
	for (unsigned i = 0; i < 3; i++, c.rig.now_ns += 20 * RIG_MS) {
		agent_says(&c);
		caller_says(&c);
	}
	struct seen last = rig_seen(&c.rig, 4);
	/* The caller's sender report goes to the agent, who answers it. */
	report(&c, CALLER, 4001, 20001, true, 0xca, (c.caller_seq - 1) * 160u, 0, 0);
	cr_expect_eq(word(&(struct seen){.payload = rig_last(&c.rig).payload}, 1), 0xa0000002u);
	/* The agent's sender report, about the caller's stream as the agent got it: 10, 11, 12. */
	report(&c, AGENT, 5001, 20003, true, 0xa6, (c.agent_seq - 1) * 160u, 0xa0000002, 12);
	struct seen s = rig_last(&c.rig);
	struct xf_sockaddr from = rig_sockaddr("192.0.2.1", 20001), to = rig_sockaddr(CALLER, 4001);
	cr_expect(xf_sockaddr_eq(&s.src, &from) && xf_sockaddr_eq(&s.dst, &to));
	cr_expect(s.ip_checksum_ok && s.udp_checksum_ok);
	cr_expect_eq(s.payload_len, 88);
	cr_expect_eq(word(&s, 0), 0x81c8000cu);
	cr_expect_eq(word(&s, 1), 0xa0000001u, "the send stream's SSRC");
	cr_expect_eq(word(&s, 2) << 16 | word(&s, 3) >> 16, our_time(&c), "the time of who reports");
	cr_expect_eq(word(&s, 4), last.timestamp, "timestamp by the mapping");
	cr_expect_eq(word(&s, 5), 3u, "packets that the stream sent");
	cr_expect_eq(word(&s, 6), 480u);
	cr_expect_eq(word(&s, 7), 0xcau, "about what the caller sent");
	cr_expect_eq(word(&s, 9), (uint32_t)c.caller_seq - 1, "in the caller's own numbers");
	cr_expect_eq(word(&s, 11), 0x11112222u, "the caller's own time, for its report is answered");
	cr_expect_eq(word(&s, 13), 0x81ca0008u);
	cr_expect_eq(word(&s, 14), 0xa0000001u);
	for (unsigned i = 0; i + 9 < s.payload_len; i++)
		cr_assert_neq(memcmp(s.payload + i, "me@10.0.0", 9), 0, "the other side's CNAME must not pass");
	cr_expect_eq(rig_state(&c.rig, c.agent).rx_rtcp, 1);
	cr_expect_eq(rig_state(&c.rig, c.caller).tx_rtcp, 1);
	/* A receiver report, multiplexed on RTP's port, goes to RTCP's port of the other side, who does not multiplex.
	 */
	report(&c, CALLER, 4000, 20000, false, 0xca, 0, 0xa0000001, 65532);
	s = rig_last(&c.rig);
	cr_expect_eq(word(&s, 0), 0x81c90007u);
	cr_expect_eq(word(&s, 1), 0xa0000002u);
	cr_expect_eq(word(&s, 2), 0xa6u);
	cr_expect_eq(word(&s, 4), (uint32_t)c.agent_seq - 1);
	cr_expect_eq(s.dst.port, 5001);
	/* A report about another SSRC loses its block. */
	report(&c, AGENT, 5001, 20003, true, 0xa6, 1, 0xbad, 12);
	s = rig_last(&c.rig);
	cr_expect_eq(word(&s, 0), 0x80c80006u);
	cr_expect_eq(rig_all_drops(&c.rig), 0);
	rig_fini(&c.rig);
}

Test(rtcp, dropped)
{
	static struct call c;
	call_init(&c);
	report(&c, AGENT, 5001, 20003, true, 0xa6, 1, 1, 1);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_BEFORE_MAPPED), 1, "a sender report before its stream's first packet");
	agent_says(&c);
	report(&c, "203.0.113.66", 5001, 20003, true, 0xa6, 1, 1, 1);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_WRONG_SOURCE), 1);
	report(&c, AGENT, 5001, 20003, true, 0xbad, 1, 1, 1);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_RTCP_REPLACED), 1, "of an SSRC that does not feed");
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target, 500 * RIG_MS}), 0);
	report(&c, TARGET, 6001, 20005, true, 0x7a, 1, 1, 1);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_ARMED_WAIT), 1);
	target_says(&c);
	report(&c, AGENT, 5001, 20003, true, 0xa6, 1, 1, 1);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_RTCP_REPLACED), 2, "of a source that no longer feeds");
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target, 0, true}), 0);
	report(&c, TARGET, 6001, 20005, true, 0x7a, 1, 1, 1);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_PAUSED), 1);
	cr_expect_eq(c.rig.sent_count, 2u);
	cr_expect_eq(rig_all_drops(&c.rig), 6);
	rig_fini(&c.rig);
}

/* Where reports go: as the SDP says; multiplexed if it says RTP's port; behind a NAT where the peer's reports come
 * from. */
Test(rtcp, destination)
{
	static struct call c;
	static const struct {
		const char *name;
		uint16_t told;	 /* a=rtcp; 0: not said */
		uint16_t nat;	 /* port that its RTP comes from */
		uint16_t report; /* port that its RTCP comes from; 0: none yet */
		uint16_t dport, sport;
	} cases[] = {
	    {"not said", 0, 4000, 0, 4001, 20001},
	    {"said", 4444, 4000, 0, 4444, 20001},
	    {"said, sent from another", 4444, 4000, 4555, 4444, 20001},
	    {"multiplexed", 4000, 4000, 4000, 4000, 20000},
	    {"multiplexed behind NAT", 4000, 9000, 0, 9000, 20000},
	    {"NAT", 4001, 9000, 0, 9001, 20001},
	    {"NAT, heard", 4001, 9000, 9777, 9777, 20001},
	};
	rig_init(&c.rig, 1);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xf_endpoint_settings caller = rig_settings(CALLER, 4000), agent = rig_settings(AGENT, 5000);
		if (cases[i].told)
			caller.remote_rtcp = rig_sockaddr(CALLER, cases[i].told);
		struct xf_endpoint_id a = rig_open(&c.rig, 0, RIG_V4, 20000, &caller, 1, 1),
				      b = rig_open(&c.rig, 0, RIG_V4, 20002, &agent, 1, 1);
		cr_assert_eq(rig_move(&c.rig, a, b, 0, false), 0);
		for (uint16_t seq = 1; seq < 3; seq++)
			rig_rtp(&c.rig, CALLER, cases[i].nat, "192.0.2.1", 20000, 0, seq, 1, 1, 1);
		if (cases[i].report)
			report(&c, CALLER, cases[i].report, 20001, false, 1, 0, 0, 0);
		report(&c, AGENT, 5001, 20003, false, 2, 0, 0, 0);
		struct seen s = rig_last(&c.rig);
		cr_expect_eq(s.dst.port, cases[i].dport, "%s: to %u", cases[i].name, s.dst.port);
		cr_expect_eq(s.src.port, cases[i].sport, "%s: from %u", cases[i].name, s.src.port);
		struct command close = {.type = COMMAND_CLOSE, .id = a};
		cr_assert_eq(rig_command(&c.rig, 0, &close), 0);
		close.id = b;
		cr_assert_eq(rig_command(&c.rig, 0, &close), 0);
	}
	rig_fini(&c.rig);
}

/* The block of the latest report, which goes to the port `dport`; false: it has none. */
static bool block_of(struct call *c, uint16_t dport, struct said *block)
{
	struct seen s = rig_last(&c->rig);
	cr_assert_eq(s.dst.port, dport);
	unsigned at = s.payload[1] == 200 ? 7 : 2;
	if ((s.payload[0] & 31) == 0)
		return false;
	*block = (struct said){.about = word(&s, at),
			       .fraction = (uint8_t)(word(&s, at + 1) >> 24),
			       .lost = (uint32_t)((int32_t)(word(&s, at + 1) << 8) >> 8),
			       .seq_ext = word(&s, at + 2),
			       .jitter = word(&s, at + 3),
			       .lsr = word(&s, at + 4),
			       .dlsr = word(&s, at + 5)};
	return true;
}

#define CALLER_SSRC 0xa0000001u /* of what the endpoints send */
#define AGENT_SSRC  0xa0000002u
#define TARGET_SSRC 0xa0000003u

static void talk(struct call *c, void (*says)(struct call *c), unsigned packets)
{
	while (packets-- > 0) {
		says(c);
		c->rig.now_ns += 20 * RIG_MS;
	}
}

/* The caller's number of the packet that it got last. */
static uint32_t caller_got(struct call *c)
{
	for (unsigned i = c->rig.sent_count; i-- > 0;) {
		struct seen s = rig_seen(&c->rig, i);
		if (s.dst.port == 4000)
			return s.seq;
	}
	return 0;
}

/* What the caller lost goes to who fed it when it was lost, and where that is not known to nobody. */
Test(report, loss_across_moves)
{
	static struct call c;
	struct said b;
	call_init(&c);
	caller_says(&c);
	talk(&c, agent_says, 10);
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .fraction = 5, .lost = 7, .seq_ext = caller_got(&c)});
	cr_assert(block_of(&c, 5001, &b));
	cr_expect_eq(b.about, 0xa6u);
	cr_expect_eq(b.lost, 7u);
	cr_expect_eq(b.fraction, 5);
	cr_expect_eq(b.seq_ext, 7009u);
	uint32_t old = caller_got(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target}, {c.target, c.caller}, {c.agent, none}), 0);
	/* Nothing was sent to it by the target yet. */
	target_says(&c);
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .fraction = 9, .lost = 9, .seq_ext = old});
	cr_expect_not(block_of(&c, 6001, &b), "it has heard the agent only");
	talk(&c, target_says, 9);
	/* 5 more were lost since, of the agent's packets or of the target's. */
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .fraction = 99, .lost = 12, .seq_ext = caller_got(&c)});
	cr_assert(block_of(&c, 6001, &b));
	cr_expect_eq(b.about, 0x7au);
	cr_expect_eq(b.lost, 0u);
	cr_expect_eq(b.fraction, 0);
	cr_expect_eq(b.seq_ext, 0x10000u + (uint16_t)(c.target_seq - 1), "the target began at 65535: a cycle");
	talk(&c, target_says, 10);
	caller_reports(
	    &c, (struct said){.about = CALLER_SSRC, .fraction = 64, .lost = 15, .seq_ext = 0x50000 + caller_got(&c)});
	cr_assert(block_of(&c, 6001, &b));
	cr_expect_eq(b.lost, 3u);
	cr_expect_eq(b.fraction, 64);
	cr_expect_eq(b.seq_ext, 0x10000u + (uint16_t)(c.target_seq - 1), "cycles are ours, whatever the caller counts");
	/* Of numbers that it was never sent. */
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .lost = 15, .seq_ext = caller_got(&c) + 1});
	cr_expect_not(block_of(&c, 6001, &b));
	/* Back to the agent, whose line goes on where it was. */
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent}, {c.agent, c.caller}, {c.target, none}), 0);
	talk(&c, agent_says, 5);
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .fraction = 1, .lost = 20, .seq_ext = caller_got(&c)});
	cr_assert(block_of(&c, 5001, &b));
	cr_expect_eq(b.lost, 7u);
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .fraction = 1, .lost = 22, .seq_ext = caller_got(&c)});
	cr_assert(block_of(&c, 5001, &b));
	cr_expect_eq(b.lost, 9u);
	cr_expect_eq(b.fraction, 1);
	rig_fini(&c.rig);
}

/* The caller hears of its own stream from one reporter: its loss and its numbers go on when another listens. */
Test(report, one_line_for_the_sender)
{
	static struct call c;
	struct said b;
	call_init(&c);
	agent_says(&c);
	c.caller_seq = 65530;
	talk(&c, caller_says, 10); /* wraps */
	agent_reports(&c,
		      (struct said){.about = AGENT_SSRC, .fraction = 3, .lost = 4, .seq_ext = rig_last(&c.rig).seq});
	cr_assert(block_of(&c, 4001, &b));
	cr_expect_eq(b.lost, 4u);
	cr_expect_eq(b.seq_ext, 0x10003u);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target}, {c.target, c.caller}, {c.agent, none}), 0);
	target_says(&c);
	talk(&c, caller_says, 10);
	/* Its very first packets are the caller's: what it has lost is the caller's to know. */
	target_reports(&c,
		       (struct said){.about = TARGET_SSRC, .fraction = 3, .lost = 2, .seq_ext = rig_last(&c.rig).seq});
	cr_assert(block_of(&c, 4001, &b));
	cr_expect_eq(b.lost, 6u);
	cr_expect_eq(b.fraction, 3);
	cr_expect_eq(b.seq_ext, 0x1000du, "with the cycles that the caller has sent");
	/* More came than were sent. */
	target_reports(
	    &c,
	    (struct said){.about = TARGET_SSRC, .lost = (uint32_t)-20, .seq_ext = b.seq_ext - 0x10000 + 20 - 0x10000});
	rig_forget(&c.rig);
	talk(&c, caller_says, 1);
	target_reports(&c, (struct said){.about = TARGET_SSRC, .lost = (uint32_t)-20, .seq_ext = rig_last(&c.rig).seq});
	cr_assert(block_of(&c, 4001, &b));
	cr_expect_eq((int32_t)b.lost, -16);
	/* Another stream of the caller's: nothing of that was lost yet. */
	rig_rtp(&c.rig, CALLER, 4000, "192.0.2.1", 20000, 0, 1, 1, 0xcb, 1);
	target_reports(&c, (struct said){.about = TARGET_SSRC, .lost = (uint32_t)-18, .seq_ext = rig_last(&c.rig).seq});
	cr_assert(block_of(&c, 4001, &b));
	cr_expect_eq(b.about, 0xcbu);
	cr_expect_eq(b.lost, 0u);
	cr_expect_eq(b.seq_ext, 1u);
	rig_fini(&c.rig);
}

static double rtt_us(struct call *c, struct xf_endpoint_id id)
{
	return rig_state(&c->rig, id).rtt_us;
}

Test(report, round_trip)
{
	static struct call c;
	struct said b;
	call_init(&c);
	agent_says(&c);
	caller_says(&c);
	struct said answer = {.about = CALLER_SSRC, .seq_ext = 65530, .lsr = our_time(&c)};
	caller_reports(&c, answer);
	cr_expect_eq(rtt_us(&c, c.caller), 0, "it was sent no report yet");
	uint32_t first = our_time(&c);
	agent_reports(&c, (struct said){.sender = true, .ntp_high = 0x10001, .ntp_low = 0x80000000});
	c.rig.now_ns += 80 * RIG_MS;
	/* It came to the caller 30 ms ago. */
	answer.lsr = first;
	answer.dlsr = 30 * 65536 / 1000;
	caller_reports(&c, answer);
	cr_expect_float_eq(rtt_us(&c, c.caller), 50000, 200, "%f us", rtt_us(&c, c.caller));
	cr_assert(block_of(&c, 5001, &b));
	cr_expect_eq(b.lsr, 0x00018000u, "the agent can tell its own");
	cr_expect_eq(b.dlsr, 30u * 65536 / 1000);
	/* An answer to one before the last says us the same, and the agent nothing. */
	agent_reports(&c, (struct said){.sender = true, .ntp_high = 0x10006});
	c.rig.now_ns += 20 * RIG_MS;
	answer.dlsr = 0;
	caller_reports(&c, answer);
	cr_expect_float_eq(rtt_us(&c, c.caller), 100000, 200);
	cr_assert(block_of(&c, 5001, &b));
	cr_expect_eq(b.lsr, 0u);
	/* More delay than time has passed is no answer; nothing at all is none either, nor is what is older than 10 s.
	 */
	answer.dlsr = 65536;
	caller_reports(&c, answer);
	answer.lsr = answer.dlsr = 0;
	caller_reports(&c, answer);
	answer.lsr = first - 11 * 65536;
	caller_reports(&c, answer);
	answer.lsr = 0x00060000;
	caller_reports(&c, answer);
	cr_expect_float_eq(rtt_us(&c, c.caller), 100000, 200);
	/* Faster than our clock can tell is still known. */
	answer.lsr = our_time(&c) - 65536;
	answer.dlsr = 65537;
	caller_reports(&c, answer);
	cr_expect_eq(rtt_us(&c, c.caller), 100);
	cr_expect_eq(rtt_us(&c, c.agent), 0);
	rig_fini(&c.rig);
}

/* An answer to the agent's report says nothing to the target, whose clock is another. */
Test(report, answers_go_to_who_asked)
{
	static struct call c;
	struct said b;
	call_init(&c);
	caller_says(&c);
	agent_says(&c);
	uint32_t asked = our_time(&c);
	agent_reports(&c, (struct said){.sender = true, .ntp_high = 1, .ntp_low = 0});
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target}, {c.target, c.caller}, {c.agent, none}), 0);
	target_says(&c);
	c.rig.now_ns += 40 * RIG_MS;
	struct said answer = {.about = CALLER_SSRC, .seq_ext = caller_got(&c), .lsr = asked, .dlsr = 655};
	caller_reports(&c, answer);
	cr_assert(block_of(&c, 6001, &b));
	cr_expect_eq(b.lsr, 0u);
	cr_expect_eq(b.dlsr, 0u);
	cr_expect_float_eq(rtt_us(&c, c.caller), 30000, 200, "for us it is an answer");
	target_reports(&c, (struct said){.sender = true, .ntp_high = 2, .ntp_low = 0});
	caller_reports(&c, answer);
	cr_assert(block_of(&c, 6001, &b));
	cr_expect_eq(b.lsr, 0u, "one of two reports that went out is the target's");
	answer.lsr = our_time(&c);
	caller_reports(&c, answer);
	cr_assert(block_of(&c, 6001, &b));
	cr_expect_eq(b.lsr, 2u << 16);
	rig_fini(&c.rig);
}

/* What the caller hears from the gateway itself while time passes, turn by turn of 10 ms. */
#define OWN_MAX 64

struct own {
	uint64_t at_ns;
	struct seen seen;
	struct seen rtp; /* the last packet before it */
	uint8_t bytes[RTCP_OUT_MAX];
};

static unsigned wait_for_own(struct call *c, unsigned seconds, struct own *own, void (*says)(struct call *c))
{
	static uint8_t rtp[64];
	struct seen last = {0};
	unsigned count = 0;
	for (unsigned i = 0; i < seconds * 100; i++) {
		c->rig.now_ns += 10 * RIG_MS;
		if (says && i % 2 == 0)
			says(c);
		rig_turns(&c->rig);
		for (unsigned k = 0; k < c->rig.sent_count; k++) {
			struct seen s = rig_seen(&c->rig, k);
			if (s.payload[1] < 192 || s.payload[1] > 223) {
				if (s.dst.port == 4000)
					last = s;
				last.payload = rtp;
				continue;
			}
			cr_assert_lt(count, OWN_MAX);
			cr_expect(s.ip_checksum_ok && s.udp_checksum_ok);
			cr_assert_leq(s.payload_len, RTCP_OUT_MAX);
			own[count] = (struct own){.at_ns = c->rig.now_ns, .seen = s, .rtp = last};
			memcpy(own[count].bytes, s.payload, s.payload_len);
			own[count].seen.payload = own[count].bytes;
			count++;
		}
		rig_forget(&c->rig);
	}
	return count;
}

static unsigned to_caller(const struct own *own, unsigned count)
{
	unsigned n = 0;
	for (unsigned i = 0; i < count; i++)
		n += own[i].seen.dst.port == 4001;
	return n;
}

static void expect_intervals(const struct own *own, unsigned count)
{
	bool differs = false;
	for (unsigned i = 1; i < count; i++) {
		uint64_t ms = (own[i].at_ns - own[i - 1].at_ns) / RIG_MS;
		cr_expect(ms >= 2490 && ms <= 7520, "%lu ms after the one before", ms);
		differs = differs || ms / 100 != (own[1].at_ns - own[0].at_ns) / RIG_MS / 100;
	}
	cr_expect(differs, "the intervals are random");
}

Test(report, of_prompts)
{
	static struct call c;
	static struct own own[OWN_MAX];
	call_init(&c);
	const struct xf_endpoint_id us = {XF_ENDPOINT_PROMPT, RIG_US};
	cr_assert_eq(MOVE(&c, NULL, {c.caller, us}, {c.agent, none}), 0);
	uint64_t start_ns = c.rig.now_ns;
	unsigned count = wait_for_own(&c, 60, own, caller_says);
	cr_expect(count >= 8 && count <= 24, "%u reports in a minute", count);
	cr_expect_lt(own[0].at_ns - start_ns, 7600 * RIG_MS);
	expect_intervals(own, count);
	uint32_t expected = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct seen *s = &own[i].seen;
		cr_expect_eq(s->dst.port, 4001);
		cr_expect_eq(s->src.port, 20001);
		cr_assert_eq(word(s, 0), 0x81c8000cu);
		cr_expect_eq(word(s, 1), CALLER_SSRC);
		/* The wall clock's time, and where the prompt is then. */
		uint64_t unix_ns = own[i].at_ns + RIG_WALL_S * 1000 * RIG_MS;
		cr_expect_eq(word(s, 2), (uint32_t)(unix_ns / 1000000000 + 2208988800u));
		cr_expect_float_eq(word(s, 3) / 4294967296.0, (double)(unix_ns % 1000000000) / 1e9, 1e-6);
		uint32_t ahead = word(s, 4) - own[i].rtp.timestamp;
		cr_expect_leq(ahead, 160u, "%u units after the latest packet", ahead);
		cr_expect_eq(word(s, 5), (uint16_t)(own[i].rtp.seq - 65530 + 1), "packets");
		cr_expect_eq(word(s, 6), word(s, 5) * 160);
		/* What the caller sends, without a loss. */
		cr_expect_eq(word(s, 7), 0xcau);
		cr_expect_eq(word(s, 8), 0u);
		cr_expect_gt(word(s, 9), expected);
		expected = word(s, 9);
		cr_expect_eq(word(s, 11), 0u, "the caller has sent no report");
		cr_expect_eq(word(s, 13), 0x81ca0008u);
		cr_expect_eq(memcmp(s->payload + 52, own[0].seen.payload + 52, 36), 0, "one CNAME");
	}
	/* Who reports now is the agent. */
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent}), 0);
	agent_says(&c);
	agent_reports(&c, (struct said){.sender = true, .ntp_high = 1, .ntp_low = 0});
	rig_forget(&c.rig);
	count = wait_for_own(&c, 20, own, agent_says);
	cr_expect_eq(to_caller(own, count), 0u);
	rig_fini(&c.rig);
}

/* Loss up to here, and the answer to the caller's own report. */
Test(report, block_of_our_own)
{
	static struct call c;
	static struct own own[OWN_MAX];
	call_init(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, none}), 0);
	for (unsigned i = 0; i < 100; i++) {
		caller_says(&c);
		c.caller_seq += i % 4 == 0; /* one of five is lost */
	}
	caller_reports(&c, (struct said){.sender = true, .ntp_high = 0x12345, .ntp_low = 0x67890000});
	uint64_t heard_ns = c.rig.now_ns;
	rig_forget(&c.rig);
	cr_assert_geq(wait_for_own(&c, 8, own, NULL), 1u);
	struct seen *s = &own[0].seen;
	cr_assert_eq(word(s, 0), 0x81c90007u, "nothing is sent to it: a receiver report");
	cr_expect_eq(word(s, 1), CALLER_SSRC);
	cr_expect_eq(word(s, 2), 0xcau);
	/* Of 125 that were sent, by its numbers. */
	cr_expect_eq(word(s, 3) & 0xffffff, 25u);
	cr_expect_eq(word(s, 3) >> 24, 25u * 256 / 125);
	cr_expect_eq(word(s, 4), 42u + 124);
	cr_expect_eq(word(s, 6), 0x23456789u);
	cr_expect_float_eq(word(s, 7) / 65536.0, (double)(own[0].at_ns - heard_ns) / 1e9, 1e-3);
	/* Then it is silent, and reports go on without it. */
	cr_assert_geq(wait_for_own(&c, 8, own, NULL), 1u);
	cr_expect_eq(word(s, 0), 0x80c90001u);
	/* It has lost packets before; the line goes on, the share is of the new ones. */
	c.caller_seq += 10;
	caller_says(&c);
	rig_forget(&c.rig);
	cr_assert_geq(wait_for_own(&c, 8, own, NULL), 1u);
	cr_expect_eq(word(s, 3) & 0xffffff, 35u);
	cr_expect_eq(word(s, 3) >> 24, 10u * 256 / 11);
	rig_fini(&c.rig);
}

/* Held legs are spoken to; those that never were a party to anything are not. */
Test(report, of_held_legs)
{
	static struct call c;
	static struct own own[OWN_MAX];
	call_init(&c);
	caller_says(&c);
	agent_says(&c);
	caller_reports(&c, (struct said){.sender = true, .ntp_high = 1, .ntp_low = 0});
	agent_reports(&c, (struct said){.sender = true, .ntp_high = 1, .ntp_low = 0});
	rig_forget(&c.rig);
	cr_expect_eq(wait_for_own(&c, 20, own, NULL), 0u, "the parties report of what they send each other");
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent, 0, true}), 0);
	const uint64_t start_ns = c.rig.now_ns;
	unsigned all = wait_for_own(&c, 60, own, NULL), count = 0;
	for (unsigned i = 0; i < all; i++) {
		if (own[i].seen.dst.port == 4001) {
			own[count++] = own[i];
			continue;
		}
		cr_expect_eq(own[i].seen.dst.port, 5001, "the target has been sent nothing");
		cr_expect_geq(own[i].at_ns - start_ns, 5000 * RIG_MS, "the caller has reported 25 s before");
	}
	cr_expect_geq(count, 8u);
	expect_intervals(own, count);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent}), 0);
	agent_reports(&c, (struct said){.sender = true, .ntp_high = 80, .ntp_low = 0});
	rig_forget(&c.rig);
	count = wait_for_own(&c, 20, own, NULL);
	cr_expect_eq(to_caller(own, count), 0u, "now it reports itself");
	rig_fini(&c.rig);
}

/* The reports' time is that of what is heard: at most so many units after the latest packet. */
static void expect_senders(const struct own *own, unsigned count, unsigned ahead_most)
{
	for (unsigned i = 0; i < count; i++) {
		const struct seen *s = &own[i].seen;
		if (s->dst.port != 4001)
			continue;
		cr_assert_eq(word(s, 0) >> 16 & 0xff, 200u, "report %u is no sender's", i);
		uint32_t ahead = word(s, 4) - own[i].rtp.timestamp;
		cr_expect_leq(ahead, ahead_most, "report %u is %u units after the latest packet", i, ahead);
		cr_expect_eq((uint16_t)word(s, 5), (uint16_t)(own[i].rtp.seq - 65530 + 1), "report %u: packets", i);
	}
}

/* Hold music stands in for a source, which then talks again: each time the report is of what is heard. */
Test(report, of_hold_music)
{
	static struct call c;
	static struct own own[OWN_MAX];
	call_init(&c);
	struct xf_link_move hold = {.to = c.caller, .from = c.agent, .while_silent = RIG_US};
	cr_assert_eq(move(&c, NULL, &hold, 1), 0);
	for (unsigned i = 0; i < 2; i++) {
		unsigned count = wait_for_own(&c, 30, own, NULL);
		cr_expect_geq(to_caller(own, count), 4u);
		/* A packet of 20 ms, and turns of 10 ms. */
		expect_senders(own, count, 240);
		count = wait_for_own(&c, 30, own, agent_says);
		cr_expect_geq(to_caller(own, count), 4u, "the agent sends no RTCP");
		expect_senders(own, count, 240);
	}
	rig_fini(&c.rig);
}

/* A source that sends no RTCP: the gateway speaks for it, until it does. */
Test(report, of_sources_without_rtcp)
{
	static struct call c;
	static struct own own[OWN_MAX];
	call_init(&c);
	unsigned count = wait_for_own(&c, 60, own, agent_says);
	cr_expect(to_caller(own, count) >= 8 && to_caller(own, count) <= 24, "%u", to_caller(own, count));
	expect_senders(own, count, 240);
	/* Whoever is not heard has a reporter, too: the agent is told of what it sends. */
	cr_expect_gt(count, to_caller(own, count));
	for (unsigned i = 0; i < count; i++)
		if (own[i].seen.dst.port == 5001) {
			cr_expect_eq(word(&own[i].seen, 0), 0x81c90007u);
			cr_expect_eq(word(&own[i].seen, 2), 0xa6u);
		}
	/* It has fallen silent for longer than two intervals: nobody is a sender. */
	wait_for_own(&c, 12, own, NULL);
	count = wait_for_own(&c, 8, own, NULL);
	cr_assert_geq(to_caller(own, count), 1u);
	for (unsigned i = 0; i < count; i++)
		cr_expect_eq(word(&own[i].seen, 0), 0x80c90001u);
	agent_says(&c);
	agent_reports(&c, (struct said){.sender = true, .ntp_high = 1, .ntp_low = 0});
	rig_forget(&c.rig);
	count = wait_for_own(&c, 20, own, agent_says);
	cr_expect_eq(to_caller(own, count), 0u, "now it does so itself");
	/* And no more: five intervals later it is spoken for again. */
	wait_for_own(&c, 6, own, agent_says);
	count = wait_for_own(&c, 30, own, agent_says);
	cr_expect(to_caller(own, count) >= 4 && to_caller(own, count) <= 12, "%u", to_caller(own, count));
	rig_fini(&c.rig);
}

/* What was lost of a prompt is nobody's fault: also where more of the source's packets are missing than the prompt had.
 */
Test(report, loss_of_a_prompt)
{
	static struct call c;
	struct said b;
	call_init(&c);
	const struct xf_endpoint_id us = {XF_ENDPOINT_PROMPT, RIG_US};
	caller_says(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, us}), 0);
	for (unsigned i = 0; i < 400; i++) {
		c.rig.now_ns += RIG_MS;
		rig_turns(&c.rig);
	}
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent}), 0);
	talk(&c, agent_says, 10);
	c.agent_seq += 30;
	talk(&c, agent_says, 10);
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .fraction = 90, .lost = 42, .seq_ext = caller_got(&c)});
	cr_assert(block_of(&c, 5001, &b));
	cr_expect_eq(b.lost, 0u, "%u", b.lost);
	cr_expect_eq(b.fraction, 0);
	talk(&c, agent_says, 10);
	caller_reports(&c, (struct said){.about = CALLER_SSRC, .fraction = 90, .lost = 44, .seq_ext = caller_got(&c)});
	cr_assert(block_of(&c, 5001, &b));
	cr_expect_eq(b.lost, 2u);
	rig_fini(&c.rig);
}

static void shut(struct call *c, struct xf_endpoint_id id)
{
	struct command command = {.type = COMMAND_CLOSE, .id = id};
	cr_assert_eq(rig_command(&c->rig, 0, &command), 0);
}

Test(report, bye_at_the_end)
{
	static struct call c;
	call_init(&c);
	agent_says(&c);
	rig_forget(&c.rig);
	shut(&c, c.target);
	cr_expect_eq(c.rig.sent_count, 0u, "it was told nothing, ever");
	shut(&c, c.caller);
	cr_assert_eq(c.rig.sent_count, 1u);
	struct seen s = rig_last(&c.rig);
	cr_expect_eq(s.dst.port, 4001);
	cr_assert_eq(s.payload_len, 28 + 36 + 8);
	cr_expect_eq(word(&s, 0), 0x80c80006u);
	cr_expect_eq(word(&s, 5), 1u, "packets");
	cr_expect_eq(word(&s, 7), 0x81ca0008u);
	cr_expect_eq(word(&s, 16), 0x81cb0001u);
	cr_expect_eq(word(&s, 17), CALLER_SSRC);
	shut(&c, c.agent);
	cr_expect_eq(c.rig.sent_count, 1u);
	rig_fini(&c.rig);
}

/* What begins without a report was not agreed on: it has a name of its own. */
Test(report, reduced_size)
{
	static struct call c;
	static const uint8_t feedback[] = {0x81, 206, 0, 2, 0, 0, 0, 0xca, 0, 0, 0, 1};
	call_init(&c);
	agent_says(&c);
	rig_receive(&c.rig, &(struct frame){.src = CALLER,
					    .sport = 4001,
					    .dst = "192.0.2.1",
					    .dport = 20001,
					    .payload = feedback,
					    .payload_len = sizeof(feedback)});
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_RTCP_REDUCED), 1);
	cr_expect_eq(rig_all_drops(&c.rig), 1);
	cr_expect_eq(rig_state(&c.rig, c.caller).rx_rtcp, 0);
	rig_fini(&c.rig);
}
