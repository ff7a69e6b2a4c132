#include "pair.h"

Test(media, v4_to_v4)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	for (uint16_t i = 0; i < 3; i++) {
		caller_says(&p, CALLER, 4000, 0, (uint16_t)(9 + i));
		struct seen s = rig_seen(&p.rig, i);
		expect_frame(&s, "192.0.2.9", 20002, AGENT, 5000);
		cr_expect_eq(s.pt, 96);
		cr_expect_eq(s.seq, (uint16_t)(65535 + i));
		cr_expect_eq(s.timestamp, 0xffffffff + i * 160);
		cr_expect_eq(s.ssrc, rig_state(&p.rig, p.agent).ssrc_out);
		cr_expect_eq(s.marker, i == 0);
		p.rig.now_ns += 20 * RIG_MS;
	}
	caller_says(&p, CALLER, 4000, 101, 12);
	cr_expect_eq(rig_last(&p.rig).pt, 110);
	rig_rtp(&p.rig, AGENT, 5000, "192.0.2.9", 20002, 96, 500, 1, 8, 0x55);
	struct seen s = rig_last(&p.rig);
	expect_frame(&s, "192.0.2.1", 20000, CALLER, 4000);
	cr_expect_eq(s.pt, 0);
	cr_expect_eq(s.seq, 100);
	cr_expect_eq(s.timestamp, 1000);
	struct xf_endpoint_state state = rig_state(&p.rig, p.caller);
	cr_expect_eq(state.rx_packets, 4);
	cr_expect_eq(state.rx_bytes, 4 * 172);
	cr_expect_eq(state.tx_packets, 1);
	cr_expect_eq(state.ssrc_in, 7);
	cr_expect_eq(state.gap_longest_ns, 20 * RIG_MS);
	cr_expect_eq(state.source.index, p.agent.index);
	cr_expect_eq(state.neighbour_resolved, 1);
	cr_expect_eq(rig_all_drops(&p.rig), 0);
	rig_fini(&p.rig);
}

Test(media, v4_to_v6_and_back)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V6, AGENT6);
	caller_says(&p, CALLER, 4000, 0, 9);
	struct seen s = rig_last(&p.rig);
	cr_expect_eq(s.family, 6);
	expect_frame(&s, "2001:db8::1", 20002, AGENT6, 5000);
	rig_rtp(&p.rig, AGENT6, 5000, "2001:db8::1", 20002, 96, 500, 1, 8, 0x55);
	s = rig_last(&p.rig);
	cr_expect_eq(s.family, 4);
	expect_frame(&s, "192.0.2.1", 20000, CALLER, 4000);
	cr_expect_eq(rig_all_drops(&p.rig), 0);
	rig_fini(&p.rig);
}

/* Without a checksum on the way in there is one on the way out; a payload broken on its way stays found broken. */
Test(media, checksums)
{
	static struct pair p;
	uint8_t rtp[172] = {0x80, 0, 0, 9}, buf[2048];
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V6, AGENT6);
	memset(rtp + 12, 0x55, 160);
	struct frame frame = {.src = CALLER,
			      .sport = 4000,
			      .dst = "192.0.2.1",
			      .dport = 20000,
			      .payload = rtp,
			      .payload_len = 172,
			      .no_checksum = true};
	rig_receive(&p.rig, &frame);
	struct seen s = rig_last(&p.rig);
	expect_frame(&s, "2001:db8::1", 20002, AGENT6, 5000);
	frame.no_checksum = false;
	rtp[3]++;
	uint16_t len = rig_frame(buf, &frame);
	buf[len - 7] ^= 0x10;
	struct rte_mbuf *mbuf = rig_mbuf(&p.rig, buf, len);
	worker_receive(p.rig.worker[0], 0, &mbuf, 1, p.rig.now_ns);
	worker_flush(p.rig.worker[0]);
	cr_expect_not(rig_last(&p.rig).udp_checksum_ok);
	/* Odd length, and many values, so that each carry is met. */
	for (unsigned i = 0; i < 300; i++) {
		rtp[3]++;
		for (unsigned at = 12; at < 171; at++)
			rtp[at] = (uint8_t)(i * 31 + at * at * (i | 1));
		frame.payload_len = (uint16_t)(171 - i % 7);
		frame.no_checksum = i % 3 == 0;
		rig_receive(&p.rig, &frame);
		cr_expect(rig_last(&p.rig).udp_checksum_ok, "packet %u", i);
	}
	rig_fini(&p.rig);
}

