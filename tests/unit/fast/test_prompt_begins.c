/* When a prompt begins: whoever hears it hears its beginning, for a decoder of G.722 can do nothing with the middle;
 * and beside a source, only that source's packets that come through keep it silent. */
#include "rig.h"

#define CALLER "203.0.113.10"
#define TARGET "203.0.113.30"
#define FRAME  20 /* ms */
#define ENDS   (SOUND_LEAD + 2 * 5)

static const struct xf_endpoint_id none = {XF_ENDPOINT_NONE, 0};
static const struct xf_endpoint_id us = {XF_ENDPOINT_PROMPT, RIG_US};
static const struct xf_endpoint_id twice = {XF_ENDPOINT_PROMPT, RIG_TWICE};
static struct rig rig;
static struct xf_endpoint_id caller, target;
static uint16_t target_seq;

static void begin(void)
{
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000), target_settings = rig_settings(TARGET, 6000);
	rig_init(&rig, 1);
	rig.rtp_only = true;
	settings.pts[0] = (struct xf_pt){9, XF_CODEC_G722};
	target_settings.pts[0] = (struct xf_pt){9, XF_CODEC_G722};
	target_settings.pts[1] = (struct xf_pt){18, XF_CODEC_G729};
	caller = rig_open(&rig, 0, RIG_V4, 20000, &settings, 0, 0);
	target = rig_open(&rig, 0, RIG_V4, 20002, &target_settings, 1, 1);
	target_seq = 500;
	/* It is there: what stands in for it waits. */
	rig_rtp(&rig, TARGET, 6000, "192.0.2.1", 20002, 9, 499, 499 * 160u, 0x7a, 0x70);
}

static void end(void)
{
	rig_fini(&rig);
}

TestSuite(prompt_begins, .init = begin, .fini = end);

/* Millisecond by millisecond. */
static void pass(unsigned ms)
{
	while (ms-- > 0) {
		rig.now_ns += RIG_MS;
		rig_turns(&rig);
	}
}

static void target_says(uint8_t pt)
{
	rig_rtp(&rig, TARGET, 6000, "192.0.2.1", 20002, pt, target_seq, target_seq * 160u, 0x7a, 0x70);
	target_seq++;
}

static void target_talks(unsigned packets)
{
	for (; packets > 0; packets--, pass(FRAME))
		target_says(9);
}

static void hop(bool resolved)
{
	struct command header = {.type = COMMAND_HEADER, .id = caller, .egress = {.resolved = resolved}};
	cr_assert_eq(rig_command(&rig, 0, &header), 0);
}

static void beside_target(uint32_t prompt)
{
	struct command hold = {
	    .type = COMMAND_PATCH,
	    .patch = {.count = 1, .moves = {{.to = caller, .from = target, .while_silent = prompt}}}};
	cr_assert_eq(rig_command(&rig, 0, &hold), 0);
}

static void target_leaves(void)
{
	struct command close = {.type = COMMAND_CLOSE, .id = target};
	cr_assert_eq(rig_command(&rig, 0, &close), 0);
}

/* Packets from..to of what was sent are the prompt's from its beginning on, and follow what was sent before. */
static void expect_from_the_beginning(uint32_t number, unsigned from, unsigned to)
{
	const struct sound *sound = rig.prompts->prompts[number]->sound;
	cr_assert_lt(from, to, "%u packets", rig.sent_count);
	for (unsigned i = from; i < to; i++) {
		struct seen s = rig_seen(&rig, i);
		cr_assert_eq(s.payload_len, 172);
		cr_expect_eq(memcmp(s.payload + 12, sound_at(sound, SOUND_G722, i - from), 160), 0,
			     "packet %u is not frame %u", i, i - from);
		cr_expect_eq(s.marker, i == from, "packet %u", i);
		if (i == 0)
			continue;
		cr_expect_eq(s.seq, (uint16_t)(rig_seen(&rig, i - 1).seq + 1));
		uint32_t step = s.timestamp - rig_seen(&rig, i - 1).timestamp;
		cr_expect(i == from ? (int32_t)step > 0 : step == 160, "packet %u: %u units later", i, step);
	}
}

Test(prompt_begins, when_the_hop_is_known)
{
	hop(false);
	cr_assert_eq(rig_move(&rig, caller, twice, 0, false), 0);
	pass(2 * ENDS * FRAME + 7);
	cr_expect_eq(rig.sent_count, 0u);
	cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 0u, "nobody has heard it");
	hop(true);
	uint64_t start = rig.now_ns;
	pass(ENDS * FRAME + FRAME);
	expect_from_the_beginning(RIG_TWICE, 0, ENDS);
	cr_expect_eq(rig.sent_count, ENDS);
	cr_assert_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 1u);
	cr_expect_geq(rig.events[rig.event_count - 1].now_ns, start + ENDS * FRAME * RIG_MS);
}

Test(prompt_begins, when_nobody_is_on_hold)
{
	cr_assert_eq(rig_move(&rig, caller, us, 0, true), 0);
	pass(90);
	cr_expect_eq(rig.sent_count, 0u);
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	pass(100);
	unsigned first = rig.sent_count;
	expect_from_the_beginning(RIG_US, 0, first);
	cr_assert_eq(rig_move(&rig, caller, us, 0, true), 0);
	pass(70);
	cr_expect_eq(rig.sent_count, first);
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	pass(100);
	expect_from_the_beginning(RIG_US, first, rig.sent_count);
	cr_expect_eq(rig.sent_count, first + 5);
}

