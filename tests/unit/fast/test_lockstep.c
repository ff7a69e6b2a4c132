/* A source in lockstep with its receiver: what is shown of both, when it ends, and that nobody hears of it. */
#include "fast/lockstep.h"
#include "pair.h"

static struct pair p;
static uint16_t seq;
static uint32_t timestamp;

static void setup(void)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	p.rig.rtp_only = true;
	seq = 65500;
	timestamp = 0xffffff00;
}

static void teardown(void)
{
	rig_fini(&p.rig);
}

TestSuite(lockstep, .init = setup, .fini = teardown);

static const struct endpoint *source(void)
{
	return flow_get(p.rig.flows, p.caller.index);
}

static void say(unsigned n)
{
	while (n-- > 0) {
		p.rig.now_ns += 20 * RIG_MS;
		rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, seq++, timestamp += 160, 7, 0x55);
	}
}

static uint64_t express(void)
{
	return worker_stats(p.rig.worker[0])->express;
}

/* The i-th of what was sent, the first 0: one stream without a gap, whatever happened. */
static void expect_stream(unsigned n)
{
	cr_assert_eq(p.rig.sent_count, n);
	for (unsigned i = 0; i < n; i++) {
		struct seen s = rig_seen(&p.rig, i);
		cr_expect_eq(s.seq, (uint16_t)(65535 + i), "packet %u: %u", i, s.seq);
		cr_expect_eq(s.timestamp, 0xffffffff + i * 160, "packet %u: %u", i, s.timestamp);
		cr_expect_eq(s.marker, i == 0, "packet %u", i);
		cr_expect_eq(s.pt, 96);
		cr_expect(s.udp_checksum_ok, "packet %u", i);
		cr_expect(s.ip_checksum_ok, "packet %u", i);
	}
}

/* Sequences and timestamps pass their ends, of what comes and of what goes. */
Test(lockstep, counts)
{
	say(1);
	cr_expect(source()->lockstep, "begun by the first packet");
	cr_expect_eq(express(), 0u);
	for (unsigned n = 2; n <= 60; n++) {
		say(1);
		struct xf_endpoint_state to = rig_state(&p.rig, p.agent), from = rig_state(&p.rig, p.caller);
		cr_expect_eq(from.rx_packets, n);
		cr_expect_eq(from.rx_bytes, n * 172);
		cr_expect_eq(to.tx_packets, n);
		cr_expect_eq(to.tx_bytes, n * 172);
		cr_expect_eq(to.rx_packets, 0u);
	}
	cr_expect_eq(express(), 59u);
	expect_stream(60);
	/* The stream is told what was sent when somebody asks for it. */
	struct endpoint *to = flow_get(p.rig.flows, p.agent.index);
	cr_expect_eq(lockstep_end_to(p.rig.flows, to), source());
	cr_expect_eq(to->stream.packets, 60u);
	cr_expect_eq(to->stream.octets, 60u * 160);
	cr_expect_eq((uint16_t)to->stream.out_ext, (uint16_t)(65535 + 59));
	cr_expect_eq(to->stream.out_timestamp, 0xffffffff + 59 * 160);
	cr_expect_eq(to->tx_bytes, 60u * 172);
	cr_expect_not(source()->lockstep);
	cr_expect_null(lockstep_end_to(p.rig.flows, to));
	say(2);
	expect_stream(62);
	cr_expect_eq(express(), 60u);
}

/* The timestamps of sender and receiver pass their ends in one packet, and one after the other. */
Test(lockstep, ends_of_numbers)
{
	static const uint32_t starts[] = {0xfffffff0, 0xffffff00, 0, 1};
	for (unsigned i = 0; i < RTE_DIM(starts); i++) {
		for (uint16_t n = 0; n < 5; n++) {
			p.rig.now_ns += 20 * RIG_MS;
			rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, (uint16_t)(65533 + n),
				starts[i] + n * 160u, 100 + i, 0x55);
			cr_expect(rig_last(&p.rig).udp_checksum_ok, "start %x, packet %u", starts[i], n);
		}
		cr_expect_eq(express(), (i + 1) * 4);
	}
}

