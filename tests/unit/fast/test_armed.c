#include "rig.h"

/* One source armed for two receivers at once, as when a target shall feed two legs: its first packet fires both. */

#define CALLER "203.0.113.10"
#define AGENT  "203.0.113.20"
#define TARGET "203.0.113.30"

struct call {
	struct rig rig;
	struct xf_endpoint_id caller, agent, target;
};

static void call_init(struct call *c)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000), agent = rig_settings(AGENT, 5000),
				    target = rig_settings(TARGET, 6000);
	rig_init(&c->rig, 1);
	c->caller = rig_open(&c->rig, 0, RIG_V4, 20000, &caller, 100, 1000);
	c->agent = rig_open(&c->rig, 0, RIG_V4, 20002, &agent, 200, 2000);
	c->target = rig_open(&c->rig, 0, RIG_V4, 20004, &target, 300, 3000);
}

static void target_says(struct call *c, uint16_t seq)
{
	rig_rtp(&c->rig, TARGET, 6000, "192.0.2.1", 20004, 0, seq, seq * 160u, 0x7a, 0x70);
}

/* How often `port` was sent a packet with this sequence number. */
static unsigned copies(const struct call *c, uint16_t port, uint16_t seq)
{
	unsigned n = 0;
	for (unsigned i = 0; i < c->rig.sent_count; i++) {
		struct seen s = rig_seen(&c->rig, i);
		n += s.dst.port == port && s.seq == seq;
	}
	return n;
}

Test(armed, one_packet_fires_two)
{
	static struct call c;
	call_init(&c);
	cr_assert_eq(rig_move(&c.rig, c.caller, c.target, 500 * RIG_MS, false), 0);
	cr_assert_eq(rig_move(&c.rig, c.agent, c.target, 500 * RIG_MS, false), 0);
	for (uint16_t i = 0; i < 4; i++) {
		target_says(&c, (uint16_t)(40 + i));
		cr_expect_eq(copies(&c, 4000, (uint16_t)(100 + i)), 1u, "caller, packet %u", i);
		cr_expect_eq(copies(&c, 5000, (uint16_t)(200 + i)), 1u, "agent, packet %u", i);
		c.rig.now_ns += 20 * RIG_MS;
	}
	cr_expect_eq(rig_events(&c.rig, XF_EVENT_ARMED_FIRED), 2u);
	cr_expect_eq(c.rig.sent_count, 8u);
	cr_expect_eq(rig_all_drops(&c.rig), 0);
	rig_fini(&c.rig);
}

/* The armed receiver stands before the one that the source feeds already. */
Test(armed, firing_leaves_the_other_alone)
{
	static struct call c;
	call_init(&c);
	cr_assert_eq(rig_move(&c.rig, c.caller, c.target, 500 * RIG_MS, false), 0);
	cr_assert_eq(rig_move(&c.rig, c.agent, c.target, 0, false), 0);
	for (uint16_t i = 0; i < 3; i++)
		target_says(&c, (uint16_t)(65535 + i));
	for (uint16_t i = 0; i < 3; i++) {
		cr_expect_eq(copies(&c, 4000, (uint16_t)(100 + i)), 1u, "caller, packet %u", i);
		cr_expect_eq(copies(&c, 5000, (uint16_t)(200 + i)), 1u, "agent, packet %u", i);
	}
	rig_fini(&c.rig);
}
