/* Telephone-events (RFC 4733): ended for whoever has heard their beginning, told once each. */
#include "pair.h"
#include "fast/dtmf.h"
#include "fast/rtp.h"

#define TARGET "203.0.113.30"

static struct pair p;
static struct xf_endpoint_id target;

static void setup(void)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000), settings = rig_settings(TARGET, 6000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	settings.pts[1].pt = 96;
	target = rig_open(&p.rig, 0, RIG_V4_ONLY, 20010, &settings, 300, 7000);
}

static void teardown(void)
{
	rig_fini(&p.rig);
}

TestSuite(dtmf, .init = setup, .fini = teardown);

static struct xf_link_event told[32];
static unsigned told_count;

/* What was sent; the keys that were told are kept. */
static void forget(void)
{
	for (unsigned i = 0; i < p.rig.event_count; i++)
		if (p.rig.events[i].event == XF_EVENT_DIGIT)
			told[told_count++] = p.rig.events[i];
	rig_forget(&p.rig);
}

static unsigned digits(void)
{
	return told_count + rig_events(&p.rig, XF_EVENT_DIGIT);
}

static const struct xf_link_event *digit(unsigned n)
{
	if (n < told_count)
		return &told[n];
	for (unsigned i = 0, k = told_count; i < p.rig.event_count; i++)
		if (p.rig.events[i].event == XF_EVENT_DIGIT && k++ == n)
			return &p.rig.events[i];
	cr_assert_fail("no digit %u", n);
	return NULL;
}

static void say(const char *from, uint16_t sport, const char *to, uint16_t dport, const uint8_t *rtp, uint16_t len)
{
	rig_receive(&p.rig,
		    &(struct frame){
			.src = from, .sport = sport, .dst = to, .dport = dport, .payload = rtp, .payload_len = len});
}

#define END 0x80

/* A packet of the caller's event, 20 ms after the one before. */
static void key(uint8_t code, uint8_t end, bool marker, uint16_t seq, uint32_t timestamp, uint32_t ssrc,
		uint16_t duration)
{
	uint8_t rtp[16] = {0x80};
	const uint8_t payload[4] = {code, (uint8_t)(end | 10), (uint8_t)(duration >> 8), (uint8_t)duration};
	rtp_write(rtp, 101, marker, seq, timestamp, ssrc);
	memcpy(rtp + 12, payload, 4);
	forget();
	p.rig.now_ns += 20 * RIG_MS;
	say(CALLER, 4000, "192.0.2.1", 20000, rtp, sizeof(rtp));
}

static void voice(uint16_t seq, uint32_t timestamp, uint32_t ssrc)
{
	forget();
	p.rig.now_ns += 20 * RIG_MS;
	rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, seq, timestamp, ssrc, 1);
}

/* The caller speaks, presses 5 and holds it: three packets of it. */
static uint32_t press_and_hold(void)
{
	for (uint16_t i = 0; i < 4; i++)
		voice((uint16_t)(10 + i), 1000 + i * 160u, 7);
	uint32_t timestamp = rig_last(&p.rig).timestamp + 160;
	for (uint16_t i = 0; i < 3; i++)
		key(5, 0, i == 0, (uint16_t)(14 + i), 1640, 7, (uint16_t)(160 + i * 160));
	struct seen s = rig_last(&p.rig);
	cr_assert_eq(s.pt, 110, "the agent's number of it");
	cr_assert_eq(s.timestamp, timestamp);
	cr_assert_not(s.marker);
	return timestamp;
}

/* The frames [first, first + 3) are the ends of the agent's or the target's event. */
static void expect_ends(unsigned first, uint16_t port, uint8_t pt, uint16_t seq, uint32_t timestamp, uint8_t code,
			uint16_t duration)
{
	cr_assert_geq(p.rig.sent_count, first + 3);
	for (unsigned i = 0; i < 3; i++) {
		struct seen s = rig_seen(&p.rig, first + i);
		cr_expect_eq(s.dst.port, port);
		cr_expect_eq(s.pt, pt);
		cr_expect_eq(s.seq, (uint16_t)(seq + i), "end %u: number %u", i, s.seq);
		cr_expect_eq(s.timestamp, timestamp);
		cr_expect(s.udp_checksum_ok && s.ip_checksum_ok && !s.marker);
		cr_assert_eq(s.payload_len, 16);
		cr_expect_eq(s.payload[12], code);
		cr_expect_eq(s.payload[13], END | 10);
		cr_expect_eq(s.payload[14] << 8 | s.payload[15], duration);
	}
}

