#include "two_ways.h"
#include "fast/lockstep.h"
#include "fast/rtp.h"

const struct party party_v4 = {
    .address = CALLER, .local = "192.0.2.1", .media = RIG_V4, .port = 4000, .event_pt = 101, .size = 160};
const struct party party_other_v4 = {
    .address = AGENT, .local = "192.0.2.9", .media = RIG_V4_ONLY, .port = 5000, .pt = 96, .event_pt = 110, .size = 80};
const struct party party_v6 = {.address = AGENT6,
			       .local = "2001:db8::9",
			       .media = RIG_V6_ONLY,
			       .port = 5000,
			       .pt = 8,
			       .event_pt = 98,
			       .size = 160};
const struct party party_tagged = {.address = AGENT6,
				   .local = "2001:db8::1",
				   .media = RIG_V6,
				   .port = 6000,
				   .vlan = 7,
				   .pt = 8,
				   .event_pt = 98,
				   .size = 40};

static uint64_t state;

void dice_seed(uint64_t seed)
{
	state = seed;
}

unsigned dice(unsigned sides)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % sides;
}

uint16_t two_ways_port(unsigned way, unsigned end)
{
	return (uint16_t)(20000 + 8 * way + 2 * end);
}

struct xf_endpoint_settings party_settings(const struct party *party)
{
	struct xf_endpoint_settings settings = rig_settings(party->address, party->port);
	settings.pts[0].pt = party->pt;
	settings.pts[1].pt = party->event_pt;
	settings.timeout_ns = 1000 * RIG_MS;
	return settings;
}

void two_ways_open(struct two_ways *t, unsigned way, unsigned end)
{
	static const uint16_t seqs[ENDS_MAX] = {65530, 7, 777};
	const struct party *party = &t->parties[end];
	struct xf_endpoint_settings settings = party_settings(party);
	struct xf_endpoint_id id =
	    rig_open(&t->rig, 0, party->media, two_ways_port(way, end), &settings, seqs[end], 1000u * seqs[end]);
	t->ids[way][end] = id;
	if (way == 0)
		return;
	struct command command = {.type = COMMAND_CAPTURE, .id = id, .on = true};
	cr_assert_eq(rig_command(&t->rig, 0, &command), 0);
}

int two_ways_patch(struct two_ways *t, unsigned way, bool paused)
{
	const struct xf_endpoint_id *ids = t->ids[way];
	int ret = rig_move(&t->rig, ids[1], ids[0], 0, paused);
	return ret ? ret : rig_move(&t->rig, ids[0], ids[1], 0, false);
}

void two_ways_init(struct two_ways *t, const struct party *first, const struct party *second, const struct party *third)
{
	rig_init(&t->rig, 1);
	t->rig.copies_refused = true;
	t->ends = third ? 3 : 2;
	t->parties[0] = *first;
	t->parties[1] = *second;
	if (third)
		t->parties[2] = *third;
	for (unsigned way = 0; way < WAYS; way++) {
		for (unsigned end = 0; end < t->ends; end++)
			two_ways_open(t, way, end);
		cr_assert_eq(two_ways_patch(t, way, false), 0);
	}
}

uint16_t speak(struct party *p, uint8_t *rtp)
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

