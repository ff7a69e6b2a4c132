/* Workers on lcores that poll queues of two ports, each packet in a queue by chance, so that most are handed over,
 * while calls are transferred to and fro. Of every packet it is known afterwards which patch was in force when its
 * owner took it up: it has gone where that says, or is missing for a reason that the counters have. */
#include <time.h>
#include "rings.h"

/* On their way: fewer than any ring holds, and of a flow fewer than what is taken for a jump, however long the worker
 * that has the oldest of them waits for its processor. */
#define UNDER_WAY      400
#define UNDER_WAY_FLOW 64

#define REMOTE 4000 /* ports: two for each flow */
#define LOCAL  20000
/* In place of a flow's number. */
#define FORGER	100 /* sends to a flow's endpoint and is not its peer */
#define NOWHERE 101 /* sends where no endpoint is */

#define PAYLOAD 160 /* bytes behind RTP's header */

static struct rings t;

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* RTP of ours in a frame, or NULL. */
static const uint8_t *rtp_of(const uint8_t *frame)
{
	const uint8_t *udp = frame + 14 + (get16(frame + 12) == 0x0800 ? 20 : 40);

	if (get16(frame + 12) != 0x0800 && get16(frame + 12) != 0x86dd)
		return NULL;
	return get16(udp + 2) % 2 == 0 ? udp + 8 : NULL;
}

static void received(unsigned worker, const uint8_t *frame)
{
	const struct wires_turn *turns = t.wires.turns;
	const uint8_t *rtp = rtp_of(frame);

	if (rtp == NULL || rtp[12] == NOWHERE)
		return;
	unsigned flow = rtp[12] == FORGER ? rtp[13] : rtp[12], at = t.received[worker].count;
	t.received[worker].others += rings_owner(&t, flow) != worker;
	if (rtp[12] == FORGER)
		return;
	struct rings_fate *fate = &t.fates[flow][get16(rtp + 14)];
	fate->worker = (uint8_t)worker;
	/* Of another it is only known that its turn is none before this. */
	fate->low = __atomic_load_n(&turns[rings_owner(&t, flow)].before, __ATOMIC_RELAXED);
	fate->high = rings_owner(&t, flow) == worker ? fate->low : UINT64_MAX;
	t.received[worker].list[at].flow = (uint16_t)flow;
	t.received[worker].list[at].number = get16(rtp + 14);
	t.received[worker].count++;
}

static void sent(unsigned worker, const uint8_t *frame)
{
	const uint8_t *rtp = rtp_of(frame);

	if (rtp == NULL || rtp[12] >= RINGS_FLOWS)
		return;
	struct rings_fate *fate = &t.fates[rtp[12]][get16(rtp + 14)];
	fate->out = t.wires.turns[worker].before;
	fate->sender = (uint8_t)worker;
}

/* Whoever hears it will be asked at the end why. */
static void on_wire(unsigned port, unsigned queue, struct rte_mbuf *mbuf)
{
	struct rig *rig = &t.wires.rig;

	rig->sent[0] = mbuf;
	rig->sent_count = 1;
	const struct seen s = rig_seen(rig, 0);
	rig->sent_count = 0;
	cr_assert(s.udp_checksum_ok && s.ip_checksum_ok);
	if (s.dst.port % 2) {
		t.reports++;
		return;
	}
	unsigned to = (s.dst.port - REMOTE) / 2u, flow = s.payload[12], number = get16(s.payload + 14);
	cr_assert_eq(s.payload_len, 12 + PAYLOAD);
	cr_assert_lt(to, RINGS_FLOWS);
	cr_assert_lt(flow, RINGS_FLOWS);
	cr_assert_lt(number, RINGS_PACKETS);
	cr_assert_eq(port, to % RINGS_ROLES == RINGS_CALLER ? WIRES_OUTSIDE : WIRES_INSIDE);
	cr_assert_eq(queue, port == WIRES_OUTSIDE ? rings_owner(&t, flow) : 0);
	cr_assert_not(t.fates[flow][number].heard, "%u of %u is heard twice", number, flow);
	t.fates[flow][number].heard = true;
	cr_assert_lt(t.heard_count[to], 2u * RINGS_PACKETS);
	t.heard[to][t.heard_count[to]++] = (struct rings_heard){.flow = (uint16_t)flow,
								.number = (uint16_t)number,
								.seq = s.seq,
								.marker = s.marker,
								.timestamp = s.timestamp,
								.ssrc = s.ssrc};
}

