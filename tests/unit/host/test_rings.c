/* Workers on lcores that poll queues of two ports, each packet in a queue by chance, so that most are handed over,
 * while calls are transferred to and fro. Of every packet it is known afterwards which patch was in force when its
 * owner took it up: it has gone where that says, or is missing for a reason that the counters have. */
#include <string.h>
#include <time.h>
#include "wires.h"

#define CALLS	   6	/* call c belongs to worker c % workers */
#define PACKETS	   4000 /* of each flow */
#define STATES	   (3 * PACKETS / MOVE_AFTER + 2)
#define MOVE_AFTER 50 /* packets of a call, at least, from one move to the next */
/* On their way: fewer than any ring holds, and of a flow fewer than what is taken for a jump. */
#define UNDER_WAY      400
#define UNDER_WAY_FLOW 64

/* A call: the caller is outside, agent and target are inside; one of these two is connected, nobody hears the other. */
enum { CALLER, AGENT, TARGET, ROLES };
#define FLOWS  (CALLS * ROLES)
#define NOBODY FLOWS

#define REMOTE 4000 /* ports: two for each flow */
#define LOCAL  20000
/* In place of a flow's number. */
#define FORGER	100 /* sends to a flow's endpoint and is not its peer */
#define NOWHERE 101 /* sends where no endpoint is */

#define PAYLOAD 160 /* bytes behind RTP's header */

/* What became of a packet. Its owner took it up in a turn whose `before` is `low` at least and `high` at most. */
struct fate {
	uint64_t low, high; /* low: the worker that received it writes */
	uint64_t out;	    /* `before` of the turn in which the owner sent it */
	uint8_t worker;	    /* that received it */
	uint8_t sender;	    /* worker that sent it */
	bool heard;	    /* by anybody: main thread writes */
};

struct heard {
	uint16_t flow, number, seq;
	bool marker;
	uint32_t timestamp, ssrc;
};

/* A state of a call: who is connected, from the end of the turn that began at `since` on. */
struct state {
	uint64_t since;
	struct {
		bool any;
		uint16_t number;
		uint64_t out;
	} first[ROLES]; /* that the party's receiver heard of it */
};

static struct test {
	struct wires wires;
	struct xf_endpoint_id id[FLOWS];
	struct fate fates[FLOWS][PACKETS];
	unsigned fed[FLOWS], taken[FLOWS];
	struct heard heard[FLOWS][2 * PACKETS]; /* by the flow of who hears */
	unsigned heard_count[FLOWS];
	struct state states[CALLS][STATES];
	unsigned moves[CALLS]; /* done; the latest state */
	unsigned fed_at_move[CALLS], move_after[CALLS];
	uint32_t move_sequence[CALLS]; /* of the one that is not acknowledged; 0: none */
	uint32_t failed;	       /* commands */
	uint64_t frames, arps, forged, lost_way;
	uint64_t reports; /* RTCP, of the dataplane's own */
	/* Worker's own: what it received in this order, and what of it is another's. */
	struct {
		struct {
			uint16_t flow, number;
		} list[FLOWS * PACKETS];
		unsigned count;
		uint64_t others;
	} received[WIRES_WORKERS];
} t;

static unsigned owner(unsigned flow)
{
	return flow / ROLES % t.wires.workers;
}

/* Whom the flow feeds in the call's n-th state: a flow or NOBODY. */
static unsigned fed_by(unsigned flow, unsigned n)
{
	unsigned call = flow / ROLES, connected = n % 2 ? TARGET : AGENT, role = flow % ROLES;

	if (role == CALLER)
		return call * ROLES + connected;
	return role == connected ? call * ROLES + CALLER : NOBODY;
}

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
	t.received[worker].others += owner(flow) != worker;
	if (rtp[12] == FORGER)
		return;
	struct fate *fate = &t.fates[flow][get16(rtp + 14)];
	fate->worker = (uint8_t)worker;
	/* Of another it is only known that its turn is none before this. */
	fate->low = __atomic_load_n(&turns[owner(flow)].before, __ATOMIC_RELAXED);
	fate->high = owner(flow) == worker ? fate->low : UINT64_MAX;
	t.received[worker].list[at].flow = (uint16_t)flow;
	t.received[worker].list[at].number = get16(rtp + 14);
	t.received[worker].count++;
}

