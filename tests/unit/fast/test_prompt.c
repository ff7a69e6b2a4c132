#include <math.h>
#include <rte_mempool.h>
#include "rig.h"

#define CALLER "203.0.113.10"
#define TARGET "203.0.113.30"
#define FRAME  20 /* ms */

static const struct xf_endpoint_id none = {XF_ENDPOINT_NONE, 0};
static const struct xf_endpoint_id us = {XF_ENDPOINT_PROMPT, RIG_US};
static const struct xf_endpoint_id gb = {XF_ENDPOINT_PROMPT, RIG_GB};

/* The decoders of G.711, written from its tables. */
static int mu_decode(uint8_t code)
{
	unsigned inverted = (uint8_t)~code;
	int magnitude = (int)((((inverted & 15) << 3) + 132) << (inverted >> 4 & 7)) - 132;
	return inverted & 0x80 ? -magnitude : magnitude;
}

static int a_decode(uint8_t code)
{
	unsigned even = code ^ 0x55, segment = even >> 4 & 7;
	int magnitude = (int)((even & 15) << 4) + 8;
	if (segment)
		magnitude = (magnitude + 256) << (segment - 1);
	return even & 0x80 ? magnitude : -magnitude;
}

/* Power at one frequency, as the amplitude of a sine. */
static double goertzel(const double *samples, unsigned n, double hz)
{
	double k = 2 * cos(2 * M_PI * hz / 8000), s1 = 0, s2 = 0;
	for (unsigned i = 0; i < n; i++) {
		double s = samples[i] + k * s1 - s2;
		s2 = s1;
		s1 = s;
	}
	return 2 * sqrt(s1 * s1 + s2 * s2 - k * s1 * s2) / n;
}

/* What is heard, in each law: the tones in the parts with sound, nothing else in them, and silence between. */
Test(prompt, sounds)
{
	static const struct {
		uint32_t prompt;
		unsigned hz[2], parts[4];
	} cases[] = {
	    {RIG_US, {440, 480}, {2000, 4000}},
	    {RIG_EU, {425}, {1000, 4000}},
	    {RIG_GB, {400, 450}, {400, 200, 400, 2000}},
	};
	static double heard[48000];
	struct rig rig;
	rig_init(&rig, 1);
	for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned law = i % 2, at = 0, tones = cases[i / 2].hz[1] ? 2 : 1;
		const struct sound *p = rig.prompts->prompts[cases[i / 2].prompt]->sound;
		for (unsigned n = 0; n < p->frames * 160; n++) {
			uint8_t code = sound_at(p, (enum sound_codec)law, SOUND_LEAD + n / 160)[n % 160];
			heard[n] = law == SOUND_PCMU ? mu_decode(code) : a_decode(code);
		}
		for (unsigned part = 0; part < 4; part++) {
			unsigned n = cases[i / 2].parts[part] * 8;
			double sum = 0, tone_sum = 0;
			for (unsigned k = at; k < at + n; k++)
				sum += heard[k] * heard[k];
			for (unsigned k = 0; part % 2 == 0 && n && k < tones; k++) {
				double amplitude = goertzel(heard + at, n, cases[i / 2].hz[k]);
				/* -16 dBm0 each of two, -10 dBm0 of one; 32124 is +3.17 dBm0. */
				cr_expect(fabs(20 * log10(amplitude / 32124) + 3.17 + (tones == 2 ? 16 : 10)) < 0.5,
					  "%u law %u: %f at %u Hz", i / 2, law, amplitude, cases[i / 2].hz[k]);
				tone_sum += amplitude * amplitude / 2 * n;
			}
			if (part % 2 == 1)
				cr_expect_leq(sum, 64.0 * n, "no silence");
			else if (n)
				cr_expect_gt(tone_sum / sum, 0.97, "something else than the tones: %f", tone_sum / sum);
			at += n;
		}
		cr_expect_eq(at, p->frames * 160);
	}
	rig_fini(&rig);
}

static void pass_ns(struct rig *rig, uint64_t ns)
{
	rig->now_ns += ns;
	rig_turns(rig);
}

/* Millisecond by millisecond. */
static void pass(struct rig *rig, unsigned ms)
{
	while (ms-- > 0)
		pass_ns(rig, RIG_MS);
}

static void expect_sound(const struct seen *s, const struct rig *rig, uint32_t number, enum sound_codec law, uint64_t n)
{
	const struct sound *p = rig->prompts->prompts[number]->sound;
	cr_assert_eq(s->payload_len, 172);
	cr_expect_eq(s->payload[0], 0x80);
	cr_expect_eq(memcmp(s->payload + 12, sound_at(p, law, n), 160), 0, "not frame %lu", n);
	cr_expect(s->ip_checksum_ok && s->udp_checksum_ok);
}