static void pass_time(unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		p.rig.now_ns += RIG_MS;
		rig_turns(&p.rig);
	}
}

/* Whole and in order it passes as it is, and is told once for its three ends. */
Test(dtmf, whole)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	cr_expect_eq(digits(), 0u);
	for (uint16_t i = 0; i < 3; i++) {
		key(5, END, false, (uint16_t)(17 + i), 1640, 7, 640);
		cr_assert_eq(p.rig.sent_count, 1u);
		cr_expect_eq(rig_last(&p.rig).seq, (uint16_t)(seq + 1 + i));
		cr_expect_eq(rig_last(&p.rig).timestamp, timestamp);
	}
	voice(20, 1640 + 960, 7);
	cr_expect_eq(rig_last(&p.rig).seq, (uint16_t)(seq + 4));
	cr_expect_eq(rig_last(&p.rig).timestamp, timestamp + 960);
	pass_time(2000);
	cr_assert_eq(digits(), 1u);
	cr_expect_eq(digit(0)->digit, 5);
	cr_expect_eq(digit(0)->duration_ms, 80);
	cr_expect_eq(digit(0)->id.index, p.caller.index);
	cr_expect_eq(rig_state(&p.rig, p.caller).rx_digits, 1u);
	cr_expect_eq(rig_all_drops(&p.rig), 0u);
}

/* The agent is told the end of the key before the caller is moved to the target, and the target hears nothing of it. */
Test(dtmf, a_move)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	forget();
	struct command move = {.type = COMMAND_PATCH};
	move.patch.count = 3;
	move.patch.moves[0] = (struct xf_link_move){.to = p.agent, .from = {XF_ENDPOINT_NONE, 0}};
	move.patch.moves[1] = (struct xf_link_move){.to = target, .from = p.caller};
	move.patch.moves[2] = (struct xf_link_move){.to = p.caller, .from = target};
	cr_assert_eq(rig_command(&p.rig, 0, &move), 0);
	cr_assert_eq(p.rig.sent_count, 3u);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 5, 480);
	for (uint16_t i = 0; i < 4; i++) {
		key(5, i > 0 ? END : 0, false, (uint16_t)(17 + i), 1640, 7, 640);
		cr_expect_eq(p.rig.sent_count, 0u);
	}
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_EVENT_OVER), 4);
	/* Voice, and the next key. */
	voice(21, 2600, 7);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_last(&p.rig).dst.port, 6000);
	cr_expect_eq(rig_last(&p.rig).seq, 300);
	key(6, 0, true, 22, 2760, 7, 160);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_last(&p.rig).pt, 96);
	cr_expect(rig_last(&p.rig).marker);
	cr_expect_eq(digits(), 1u, "5 is told, 6 is not over");
}

/* The receiver of an event gets another source: its own stream goes on behind the ends, also in time. */
Test(dtmf, another_source)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	/* A source whose clock runs ahead: more duration than has passed. */
	key(5, 0, false, 17, 1640, 7, 8000);
	forget();
	cr_assert_eq(rig_move(&p.rig, p.agent, target, 0, false), 0);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 2), timestamp, 5, 8000);
	forget();
	rig_rtp(&p.rig, TARGET, 6000, "192.0.2.9", 20010, 0, 1, 1, 9, 1);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_last(&p.rig).seq, (uint16_t)(seq + 5));
	cr_expect_eq(rig_last(&p.rig).timestamp, timestamp + 8000);
	cr_expect(rig_last(&p.rig).marker);
}

