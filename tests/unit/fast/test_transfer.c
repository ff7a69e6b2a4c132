#include "call.h"

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