/* Packet n is due at start + n * 20 ms: not a nanosecond earlier, and at that moment if there is a turn. */
Test(prompt, due_times)
{
	static struct rig rig;
	rig_init(&rig, 1);
	rig.rtp_only = true;
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &settings, 65500, 0xffffff00);
	rig.now_ns += 1;
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	cr_expect_eq(rig_state(&rig, caller).source.index, XF_ENDPOINT_PROMPT);
	cr_expect_eq(rig_state(&rig, caller).source.generation, RIG_US);
	uint64_t start = 1001 * RIG_MS;
	rig.now_ns = start - 1;
	rig_turns(&rig);
	cr_expect_eq(rig.sent_count, 0u, "early");
	/* A period of 300 frames and the beginning of the next one. */
	for (unsigned n = 0; n < 310; n++) {
		rig.now_ns = start + n * FRAME * RIG_MS - 1;
		rig_turns(&rig);
		cr_assert_eq(rig.sent_count, n, "packet %u is early", n);
		rig.now_ns++;
		rig_turns(&rig);
		cr_assert_eq(rig.sent_count, n + 1, "packet %u is late", n);
		struct seen s = rig_last(&rig);
		expect_sound(&s, &rig, RIG_US, SOUND_PCMU, n);
		cr_expect_eq(s.ssrc, 0xa0000001);
		cr_expect_eq(s.pt, 0);
		cr_expect_eq(s.seq, (uint16_t)(65500 + n));
		cr_expect_eq(s.timestamp, 0xffffff00 + n * 160);
		cr_expect_eq(s.marker, n == 0);
		cr_expect_eq(s.dst.port, 4000);
	}
	struct xf_endpoint_state state = rig_state(&rig, caller);
	cr_expect_eq(state.tx_packets, 310);
	cr_expect_eq(state.tx_bytes, 310 * 172);
	cr_expect_eq(worker_stats(rig.worker[0])->forwarded, 310);
	cr_expect_eq(rig_all_drops(&rig), 0);
	rig_fini(&rig);
}

/* Turns whenever they come: each packet in the first turn after it is due. */
Test(prompt, never_early)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings("2001:db8:9::9", 4000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V6, 20000, &settings, 1, 1);
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	uint64_t start = rig.now_ns;
	for (unsigned turn = 0; rig.sent_count < 100; turn++) {
		uint64_t due = start + rig.sent_count * FRAME * RIG_MS;
		unsigned before = rig.sent_count;
		pass_ns(&rig, 137000 + turn % 7 * 61000);
		cr_assert_eq(rig.sent_count - before, rig.now_ns >= due ? 1u : 0u, "packet %u", before);
		if (rig.sent_count > before)
			cr_expect(rig_last(&rig).udp_checksum_ok && rig_last(&rig).family == 6);
	}
	rig_fini(&rig);
}

/* Late: two packets a turn; what is later than 100 ms is left out, and the timestamp says so. */
Test(prompt, catches_up)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &settings, 0, 0);
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	cr_assert_eq(rig.sent_count, 1u);
	pass_ns(&rig, 95 * RIG_MS);
	cr_expect_eq(rig.sent_count, 3u, "a burst of %u", rig.sent_count - 1);
	rig_turns(&rig);
	cr_expect_eq(rig.sent_count, 5u);
	rig_turns(&rig);
	cr_expect_eq(rig.sent_count, 5u);
	for (unsigned n = 0; n < 5; n++) {
		struct seen s = rig_seen(&rig, n);
		expect_sound(&s, &rig, RIG_US, SOUND_PCMU, n);
		cr_expect_eq(s.seq, n);
		cr_expect_eq(s.timestamp, n * 160);
	}
	rig_forget(&rig);
	pass_ns(&rig, 1000 * RIG_MS); /* 1095 ms from the start: packets 50 to 54 are not too late */
	for (unsigned turn = 0; turn < 5; turn++)
		rig_turns(&rig);
	cr_assert_eq(rig.sent_count, 5u);
	for (unsigned n = 0; n < 5; n++) {
		struct seen s = rig_seen(&rig, n);
		expect_sound(&s, &rig, RIG_US, SOUND_PCMU, 50 + n);
		cr_expect_eq(s.seq, 5 + n, "no gap");
		cr_expect_eq(s.timestamp, (50 + n) * 160);
	}
	rig_fini(&rig);
}

static void target_says(struct rig *rig, uint16_t seq)
{
	rig_rtp(rig, TARGET, 6000, "192.0.2.1", 20002, 0, seq, seq * 160u, 0x7a, 0x70);
}

