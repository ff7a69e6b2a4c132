/* The express way and the long way come to the same: two calls of the same settings, of which one is captured and so
 * takes the long way, get the same packets. */
#include "pair.h"
#include "fast/lockstep.h"
#include "fast/rtp.h"

#define STEPS	4000
#define PAYLOAD 320

static struct rig rig;

/* A caller and an agent; [0] takes the express way where it can, [1] never. */
struct call {
	struct xf_endpoint_id caller, agent;
	uint16_t caller_port, agent_port;
};

/* One party, as it sends to both calls. */
struct party {
	const char *address, *local;
	uint16_t port, vlan;
	uint8_t pt, event_pt;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	unsigned size; /* of a payload */
};

static struct call calls[2];
static struct party caller, agent;
static uint64_t state;

static unsigned dice(unsigned sides)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % sides;
}

static struct xf_endpoint_id open_as(const struct party *party, unsigned local, uint16_t port, uint16_t seq)
{
	struct xf_endpoint_settings settings = rig_settings(party->address, party->port);
	settings.pts[0].pt = party->pt;
	settings.pts[1].pt = party->event_pt;
	settings.timeout_ns = 1000 * RIG_MS;
	return rig_open(&rig, 0, local, port, &settings, seq, 1000u * seq);
}

static void patch(const struct call *call, bool paused)
{
	cr_assert_eq(rig_move(&rig, call->agent, call->caller, 0, paused), 0);
	cr_assert_eq(rig_move(&rig, call->caller, call->agent, 0, false), 0);
}

static void setup(const struct party *first, unsigned first_local, const struct party *second, unsigned second_local)
{
	rig_init(&rig, 1);
	rig.copies_refused = true;
	caller = *first;
	agent = *second;
	for (unsigned i = 0; i < 2; i++) {
		calls[i] =
		    (struct call){.caller_port = (uint16_t)(20000 + 8 * i), .agent_port = (uint16_t)(20004 + 8 * i)};
		calls[i].caller = open_as(&caller, first_local, calls[i].caller_port, 65530);
		calls[i].agent = open_as(&agent, second_local, calls[i].agent_port, 7);
		patch(&calls[i], false);
	}
	struct xf_endpoint_id long_way[] = {calls[1].caller, calls[1].agent};
	for (unsigned i = 0; i < 2; i++) {
		struct command command = {.type = COMMAND_CAPTURE, .id = long_way[i], .on = true};
		cr_assert_eq(rig_command(&rig, 0, &command), 0);
	}
}

/* An RTP packet of the party, a little spoilt at times. Its length. */
static uint16_t speak(struct party *p, uint8_t *rtp)
{
	unsigned what = dice(40), size = dice(12) ? p->size : dice(PAYLOAD);
	uint8_t pt = what == 0 ? p->event_pt : what == 1 ? 77 : p->pt, first = 0x80, *at = rtp + 12;
	bool marker = dice(20) == 0;
	p->seq++;
	p->timestamp += 160;
	uint16_t seq = p->seq;
	uint32_t timestamp = p->timestamp, ssrc = p->ssrc;
	switch (what) {
	case 2: /* late, or twice */
		seq = (uint16_t)(seq - dice(120));
		break;
	case 3: /* lost on its way */
		p->seq = seq = (uint16_t)(seq + dice(10));
		break;
	case 4: /* a silence */
		p->timestamp = timestamp += dice(100000);
		break;
	case 5:
		p->ssrc = ssrc = dice(2) ? p->ssrc + 1 : ssrc;
		p->seq = seq = (uint16_t)dice(65536);
		break;
	case 6: /* a stray */
		seq = (uint16_t)dice(65536);
		break;
	case 7:
		first = 0x81; /* a CSRC */
		at += 4;
		break;
	case 8:
		first = 0x90; /* an extension of one word */
		memcpy(at, "\xbe\xde\0\1abcd", 8);
		at += 8;
		break;
	case 9:
		first = 0xa0; /* padding */
		break;
	case 10:
		first = 0x40; /* version 1 */
		break;
	}
	for (unsigned i = 0; i < size; i++)
		*at++ = (uint8_t)(seq + i);
	if (first == 0xa0)
		*at++ = 1;
	rtp_write(rtp, pt, marker, seq, timestamp, ssrc);
	rtp[0] = first;
	return (uint16_t)(at - rtp);
}

