#include "pair.h"

/* Who may lock a source, as rows of what arrives and what is expected after it. */
struct arrival {
	uint32_t at_ms;
	const char *src;
	uint16_t sport;
	uint16_t seq;
	uint8_t pt;
	bool taken;
};

static void learn(const char *name, bool strict, const struct arrival *rows, unsigned n, const char *locked,
		  uint16_t port, unsigned locks)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	caller.learn = strict ? XF_LEARN_STRICT : XF_LEARN_ONCE;
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	uint64_t opened = p.rig.now_ns;
	uint64_t wrong = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned sent = p.rig.sent_count;
		p.rig.now_ns = opened + rows[i].at_ms * RIG_MS;
		caller_says(&p, rows[i].src, rows[i].sport, rows[i].pt, rows[i].seq);
		wrong += !rows[i].taken;
		cr_expect_eq(p.rig.sent_count - sent, rows[i].taken, "%s, packet %u", name, i);
		cr_expect_eq(rig_drops(&p.rig, XF_DROP_WRONG_SOURCE), wrong, "%s, packet %u", name, i);
	}
	struct xf_endpoint_state state = rig_state(&p.rig, p.caller);
	cr_expect_eq(state.rx_wrong_source, wrong, "%s", name);
	if (locked) {
		struct xf_sockaddr expect = rig_sockaddr(locked, port);
		cr_expect(xf_sockaddr_eq(&state.locked, &expect), "%s: not locked to %s", name, locked);
		cr_expect_eq(rig_events(&p.rig, XF_EVENT_SOURCE_LOCKED), locks, "%s", name);
		cr_expect_eq(rig_events(&p.rig, XF_EVENT_FIRST_PACKET), 1u, "%s", name);
		/* What we send goes where the locked source is (symmetric RTP, RFC 4961). */
		rig_rtp(&p.rig, AGENT, 5000, "192.0.2.9", 20002, 96, 1, 1, 8, 0x55);
		struct seen s = rig_last(&p.rig);
		expect_frame(&s, "192.0.2.1", 20000, locked, port);
	} else {
		cr_expect_eq(state.locked.addr.family, 0, "%s", name);
		cr_expect_eq(rig_events(&p.rig, XF_EVENT_SOURCE_LOCKED), 0u, "%s", name);
	}
	rig_fini(&p.rig);
}

#define LEARN_TIMES(name, strict, locked, port, locks, ...)                                                            \
	do {                                                                                                           \
		static const struct arrival rows[] = {__VA_ARGS__};                                                    \
		learn(name, strict, rows, sizeof(rows) / sizeof(rows[0]), locked, port, locks);                        \
	} while (0)
#define LEARN(name, strict, locked, port, ...) LEARN_TIMES(name, strict, locked, port, 1, __VA_ARGS__)

/* An EAL lives once in a process, so each row is a test. */
Test(learn, sdp_address)
{
	LEARN("the SDP address locks at once", false, CALLER, 4000, {0, CALLER, 4000, 5, 0, true},
	      {1, FOREIGN, 4000, 6, 0, false}, {2, FOREIGN, 4000, 7, 0, false}, {3, CALLER, 4001, 8, 0, false},
	      {20, CALLER, 4000, 6, 0, true});
}

Test(learn, nat)
{
	LEARN("a foreign source with two packets in a row", false, FOREIGN, 1234, {0, FOREIGN, 1234, 5, 0, false},
	      {20, FOREIGN, 1234, 6, 0, true}, {21, AGENT, 4000, 7, 0, false}, {22, AGENT, 4000, 8, 0, false},
	      {40, FOREIGN, 1234, 7, 0, true});
}

/* Who only was faster than the party that the SDP names has nothing any more once that is heard. */
Test(learn, sdp_takes_back)
{
	LEARN_TIMES("the SDP address within the window after a foreign lock", false, CALLER, 4000, 2,
		    {0, FOREIGN, 1234, 5, 0, false}, {20, FOREIGN, 1234, 6, 0, true}, {30, CALLER, 4001, 7, 0, false},
		    {40, CALLER, 4000, 8, 0, true}, {41, FOREIGN, 1234, 7, 0, false}, {42, FOREIGN, 1234, 8, 0, false},
		    {60, CALLER, 4000, 9, 0, true});
}