/* Prompt, another prompt, armed target, nothing, prompt again: one stream. */
Test(prompt, one_stream)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000), target_settings = rig_settings(TARGET, 6000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &settings, 65533, 0xfffffe00);
	struct xf_endpoint_id target = rig_open(&rig, 0, RIG_V4, 20002, &target_settings, 1, 1);
	static uint64_t at[RIG_SENT];
	uint64_t start = rig.now_ns;
#define PASS(ms)                                                                                                       \
	for (unsigned passed = 0; passed < (ms); passed++) {                                                           \
		pass(&rig, 1);                                                                                         \
		SENT();                                                                                                \
	}
	unsigned noted = 0;
#define SENT()                                                                                                         \
	while (noted < rig.sent_count)                                                                                 \
	at[noted++] = rig.now_ns
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	SENT();
	PASS(65);
	cr_expect_eq(rig.sent_count, 4u);
	cr_assert_eq(rig_move(&rig, caller, gb, 0, false), 0);
	SENT();
	PASS(20); /* in the same slot: 20 ms after the last one */
	cr_expect_eq(rig.sent_count, 5u);
	cr_assert_eq(rig_move(&rig, caller, target, 500 * RIG_MS, false), 0);
	cr_expect_eq(rig_state(&rig, caller).source.index, XF_ENDPOINT_PROMPT, "it goes on while armed");
	cr_expect_eq(rig_state(&rig, caller).armed.index, target.index);
	PASS(35);
	cr_expect_eq(rig.sent_count, 7u);
	for (uint16_t i = 0; i < 5; i++) {
		target_says(&rig, (uint16_t)(40000 + i));
		SENT();
		PASS(20);
	}
	cr_expect_eq(rig_events(&rig, XF_EVENT_ARMED_FIRED), 1u);
	cr_expect_eq(rig_state(&rig, caller).source.index, target.index);
	cr_expect_eq(rig.sent_count, 12u, "the prompt has ended");
	cr_assert_eq(rig_move(&rig, caller, none, 0, false), 0);
	PASS(1000);
	cr_expect_eq(rig.sent_count, 12u);
	cr_assert_eq(rig_move(&rig, caller, us, 500 * RIG_MS, false), 0);
	cr_expect_eq(rig_state(&rig, caller).source.index, XF_ENDPOINT_PROMPT, "a prompt is never armed");
	SENT();
	PASS(30);
	cr_expect_eq(rig.sent_count, 14u);
	cr_assert_eq(rig_move(&rig, caller, none, 0, false), 0);
	PASS(100);
	cr_expect_eq(rig.sent_count, 14u);
	static const unsigned marked[] = {0, 4, 7, 12};
	for (unsigned i = 0, m = 0; i < 14; i++) {
		struct seen s = rig_seen(&rig, i);
		bool marker = m < 4 && marked[m] == i;
		m += marker;
		cr_expect_eq(s.ssrc, 0xa0000001);
		cr_expect_eq(s.seq, (uint16_t)(65533 + i), "packet %u: %u", i, s.seq);
		cr_expect_eq(s.marker, marker, "packet %u", i);
		/* The target speaks in the same millisecond as the prompt did: its timestamps follow the packet. */
		uint64_t ms = (at[i] - start) / RIG_MS + (i >= 7 && i < 12 ? FRAME : 0);
		cr_expect_eq((s.timestamp - 0xfffffe00) / 8, ms, "packet %u at %lu ms: %u", i, ms,
			     (s.timestamp - 0xfffffe00) / 8);
	}
	struct seen s = rig_seen(&rig, 4);
	expect_sound(&s, &rig, RIG_GB, SOUND_PCMU, 0);
	rig_fini(&rig);
}

/* An armed patch whose source never speaks: the prompt ends at the limit. */
Test(prompt, armed_limit)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000), target_settings = rig_settings(TARGET, 6000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &settings, 0, 0);
	struct xf_endpoint_id target = rig_open(&rig, 0, RIG_V4, 20002, &target_settings, 1, 1);
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	cr_assert_eq(rig_move(&rig, caller, target, 50 * RIG_MS, false), 0);
	pass(&rig, 200);
	cr_expect_eq(rig.sent_count, 3u);
	cr_expect_eq(rig_state(&rig, caller).source.index, target.index);
	/* Its armed source closes: the prompt goes on, and nothing begins anew. */
	rig_forget(&rig);
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	cr_assert_eq(rig_move(&rig, caller, target, 500 * RIG_MS, false), 0);
	pass(&rig, 30);
	struct command close = {.type = COMMAND_CLOSE, .id = target};
	cr_assert_eq(rig_command(&rig, 0, &close), 0);
	pass(&rig, 30);
	cr_expect_eq(rig_state(&rig, caller).armed.index, XF_ENDPOINT_NONE);
	cr_expect_eq(rig_state(&rig, caller).source.index, XF_ENDPOINT_PROMPT);
	cr_assert_eq(rig.sent_count, 4u);
	for (unsigned i = 0; i < 4; i++)
		cr_expect_eq(rig_seen(&rig, i).marker, i == 0);
	rig_fini(&rig);
}