/* An armed move: the end comes with the new source's first packet, before it. */
Test(dtmf, armed)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	forget();
	cr_assert_eq(rig_move(&p.rig, p.agent, target, 500 * RIG_MS, false), 0);
	cr_expect_eq(p.rig.sent_count, 0u);
	rig_rtp(&p.rig, TARGET, 6000, "192.0.2.9", 20010, 0, 1, 1, 9, 1);
	cr_assert_eq(p.rig.sent_count, 4u);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 5, 480);
	cr_expect_eq(rig_last(&p.rig).seq, (uint16_t)(seq + 4));
	cr_expect_eq(rig_last(&p.rig).pt, 96);
	cr_expect_geq((int32_t)(rig_last(&p.rig).timestamp - timestamp), 480);
}

/* Nobody: the end of the source, of its endpoint, a prompt, a hold. */
Test(dtmf, nobody_and_hold)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	forget();
	cr_assert_eq(rig_move(&p.rig, p.agent, p.caller, 0, true), 0);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 5, 480);
	key(5, 0, false, 17, 1640, 7, 640);
	cr_expect_eq(p.rig.sent_count, 0u);
	cr_assert_eq(rig_move(&p.rig, p.agent, p.caller, 0, false), 0);
	key(5, END, false, 18, 1640, 7, 800);
	cr_expect_eq(p.rig.sent_count, 0u, "ended is ended");
	key(7, 0, true, 19, 2440, 7, 160);
	cr_assert_eq(p.rig.sent_count, 1u);
	timestamp = rig_last(&p.rig).timestamp;
	seq = rig_last(&p.rig).seq;
	forget();
	cr_assert_eq(rig_move(&p.rig, p.agent, (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0}, 0, false), 0);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 7, 160);
}

Test(dtmf, a_closed_source)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	forget();
	struct command close = {.type = COMMAND_CLOSE, .id = p.caller};
	cr_assert_eq(rig_command(&p.rig, 0, &close), 0);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 5, 480);
}

/* The source falls silent: told, and ended for the receiver, after DTMF_SILENT_NS. What comes too late is not sent. */
Test(dtmf, silence)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	forget();
	pass_time(DTMF_SILENT_NS / RIG_MS - 1);
	cr_expect_eq(p.rig.sent_count, 0u);
	cr_expect_eq(digits(), 0u);
	pass_time(2);
	cr_assert_eq(p.rig.sent_count, 3u);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 5, 480);
	cr_assert_eq(digits(), 1u);
	cr_expect_eq(digit(0)->duration_ms, 60);
	key(5, END, false, 17, 1640, 7, 2000);
	cr_expect_eq(p.rig.sent_count, 0u);
	/* The source's own line goes on behind the three, and what was before them does not come again. */
	voice(20, 4000, 7);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_last(&p.rig).seq, (uint16_t)(seq + 7));
	voice(13, 1480, 7);
	cr_expect_eq(p.rig.sent_count, 0u);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_BEFORE_MAPPED), 1);
	pass_time(2000);
	cr_expect_eq(digits(), 1u);
}

/* Its ends are lost and another key follows. */
Test(dtmf, lost_ends)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	key(6, 0, true, 20, 3000, 7, 160);
	cr_assert_eq(p.rig.sent_count, 4u);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 5, 480);
	cr_expect_eq(rig_last(&p.rig).payload[12], 6);
	cr_expect_eq(rig_last(&p.rig).seq, (uint16_t)(seq + 7));
	cr_assert_eq(digits(), 1u);
	cr_expect_eq(digit(0)->digit, 5);
	/* An end of the first that was only late. */
	key(5, END, false, 19, 1640, 7, 640);
	cr_expect_eq(p.rig.sent_count, 0u);
	key(6, END, false, 21, 3000, 7, 320);
	cr_expect_eq(digits(), 2u);
	cr_expect_eq(digit(1)->digit, 6);
}

