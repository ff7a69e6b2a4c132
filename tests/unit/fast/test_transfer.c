#include "rig.h"

#define CALLER "203.0.113.10"
#define AGENT  "203.0.113.20"
#define TARGET "203.0.113.30"

/* A call as the control plane would patch it: caller and agent talk, the target's endpoint is open. */
struct call {
	struct rig rig;
	struct xf_endpoint_id caller, agent, target;
	uint16_t caller_seq, agent_seq, target_seq;
};

static const struct xf_endpoint_id none = {XF_ENDPOINT_NONE, 0};

static void call_init(struct call *c)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000), agent = rig_settings(AGENT, 5000),
				    target = rig_settings(TARGET, 6000);
	memset(c, 0, sizeof(*c));
	rig_init(&c->rig, 1);
	/* The caller's send stream wraps in both numbers while the test runs. */
	c->caller = rig_open(&c->rig, 0, RIG_V4, 20000, &caller, 65530, 0xfffffe00);
	c->agent = rig_open(&c->rig, 0, RIG_V4, 20002, &agent, 10, 100);
	c->target = rig_open(&c->rig, 0, RIG_V4, 20004, &target, 20, 200);
	cr_assert_eq(rig_move(&c->rig, c->agent, c->caller, 0, false), 0);
	cr_assert_eq(rig_move(&c->rig, c->caller, c->agent, 0, false), 0);
	c->agent_seq = 7000;
	c->target_seq = 65535;
	c->caller_seq = 42;
}

static void caller_says(struct call *c)
{
	rig_rtp(&c->rig, CALLER, 4000, "192.0.2.1", 20000, 0, c->caller_seq, c->caller_seq * 160u, 0xca, 0xc0);
	c->caller_seq++;
}

static void agent_says(struct call *c)
{
	rig_rtp(&c->rig, AGENT, 5000, "192.0.2.1", 20002, 0, c->agent_seq, c->agent_seq * 160u, 0xa6, 0xa0);
	c->agent_seq++;
}

static void target_says(struct call *c)
{
	rig_rtp(&c->rig, TARGET, 6000, "192.0.2.1", 20004, 0, c->target_seq,
		0xfffff000 + (uint16_t)(c->target_seq + 1) * 160u, 0x7a, 0x70);
	c->target_seq++;
}

static int move(struct call *c, uint32_t *detail, const struct xf_link_move *moves, uint32_t n)
{
	struct command command = {.type = COMMAND_PATCH, .patch = {.count = n}};
	memcpy(command.patch.moves, moves, n * sizeof(moves[0]));
	int ret = rig_command(&c->rig, 0, &command);
	if (detail)
		*detail = command.detail;
	return ret;
}

#define MOVE(c, detail, ...)                                                                                           \
	move(c, detail, (const struct xf_link_move[]){__VA_ARGS__},                                                    \
	     sizeof((const struct xf_link_move[]){__VA_ARGS__}) / sizeof(struct xf_link_move))

/* The main thing: caller and agent are unpatched, caller and target are patched; what the caller gets is one stream. */
Test(transfer, the_caller_hears_one_stream)
{
	static struct call c;
	call_init(&c);
	uint64_t start = c.rig.now_ns;
	for (unsigned i = 0; i < 10; i++, c.rig.now_ns += 20 * RIG_MS)
		agent_says(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target}, {c.target, c.caller}, {c.agent, none}), 0);
	c.rig.now_ns += 100 * RIG_MS;
	for (unsigned i = 0; i < 10; i++, c.rig.now_ns += 20 * RIG_MS) {
		agent_says(&c); /* late packets of the old source: dropped */
		target_says(&c);
	}
	cr_expect_eq(c.rig.sent_count, 20u);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_UNPATCHED), 10);
	for (unsigned i = 0; i < 20; i++) {
		struct seen s = rig_seen(&c.rig, i);
		uint64_t at = i < 10 ? i * 20 : i * 20 + 100;
		cr_expect_eq(s.ssrc, 0xa0000001);
		cr_expect_eq(s.seq, (uint16_t)(65530 + i), "packet %u: %u", i, s.seq);
		cr_expect_eq(s.timestamp, 0xfffffe00 + (uint32_t)at * 8, "packet %u", i);
		cr_expect_eq(s.marker, i == 0 || i == 10, "packet %u", i);
		cr_expect_eq(s.payload[100], i < 10 ? 0xa0 : 0x70, "packet %u", i);
		cr_expect(s.udp_checksum_ok);
	}
	caller_says(&c);
	struct seen s = rig_last(&c.rig);
	struct xf_sockaddr target = rig_sockaddr(TARGET, 6000);
	cr_expect(xf_sockaddr_eq(&s.dst, &target));
	cr_expect_eq(s.ssrc, 0xa0000003);
	struct xf_endpoint_state state = rig_state(&c.rig, c.caller);
	cr_expect_eq(state.source.index, c.target.index);
	cr_expect_eq(state.tx_packets, 20);
	cr_expect_gt(c.rig.now_ns, start);
	cr_expect_eq(rig_state(&c.rig, c.agent).source.index, XF_ENDPOINT_NONE);
	rig_fini(&c.rig);
}