/* The first of the endpoint's codecs that a sound is there in, by the endpoint's own number; without one it stays
 * silent, and the move is accepted. */
Test(prompt, payload_types)
{
	static const struct {
		unsigned count;
		struct xf_pt pts[2];
		int pt;
		enum sound_codec law;
	} cases[] = {
	    {2, {{8, XF_CODEC_PCMA}, {101, XF_CODEC_EVENT}}, 8, SOUND_PCMA},
	    {2, {{97, XF_CODEC_PCMA}, {96, XF_CODEC_PCMU}}, 97, SOUND_PCMA},
	    {2, {{9, XF_CODEC_G722}, {101, XF_CODEC_EVENT}}, 9, SOUND_G722},
	    {2, {{18, XF_CODEC_G729}, {101, XF_CODEC_EVENT}}, -1, SOUND_PCMU},
	    {2, {{111, XF_CODEC_OPUS}, {0, XF_CODEC_PCMU}}, 0, SOUND_PCMU},
	    {0, {{0}}, -1, SOUND_PCMU},
	};
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct rig rig;
		if (i == 0)
			rig_init(&rig, 1);
		struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
		settings.pt_count = (uint8_t)cases[i].count;
		memcpy(settings.pts, cases[i].pts, sizeof(cases[i].pts));
		struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, (uint16_t)(20000 + 2 * i), &settings, 0, 0);
		uint64_t drops = rig_drops(&rig, XF_DROP_PAYLOAD_TYPE);
		cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
		cr_expect_eq(rig_state(&rig, caller).source.index, XF_ENDPOINT_PROMPT);
		pass(&rig, 39);
		cr_expect_eq(rig.sent_count, cases[i].pt < 0 ? 0u : 2u, "case %u: %u", i, rig.sent_count);
		for (unsigned n = 0; n < rig.sent_count; n++) {
			struct seen s = rig_seen(&rig, n);
			cr_expect_eq(s.pt, cases[i].pt);
			expect_sound(&s, &rig, RIG_US, cases[i].law, n);
		}
		cr_expect_eq(rig_drops(&rig, XF_DROP_PAYLOAD_TYPE) - drops, cases[i].pt < 0 ? 2u : 0u);
		cr_assert_eq(rig_move(&rig, caller, none, 0, false), 0);
		rig_forget(&rig);
		if (i + 1 == sizeof(cases) / sizeof(cases[0]))
			rig_fini(&rig);
	}
}

/* On hold, no neighbour, no remote, no buffer: nothing is sent, each is counted by name; then the stream goes on
 * without a gap, at the time that has passed. What nobody has heard yet, or was on hold, begins anew. */