void receive(struct rig *rig, const struct party *p, uint16_t port, const uint8_t *payload, uint16_t len,
	     unsigned spoil)
{
	uint8_t buf[2048];
	struct frame frame = {.src = p->address,
			      .sport = spoil == 1 ? 4444 : p->port,
			      .dst = p->local,
			      .dport = port,
			      .payload = payload,
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
	struct rte_mbuf *mbuf = rig_mbuf(rig, buf, frame_len);
	worker_receive(rig->worker[0], 0, &mbuf, 1, rig->now_ns);
	worker_flush(rig->worker[0]);
}

static unsigned end_of(const struct seen *seen, unsigned way)
{
	return (seen->src.port - two_ways_port(way, 0)) / 2u;
}

static void expect_same_sent(const struct two_ways *t, const struct seen *a, const struct seen *b)
{
	unsigned end = end_of(a, 0);
	cr_assert_lt(end, t->ends);
	cr_assert_eq(end, end_of(b, 1));
	cr_assert(xf_addr_eq(&a->src.addr, &b->src.addr));
	cr_assert(xf_sockaddr_eq(&a->dst, &b->dst));
	cr_assert(a->ip_checksum_ok && b->ip_checksum_ok);
	cr_assert_eq(a->udp_checksum_ok, b->udp_checksum_ok);
	cr_assert_eq(a->payload_len, b->payload_len);
	cr_assert_eq(a->ttl, b->ttl);
	cr_assert_eq(a->tos, b->tos);
	cr_assert_eq(memcmp(a->eth, b->eth, 14), 0);
	cr_assert_eq(memcmp(a->payload, b->payload, 8), 0, "%u/%u/%u and %u/%u/%u", a->pt, a->seq, a->timestamp, b->pt,
		     b->seq, b->timestamp);
	/* The rig gives each endpoint an SSRC of its own, by its generation. */
	cr_assert_eq(a->ssrc - t->ids[0][end].generation, b->ssrc - t->ids[1][end].generation);
	cr_assert_eq(memcmp(a->payload + 12, b->payload + 12, a->payload_len - 12u), 0);
}

static void expect_same_state(const struct rig *rig, struct xf_endpoint_id express, struct xf_endpoint_id captured)
{
	struct xf_endpoint_state a = rig_state(rig, express), b = rig_state(rig, captured);
	cr_assert_eq(a.rx_packets, b.rx_packets);
	cr_assert_eq(a.rx_bytes, b.rx_bytes);
	cr_assert_eq(a.rx_dropped, b.rx_dropped);
	cr_assert_eq(a.rx_wrong_source, b.rx_wrong_source);
	cr_assert_eq(a.tx_packets, b.tx_packets);
	cr_assert_eq(a.tx_bytes, b.tx_bytes);
	cr_assert_eq(a.last_rx_ns, b.last_rx_ns);
	cr_assert_eq(a.gap_longest_ns, b.gap_longest_ns);
	cr_assert_eq(a.ssrc_in, b.ssrc_in);
	struct endpoint *x = flow_get(rig->flows, express.index), *y = flow_get(rig->flows, captured.index);
	cr_assert_eq(x->seq_ext, y->seq_ext);
	cr_assert_eq(x->jitter, y->jitter);
	cr_assert_eq(x->timestamp, y->timestamp);
	cr_assert_eq(x->rx_duplicate, y->rx_duplicate);
	cr_assert_eq(x->rx_reordered, y->rx_reordered);
	cr_assert_eq(x->expected_before, y->expected_before);
	/* While they are in lockstep nobody looks at the stream. */
	struct endpoint *leader = lockstep_end_to(rig->flows, x);
	cr_assert_null(lockstep_end_to(rig->flows, y));
	cr_assert_eq(memcmp(&x->stream, &y->stream, offsetof(struct stream, ssrc)), 0);
	lockstep_resume(leader, x);
}

void expect_same(struct two_ways *t, unsigned end, const uint8_t *rtp, uint16_t len, unsigned spoil)
{
	struct rig *rig = &t->rig;
	rig_forget(rig);
	receive(rig, &t->parties[end], two_ways_port(0, end), rtp, len, spoil);
	unsigned sent = rig->sent_count;
	receive(rig, &t->parties[end], two_ways_port(1, end), rtp, len, spoil);
	cr_assert_eq(rig->sent_count, 2 * sent, "sent %u and %u", sent, rig->sent_count - sent);
	for (unsigned i = 0; i < sent; i++) {
		struct seen a = rig_seen(rig, i), b = rig_seen(rig, i + sent);
		/* Armed patches that one packet fires are fired in any order, and their sinks send in that. */
		if (sent == 2 && end_of(&a, 0) != end_of(&b, 1))
			b = rig_seen(rig, sent + !i);
		expect_same_sent(t, &a, &b);
	}
	for (unsigned i = 0; i < t->ends; i++)
		expect_same_state(rig, t->ids[0][i], t->ids[1][i]);
}