Test(learn, sdp_too_late)
{
	LEARN("the SDP address after the window", false, FOREIGN, 1234, {0, FOREIGN, 1234, 5, 0, false},
	      {20, FOREIGN, 1234, 6, 0, true}, {3000, CALLER, 4000, 8, 0, false}, {3020, CALLER, 4000, 9, 0, false},
	      {3040, FOREIGN, 1234, 7, 0, true});
}

/* Nothing is ever sent to what is no party's address: port 0, 0/8, ourselves. */
Test(learn, no_address_of_a_party)
{
	LEARN("forged sources", false, NULL, 0, {0, FOREIGN, 0, 5, 0, false}, {1, FOREIGN, 0, 6, 0, false},
	      {2, "0.0.0.0", 9, 5, 0, false}, {3, "0.0.0.0", 9, 6, 0, false}, {4, "0.1.2.3", 9, 5, 0, false},
	      {5, "0.1.2.3", 9, 6, 0, false}, {6, "192.0.2.1", 20002, 5, 0, false},
	      {7, "192.0.2.1", 20002, 6, 0, false}, {8, "192.0.2.5", 5060, 5, 0, false},
	      {9, "192.0.2.5", 5060, 6, 0, false});
}

Test(learn, nat_needs_two_of_one)
{
	LEARN("not in a row, not the same, wrong payload type", false, NULL, 0, {0, FOREIGN, 1234, 5, 0, false},
	      {20, FOREIGN, 1234, 7, 0, false}, {21, FOREIGN, 1235, 8, 0, false}, {22, AGENT, 1235, 9, 0, false},
	      {23, AGENT, 1235, 10, 3, false});
}

Test(learn, sdp_after_foreign)
{
	LEARN("the SDP address before the second foreign packet", false, CALLER, 4000, {0, FOREIGN, 1234, 5, 0, false},
	      {10, CALLER, 4000, 90, 0, true}, {20, FOREIGN, 1234, 6, 0, false});
}

Test(learn, window)
{
	LEARN("after the window only the SDP address", false, CALLER, 4000, {2999, FOREIGN, 1234, 5, 0, false},
	      {3000, FOREIGN, 1234, 6, 0, false}, {3020, FOREIGN, 1234, 7, 0, false}, {9000, CALLER, 4000, 8, 0, true});
}

Test(learn, strict)
{
	LEARN("strict", true, CALLER, 4000, {0, FOREIGN, 1234, 5, 0, false}, {20, FOREIGN, 1234, 6, 0, false},
	      {40, CALLER, 4002, 7, 0, false}, {60, CALLER, 4000, 8, 0, true});
}

/* Two streams of one foreign address do not make two packets in a row. */
Test(learn, nat_needs_one_ssrc)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	rig_rtp(&p.rig, FOREIGN, 1234, "192.0.2.1", 20000, 0, 5, 1, 7, 1);
	rig_rtp(&p.rig, FOREIGN, 1234, "192.0.2.1", 20000, 0, 6, 1, 8, 1);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_WRONG_SOURCE), 2);
	rig_rtp(&p.rig, FOREIGN, 1234, "192.0.2.1", 20000, 0, 7, 1, 8, 1);
	cr_expect_eq(p.rig.sent_count, 1u);
	rig_fini(&p.rig);
}

/* No remote yet: nothing is taken, nothing sent. An update names it. A second one with relearn forgets the locked
 * source; one without does not. */