/* What needs more than the express way does ends it, and the next packet that does not begins it again. */
Test(lockstep, ends)
{
	struct command capture = {.type = COMMAND_CAPTURE, .id = p.agent, .on = true};
	struct command update = {
	    .type = COMMAND_UPDATE, .id = p.agent, .settings = rig_settings(AGENT, 5000), .egress = {.resolved = true}};
	struct command header = {.type = COMMAND_HEADER, .id = p.agent, .egress = update.egress};
	update.settings.pts[0].pt = 96;
	memcpy(header.egress.dst_mac, rig_next_hop, 6);
	memcpy(header.egress.src_mac, rig_mac, 6);
	update.egress = header.egress;
	struct command *commands[] = {&update, &header, &capture};
	say(2);
	for (unsigned i = 0; i < RTE_DIM(commands); i++) {
		cr_assert(source()->lockstep, "before command %u", i);
		cr_assert_eq(rig_command(&p.rig, 0, commands[i]), 0);
		cr_expect_not(source()->lockstep, "after command %u", i);
		say(2);
	}
	cr_expect_not(source()->lockstep, "what is sent is captured");
	capture.on = false;
	cr_assert_eq(rig_command(&p.rig, 0, &capture), 0);
	say(2);
	cr_expect(source()->lockstep);
	expect_stream(10);
	cr_assert_eq(rig_move(&p.rig, p.agent, p.caller, 0, true), 0);
	cr_expect_not(source()->lockstep, "paused");
	cr_expect_eq(rig_state(&p.rig, p.agent).tx_packets, 10u);
	say(1);
	cr_expect_not(source()->lockstep);
	cr_expect_eq(rig_state(&p.rig, p.agent).tx_packets, 10u);
}

/* A digit takes the long way, between two packets that need not. */
Test(lockstep, digit)
{
	say(3);
	cr_assert_eq(express(), 2u);
	p.rig.now_ns += 20 * RIG_MS;
	rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 101, seq++, 1, 7, 1);
	cr_expect_not(source()->lockstep);
	/* The first begins it, the second says how long a packet lasts. */
	say(3);
	cr_expect(source()->lockstep);
	cr_expect_eq(express(), 3u);
	cr_expect_eq(rig_state(&p.rig, p.agent).tx_packets, rig_state(&p.rig, p.caller).rx_packets);
}

/* Packets of another length of time are no silence: whoever is mapped next comes behind the last. */
Test(lockstep, duration)
{
	for (unsigned i = 0; i < 8; i++) {
		p.rig.now_ns += 20 * RIG_MS;
		rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, seq++, timestamp += i < 4 ? 160 : 240, 7, 1);
	}
	cr_expect_eq(express(), 6u);
	cr_expect_eq(flow_get(p.rig.flows, p.agent.index)->stream.duration, 240);
	timestamp -= 1000; /* back: nobody's step */
	rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, seq++, timestamp, 7, 1);
	rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, seq++, timestamp + 9000, 7, 1);
	cr_expect_eq(p.rig.sent_count, 10u);
	cr_expect_eq(express(), 6u);
}

/* With a marker these types would be RTCP's (RFC 5761 4). */
Test(lockstep, types_of_rtcp)
{
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct command update = {.type = COMMAND_UPDATE, .id = p.caller, .egress = {.resolved = true}};
	settings.pts[0].pt = 72;
	update.settings = settings;
	cr_assert_eq(rig_command(&p.rig, 0, &update), 0);
	for (unsigned i = 0; i < 3; i++)
		caller_says(&p, CALLER, 4000, 72, seq++);
	cr_expect_eq(p.rig.sent_count, 3u);
	cr_expect_eq(express(), 0u);
	cr_expect_not(source()->lockstep);
}