static void record(const struct link_view *view)
{
	const struct xf_link_ack *ack = view->body;

	if (view->type != XF_LINK_ACK)
		return;
	t.failed += ack->result != 0;
	for (unsigned call = 0; call < RINGS_CALLS; call++)
		if (t.move_sequence[call] == view->sequence) {
			t.states[call][++t.moves[call]].since = ack->now_ns;
			t.move_sequence[call] = 0;
		}
}

static void send_rtp(uint8_t what, unsigned flow, unsigned number, uint16_t sport, uint16_t dport)
{
	uint8_t frame[2048], rtp[12 + PAYLOAD] = {0x80, 0, [11] = (uint8_t)flow};
	uint16_t seq = (uint16_t)(65000 + 100 * flow + number);
	bool outside = flow % RINGS_ROLES == RINGS_CALLER;
	const uint32_t timestamp = number * 160u;

	rtp[2] = (uint8_t)(seq >> 8);
	rtp[3] = (uint8_t)seq;
	for (unsigned i = 0; i < 4; i++)
		rtp[4 + i] = (uint8_t)(timestamp >> (24 - 8 * i));
	rtp[12] = what;
	rtp[13] = (uint8_t)flow;
	rtp[14] = (uint8_t)(number >> 8);
	rtp[15] = (uint8_t)number;
	uint16_t len = rig_frame(frame, &(struct frame){.src = outside ? "198.51.100.7" : "2001:db8:5::7",
							.dst = outside ? "192.0.2.1" : "2001:db8::1",
							.sport = sport,
							.dport = dport,
							.payload = rtp,
							.payload_len = sizeof(rtp)});
	wires_frame(&t.wires, outside ? WIRES_OUTSIDE : WIRES_INSIDE, frame, len);
	t.frames++;
}

static void send_arp(void)
{
	static const uint8_t arp[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6};

	wires_frame(&t.wires, wires_random(&t.wires, WIRES_PORTS), arp, sizeof(arp));
	t.frames++;
	t.arps++;
}

static unsigned under_way(void)
{
	return (unsigned)(t.frames + t.reports - t.wires.on_wire[0] - t.wires.on_wire[1] - wires_gone(&t.wires));
}

/* The flow's next packet; now and then something besides. */
static void send_next(unsigned flow)
{
	uint16_t pair = (uint16_t)(2 * flow);

	send_rtp((uint8_t)flow, flow, t.fed[flow]++, (uint16_t)(REMOTE + pair), (uint16_t)(LOCAL + pair));
	switch (wires_random(&t.wires, 200)) {
	case 0:
		send_rtp(FORGER, flow, 0, REMOTE - 2, (uint16_t)(LOCAL + pair));
		t.forged++;
		break;
	case 1:
		send_rtp(NOWHERE, flow, 0, (uint16_t)(REMOTE + pair), LOCAL - 2);
		t.lost_way++;
		break;
	case 2:
		send_arp();
	}
}

static void send_some(void)
{
	struct xf_endpoint_state state;
	unsigned room = UNDER_WAY - RTE_MIN(UNDER_WAY, under_way()), n = wires_random(&t.wires, room / 2 + 1);

	for (unsigned flow = 0; flow < RINGS_FLOWS; flow++) {
		cr_assert_eq(dplane_endpoint_row(t.wires.dplane, t.id[flow].index, &state), 0);
		if (state.rx_packets == t.fed[flow])
			t.all_taken[flow] = t.fed[flow];
	}
	while (n-- > 0) {
		unsigned flow = wires_random(&t.wires, RINGS_FLOWS);
		if (t.fed[flow] < RINGS_PACKETS && t.fed[flow] - t.all_taken[flow] < UNDER_WAY_FLOW)
			send_next(flow);
	}
}