/* A jump of the source: the end comes before the first packet of its new line. */
Test(dtmf, a_jump)
{
	uint32_t timestamp = press_and_hold();
	uint16_t seq = rig_last(&p.rig).seq;
	voice(30000, 99000, 7);
	cr_assert_eq(p.rig.sent_count, 0u, "may be a stray");
	voice(30001, 99160, 7);
	cr_assert_eq(p.rig.sent_count, 4u);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 1), timestamp, 5, 480);
	cr_expect_eq(rig_last(&p.rig).seq, (uint16_t)(seq + 4));
	cr_expect(rig_last(&p.rig).marker);
	/* Another SSRC at once. */
	key(8, 0, true, 30002, 99320, 7, 160);
	timestamp = rig_last(&p.rig).timestamp;
	voice(1, 1, 8);
	cr_assert_eq(p.rig.sent_count, 4u);
	expect_ends(0, 5000, 110, (uint16_t)(seq + 6), timestamp, 8, 160);
}

/* Voice beside the key, in one stream: the key goes on. */
Test(dtmf, voice_beside)
{
	press_and_hold();
	for (uint16_t i = 0; i < 4; i++) {
		voice((uint16_t)(17 + 2 * i), 1640 + i * 160u, 7);
		cr_assert_eq(p.rig.sent_count, 1u);
		key(5, 0, false, (uint16_t)(18 + 2 * i), 1640, 7, (uint16_t)(640 + i * 160));
		cr_assert_eq(p.rig.sent_count, 1u);
	}
	cr_expect_eq(digits(), 0u);
}

/* Longer than the field can say: one key, in segments (RFC 4733 2.5.1.3). */
Test(dtmf, segments)
{
	press_and_hold();
	key(5, 0, false, 17, 1640, 7, 0xffff);
	key(5, 0, false, 18, 1640 + 0xffff, 7, 160);
	cr_assert_eq(p.rig.sent_count, 1u, "not ended between");
	cr_expect_eq(digits(), 0u);
	for (uint16_t i = 0; i < 3; i++)
		key(5, END, false, (uint16_t)(19 + i), 1640 + 0xffff, 7, 321);
	cr_assert_eq(digits(), 1u);
	cr_expect_eq(digit(0)->duration_ms, (0xffff + 321) / 8);
	/* A key that was not for the target is not for it in its next segment either. */
	key(9, 0, true, 22, 200000, 7, 0xffff);
	cr_assert_eq(rig_move(&p.rig, target, p.caller, 0, false), 0);
	key(9, 0, false, 23, 200000 + 0xffff, 7, 160);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_last(&p.rig).dst.port, 5000);
	key(9, END, false, 24, 200000 + 0xffff, 7, 320);
	cr_assert_eq(p.rig.sent_count, 1u);
}

/* Told also if nobody hears it; not told: what is no key; and what is too short to be an event passes untouched. */
Test(dtmf, what_is_told)
{
	cr_assert_eq(rig_move(&p.rig, p.agent, (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0}, 0, false), 0);
	for (uint8_t code = 0; code < 20; code++) {
		key(code, 0, true, (uint16_t)(100 + code * 2), code * 1000u, 7, 160);
		key(code, END, false, (uint16_t)(101 + code * 2), code * 1000u, 7, 320);
	}
	cr_assert_eq(digits(), 17u);
	for (uint8_t code = 0; code < 17; code++) {
		cr_expect_eq(digit(code)->digit, code);
		cr_expect_eq(digit(code)->duration_ms, 40);
	}
	cr_assert_eq(rig_move(&p.rig, p.agent, p.caller, 0, false), 0);
	uint8_t rtp[15] = {0x80};
	rtp_write(rtp, 101, true, 1000, 50000, 7);
	forget();
	say(CALLER, 4000, "192.0.2.1", 20000, rtp, sizeof(rtp));
	cr_assert_eq(p.rig.sent_count, 1u);
	pass_time(400);
	cr_expect_eq(digits(), 17u);
}