/* A jump in the source's own numbers, and a packet from before the first: never a number twice toward the caller. */
Test(transfer, jump_and_before_mapped)
{
	static struct call c;
	call_init(&c);
	agent_says(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target}), 0);
	c.target_seq = 500;
	target_says(&c); /* first mapped */
	c.target_seq = 499;
	target_says(&c); /* came late: older than the first */
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_BEFORE_MAPPED), 1);
	c.target_seq = 501;
	target_says(&c);
	c.target_seq = 20000;
	target_says(&c); /* a jump: waits for its second */
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_SEQUENCE_JUMP), 1);
	target_says(&c);
	cr_expect_eq(c.rig.sent_count, 4u);
	for (unsigned i = 0; i < 4; i++)
		cr_expect_eq(rig_seen(&c.rig, i).seq, (uint16_t)(65530 + i));
	cr_expect(rig_last(&c.rig).marker);
	cr_expect_eq(rig_state(&c.rig, c.target).rx_dropped, 2);
	rig_fini(&c.rig);
}

Test(transfer, armed_fires)
{
	static struct call c;
	call_init(&c);
	agent_says(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target, 500 * RIG_MS}, {c.target, c.caller}), 0);
	cr_expect_eq(rig_state(&c.rig, c.caller).armed.index, c.target.index);
	cr_expect_eq(rig_state(&c.rig, c.caller).source.index, c.agent.index);
	c.rig.now_ns += 20 * RIG_MS;
	agent_says(&c);
	rig_turns(&c.rig);
	cr_expect_eq(c.rig.sent_count, 2u, "the present source goes on");
	/* The caller's own stream flows to both while armed: agent first, target second. */
	caller_says(&c);
	cr_expect_eq(c.rig.sent_count, 4u);
	struct seen a = rig_seen(&c.rig, 2), b = rig_seen(&c.rig, 3);
	cr_expect_neq(memcmp(&a.dst, &b.dst, sizeof(a.dst)), 0);
	cr_expect_neq(a.ssrc, b.ssrc);
	cr_expect(a.udp_checksum_ok && b.udp_checksum_ok && a.ip_checksum_ok && b.ip_checksum_ok);
	cr_expect_eq(memcmp(a.payload + 12, b.payload + 12, 160), 0);
	/* A payload type that the caller does not know does not fire. */
	rig_rtp(&c.rig, TARGET, 6000, "192.0.2.1", 20004, 3, 1, 1, 0x7a, 0x70);
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_FIRED), 0u);
	c.rig.now_ns += 20 * RIG_MS;
	target_says(&c);
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_FIRED), 1u);
	struct seen s = rig_last(&c.rig);
	cr_expect_eq(s.payload[50], 0x70, "the packet that fires is the first that is forwarded");
	cr_expect_eq(s.seq, 65532);
	cr_expect(s.marker);
	unsigned sent = c.rig.sent_count;
	agent_says(&c);
	cr_expect_eq(c.rig.sent_count, sent);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_UNPATCHED), 1);
	c.rig.now_ns += 1000 * RIG_MS;
	rig_turns(&c.rig);
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_LIMIT), 0u);
	cr_expect_eq(rig_state(&c.rig, c.caller).armed.index, XF_ENDPOINT_NONE);
	rig_fini(&c.rig);
}

