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
	cr_expect_eq(express(), 7u);
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