static uint32_t word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A report of our own knows what was sent up to it, and nothing ends for it. */
Test(lockstep, reports)
{
	unsigned reports = 0;
	p.rig.rtp_only = false;
	for (unsigned i = 0; i < 1000 && reports < 2; i++) {
		say(1);
		rig_forget(&p.rig);
		rig_turns(&p.rig);
		struct seen s = p.rig.sent_count ? rig_last(&p.rig) : (struct seen){0};
		if (!s.payload || s.dst.port != 5001 || s.payload[1] != 200)
			continue;
		struct xf_endpoint_state to = rig_state(&p.rig, p.agent);
		reports++;
		cr_expect(source()->lockstep);
		cr_expect_eq(to.tx_packets, i + 1);
		cr_expect_eq(word(s.payload + 20), i + 1);
		cr_expect_eq(word(s.payload + 24), (i + 1) * 160);
		cr_expect_eq(word(s.payload + 16), 0xffffffff + i * 160);
	}
	cr_expect_eq(reports, 2u);
	cr_expect_gt(express(), 200u);
}

/* Whatever is in lockstep when one of the two is closed. */
Test(lockstep, closed)
{
	say(3);
	struct command close = {.type = COMMAND_CLOSE, .id = p.agent};
	cr_assert_eq(rig_command(&p.rig, 0, &close), 0);
	cr_expect_not(source()->lockstep);
	say(1);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_UNPATCHED), 1);
	expect_stream(3);
}

static void set_captured(bool captured)
{
	struct command capture = {.type = COMMAND_CAPTURE, .id = p.agent, .on = captured};
	p.rig.copies_refused = true;
	cr_assert_eq(rig_command(&p.rig, 0, &capture), 0);
}

/* The same by either way: [1] is captured, and takes the long one. */
static struct xf_endpoint_state after[2];

/* Steps that each go forward, together more than 2^31: the latest timestamp sent is that of the last packet. Half of
 * all numbers is a step, too. */
static void step_wildly(bool captured)
{
	set_captured(captured);
	say(2);
	for (unsigned i = 0; i < 3; i++) {
		timestamp += 0x50000000;
		say(1);
		struct endpoint *to = flow_get(p.rig.flows, p.agent.index);
		struct endpoint *leader = lockstep_end_to(p.rig.flows, to);
		cr_expect_eq(to->stream.out_timestamp, rig_last(&p.rig).timestamp, "step %u", i);
		lockstep_resume(leader, to);
	}
	timestamp += 0x80000000 - 160;
	say(1);
	cr_expect_eq(p.rig.sent_count, 6u);
}

Test(lockstep, wild_timestamps)
{
	step_wildly(false);
}

Test(lockstep, wild_timestamps_captured)
{
	step_wildly(true);
}

/* A call of 80 hours, longer than timestamps of 8 kHz say which of two is the later; then the next source. */
Test(lockstep, long_call)
{
	for (unsigned hours = 0; hours < 80; hours += 2) {
		p.rig.now_ns += 7200 * 1000 * RIG_MS;
		timestamp += 7200 * 8000;
		say(3);
		rig_forget(&p.rig);
	}
	say(1);
	struct seen last = rig_last(&p.rig);
	cr_expect(source()->lockstep);
	cr_assert_eq(rig_move(&p.rig, p.agent, (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0}, 0, false), 0);
	cr_assert_eq(rig_move(&p.rig, p.agent, p.caller, 0, false), 0);
	say(1);
	cr_expect_eq(rig_last(&p.rig).timestamp - last.timestamp, 160u);
}