Test(prompt, held_back)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000), nowhere = settings;
	memset(&nowhere.remote, 0, sizeof(nowhere.remote));
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &nowhere, 0, 0);
	struct command header = {.type = COMMAND_HEADER, .id = caller, .egress = {.resolved = false}};
	struct command update = {
	    .type = COMMAND_UPDATE, .id = caller, .settings = settings, .egress = {.resolved = true}};
	static struct rte_mbuf *taken[2048];
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	uint64_t start = rig.now_ns;
	pass(&rig, 99);
	cr_expect_eq(rig.sent_count, 0u, "to nowhere");
	cr_expect_eq(rig_drops(&rig, XF_DROP_NO_NEIGHBOUR), 5);
	cr_assert_eq(rig_command(&rig, 0, &update), 0);
	pass(&rig, 40); /* 139 ms: two packets, the stream's first at 100 */
	cr_expect_eq(rig.sent_count, 2u);
	cr_assert_eq(rig_command(&rig, 0, &header), 0);
	pass(&rig, 40); /* 179 */
	cr_expect_eq(rig_drops(&rig, XF_DROP_NO_NEIGHBOUR), 7);
	header.egress.resolved = true;
	cr_assert_eq(rig_command(&rig, 0, &header), 0);
	pass(&rig, 20); /* 199 */
	cr_expect_eq(rig.sent_count, 3u);
	cr_assert_eq(rig_move(&rig, caller, us, 0, true), 0);
	pass(&rig, 60); /* 259 */
	cr_expect_eq(rig_drops(&rig, XF_DROP_PAUSED), 3);
	cr_expect_eq(rig.sent_count, 3u, "on hold");
	cr_assert_eq(rig_move(&rig, caller, us, 0, false), 0);
	pass(&rig, 20); /* 279 */
	cr_expect_eq(rig.sent_count, 4u);
	unsigned n = 0;
	while ((taken[n] = rte_pktmbuf_alloc(rig.pool)) != NULL)
		n++;
	pass(&rig, 40); /* 319 */
	cr_expect_eq(rig_drops(&rig, XF_DROP_NO_MBUF), 2);
	while (n-- > 0)
		rte_pktmbuf_free(taken[n]);
	pass(&rig, 20);
	cr_expect_eq(rig.now_ns, start + 339 * RIG_MS);
	static const struct {
		unsigned frame, at;
		bool marker;
	} sent[] = {{0, 0, true}, {1, 1, false}, {4, 4, false}, {0, 8, true}, {3, 11, false}};
	cr_assert_eq(rig.sent_count, 5u);
	for (unsigned i = 0; i < 5; i++) {
		struct seen s = rig_seen(&rig, i);
		expect_sound(&s, &rig, RIG_US, SOUND_PCMU, sent[i].frame);
		cr_expect_eq(s.seq, i, "no gap");
		cr_expect_eq(s.timestamp, sent[i].at * 160, "packet %u", i);
		cr_expect_eq(s.marker, sent[i].marker, "packet %u", i);
	}
	cr_expect_eq(rig_all_drops(&rig), 12);
	cr_expect_eq(rig_state(&rig, caller).rx_dropped, 0);
	rig_fini(&rig);
}

static void no_transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
}

static void no_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
}

static bool no_event(void *arg, const struct xf_link_event *event)
{
	return true;
}

/* A prompt that there is not; a batch with one is refused whole. A worker without prompts refuses all. */
Test(prompt, refused)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id a = rig_open(&rig, 0, RIG_V4, 20000, &settings, 0, 0);
	struct xf_endpoint_id b = rig_open(&rig, 0, RIG_V4, 20002, &settings, 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t numbers[] = {0, RIG_PROMPT_END, UINT32_MAX};
		struct command batch = {
		    .type = COMMAND_PATCH,
		    .patch = {.count = 2,
			      .moves = {{.to = a, .from = us}, {.to = b, .from = {XF_ENDPOINT_PROMPT, numbers[i]}}}}};
		cr_expect_eq(rig_command(&rig, 0, &batch), -EINVAL);
		cr_expect_eq(batch.detail, 1u);
	}
	cr_expect_eq(rig_state(&rig, a).source.index, XF_ENDPOINT_NONE);
	pass(&rig, 100);
	cr_expect_eq(rig.sent_count, 0u);
	struct worker *worker;
	struct worker_config config = {.index = 1,
				       .workers = 2,
				       .socket = SOCKET_ID_ANY,
				       .flows = rig.flows,
				       .prompts = rig.prompts,
				       .ops = {NULL, no_transmit, no_kernel, no_event}};
	config.handover_in[0] = config.handover_out[0] = worker_command_ring(rig.worker[0]);
	cr_expect_eq(worker_create(&worker, &config), -EINVAL, "prompts without a pool");
	config.prompts = NULL;
	cr_assert_eq(worker_create(&worker, &config), 0);
	worker_destroy(worker);
	rig_fini(&rig);
}