/* One payload of the 65,536 that two bytes can be gives a sum of 0, which UDP writes as all ones. */
Test(media, checksum_never_zero)
{
	static struct pair p;
	uint8_t rtp[14] = {0x80, 0, 0, 9};
	unsigned ones = 0;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V6, AGENT6);
	for (unsigned i = 0; i < 65536; i++) {
		rtp[12] = (uint8_t)(i >> 8);
		rtp[13] = (uint8_t)i;
		rig_receive(&p.rig, &(struct frame){.src = CALLER,
						    .sport = 4000,
						    .dst = "192.0.2.1",
						    .dport = 20000,
						    .payload = rtp,
						    .payload_len = sizeof(rtp)});
		struct seen s = rig_last(&p.rig);
		cr_assert(s.udp_checksum_ok, "payload %u", i);
		ones += s.payload[-2] == 0xff && s.payload[-1] == 0xff;
		rig_forget(&p.rig);
	}
	cr_expect_gt(ones, 0u);
	rig_fini(&p.rig);
}

Test(media, what_is_dropped)
{
	static struct pair p;
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	struct {
		const char *name;
		uint16_t dport;
		uint8_t bytes[20];
		uint16_t len;
		enum xf_drop drop;
	} cases[] = {
	    {"STUN", 20000, {0, 1}, 20, XF_DROP_STUN},
	    {"DTLS", 20000, {22, 254}, 20, XF_DROP_DTLS},
	    {"ZRTP", 20000, {16, 0}, 20, XF_DROP_ZRTP},
	    {"TURN channel", 20000, {64, 0}, 20, XF_DROP_TURN_CHANNEL},
	    {"127", 20000, {127, 0}, 20, XF_DROP_NOT_RTP},
	    {"192", 20000, {192, 0}, 20, XF_DROP_NOT_RTP},
	    {"empty", 20000, {0}, 0, XF_DROP_NOT_RTP},
	    {"STUN to RTCP", 20001, {0, 1}, 20, XF_DROP_STUN},
	    {"RTP too short", 20000, {128, 0}, 11, XF_DROP_RTP_INVALID},
	    {"RTP to RTCP's port", 20001, {128, 0}, 20, XF_DROP_RTCP_INVALID},
	    {"RTCP too short, multiplexed", 20000, {128, 200}, 8, XF_DROP_RTCP_INVALID},
	    {"payload type unknown", 20000, {128, 3}, 20, XF_DROP_PAYLOAD_TYPE},
	    {"nobody there", 20004, {128, 0}, 20, XF_DROP_NO_ENDPOINT},
	    {"nobody there, RTCP", 20005, {128, 201}, 20, XF_DROP_NO_ENDPOINT},
	};
	caller_says(&p, CALLER, 4000, 0, 9);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = rig_drops(&p.rig, cases[i].drop), all = rig_all_drops(&p.rig);
		rig_receive(&p.rig, &(struct frame){.src = CALLER,
						    .sport = 4000,
						    .dst = "192.0.2.1",
						    .dport = cases[i].dport,
						    .payload = cases[i].bytes,
						    .payload_len = cases[i].len});
		cr_expect_eq(rig_drops(&p.rig, cases[i].drop), before + 1, "%s", cases[i].name);
		cr_expect_eq(rig_all_drops(&p.rig), all + 1, "%s", cases[i].name);
	}
	cr_expect_eq(p.rig.sent_count, 1u);
	cr_expect_eq(p.rig.kernel_count + p.rig.urgent_count, 0u, "media never goes to the kernel");
	/* The next hop is lost: named; found again: forwarded. */
	struct command command = {.type = COMMAND_HEADER, .id = p.agent};
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	caller_says(&p, CALLER, 4000, 0, 10);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_NO_NEIGHBOUR), 1);
	cr_expect_eq(rig_state(&p.rig, p.agent).neighbour_resolved, 0);
	command.egress = (struct egress){.resolved = true, .vlan = 77, .dst_mac = {2, 1, 1, 1, 1, 1}};
	cr_expect_eq(rig_command(&p.rig, 0, &command), 0);
	caller_says(&p, CALLER, 4000, 0, 11);
	struct seen s = rig_last(&p.rig);
	cr_expect_eq(s.eth[1], 1);
	cr_expect_eq(memcmp(s.eth + 12, "\x81\x00\x00\x4d\x08\x00", 6), 0, "tagged");
	cr_expect(s.udp_checksum_ok && s.ip_checksum_ok);
	cr_expect_eq(rig_state(&p.rig, p.caller).rx_dropped, 2, "payload type and neighbour");
	rig_fini(&p.rig);
}