Test(transfer, armed_limit)
{
	static struct call c;
	call_init(&c);
	agent_says(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target, 500 * RIG_MS}), 0);
	c.rig.now_ns += 500 * RIG_MS - 1;
	rig_turns(&c.rig);
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_LIMIT), 0u);
	agent_says(&c);
	cr_expect_eq(c.rig.sent_count, 2u);
	c.rig.now_ns += 1;
	rig_turns(&c.rig);
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_LIMIT), 1u);
	cr_expect_eq(rig_state(&c.rig, c.caller).source.index, c.target.index);
	agent_says(&c);
	cr_expect_eq(c.rig.sent_count, 2u, "the old source is off");
	target_says(&c);
	cr_expect_eq(c.rig.sent_count, 3u);
	cr_expect_eq(rig_last(&c.rig).seq, 65532);
	rig_fini(&c.rig);
}

Test(transfer, pause)
{
	static struct call c;
	call_init(&c);
	agent_says(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent, 0, true}), 0);
	cr_expect_eq(rig_state(&c.rig, c.caller).paused, 1);
	c.rig.now_ns += 20 * RIG_MS;
	agent_says(&c);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_PAUSED), 1);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent}), 0);
	c.rig.now_ns += 20 * RIG_MS;
	agent_says(&c);
	struct seen s = rig_last(&c.rig);
	cr_expect_eq(s.seq, 65531, "no gap for what was held back");
	cr_expect_eq(s.timestamp, 0xfffffe00 + 320);
	cr_expect(s.marker);
	/* The same patch again is no change. */
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.agent}), 0);
	agent_says(&c);
	cr_expect_not(rig_last(&c.rig).marker);
	rig_fini(&c.rig);
}

/* A batch with one bad move changes nothing, and says which. */
Test(transfer, all_or_none)
{
	static struct call c;
	call_init(&c);
	struct xf_endpoint_settings settings = rig_settings("203.0.113.40", 7000);
	struct xf_endpoint_id more[2] = {rig_open(&c.rig, 0, RIG_V4, 20006, &settings, 1, 1),
					 rig_open(&c.rig, 0, RIG_V4, 20008, &settings, 1, 1)};
	struct xf_endpoint_id stale = {c.target.index, c.target.generation + 100}, closed = {c.target.index + 9, 1},
			      outside = {RIG_MEDIA_COUNT * XF_PORT_PAIRS, 1};
	struct {
		const char *name;
		struct xf_link_move moves[4];
		uint32_t count;
		int result;
		uint32_t detail;
	} cases[] = {
	    {"stale to", {{c.caller, c.target}, {stale, c.caller}}, 2, -ESTALE, 1},
	    {"stale from", {{c.agent, none}, {c.caller, c.target}, {c.target, stale}}, 3, -ESTALE, 2},
	    {"closed", {{c.caller, c.target}, {c.agent, closed}}, 2, -ENOENT, 1},
	    {"none as receiver", {{none, c.target}, {c.caller, c.target}}, 2, -ENOENT, 0},
	    {"outside the table", {{c.caller, outside}}, 1, -ENOENT, 0},
	    {"three receivers of one", {{c.caller, c.target}, {more[0], c.caller}, {more[1], c.caller}}, 3, -EMLINK, 2},
	    {"no move", {{none, none}}, 0, -EINVAL, 0},
	    {"too many moves", {{none, none}}, XF_LINK_MOVES_MAX + 1, -EINVAL, 0},
	};
	agent_says(&c);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct command command = {.type = COMMAND_PATCH, .patch = {.count = cases[i].count}};
		memcpy(command.patch.moves, cases[i].moves, sizeof(cases[i].moves));
		cr_expect_eq(rig_command(&c.rig, 0, &command), cases[i].result, "%s: %d", cases[i].name,
			     command.result);
		cr_expect_eq(command.detail, cases[i].detail, "%s: %u", cases[i].name, command.detail);
		cr_expect_eq(rig_state(&c.rig, c.caller).source.index, c.agent.index, "%s", cases[i].name);
		cr_expect_eq(rig_state(&c.rig, c.agent).source.index, c.caller.index, "%s", cases[i].name);
		cr_expect_eq(rig_state(&c.rig, c.target).source.index, XF_ENDPOINT_NONE, "%s", cases[i].name);
		unsigned sent = c.rig.sent_count;
		agent_says(&c);
		caller_says(&c);
		cr_expect_eq(c.rig.sent_count, sent + 2, "%s", cases[i].name);
		cr_expect_not(rig_last(&c.rig).marker && i > 0, "%s: the streams went on", cases[i].name);
	}
	/* Order within a batch does not count: the second receiver's place is free once the first has let go. */
	cr_expect_eq(MOVE(&c, NULL, {more[0], c.caller}), 0);
	cr_expect_eq(MOVE(&c, NULL, {more[1], c.caller}, {more[0], none}), 0);
	rig_fini(&c.rig);
}