/* 5 frames twice, behind the lead: the end comes when the last packet has lasted, not before, and once. */
Test(prompt, comes_to_an_end)
{
	static struct rig rig;
	rig_init(&rig, 1);
	const struct xf_endpoint_id twice = {XF_ENDPOINT_PROMPT, RIG_TWICE};
	const struct prompt *prompt = rig.prompts->prompts[RIG_TWICE];
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000), target_settings = rig_settings(TARGET, 6000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &settings, 0, 0);
	struct xf_endpoint_id target = rig_open(&rig, 0, RIG_V4, 20002, &target_settings, 1, 1);
	for (unsigned again = 0; again < 2; again++) {
		uint64_t start = rig.now_ns;
		rig_forget(&rig);
		rig.event_count = 0;
		cr_assert_eq(rig_move(&rig, caller, twice, 0, false), 0);
		cr_expect_eq(prompt->playing[0], 1u);
		cr_expect_eq(rig_state(&rig, caller).prompt_ended, 0);
		const unsigned packets = SOUND_LEAD + 2 * 5;
		pass(&rig, packets * FRAME - 1);
		cr_expect_eq(rig.sent_count, packets);
		cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 0u, "early");
		pass(&rig, 1);
		cr_expect_eq(rig.now_ns, start + packets * FRAME * RIG_MS);
		cr_assert_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 1u);
		cr_expect_eq(rig.events[rig.event_count - 1].id.index, caller.index);
		cr_expect_eq(rig.events[rig.event_count - 1].prompt, RIG_TWICE);
		for (unsigned n = 0; n < packets; n++) {
			struct seen seen = rig_seen(&rig, n);
			expect_sound(&seen, &rig, RIG_TWICE, SOUND_PCMU, n);
		}
		/* The dump says so until something else is wanted. */
		cr_expect_eq(rig_state(&rig, caller).prompt_ended, 1);
		cr_expect_eq(rig_state(&rig, caller).source.index, XF_ENDPOINT_PROMPT);
		cr_expect_eq(rig_state(&rig, caller).source.generation, RIG_TWICE);
		cr_expect_eq(prompt->playing[0], 0u);
		pass(&rig, 100);
		cr_expect_eq(rig.sent_count, packets);
		cr_expect_eq(rig_events(&rig, XF_EVENT_PROMPT_ENDED), 1u);
	}
	/* A target that answers takes over, armed or not. */
	cr_assert_eq(rig_move(&rig, caller, target, 500 * RIG_MS, false), 0);
	cr_expect_eq(rig_state(&rig, caller).prompt_ended, 1);
	rig_forget(&rig);
	target_says(&rig, 1);
	cr_expect_eq(rig.sent_count, 1u);
	cr_expect_eq(rig_state(&rig, caller).prompt_ended, 0);
	cr_expect_eq(rig_state(&rig, caller).source.index, target.index);
	rig_fini(&rig);
}

/* On hold: the music is heard while the holder sends nothing, whoever sends is heard itself, and the stream is one. */
Test(prompt, while_silent)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000), target_settings = rig_settings(TARGET, 6000);
	struct xf_endpoint_id caller = rig_open(&rig, 0, RIG_V4, 20000, &settings, 100, 0);
	struct xf_endpoint_id target = rig_open(&rig, 0, RIG_V4, 20002, &target_settings, 1, 1);
	struct command hold = {
	    .type = COMMAND_PATCH,
	    .patch = {.count = 1, .moves = {{.to = caller, .from = target, .while_silent = RIG_EU}}}};
	cr_assert_eq(rig_move(&rig, caller, target, 0, false), 0);
	for (uint16_t i = 0; i < 5; i++, pass(&rig, FRAME))
		target_says(&rig, (uint16_t)(500 + i));
	cr_expect_eq(rig.sent_count, 5u);
	cr_assert_eq(rig_command(&rig, 0, &hold), 0);
	struct xf_endpoint_state state = rig_state(&rig, caller);
	cr_expect_eq(state.source.index, target.index);
	cr_expect_eq(state.prompt, RIG_EU);
	/* What was under way comes still; then there is music after 200 ms, from its beginning. */
	target_says(&rig, 505);
	pass(&rig, 199);
	cr_expect_eq(rig.sent_count, 6u, "%u", rig.sent_count);
	pass(&rig, 25 + 4 * FRAME);
	unsigned music = rig.sent_count - 6;
	cr_assert(music == 5 || music == 6, "%u packets of music", music);
	struct seen seen = rig_seen(&rig, 6);
	expect_sound(&seen, &rig, RIG_EU, SOUND_PCMU, 0);
	cr_expect(seen.marker);
	/* The holder has music of its own. */
	for (uint16_t i = 0; i < 20; i++, pass(&rig, FRAME))
		target_says(&rig, (uint16_t)(520 + i));
	cr_expect_eq(rig.sent_count, 6 + music + 20, "only the holder is heard: %u", rig.sent_count);
	cr_expect(rig_seen(&rig, 6 + music).marker);
	cr_expect_eq(rig_seen(&rig, 6 + music).payload[12], 0x70);
	/* It falls silent again: the music begins anew. */
	pass(&rig, 300);
	unsigned before = 6 + music + 20;
	cr_assert_gt(rig.sent_count, before + 3);
	seen = rig_seen(&rig, before);
	expect_sound(&seen, &rig, RIG_EU, SOUND_PCMU, 0);
	/* Resumed: at once. */
	cr_assert_eq(rig_move(&rig, caller, target, 0, false), 0);
	cr_expect_eq(rig_state(&rig, caller).prompt, XF_PROMPT_NONE);
	unsigned resumed = rig.sent_count;
	for (uint16_t i = 0; i < 5; i++, pass(&rig, FRAME))
		target_says(&rig, (uint16_t)(600 + i));
	cr_expect_eq(rig.sent_count, resumed + 5);
	for (unsigned i = 0; i < rig.sent_count; i++) {
		seen = rig_seen(&rig, i);
		cr_expect_eq(seen.seq, (uint16_t)(100 + i), "packet %u: %u", i, seen.seq);
		cr_expect_eq(seen.ssrc, 0xa0000001);
		if (i > 0)
			cr_expect_gt((int32_t)(seen.timestamp - rig_seen(&rig, i - 1).timestamp), 0, "packet %u", i);
	}
	cr_expect_eq(rig_all_drops(&rig), 0);
	/* The holder goes: the music stays, as a prompt. */
	cr_assert_eq(rig_command(&rig, 0, &hold), 0);
	struct command close = {.type = COMMAND_CLOSE, .id = target};
	cr_assert_eq(rig_command(&rig, 0, &close), 0);
	cr_expect_eq(rig_state(&rig, caller).source.index, XF_ENDPOINT_PROMPT);
	cr_expect_eq(rig_state(&rig, caller).prompt, XF_PROMPT_NONE);
	rig_forget(&rig);
	pass(&rig, 250);
	cr_expect(rig.sent_count == 3 || rig.sent_count == 4, "%u", rig.sent_count);
	/* A prompt beside a prompt or beside nothing, or armed. */
	hold.patch.moves[0].from = us;
	cr_expect_eq(rig_command(&rig, 0, &hold), -EINVAL);
	hold.patch.moves[0].from = none;
	cr_expect_eq(rig_command(&rig, 0, &hold), -EINVAL);
	hold.patch.moves[0] =
	    (struct xf_link_move){.to = caller, .from = caller, .while_silent = RIG_EU, .armed_limit_ns = 1};
	cr_expect_eq(rig_command(&rig, 0, &hold), -EINVAL);
	hold.patch.moves[0] = (struct xf_link_move){.to = caller, .from = caller, .while_silent = RIG_PROMPT_END};
	cr_expect_eq(rig_command(&rig, 0, &hold), -EINVAL);
	rig_fini(&rig);
}