/* What fits its own MTU may not fit the other side's: IPv6 needs 20 bytes more. Nothing longer than the MTU leaves. */
Test(media, mtu)
{
	static struct pair p;
	static uint8_t rtp[1472] = {0x80, 0, 0, 9};
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V6, AGENT6);
	struct frame frame = {
	    .src = CALLER, .sport = 4000, .dst = "192.0.2.1", .dport = 20000, .payload = rtp, .payload_len = 1452};
	rig_receive(&p.rig, &frame);
	cr_assert_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_last(&p.rig).payload_len, 1452);
	cr_expect(rig_last(&p.rig).udp_checksum_ok);
	for (uint16_t len = 1453; len <= 1472; len++) {
		frame.payload_len = len;
		rtp[3]++;
		rig_receive(&p.rig, &frame);
	}
	cr_expect_eq(p.rig.sent_count, 1u);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_TX_FULL), 20);
	cr_expect_eq(rig_state(&p.rig, p.caller).rx_dropped, 20);
	rig_fini(&p.rig);
}

/* As RFC 3550 A.8 has it: by the transit of each packet, in timestamp units. Times 16. */
static uint32_t jitter_add(uint32_t jitter, uint32_t *transit, uint32_t arrival, uint32_t timestamp, bool first)
{
	uint32_t now = arrival - timestamp, change = first ? 0 : (uint32_t)abs((int32_t)(now - *transit));
	*transit = now;
	return jitter + change - ((jitter + 8) >> 4);
}

/* RFC 3550 6.4.1, A.3, A.8: what the sequences say was sent, what came out of order or twice, and how unevenly. */
Test(media, statistics)
{
	static struct pair p;
	static const uint16_t order[] = {65534, 65535, 1, 0, 1, 8};
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	cr_expect_eq(rig_state(&p.rig, p.caller).rx_expected, 0u);
	uint64_t start = p.rig.now_ns;
	uint32_t jitter = 0, transit = 0, newest = 0;
	for (unsigned i = 0; i < RTE_DIM(order); i++) {
		uint32_t n = (uint16_t)(order[i] + 2);
		newest = RTE_MAX(newest, n);
		p.rig.now_ns = start + newest * 20 * RIG_MS;
		rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, order[i], 500 + n * 160, 7, 1);
		jitter = jitter_add(jitter, &transit, newest * 160, 500 + n * 160, i == 0);
	}
	struct xf_endpoint_state s = rig_state(&p.rig, p.caller);
	cr_expect_eq(s.rx_packets, 6u);
	cr_expect_eq(s.rx_expected, 11u);
	cr_expect_eq(s.rx_reordered, 1u);
	cr_expect_eq(s.rx_duplicate, 1u);
	cr_expect_gt(jitter, 16u * 10);
	cr_expect_eq(s.jitter_us, jitter * 125 / 16);
	/* 16 ms late is 128 units, of which a sixteenth counts at once. */
	p.rig.now_ns = start + 11 * 20 * RIG_MS + 16 * RIG_MS;
	rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, 9, 500 + 11 * 160, 7, 1);
	jitter = jitter_add(jitter, &transit, 11 * 160 + 128, 500 + 11 * 160, false);
	cr_expect_eq(rig_state(&p.rig, p.caller).jitter_us, jitter * 125 / 16);
	/* Another SSRC begins anew; what was expected of the one before stays. */
	rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, 3000, 1, 8, 1);
	rig_rtp(&p.rig, CALLER, 4000, "192.0.2.1", 20000, 0, 3004, 1, 8, 1);
	s = rig_state(&p.rig, p.caller);
	cr_expect_eq(s.rx_expected, 12u + 5u);
	cr_expect_eq(s.rx_packets, 9u);
	rig_fini(&p.rig);
}