static void receive(const struct party *p, uint16_t port, const uint8_t *rtp, uint16_t len, unsigned spoil)
{
	uint8_t buf[2048];
	struct frame frame = {.src = p->address,
			      .sport = spoil == 1 ? 4444 : p->port,
			      .dst = p->local,
			      .dport = port,
			      .payload = rtp,
			      .payload_len = len,
			      .vlan = p->vlan,
			      .no_checksum = spoil == 2 && !strchr(p->address, ':')};
	uint16_t frame_len = rig_frame(buf, &frame);
	if (spoil == 3)
		buf[frame_len - 1] ^= 0x55; /* found by its receiver */
	if (spoil == 4)
		buf[(p->vlan ? 18 : 14) + 10] ^= 1; /* IPv4's checksum; of IPv6 a byte of the source */
	if (spoil == 5)
		frame_len = (uint16_t)(frame_len - 4);
	struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, frame_len);
	worker_receive(rig.worker[0], 0, &mbuf, 1, rig.now_ns);
	worker_flush(rig.worker[0]);
}

static void expect_same(unsigned first, unsigned second, const struct call *express, const struct call *captured)
{
	cr_assert_eq(rig.sent_count - second, second - first, "step sent %u and %u", second - first,
		     rig.sent_count - second);
	for (unsigned i = first; i < second; i++) {
		struct seen a = rig_seen(&rig, i), b = rig_seen(&rig, i + second - first);
		cr_assert_eq(a.src.port - express->caller_port, b.src.port - captured->caller_port);
		cr_assert(xf_addr_eq(&a.src.addr, &b.src.addr));
		cr_assert(xf_sockaddr_eq(&a.dst, &b.dst));
		cr_assert(a.ip_checksum_ok && b.ip_checksum_ok);
		cr_assert_eq(a.udp_checksum_ok, b.udp_checksum_ok);
		cr_assert_eq(a.payload_len, b.payload_len);
		cr_assert_eq(a.ttl, b.ttl);
		cr_assert_eq(a.tos, b.tos);
		cr_assert_eq(memcmp(a.eth, b.eth, 14), 0);
		cr_assert_eq(memcmp(a.payload, b.payload, 8), 0, "%u/%u/%u and %u/%u/%u", a.pt, a.seq, a.timestamp,
			     b.pt, b.seq, b.timestamp);
		cr_assert_eq(a.ssrc + 2, b.ssrc);
		cr_assert_eq(memcmp(a.payload + 12, b.payload + 12, a.payload_len - 12u), 0);
	}
}

static void expect_same_state(struct xf_endpoint_id express, struct xf_endpoint_id captured)
{
	struct xf_endpoint_state a = rig_state(&rig, express), b = rig_state(&rig, captured);
	cr_assert_eq(a.rx_packets, b.rx_packets);
	cr_assert_eq(a.rx_bytes, b.rx_bytes);
	cr_assert_eq(a.rx_dropped, b.rx_dropped);
	cr_assert_eq(a.rx_wrong_source, b.rx_wrong_source);
	cr_assert_eq(a.tx_packets, b.tx_packets);
	cr_assert_eq(a.tx_bytes, b.tx_bytes);
	cr_assert_eq(a.last_rx_ns, b.last_rx_ns);
	cr_assert_eq(a.gap_longest_ns, b.gap_longest_ns);
	cr_assert_eq(a.ssrc_in, b.ssrc_in);
	struct endpoint *x = flow_get(rig.flows, express.index), *y = flow_get(rig.flows, captured.index);
	cr_assert_eq(x->seq_ext, y->seq_ext);
	cr_assert_eq(x->jitter, y->jitter);
	cr_assert_eq(x->timestamp, y->timestamp);
	cr_assert_eq(x->rx_duplicate, y->rx_duplicate);
	cr_assert_eq(x->rx_reordered, y->rx_reordered);
	cr_assert_eq(x->expected_before, y->expected_before);
	/* While they are in lockstep nobody looks at the stream. */
	struct endpoint *leader = lockstep_end_to(rig.flows, x);
	cr_assert_null(lockstep_end_to(rig.flows, y));
	cr_assert_eq(memcmp(&x->stream, &y->stream, offsetof(struct stream, ssrc)), 0);
	lockstep_resume(leader, x);
}