/* The most that a batch may hold. */
Test(transfer, full_batch)
{
	static struct rig rig;
	struct xf_endpoint_id ids[XF_LINK_MOVES_MAX];
	struct command command = {.type = COMMAND_PATCH, .patch = {.count = XF_LINK_MOVES_MAX}};
	rig_init(&rig, 1);
	for (unsigned i = 0; i < XF_LINK_MOVES_MAX; i++) {
		struct xf_endpoint_settings settings = rig_settings("203.0.113.40", (uint16_t)(7000 + 2 * i));
		ids[i] = rig_open(&rig, 0, RIG_V4, (uint16_t)(20000 + 2 * i), &settings, 1, 1);
	}
	for (unsigned i = 0; i < XF_LINK_MOVES_MAX; i++)
		command.patch.moves[i] = (struct xf_link_move){ids[i], ids[i ^ 1], i & 2 ? RIG_MS : 0};
	cr_expect_eq(rig_command(&rig, 0, &command), 0);
	rig.now_ns += RIG_MS;
	rig_turns(&rig);
	cr_expect_eq(rig_events(&rig, XF_EVENT_ARMED_LIMIT), XF_LINK_MOVES_MAX / 2);
	for (unsigned i = 0; i < XF_LINK_MOVES_MAX; i++)
		cr_expect_eq(rig_state(&rig, ids[i]).source.index, ids[i ^ 1].index);
	rig_fini(&rig);
}

/* A closed endpoint's patches go with it, both ways, armed ones too. */
Test(transfer, close)
{
	static struct call c;
	call_init(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target, 500 * RIG_MS}, {c.target, c.caller}), 0);
	struct command command = {.type = COMMAND_CLOSE, .id = c.target};
	cr_assert_eq(rig_command(&c.rig, 0, &command), 0);
	cr_expect_eq(rig_state(&c.rig, c.caller).armed.index, XF_ENDPOINT_NONE);
	agent_says(&c);
	caller_says(&c);
	cr_expect_eq(c.rig.sent_count, 2u);
	command.id = c.agent;
	cr_assert_eq(rig_command(&c.rig, 0, &command), 0);
	cr_expect_eq(rig_state(&c.rig, c.caller).source.index, XF_ENDPOINT_NONE);
	caller_says(&c);
	agent_says(&c);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_UNPATCHED), 1);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_NO_ENDPOINT), 1);
	c.rig.now_ns += 1000 * RIG_MS;
	rig_turns(&c.rig);
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_LIMIT), 0u);
	rig_fini(&c.rig);
}

/* RTCP. */

