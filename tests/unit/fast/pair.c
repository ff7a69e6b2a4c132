#include "pair.h"

void pair_init(struct pair *p, const struct xf_endpoint_settings *caller, unsigned agent_local, const char *agent)
{
	struct xf_endpoint_settings settings = rig_settings(agent, 5000);
	/* The agent's numbers for the same codecs. */
	settings.pts[0] = (struct xf_pt){96, XF_CODEC_PCMU};
	settings.pts[1] = (struct xf_pt){110, XF_CODEC_EVENT};
	rig_init(&p->rig, 1);
	p->caller = rig_open(&p->rig, 0, RIG_V4, 20000, caller, 100, 1000);
	p->agent = rig_open(&p->rig, 0, agent_local, 20002, &settings, 65535, 0xffffffff);
	cr_assert_eq(rig_move(&p->rig, p->agent, p->caller, 0, false), 0);
	cr_assert_eq(rig_move(&p->rig, p->caller, p->agent, 0, false), 0);
}

void caller_says(struct pair *p, const char *from, uint16_t port, uint8_t pt, uint16_t seq)
{
	rig_rtp(&p->rig, from, port, "192.0.2.1", 20000, pt, seq, seq * 160u, 7, 0x55);
}

void expect_frame(const struct seen *s, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct xf_sockaddr from = rig_sockaddr(src, sport), to = rig_sockaddr(dst, dport);
	cr_expect(xf_sockaddr_eq(&s->src, &from));
	cr_expect(xf_sockaddr_eq(&s->dst, &to));
	cr_expect(s->ip_checksum_ok, "IP checksum");
	cr_expect(s->udp_checksum_ok, "UDP checksum");
	cr_expect_eq(memcmp(s->eth, rig_next_hop, 6), 0);
	cr_expect_eq(memcmp(s->eth + 6, rig_mac, 6), 0);
	cr_expect_eq(s->ttl, 64);
	cr_expect_eq(s->tos, 46 << 2);
	cr_expect_eq(s->payload_len, 172);
	for (unsigned i = 12; i < 172; i++)
		cr_assert_eq(s->payload[i], 0x55, "payload changed at %u", i);
}