static void step(void)
{
	uint8_t rtp[12 + 8 + PAYLOAD + 1];
	struct party *p = dice(2) ? &caller : &agent;
	unsigned moved = dice(200), spoil = dice(60);
	rig.now_ns += dice(3) ? 20 * RIG_MS : dice(40 * RIG_MS);
	for (unsigned i = 0; i < 2 && moved < 2; i++)
		patch(&calls[i], moved);
	uint16_t len = speak(p, rtp);
	rig_forget(&rig);
	receive(p, p == &caller ? calls[0].caller_port : calls[0].agent_port, rtp, len, spoil);
	unsigned first = rig.sent_count;
	receive(p, p == &caller ? calls[1].caller_port : calls[1].agent_port, rtp, len, spoil);
	expect_same(0, first, &calls[0], &calls[1]);
	expect_same_state(calls[0].caller, calls[1].caller);
	expect_same_state(calls[0].agent, calls[1].agent);
}

static void walk(const struct party *first, unsigned first_local, const struct party *second, unsigned second_local)
{
	setup(first, first_local, second, second_local);
	for (unsigned i = 0; i < STEPS; i++)
		step();
	/* Much is spoilt, and what comes after it may not either. */
	uint64_t express = worker_stats(rig.worker[0])->express;
	cr_expect_gt(express, STEPS * 2 / 5, "%lu of %u took the express way", (unsigned long)express, STEPS);
	cr_expect_lt(express, STEPS);
	rig_fini(&rig);
}

static const struct party v4 = {.address = CALLER, .local = "192.0.2.1", .port = 4000, .event_pt = 101, .size = 160};
static const struct party other_v4 = {
    .address = AGENT, .local = "192.0.2.9", .port = 5000, .pt = 96, .event_pt = 110, .size = 80};
static const struct party v6 = {
    .address = AGENT6, .local = "2001:db8::9", .port = 5000, .pt = 8, .event_pt = 98, .size = 160};
static const struct party tagged = {
    .address = AGENT6, .local = "2001:db8::1", .port = 6000, .vlan = 7, .pt = 8, .event_pt = 98, .size = 40};

Test(express, v4)
{
	state = 1;
	walk(&v4, RIG_V4, &other_v4, RIG_V4_ONLY);
}

Test(express, v4_and_v6)
{
	state = 2;
	walk(&v4, RIG_V4, &v6, RIG_V6_ONLY);
}

Test(express, v6_and_tagged)
{
	state = 3;
	walk(&v6, RIG_V6_ONLY, &tagged, RIG_V6);
}

/* What takes the long way does not let others of its stream pass. */
Test(express, order)
{
	struct rte_mbuf *mbufs[WORKER_BURST];
	uint8_t rtp[12 + 8 + PAYLOAD + 1] = {0}, buf[2048];
	state = 4;
	setup(&v4, RIG_V4, &other_v4, RIG_V4_ONLY);
	for (uint16_t burst = 0; burst < 20; burst++) {
		uint64_t express = worker_stats(rig.worker[0])->express;
		rig_forget(&rig);
		for (uint16_t i = 0; i < WORKER_BURST; i++) {
			uint16_t seq = (uint16_t)(burst * WORKER_BURST + i);
			rtp_write(rtp, 0, false, seq, seq * 160u, 7);
			rtp[0] = i % 3 == 0 ? 0x81 : 0x80;
			struct frame frame = {.src = CALLER,
					      .sport = 4000,
					      .dst = "192.0.2.1",
					      .dport = 20000,
					      .payload = rtp,
					      .payload_len = 172};
			mbufs[i] = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
		}
		worker_receive(rig.worker[0], 0, mbufs, WORKER_BURST, rig.now_ns);
		worker_flush(rig.worker[0]);
		cr_assert_eq(rig.sent_count, WORKER_BURST);
		for (unsigned i = 0; i < WORKER_BURST; i++)
			cr_assert_eq(rig_seen(&rig, i).seq, (uint16_t)(7 + burst * WORKER_BURST + i));
		/* The first burst has been looked at before its first packet locked the source. */
		cr_assert_eq(worker_stats(rig.worker[0])->express - express, burst == 0 ? 0 : 21);
	}
	rig_fini(&rig);
}