/* Another set: what is played goes on, what begins is of the new one, and the old one is known to be free when nobody
 * plays it any more. */
Test(prompt, another_set)
{
	static struct rig rig;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id a = rig_open(&rig, 0, RIG_V4, 20000, &settings, 0, 0);
	struct xf_endpoint_id b = rig_open(&rig, 0, RIG_V4, 20002, &settings, 0, 0);
	struct prompt_set *old = rig.prompts, *fresh = rig_prompts_create();
	struct command swap = {.type = COMMAND_PROMPTS, .prompts = fresh};
	cr_assert_eq(rig_move(&rig, a, us, 0, false), 0);
	cr_assert_eq(rig_move(&rig, b, gb, 0, false), 0);
	pass(&rig, 30);
	cr_assert_eq(rig_command(&rig, 0, &swap), 0);
	cr_expect_eq(swap.prompts, old);
	pass(&rig, 30);
	cr_expect_eq(old->prompts[RIG_US]->playing[0], 1u);
	cr_expect_eq(fresh->prompts[RIG_US]->playing[0], 0u);
	rig_forget(&rig);
	cr_assert_eq(rig_move(&rig, a, us, 0, false), 0);
	pass(&rig, 20);
	struct seen seen = rig_seen(&rig, rig_seen(&rig, 0).ssrc == 0xa0000001 ? 0 : 1);
	rig.prompts = fresh;
	expect_sound(&seen, &rig, RIG_US, SOUND_PCMU, 0);
	cr_expect_eq(old->prompts[RIG_US]->playing[0], 0u);
	cr_expect_eq(fresh->prompts[RIG_US]->playing[0], 1u);
	cr_expect_eq(old->prompts[RIG_GB]->playing[0], 1u);
	struct command close = {.type = COMMAND_CLOSE, .id = b};
	cr_assert_eq(rig_command(&rig, 0, &close), 0);
	cr_expect_eq(old->prompts[RIG_GB]->playing[0], 0u);
	rig_prompts_destroy(old);
	pass(&rig, 40);
	rig_fini(&rig);
}

/* Ten minutes, turn by turn at uneven distances: every packet in the first turn after it is due, none early, none left
 * out, and the timestamp has not drifted by one unit. */