/* A gap in the middle is loss; the decoder goes on behind it. */
Test(prompt_begins, not_after_a_gap)
{
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	pass(50);
	hop(false);
	pass(40);
	hop(true);
	unsigned before = rig.sent_count;
	pass(FRAME);
	struct seen s = rig_last(&rig);
	cr_assert_eq(rig.sent_count, before + 1);
	cr_expect_not(s.marker);
	cr_expect_eq(s.timestamp, (before + 2) * 160);
	cr_expect_eq(memcmp(s.payload + 12, sound_at(rig.prompts->prompts[RIG_US]->sound, SOUND_G722, before + 2), 160),
		     0);
}

/* The source that is heard beside it closes: from its beginning. */
Test(prompt_begins, when_the_source_leaves)
{
	beside_target(RIG_US);
	target_talks(30);
	cr_expect_eq(rig.sent_count, 30u);
	target_leaves();
	pass(300);
	expect_from_the_beginning(RIG_US, 30, rig.sent_count);
	cr_expect_geq(rig.sent_count, 34u);
}

/* The source was silent: the music goes on as if nothing had happened. */
Test(prompt_begins, not_when_a_silent_source_leaves)
{
	beside_target(RIG_US);
	target_talks(3);
	pass(400);
	cr_expect_gt(rig.sent_count, 8u);
	target_leaves();
	unsigned before = rig.sent_count;
	pass(200);
	cr_expect_eq(rig.sent_count, before + 10);
	expect_from_the_beginning(RIG_US, 3, rig.sent_count);
}

/* Another source takes the place of the one that the music stood in for. */
Test(prompt_begins, when_the_source_changes)
{
	struct xf_endpoint_settings settings = rig_settings("203.0.113.40", 7000);
	struct xf_endpoint_id other = rig_open(&rig, 0, RIG_V4, 20004, &settings, 1, 1);
	beside_target(RIG_US);
	target_talks(2);
	pass(300);
	unsigned before = rig.sent_count;
	cr_expect_gt(before, 5u);
	target = other;
	beside_target(RIG_US);
	pass(300);
	expect_from_the_beginning(RIG_US, before, rig.sent_count);
}

/* What is dropped on its way silences nobody: a payload type that the caller does not have. */
Test(prompt_begins, what_does_not_pass_is_not_heard)
{
	beside_target(RIG_US);
	target_talks(3);
	pass(300);
	unsigned before = rig.sent_count;
	cr_expect_gt(before, 5u);
	for (unsigned i = 0; i < 50; i++, pass(FRAME))
		target_says(18);
	cr_expect_eq(rig_drops(&rig, XF_DROP_PAYLOAD_TYPE), 50);
	cr_expect_eq(rig.sent_count, before + 50, "%u", rig.sent_count - before);
	expect_from_the_beginning(RIG_US, 3, rig.sent_count);
	/* Nor does it keep the music from beginning. */
	target_talks(2);
	unsigned again = rig.sent_count;
	for (unsigned i = 0; i < 20; i++, pass(FRAME))
		target_says(18);
	expect_from_the_beginning(RIG_US, again, rig.sent_count);
	cr_expect_geq(rig.sent_count, again + 8);
}

/* Nor the rest of a key that was pressed before. */
Test(prompt_begins, what_is_over_is_not_heard)
{
	struct command update = {
	    .type = COMMAND_UPDATE, .id = target, .settings = rig_settings(TARGET, 6000), .egress = {.resolved = true}};
	const uint8_t event[] = {0x80, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7a, 5, 10, 0, 160};
	const struct frame frame = {.src = TARGET,
				    .sport = 6000,
				    .dst = "192.0.2.1",
				    .dport = 20002,
				    .payload = event,
				    .payload_len = sizeof(event)};
	update.settings.pts[0] = (struct xf_pt){9, XF_CODEC_G722};
	cr_assert_eq(rig_command(&rig, 0, &update), 0);
	cr_assert_eq(rig_move(&rig, caller, none, 0, false), 0);
	rig_receive(&rig, &frame); /* nobody hears its beginning */
	beside_target(RIG_US);
	for (unsigned i = 0; i < 30; i++, pass(FRAME))
		rig_receive(&rig, &frame);
	cr_expect_eq(rig_drops(&rig, XF_DROP_EVENT_OVER), 30);
	expect_from_the_beginning(RIG_US, 0, rig.sent_count);
	cr_expect_geq(rig.sent_count, 19u);
}

/* One that ends has its end when it was heard to it, and once. */
Test(prompt_begins, and_ends_when_it_was_heard)
{
	beside_target(RIG_TWICE);
	target_talks(3 * ENDS);
	cr_expect_eq(rig.sent_count, 3u * ENDS);
	cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 0u, "it was not heard yet");
	/* Interrupted: that was not its end. */
	pass(300);
	target_talks(1);
	unsigned before = rig.sent_count;
	pass(200 + ENDS * FRAME + FRAME);
	expect_from_the_beginning(RIG_TWICE, before, rig.sent_count);
	cr_expect_eq(rig.sent_count, before + ENDS);
	cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 1u);
	target_talks(2);
	pass(1000);
	cr_expect_eq(rig.sent_count, before + ENDS + 2, "it does not come again");
	cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 1u);
}

/* Nor does it end for somebody who cannot hear it. */
Test(prompt_begins, and_ends_later_where_it_begins_later)
{
	beside_target(RIG_TWICE);
	hop(false);
	pass(3 * ENDS * FRAME);
	cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 0u);
	hop(true);
	pass(ENDS * FRAME + FRAME);
	expect_from_the_beginning(RIG_TWICE, 0, ENDS);
	cr_expect_eq(rig.sent_count, ENDS);
	cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 1u);
}
