/* G.711's laws into one another: the tables against another's, and what endpoints make of them. */
#include "pair.h"
#include "fast/law.h"
#include "fast/rtp.h"
#include <spandsp.h>

/* ITU-T G.711 tables 3 and 4, as spandsp has them. */
Test(law, tables)
{
	for (unsigned code = 0; code < 256; code++) {
		cr_expect_eq(law_mu_to_a[code], ulaw_to_alaw((uint8_t)code), "mu %02x", code);
		cr_expect_eq(law_a_to_mu[code], alaw_to_ulaw((uint8_t)code), "A %02x", code);
	}
}

/* A table is no worse than going over the linear value, by more than half a step of the coarser law. */
Test(law, error)
{
	for (unsigned code = 0; code < 256; code++) {
		int mu = ulaw_to_linear((uint8_t)code), a = alaw_to_linear((uint8_t)code);
		int of_mu = alaw_to_linear(law_mu_to_a[code]), of_a = ulaw_to_linear(law_a_to_mu[code]);
		cr_expect_leq(abs(of_mu - mu), 8 + abs(mu) / 16, "mu %02x", code);
		cr_expect_leq(abs(of_a - a), 8 + abs(a) / 16, "A %02x", code);
	}
}

static struct pair p;

/* pts: two of the caller's. */
static void init(uint8_t pt0, enum xf_codec codec0, uint8_t pt1, enum xf_codec codec1)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	caller.pts[0] = (struct xf_pt){pt0, (uint8_t)codec0};
	caller.pts[1] = (struct xf_pt){pt1, (uint8_t)codec1};
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
}

/* RTP with all octets there are, behind what `first` says. */
static uint16_t every_octet(uint8_t *rtp, uint8_t first, uint8_t pt, uint16_t seq, uint16_t *at)
{
	uint16_t len = RTP_HEADER_LEN;
	rtp[0] = first;
	rtp_write(rtp, pt, false, seq, seq * 160u, 7);
	for (unsigned i = 0; i < (first & 15u) * 4; i++)
		rtp[len++] = (uint8_t)(0x30 + i);
	if (first & 0x10) {
		memcpy(rtp + len, "\xbe\xde\0\1abcd", 8);
		len = (uint16_t)(len + 8);
	}
	*at = len;
	for (unsigned i = 0; i < 256; i++)
		rtp[len++] = (uint8_t)i;
	if (first & 0x20) {
		memcpy(rtp + len, "\0\0\3", 3);
		len = (uint16_t)(len + 3);
	}
	return len;
}

static void say(const char *from, uint16_t sport, const char *to, uint16_t dport, const uint8_t *rtp, uint16_t len,
		bool no_checksum)
{
	rig_forget(&p.rig);
	p.rig.now_ns += 20 * RIG_MS;
	rig_receive(&p.rig, &(struct frame){.src = from,
					    .sport = sport,
					    .dst = to,
					    .dport = dport,
					    .payload = rtp,
					    .payload_len = len,
					    .no_checksum = no_checksum});
}

/* Both ways; CSRCs, extension and padding stay; the checksum is right, also if the packet had none. */
Test(law, both_ways)
{
	init(8, XF_CODEC_PCMA, 101, XF_CODEC_EVENT);
	uint8_t rtp[400];
	uint16_t at, len, seq = 10;
	static const uint8_t firsts[] = {0x80, 0x82, 0x90, 0xa0, 0xb3};
	for (unsigned i = 0; i < 2 * RTE_DIM(firsts); i++) {
		len = every_octet(rtp, firsts[i / 2], 8, seq++, &at);
		say(CALLER, 4000, "192.0.2.1", 20000, rtp, len, i & 1);
		cr_assert_eq(p.rig.sent_count, 1u);
		struct seen s = rig_last(&p.rig);
		cr_expect_eq(s.pt, 96);
		cr_expect(s.udp_checksum_ok && s.ip_checksum_ok, "%02x", firsts[i / 2]);
		cr_expect_eq(s.payload_len, len);
		cr_expect_eq(memcmp(s.payload + 12, rtp + 12, at - 12u), 0, "CSRCs and extension");
		for (unsigned k = 0; k < 256; k++)
			cr_expect_eq(s.payload[at + k], law_a_to_mu[k]);
		cr_expect_eq(memcmp(s.payload + at + 256, rtp + at + 256, len - at - 256u), 0, "padding");
		len = every_octet(rtp, firsts[i / 2], 96, seq, &at);
		say(AGENT, 5000, "192.0.2.9", 20002, rtp, len, i & 1);
		cr_assert_eq(p.rig.sent_count, 1u);
		s = rig_last(&p.rig);
		cr_expect_eq(s.pt, 8);
		cr_expect(s.udp_checksum_ok);
		for (unsigned k = 0; k < 256; k++)
			cr_expect_eq(s.payload[at + k], law_mu_to_a[k]);
	}
	cr_expect_eq(rig_all_drops(&p.rig), 0u);
	rig_fini(&p.rig);
}