static void sent(unsigned worker, const uint8_t *frame)
{
	const uint8_t *rtp = rtp_of(frame);

	if (rtp == NULL || rtp[12] >= FLOWS)
		return;
	struct fate *fate = &t.fates[rtp[12]][get16(rtp + 14)];
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
	cr_assert_lt(to, FLOWS);
	cr_assert_lt(flow, FLOWS);
	cr_assert_lt(number, PACKETS);
	cr_assert_eq(port, to % ROLES == CALLER ? WIRES_OUTSIDE : WIRES_INSIDE);
	cr_assert_eq(queue, port == WIRES_OUTSIDE ? owner(flow) : 0);
	cr_assert_not(t.fates[flow][number].heard, "%u of %u is heard twice", number, flow);
	t.fates[flow][number].heard = true;
	cr_assert_lt(t.heard_count[to], 2u * PACKETS);
	t.heard[to][t.heard_count[to]++] = (struct heard){.flow = (uint16_t)flow,
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
	for (unsigned call = 0; call < CALLS; call++)
		if (t.move_sequence[call] == view->sequence) {
			t.states[call][++t.moves[call]].since = ack->now_ns;
			t.move_sequence[call] = 0;
		}
}

static void send_rtp(uint8_t what, unsigned flow, unsigned number, uint16_t sport, uint16_t dport)
{
	uint8_t frame[2048], rtp[12 + PAYLOAD] = {0x80, 0, [11] = (uint8_t)flow};
	uint16_t seq = (uint16_t)(65000 + 100 * flow + number);
	bool outside = flow % ROLES == CALLER;
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

	for (unsigned flow = 0; flow < FLOWS; flow++) {
		cr_assert_eq(dplane_endpoint_row(t.wires.dplane, t.id[flow].index, &state), 0);
		t.taken[flow] = (unsigned)state.rx_packets;
	}
	while (n-- > 0) {
		unsigned flow = wires_random(&t.wires, FLOWS);
		if (t.fed[flow] < PACKETS && t.fed[flow] - t.taken[flow] < UNDER_WAY_FLOW)
			send_next(flow);
	}
}

static void open_flows(void)
{
	for (unsigned flow = 0; flow < FLOWS; flow++) {
		bool outside = flow % ROLES == CALLER;
		uint16_t pair = (uint16_t)(2 * flow);
		struct xf_link_open open = {
		    .id = {xf_endpoint_index(outside ? 0 : 1, (uint16_t)(LOCAL + pair)), flow + 1},
		    .worker = (uint8_t)owner(flow),
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
	const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE}, *id = &t.id[call * ROLES];
	unsigned now = n % 2 ? TARGET : AGENT, before = n % 2 ? AGENT : TARGET;
	const struct xf_link_patch patch = {
	    .count = 3, .moves = {{id[CALLER], id[now]}, {id[now], id[CALLER]}, {id[before], nobody}}};
	const size_t len = offsetof(struct xf_link_patch, moves) + 3 * sizeof(struct xf_link_move);

	if (n > 0)
		t.move_sequence[call] = t.wires.sequence + 1;
	wires_post(&t.wires, XF_LINK_PATCH, &patch, len);
}

static unsigned fed_of(unsigned call)
{
	return t.fed[call * ROLES + CALLER] + t.fed[call * ROLES + AGENT] + t.fed[call * ROLES + TARGET];
}

static void move_some(void)
{
	for (unsigned call = 0; call < CALLS; call++) {
		if (t.move_sequence[call] || fed_of(call) - t.fed_at_move[call] < t.move_after[call])
			continue;
		t.fed_at_move[call] = fed_of(call);
		t.move_after[call] = MOVE_AFTER + wires_random(&t.wires, 3 * MOVE_AFTER);
		move(call, t.moves[call] + 1);
	}
}

static bool all_fed(void)
{
	for (unsigned flow = 0; flow < FLOWS; flow++)
		if (t.fed[flow] < PACKETS)
			return false;
	return true;
}

static bool moving(void)
{
	for (unsigned call = 0; call < CALLS; call++)
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
	for (unsigned call = 0; call < CALLS; call++)
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

/* When the state ended. */
static uint64_t until(unsigned call, unsigned n)
{
	return n < t.moves[call] ? t.states[call][n + 1].since : UINT64_MAX;
}

/* Packets of one worker for another one are taken up in their order: what is missing, not later than the next that
 * went out. */
static void judge_handover(unsigned from)
{
	uint64_t next[WIRES_WORKERS];

	memset(next, 0xff, sizeof(next));
	for (unsigned i = t.received[from].count; i-- > 0;) {
		unsigned flow = t.received[from].list[i].flow;
		struct fate *fate = &t.fates[flow][t.received[from].list[i].number];
		if (fate->heard) {
			cr_assert_eq(fate->sender, owner(flow), "sent by another worker than its owner");
			cr_assert_leq(fate->low, fate->out, "sent before it came");
			cr_assert_leq(fate->out, fate->high, "sent later than by the turn that it came in");
			cr_assert_leq(fate->out, next[owner(flow)], "what was handed over has changed its order");
			next[owner(flow)] = fate->out;
		} else if (fate->high > next[owner(flow)]) {
			fate->high = next[owner(flow)];
		}
	}
}

/* All that a receiver heard: of whom, in which state, and with what numbers. */
static void judge_heard(unsigned to)
{
	static uint8_t used[FLOWS][65536 / 8];
	unsigned call = to / ROLES, n = 0, after[ROLES][WIRES_WORKERS] = {0};
	uint16_t highest = 0, offset = 0;
	uint32_t shift = 0;

	for (unsigned i = 0; i < t.heard_count[to]; i++) {
		const struct heard *h = &t.heard[to][i];
		const struct fate *fate = &t.fates[h->flow][h->number];
		while (until(call, n) <= fate->out)
			n++;
		struct state *state = &t.states[call][n];
		cr_assert_leq(state->since, fate->out, "%u hears in two states by turns", to);
		cr_assert_eq(fed_by(h->flow, n), to, "%u hears %u, to whom it is not patched", to, h->flow);
		if (!state->first[to % ROLES].any) {
			state->first[to % ROLES].any = true;
			state->first[to % ROLES].number = h->number;
			state->first[to % ROLES].out = fate->out;
			offset = (uint16_t)(h->seq - h->number);
			shift = h->timestamp - 160u * h->number;
			cr_assert(h->marker);
			cr_assert(i == 0 || h->seq == (uint16_t)(highest + 1), "%u: %u follows %u", to, h->seq,
				  highest);
			highest = h->seq;
		}
		cr_assert_geq(h->number, state->first[to % ROLES].number);
		cr_assert_eq(h->seq, (uint16_t)(h->number + offset), "%u: %u of %u is %u", to, h->number, h->flow,
			     h->seq);
		cr_assert_eq(h->timestamp, 160u * h->number + shift);
		cr_assert_eq(h->ssrc, t.heard[to][0].ssrc);
		cr_assert_not(used[to][h->seq / 8] >> h->seq % 8 & 1, "%u gets number %u twice", to, h->seq);
		used[to][h->seq / 8] |= (uint8_t)(1 << h->seq % 8);
		if ((int16_t)(h->seq - highest) > 0)
			highest = h->seq;
		/* What came by one queue stays in order. */
		unsigned *next = &after[h->flow % ROLES][fate->worker];
		cr_assert_geq(h->number, *next, "%u: %u of %u is too late", to, h->number, h->flow);
		*next = h->number + 1u;
	}
}

/* Why a packet may be missing, by the states in which it may have been taken up. */
static void judge_missing(unsigned flow, unsigned number, unsigned *unpatched, unsigned *older)
{
	const struct fate *fate = &t.fates[flow][number];
	unsigned call = flow / ROLES;
	bool was_unpatched = false, was_older = false;

	for (unsigned n = 0; n <= t.moves[call] && t.states[call][n].since <= fate->high; n++) {
		unsigned to = fed_by(flow, n);
		if (until(call, n) <= fate->low)
			continue;
		if (to == NOBODY) {
			was_unpatched = true;
			continue;
		}
		const struct state *state = &t.states[call][n];
		was_older |= state->first[to % ROLES].any && number < state->first[to % ROLES].number &&
			     state->first[to % ROLES].out <= fate->high;
	}
	cr_assert(was_unpatched || was_older, "%u of flow %u is lost", number, flow);
	*unpatched += was_unpatched && !was_older;
	*older += was_older && !was_unpatched;
}

static void judge_counters(uint64_t heard, uint64_t missing, unsigned unpatched, unsigned older)
{
	uint64_t want[XF_DROP_COUNT] = {[XF_DROP_WRONG_SOURCE] = t.forged, [XF_DROP_NO_ENDPOINT] = t.lost_way};
	uint64_t received = 0, handed_over = 0, others = 0, fed = 0;
	struct xf_link_drops drops;

	dplane_drops_row(t.wires.dplane, &drops);
	cr_expect_eq(drops.count[XF_DROP_UNPATCHED] + drops.count[XF_DROP_BEFORE_MAPPED], missing);
	cr_expect_geq(drops.count[XF_DROP_UNPATCHED], unpatched);
	cr_expect_geq(drops.count[XF_DROP_BEFORE_MAPPED], older);
	want[XF_DROP_UNPATCHED] = drops.count[XF_DROP_UNPATCHED];
	want[XF_DROP_BEFORE_MAPPED] = drops.count[XF_DROP_BEFORE_MAPPED];
	for (unsigned d = 0; d < XF_DROP_COUNT; d++)
		cr_expect_eq(drops.count[d], want[d], "%s: %lu", xf_drop_name(d), drops.count[d]);
	for (unsigned i = 0; i < t.wires.workers; i++) {
		struct xf_link_worker row;
		dplane_worker_row(t.wires.dplane, i, &row);
		received += row.rx_packets;
		handed_over += row.handed_over;
		others += t.received[i].others;
		cr_expect_gt(worker_stats(dplane_worker(t.wires.dplane, i))->express, 0u);
	}
	for (unsigned p = 0; p < WIRES_PORTS; p++) {
		struct rte_eth_stats stats;
		cr_assert_eq(rte_eth_stats_get(t.wires.ports[p].id, &stats), 0);
		cr_expect_eq(stats.opackets, t.wires.on_wire[p]);
		fed += stats.ipackets;
	}
	cr_expect_eq(fed, t.frames);
	cr_expect_eq(received, t.frames);
	cr_expect_eq(handed_over, others);
	cr_expect_eq(t.wires.to_kernel, t.arps);
	cr_expect_eq(heard + missing, (uint64_t)FLOWS * PACKETS);
	/* Spread by chance. */
	uint64_t expected = (uint64_t)FLOWS * PACKETS * (t.wires.workers - 1) / t.wires.workers;
	cr_expect_lt(handed_over, expected + expected / 10);
	cr_expect_gt(handed_over, expected - expected / 10);
}

static void judge(void)
{
	unsigned unpatched = 0, older = 0, moves = 0;
	uint64_t heard = 0, missing = 0;

	cr_expect_eq(t.failed, 0u);
	for (unsigned from = 0; from < t.wires.workers; from++)
		judge_handover(from);
	for (unsigned to = 0; to < FLOWS; to++) {
		judge_heard(to);
		heard += t.heard_count[to];
		cr_expect_gt(t.heard_count[to], PACKETS / 8u);
	}
	for (unsigned flow = 0; flow < FLOWS; flow++)
		for (unsigned number = 0; number < PACKETS; number++)
			if (!t.fates[flow][number].heard) {
				missing++;
				judge_missing(flow, number, &unpatched, &older);
			}
	for (unsigned call = 0; call < CALLS; call++) {
		cr_expect_geq(t.moves[call], 20u);
		moves += t.moves[call];
	}
	judge_counters(heard, missing, unpatched, older);
	cr_log_info("%u moves, %lu heard, %lu missing: %u unpatched, %u older, the rest either", moves, heard, missing,
		    unpatched, older);
}

static void run_workers(unsigned workers)
{
	t.wires = (struct wires){.workers = workers, .received = received, .sent = sent, .record = record};
	wires_start(&t.wires);
	run();
	wires_stop(&t.wires);
	/* Perhaps a report. */
	turn();
	judge();
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