/* The 48 kHz clock: an event keeps its clock, and whoever has not got that hears nothing of it. */
Test(dtmf, clocks)
{
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	settings.pt_count = 3;
	settings.pts[0] = (struct xf_pt){111, XF_CODEC_OPUS};
	settings.pts[1] = (struct xf_pt){101, XF_CODEC_EVENT48};
	settings.pts[2] = (struct xf_pt){102, XF_CODEC_EVENT};
	struct command update = {.type = COMMAND_UPDATE, .id = p.caller, .settings = settings};
	update.egress.resolved = true;
	cr_assert_eq(rig_command(&p.rig, 0, &update), 0);
	key(1, 0, true, 1, 1000, 7, 960);
	cr_expect_eq(p.rig.sent_count, 0u);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_PAYLOAD_TYPE), 1);
	key(1, END, false, 2, 1000, 7, 4800);
	cr_assert_eq(digits(), 1u);
	cr_expect_eq(digit(0)->duration_ms, 100);
	settings = rig_settings(AGENT, 5000);
	settings.pts[0] = (struct xf_pt){97, XF_CODEC_OPUS};
	settings.pts[1] = (struct xf_pt){98, XF_CODEC_EVENT48};
	update = (struct command){.type = COMMAND_UPDATE, .id = p.agent, .settings = settings};
	update.egress.resolved = true;
	cr_assert_eq(rig_command(&p.rig, 0, &update), 0);
	key(2, 0, true, 3, 9000, 7, 960);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_last(&p.rig).pt, 98);
	uint32_t timestamp = rig_last(&p.rig).timestamp;
	uint16_t seq = rig_last(&p.rig).seq;
	forget();
	cr_assert_eq(rig_move(&p.rig, p.agent, (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0}, 0, false), 0);
	expect_ends(0, 5000, 98, (uint16_t)(seq + 1), timestamp, 2, 960);
}

/* One packet, of an event of its own. */
static void event_alone(unsigned n)
{
	uint8_t rtp[16] = {0x80};
	const uint8_t payload[4] = {(uint8_t)(n % 12), 10, 0, 160};
	rtp_write(rtp, 101, true, (uint16_t)(1000 + n), 5000 + n * 160, 7);
	memcpy(rtp + 12, payload, 4);
	forget();
	say(CALLER, 4000, "192.0.2.1", 20000, rtp, sizeof(rtp));
}

/* A peer that begins another event with each packet: it may not fill the ring with what nobody presses. */
Test(dtmf, a_flood_is_counted_and_not_told)
{
	const unsigned count = 1000;
	for (unsigned n = 0; n < count; n++) {
		p.rig.now_ns += RIG_MS;
		event_alone(n);
		/* More are not kept by this test. */
		cr_assert_lt(digits(), 32u + DTMF_KEYS);
		if (told_count > 24)
			told_count = 24;
	}
	uint64_t untold = worker_stats(p.rig.worker[0])->keys_untold;
	unsigned most = (unsigned)(count * RIG_MS / DTMF_KEY_NS) + DTMF_KEYS;
	cr_expect_geq(untold, count - 1 - most, "%lu of %u were not told", (unsigned long)untold, count);
	cr_expect_leq(untold, count - 1 - most + 2);
	cr_expect_eq(worker_stats(p.rig.worker[0])->events_lost, 0);
	cr_expect_eq(rig_state(&p.rig, p.caller).rx_digits, UINT8_MAX);
	/* Who presses keys after it is heard. */
	pass_time(DTMF_LINGER_NS / RIG_MS);
	untold = worker_stats(p.rig.worker[0])->keys_untold;
	forget();
	told_count = 0;
	for (uint16_t i = 0; i < 5; i++) {
		key(3, 0, true, (uint16_t)(3000 + 2 * i), 500000 + 640u * i, 7, 160);
		key(3, END, false, (uint16_t)(3001 + 2 * i), 500000 + 640u * i, 7, 320);
		p.rig.now_ns += 40 * RIG_MS;
	}
	cr_expect_eq(digits(), 5u);
	cr_expect_eq(worker_stats(p.rig.worker[0])->keys_untold, untold);
}

/* A network that stood still delivers several keys at once. */
Test(dtmf, keys_that_were_held_back)
{
	for (unsigned n = 0; n < DTMF_KEYS; n++)
		event_alone(n);
	pass_time(DTMF_SILENT_NS / RIG_MS + 1);
	cr_expect_eq(digits(), DTMF_KEYS);
	cr_expect_eq(worker_stats(p.rig.worker[0])->keys_untold, 0);
}