/* An odd number of octets, none at all. */
Test(law, lengths)
{
	init(8, XF_CODEC_PCMA, 101, XF_CODEC_EVENT);
	uint8_t rtp[400];
	uint16_t at;
	every_octet(rtp, 0x80, 8, 1, &at);
	for (uint16_t len = at; len < at + 34; len++) {
		rtp_write(rtp, 8, false, len, len * 160u, 7);
		say(CALLER, 4000, "192.0.2.1", 20000, rtp, len, false);
		cr_assert_eq(p.rig.sent_count, 1u);
		cr_expect(rig_last(&p.rig).udp_checksum_ok, "%u", len);
		cr_expect_eq(rig_last(&p.rig).payload_len, len);
	}
	rig_fini(&p.rig);
}

/* Who has both gets the source's own; the express way serves it, and not what is converted. */
Test(law, both_known)
{
	init(0, XF_CODEC_PCMU, 8, XF_CODEC_PCMA);
	uint8_t rtp[400];
	uint16_t at, len, seq = 20;
	for (unsigned i = 0; i < 4; i++) {
		len = every_octet(rtp, 0x80, 96, seq++, &at);
		say(AGENT, 5000, "192.0.2.9", 20002, rtp, len, false);
		cr_assert_eq(p.rig.sent_count, 1u);
		cr_expect_eq(rig_last(&p.rig).pt, 0);
		cr_expect_eq(memcmp(rig_last(&p.rig).payload + at, rtp + at, 256), 0, "as it came");
	}
	uint64_t express = worker_stats(p.rig.worker[0])->express;
	cr_expect_gt(express, 0u);
	/* The caller turns to A-law and back, the agent knows only mu-law. */
	for (unsigned i = 0; i < 8; i++) {
		uint8_t pt = i / 2 % 2 ? 8 : 0;
		len = every_octet(rtp, 0x80, pt, seq++, &at);
		say(CALLER, 4000, "192.0.2.1", 20000, rtp, len, false);
		cr_assert_eq(p.rig.sent_count, 1u);
		struct seen s = rig_last(&p.rig);
		cr_expect_eq(s.pt, 96);
		cr_expect(s.udp_checksum_ok);
		for (unsigned k = 0; k < 256; k++)
			cr_expect_eq(s.payload[at + k], pt == 8 ? law_a_to_mu[k] : k, "packet %u octet %u", i, k);
	}
	rig_fini(&p.rig);
}

/* Two receivers of different laws while a patch is armed: each gets its own. */
Test(law, two_receivers)
{
	init(8, XF_CODEC_PCMA, 101, XF_CODEC_EVENT);
	struct xf_endpoint_settings settings = rig_settings("203.0.113.30", 6000);
	uint8_t rtp[400];
	uint16_t at, len;
	settings.pts[0] = (struct xf_pt){8, XF_CODEC_PCMA};
	struct xf_endpoint_id target = rig_open(&p.rig, 0, RIG_V4_ONLY, 20010, &settings, 5, 5);
	cr_assert_eq(rig_move(&p.rig, target, p.caller, 0, false), 0);
	len = every_octet(rtp, 0x80, 8, 1, &at);
	say(CALLER, 4000, "192.0.2.1", 20000, rtp, len, false);
	cr_assert_eq(p.rig.sent_count, 2u);
	for (unsigned i = 0; i < 2; i++) {
		struct seen s = rig_seen(&p.rig, i);
		cr_expect(s.udp_checksum_ok);
		cr_expect_eq(s.pt, s.dst.port == 6000 ? 8 : 96);
		for (unsigned k = 0; k < 256; k++)
			cr_expect_eq(s.payload[at + k], s.dst.port == 6000 ? k : law_a_to_mu[k]);
	}
	rig_fini(&p.rig);
}

/* No other codec is converted: dropped by name. */
Test(law, nothing_else)
{
	init(9, XF_CODEC_G722, 101, XF_CODEC_EVENT);
	caller_says(&p, CALLER, 4000, 9, 1);
	cr_expect_eq(rig_drops(&p.rig, XF_DROP_PAYLOAD_TYPE), 1);
	cr_expect_eq(p.rig.sent_count, 0u);
	rig_fini(&p.rig);
}