Test(learn, update)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	caller.remote = (struct xf_sockaddr){0};
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	caller_says(&p, CALLER, 4000, 0, 1);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_WRONG_SOURCE), 1);
	rig_rtp(&p.rig, AGENT, 5000, "192.0.2.9", 20002, 96, 1, 1, 8, 0x55);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_NO_NEIGHBOUR), 1);

	struct command command = {.type = COMMAND_UPDATE,
				  .id = p.caller,
				  .settings = rig_settings(CALLER, 4000),
				  .egress = {.resolved = true}};
	memcpy(command.egress.dst_mac, rig_next_hop, 6);
	memcpy(command.egress.src_mac, rig_mac, 6);
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	caller_says(&p, CALLER, 4000, 0, 2);
	cr_expect_eq(rig_last(&p.rig).seq, 65535);

	p.rig.now_ns += 3000 * RIG_MS;
	command.settings.remote.port = 4100;
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	caller_says(&p, CALLER, 4100, 0, 3);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_WRONG_SOURCE), 2, "locked stays locked");
	command.settings.relearn = 1;
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	cr_expect_eq(rig_state(&p.rig, p.caller).locked.addr.family, 0);
	rig_rtp(&p.rig, AGENT, 5000, "192.0.2.9", 20002, 96, 2, 161, 8, 0x55);
	struct seen s = rig_last(&p.rig);
	expect_frame(&s, "192.0.2.1", 20000, CALLER, 4100);
	cr_expect_eq(s.seq, 100);
	caller_says(&p, CALLER, 4100, 0, 3);
	cr_expect_eq(rig_last(&p.rig).seq, 0, "the agent's send stream goes on unbroken");
	cr_expect_eq(rig_events(&p.rig, XF_EVENT_SOURCE_LOCKED), 3u, "caller, agent, caller again");

	command.settings.remote = rig_sockaddr("2001:db8::44", 4000);
	cr_expect_eq(rig_command(&p.rig, 0, &command), -EINVAL, "a remote of another family");
	command.settings = rig_settings(CALLER, 4000);
	command.settings.pts[0].codec = XF_CODEC_COUNT;
	cr_expect_eq(rig_command(&p.rig, 0, &command), -EINVAL);
	rig_fini(&p.rig);
}

Test(learn, wrong_source_told_once_a_second)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	caller_says(&p, CALLER, 4000, 0, 1);
	for (uint16_t i = 0; i < 100; i++) {
		caller_says(&p, FOREIGN, 1, 0, i);
		p.rig.now_ns += 20 * RIG_MS;
	}
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_WRONG_SOURCE), 100);
	cr_expect_eq(rig_events(&p.rig, XF_EVENT_WRONG_SOURCE), 2u);
	struct xf_sockaddr expect = rig_sockaddr(FOREIGN, 1);
	cr_expect(xf_sockaddr_eq(&p.rig.events[p.rig.event_count - 1].source, &expect));
	rig_fini(&p.rig);
}

/* An update takes the remote away, or asks for the SDP's address only: what was learned before counts no more. */
Test(learn, update_ends_what_was_learned)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	struct command command = {.type = COMMAND_UPDATE,
				  .id = p.caller,
				  .settings = rig_settings(CALLER, 4000),
				  .egress = {.resolved = true}};
	caller_says(&p, FOREIGN, 1234, 0, 1);
	caller_says(&p, FOREIGN, 1234, 0, 2);
	cr_expect_eq(p.rig.sent_count, 1u);
	command.settings.learn = XF_LEARN_STRICT;
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	caller_says(&p, FOREIGN, 1234, 0, 3);
	cr_expect_eq(p.rig.sent_count, 1u, "strict");
	caller_says(&p, CALLER, 4000, 0, 4);
	cr_expect_eq(p.rig.sent_count, 2u);
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	cr_expect_neq(rig_state(&p.rig, p.caller).locked.addr.family, 0, "the SDP's own address stays locked");

	command.settings.remote = (struct xf_sockaddr){0};
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	caller_says(&p, CALLER, 4000, 0, 5);
	rig_rtp(&p.rig, AGENT, 5000, "192.0.2.9", 20002, 96, 1, 1, 8, 0x55);
	cr_expect_eq(p.rig.sent_count, 2u, "without a remote nothing is sent or taken");
	rig_fini(&p.rig);
}

/* Back from hold: the SDP names the address that is locked. There is nothing to learn, and no window for a stranger. */
Test(learn, relearn_of_the_same)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	struct command command = {
	    .type = COMMAND_UPDATE, .id = p.caller, .settings = caller, .egress = {.resolved = true}};
	command.settings.relearn = 1;
	caller_says(&p, CALLER, 4000, 0, 1);
	p.rig.now_ns += 9000 * RIG_MS;
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	caller_says(&p, FOREIGN, 1234, 0, 1);
	caller_says(&p, FOREIGN, 1234, 0, 2);
	cr_expect_eq(p.rig.sent_count, 1u);
	struct xf_sockaddr expect = rig_sockaddr(CALLER, 4000), locked = rig_state(&p.rig, p.caller).locked;
	cr_expect(xf_sockaddr_eq(&locked, &expect));
	caller_says(&p, CALLER, 4000, 0, 2);
	cr_expect_eq(p.rig.sent_count, 2u);
	rig_fini(&p.rig);
}