Test(prompt, ten_minutes, .timeout = 60)
{
	enum { CALLERS = 40, PACKETS = 10 * 60 * 50 };
	static struct rig rig;
	static struct {
		uint64_t start;
		uint32_t count, timestamp;
		uint16_t seq;
	} heard[CALLERS];
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	for (unsigned i = 0; i < CALLERS; i++) {
		struct xf_endpoint_id id = rig_open(&rig, 0, RIG_V4, (uint16_t)(20000 + 2 * i), &settings, 0, 0);
		cr_assert_eq(rig_move(&rig, id, i % 2 ? us : gb, 0, false), 0);
	}
	uint64_t end = rig.now_ns + (PACKETS + 1) * FRAME * RIG_MS;
	for (uint64_t turn = 0, last = rig.now_ns; rig.now_ns < end; turn++) {
		for (unsigned i = 0; i < rig.sent_count; i++) {
			struct seen s = rig_seen(&rig, i);
			if (s.dst.port & 1)
				continue; /* a report */
			unsigned who = s.ssrc - 0xa0000001;
			cr_assert_lt(who, CALLERS);
			if (heard[who].count == 0)
				heard[who].start = rig.now_ns / RIG_MS * RIG_MS;
			uint64_t due = heard[who].start + heard[who].count * FRAME * RIG_MS;
			/* Not before it was due, and not after another turn that was late enough. */
			cr_assert(due <= rig.now_ns && (due > last || turn == 0), "packet %u of %u", heard[who].count,
				  who);
			cr_assert_eq(s.timestamp, heard[who].count * 160);
			cr_assert_eq(s.seq, (uint16_t)heard[who].count);
			heard[who].count++;
		}
		rig_forget(&rig);
		last = rig.now_ns;
		pass_ns(&rig, 300000 + turn * 7919 % 400000);
	}
	for (unsigned i = 0; i < CALLERS; i++)
		cr_expect_geq(heard[i].count, PACKETS);
	cr_expect_eq(rig_all_drops(&rig), 0);
	rig_fini(&rig);
}

#define MANY 10000

static struct xf_endpoint_id many[MANY];

/* All turns that one millisecond needs. How many packets went out. */
static unsigned millisecond(struct rig *rig, unsigned *turns)
{
	unsigned before;
	rig->now_ns += RIG_MS;
	*turns = 0;
	do {
		before = rig->sent_count;
		rig_turns(rig);
		(*turns)++;
		cr_assert_leq(rig->sent_count - before, 128u, "one turn sends %u", rig->sent_count - before);
	} while (rig->sent_count > before);
	return rig->sent_count;
}

/* 10,000 callers: 500 in each millisecond, none of them left out or heard twice, and closing is as good as ever. */
Test(prompt, ten_thousand, .timeout = 60)
{
	static struct rig rig;
	static uint16_t heard[MANY];
	unsigned turns, each = 0;
	rig_init(&rig, 1);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	for (unsigned i = 0; i < MANY; i++) {
		many[i] =
		    rig_open(&rig, 0, i % 2 ? RIG_V4 : RIG_V4_ONLY, (uint16_t)(16384 + i / 2 * 2), &settings, 0, 0);
		cr_assert_eq(rig_move(&rig, many[i], us, 0, false), 0);
		rig_forget(&rig);
	}
	for (unsigned ms = 0; ms < 60; ms++) {
		unsigned n = millisecond(&rig, &turns);
		each += n;
		cr_expect_eq(n, MANY / 20, "%u in millisecond %u", n, ms);
		cr_expect_leq(turns, 5u);
		for (unsigned i = 0; i < n; i++) {
			struct seen s = rig_seen(&rig, i);
			/* Opened in turn, so the SSRC says which. */
			heard[s.ssrc - 0xa0000001]++;
		}
		rig_forget(&rig);
	}
	cr_expect_eq(each, 3 * MANY);
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(heard[i], 3, "endpoint %u: %u", i, heard[i]);
	/* Every other one closes, some of them in the middle of their slot. */
	for (unsigned i = 0; i < MANY; i += 2) {
		struct command close = {.type = COMMAND_CLOSE, .id = many[i]};
		if (i % 100 == 0)
			rig.now_ns += RIG_MS / 2;
		cr_assert_eq(rig_command(&rig, 0, &close), 0);
		rig_forget(&rig);
	}
	memset(heard, 0, sizeof(heard));
	/* Whatever was late has gone out. */
	for (unsigned ms = 0; ms < 2; ms++, rig_forget(&rig))
		millisecond(&rig, &turns);
	for (unsigned ms = 0; ms < 20; ms++) {
		unsigned n = millisecond(&rig, &turns);
		for (unsigned i = 0; i < n; i++)
			heard[rig_seen(&rig, i).ssrc - 0xa0000001]++;
		rig_forget(&rig);
	}
	for (unsigned i = 0; i < MANY; i++)
		cr_assert_eq(heard[i], i % 2, "endpoint %u: %u", i, heard[i]);
	rig_fini(&rig);
}