static void open_flows(void)
{
	for (unsigned flow = 0; flow < RINGS_FLOWS; flow++) {
		bool outside = flow % RINGS_ROLES == RINGS_CALLER;
		uint16_t pair = (uint16_t)(2 * flow);
		struct xf_link_open open = {
		    .id = {xf_endpoint_index(outside ? 0 : 1, (uint16_t)(LOCAL + pair)), flow + 1},
		    .worker = (uint8_t)rings_owner(&t, flow),
		    .settings = rig_settings(outside ? "198.51.100.7" : "2001:db8:5::7", (uint16_t)(REMOTE + pair))};
		open.settings.next_hop = rig_addr(outside ? "192.0.2.254" : "2001:db8::fe");
		open.settings.port = outside ? WIRES_OUTSIDE : WIRES_INSIDE;
		open.settings.learn = XF_LEARN_STRICT;
		t.id[flow] = open.id;
		wires_post(&t.wires, XF_LINK_OPEN, &open, sizeof(open));
	}
}

/* Into the call's n-th state. */
static void move(unsigned call, unsigned n)
{
	const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE}, *id = &t.id[call * RINGS_ROLES];
	unsigned now = n % 2 ? RINGS_TARGET : RINGS_AGENT, before = n % 2 ? RINGS_AGENT : RINGS_TARGET;
	const struct xf_link_patch patch = {
	    .count = 3, .moves = {{id[RINGS_CALLER], id[now]}, {id[now], id[RINGS_CALLER]}, {id[before], nobody}}};
	const size_t len = offsetof(struct xf_link_patch, moves) + 3 * sizeof(struct xf_link_move);

	if (n > 0)
		t.move_sequence[call] = t.wires.sequence + 1;
	wires_post(&t.wires, XF_LINK_PATCH, &patch, len);
}

static unsigned fed_of(unsigned call)
{
	return t.fed[call * RINGS_ROLES + RINGS_CALLER] + t.fed[call * RINGS_ROLES + RINGS_AGENT] +
	       t.fed[call * RINGS_ROLES + RINGS_TARGET];
}

static void move_some(void)
{
	for (unsigned call = 0; call < RINGS_CALLS; call++) {
		if (t.move_sequence[call] || fed_of(call) - t.fed_at_move[call] < t.move_after[call])
			continue;
		t.fed_at_move[call] = fed_of(call);
		t.move_after[call] = RINGS_MOVE_AFTER + wires_random(&t.wires, 3 * RINGS_MOVE_AFTER);
		move(call, t.moves[call] + 1);
	}
}

static bool all_fed(void)
{
	for (unsigned flow = 0; flow < RINGS_FLOWS; flow++)
		if (t.fed[flow] < RINGS_PACKETS)
			return false;
	return true;
}

static bool moving(void)
{
	for (unsigned call = 0; call < RINGS_CALLS; call++)
		if (t.move_sequence[call])
			return true;
	return false;
}

static void turn(void)
{
	const struct timespec rest = {.tv_nsec = 20000};

	if (wires_turn(&t.wires, on_wire) == 0)
		nanosleep(&rest, NULL);
}

static void run(void)
{
	open_flows();
	for (unsigned call = 0; call < RINGS_CALLS; call++)
		move(call, 0);
	while (dplane_outstanding(t.wires.dplane) > 0)
		turn();
	while (!all_fed()) {
		send_some();
		move_some();
		turn();
	}
	while (under_way() > 0 || moving())
		turn();
}

static void run_workers(unsigned workers)
{
	t.wires = (struct wires){.workers = workers, .received = received, .sent = sent, .record = record};
	wires_start(&t.wires);
	run();
	wires_stop(&t.wires);
	/* Perhaps a report. */
	turn();
	rings_judge(&t);
	wires_destroy(&t.wires);
}

Test(rings, two_workers, .timeout = 100)
{
	run_workers(2);
}

Test(rings, three_workers, .timeout = 100)
{
	run_workers(3);
}