static void report(struct call *c, const char *src, uint16_t sport, uint16_t dport, bool sender, uint32_t ssrc,
		   uint32_t timestamp, uint32_t about, uint32_t seq_ext)
{
	uint8_t rtcp[128], *p = rtcp;
	uint32_t words[13] = {(sender ? 0x81c8000cu : 0x81c90007u), ssrc};
	unsigned n = 2;
	if (sender) {
		words[n++] = 0x11111111;
		words[n++] = 0x22222222;
		words[n++] = timestamp;
		words[n++] = 999;
		words[n++] = 999;
	}
	words[n++] = about;
	words[n++] = 0x05000007;
	words[n++] = seq_ext;
	words[n++] = 33;
	words[n++] = 44;
	words[n++] = 55;
	for (unsigned i = 0; i < n; i++)
		for (int shift = 24; shift >= 0; shift -= 8)
			*p++ = (uint8_t)(words[i] >> shift);
	/* A CNAME with the sender's address, and a BYE. */
	memcpy(p, "\x81\xca\x00\x04\0\0\0\1\x01\x09me@10.0.0\0", 20);
	memcpy(p + 20, "\x81\xcb\x00\x01\0\0\0\1", 8);
	rig_receive(&c->rig, &(struct frame){.src = src,
					     .sport = sport,
					     .dst = "192.0.2.1",
					     .dport = dport,
					     .payload = rtcp,
					     .payload_len = (uint16_t)(p + 28 - rtcp)});
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
	/* The agent's sender report, about the caller's stream as the agent got it: 10, 11, 12. */
	report(&c, AGENT, 5001, 20003, true, 0xa6, (c.agent_seq - 1) * 160u, 0xa0000002, 12);
	struct seen s = rig_last(&c.rig);
	struct xf_sockaddr from = rig_sockaddr("192.0.2.1", 20001), to = rig_sockaddr(CALLER, 4001);
	cr_expect(xf_sockaddr_eq(&s.src, &from) && xf_sockaddr_eq(&s.dst, &to));
	cr_expect(s.ip_checksum_ok && s.udp_checksum_ok);
	cr_expect_eq(s.payload_len, 88);
	cr_expect_eq(word(&s, 0), 0x81c8000cu);
	cr_expect_eq(word(&s, 1), 0xa0000001u, "the send stream's SSRC");
	cr_expect_eq(word(&s, 2), 0x11111111u);
	cr_expect_eq(word(&s, 4), last.timestamp, "timestamp by the mapping");
	cr_expect_eq(word(&s, 5), 3u, "packets that the stream sent");
	cr_expect_eq(word(&s, 6), 480u);
	cr_expect_eq(word(&s, 7), 0xcau, "about what the caller sent");
	cr_expect_eq(word(&s, 9), (uint32_t)c.caller_seq - 1, "in the caller's own numbers");
	cr_expect_eq(word(&s, 11), 44u);
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

/* Two sources that chose one SSRC and near numbers (some programs always take the same): still two sources. */
Test(transfer, same_ssrc)
{
	static struct call c;
	call_init(&c);
	agent_says(&c);
	for (unsigned armed = 0; armed < 2; armed++) {
		uint16_t seq = rig_last(&c.rig).seq;
		cr_assert_eq(MOVE(&c, NULL, {c.caller, armed ? c.agent : c.target, armed * RIG_MS}), 0);
		c.rig.now_ns += RIG_MS / 2;
		if (armed)
			rig_rtp(&c.rig, AGENT, 5000, "192.0.2.1", 20002, 0, 7004, 5, 0xa6, 2);
		else
			rig_rtp(&c.rig, TARGET, 6000, "192.0.2.1", 20004, 0, 7002, 5, 0xa6, 1);
		cr_expect_eq(rig_last(&c.rig).seq, (uint16_t)(seq + 1));
		cr_expect(rig_last(&c.rig).marker);
	}
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_FIRED), 1u);
	rig_fini(&c.rig);
}

/* A move replaces what was armed. */
Test(transfer, armed_replaced)
{
	static struct call c;
	call_init(&c);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, c.target, 500 * RIG_MS}), 0);
	cr_assert_eq(MOVE(&c, NULL, {c.caller, none}), 0);
	cr_expect_eq(rig_state(&c.rig, c.caller).armed.index, XF_ENDPOINT_NONE);
	target_says(&c);
	agent_says(&c);
	cr_expect_eq(rig_drops(&c.rig, XF_DROP_UNPATCHED), 2);
	c.rig.now_ns += 500 * RIG_MS;
	rig_turns(&c.rig);
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_LIMIT), 0u);
	cr_expect_eq(rig_state(&c.rig, c.caller).source.index, XF_ENDPOINT_NONE);
	rig_fini(&c.rig);
}