/* As many lost as may be lost (RFC 3550 A.1), and one more. */
Test(lockstep, loss)
{
	for (unsigned captured = 0; captured < 2; captured++) {
		set_captured(captured);
		say(3);
		seq = (uint16_t)(seq + STREAM_MAX_DROPOUT - 1);
		say(1);
		after[captured] = rig_state(&p.rig, p.caller);
		seq = (uint16_t)(seq + STREAM_MAX_DROPOUT);
		say(2);
	}
	cr_expect_eq(after[0].rx_expected, 3u + STREAM_MAX_DROPOUT);
	cr_expect_eq(after[1].rx_expected - after[0].rx_expected, 2u + 3 + STREAM_MAX_DROPOUT);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_SEQUENCE_JUMP), 2);
}

/* A silence whose timestamps go on. */
Test(lockstep, silence_is_no_jitter)
{
	static const unsigned silent_s[] = {60, 120, 100000};
	say(50);
	for (unsigned i = 0; i < RTE_DIM(silent_s); i++) {
		p.rig.now_ns += silent_s[i] * 1000ull * RIG_MS;
		timestamp += silent_s[i] * 8000;
		say(1);
		cr_expect_leq(rig_state(&p.rig, p.caller).jitter_us, 200u, "%u s", silent_s[i]);
	}
}

/* Whoever reads while the worker sleeps within a change gets no difference for a count. */
Test(lockstep, half_way)
{
	say(1);
	cr_assert_eq(rig_move(&p.rig, p.agent, (struct xf_endpoint_id){XF_ENDPOINT_NONE, 0}, 0, false), 0);
	say(200);
	cr_assert_eq(rig_move(&p.rig, p.agent, p.caller, 0, false), 0);
	say(1);
	struct endpoint *from = flow_get(p.rig.flows, p.caller.index), *to = flow_get(p.rig.flows, p.agent.index);
	cr_assert(from->lockstep);
	cr_assert_eq(rig_state(&p.rig, p.agent).tx_packets, 2u);
	endpoint_hide(to);
	shown8_set(&from->lockstep, 0);
	struct xf_endpoint_state s = rig_state(&p.rig, p.agent);
	cr_expect_eq(s.tx_packets, 0u);
	cr_expect_eq(s.tx_bytes, 0u);
	shown8_set(&from->lockstep, from->owner);
	endpoint_publish(to);
	cr_assert_eq(rig_state(&p.rig, p.agent).tx_packets, 2u);
}

/* A packet for which there was no buffer was not sent (RFC 3550 6.4.1). */
Test(lockstep, no_buffer)
{
	struct xf_endpoint_settings third = rig_settings(FOREIGN, 6000);
	struct xf_endpoint_id id = rig_open(&p.rig, 0, RIG_V4, 20004, &third, 1, 1);
	static struct rte_mbuf *held[8192];
	unsigned n = 0;
	cr_assert_eq(rig_move(&p.rig, id, p.caller, 0, false), 0);
	say(1);
	cr_assert_eq(p.rig.sent_count, 2u);
	rig_forget(&p.rig);
	while (n < RTE_DIM(held) && (held[n] = rte_pktmbuf_alloc(p.rig.pool)))
		n++;
	cr_assert_lt(n, RTE_DIM(held));
	rte_pktmbuf_free(held[--n]);
	say(1);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_NO_MBUF), 1);
	cr_expect_eq(rig_state(&p.rig, p.agent).tx_packets + rig_state(&p.rig, id).tx_packets, 3u);
	while (n > 0)
		rte_pktmbuf_free(held[--n]);
}

/* Taking the source away is a change that comes before anybody else may have it. */
Test(lockstep, close_is_a_change)
{
	struct endpoint *to = flow_get(p.rig.flows, p.agent.index);
	uint32_t version = to->version;
	struct command close = {.type = COMMAND_CLOSE, .id = p.agent};
	cr_assert_eq(rig_command(&p.rig, 0, &close), 0);
	cr_assert_eq(to->source, XF_ENDPOINT_NONE);
	cr_expect_neq(to->version, version);
	cr_expect_eq(to->version & 1, 0u);
}
