#include <string.h>
#include "rings.h"

/* When the state ended. */
static uint64_t until(const struct rings *t, unsigned call, unsigned n)
{
	return n < t->moves[call] ? t->states[call][n + 1].since : UINT64_MAX;
}

/* Packets of one worker for another one are taken up in their order: what is missing, not later than the next that
 * went out. */
static void judge_handover(struct rings *t, unsigned from)
{
	uint64_t next[WIRES_WORKERS];

	memset(next, 0xff, sizeof(next));
	for (unsigned i = t->received[from].count; i-- > 0;) {
		unsigned flow = t->received[from].list[i].flow;
		struct rings_fate *fate = &t->fates[flow][t->received[from].list[i].number];
		if (fate->heard) {
			cr_assert_eq(fate->sender, rings_owner(t, flow), "sent by another worker than its owner");
			cr_assert_leq(fate->low, fate->out, "sent before it came");
			cr_assert_leq(fate->out, fate->high, "sent later than by the turn that it came in");
			cr_assert_leq(fate->out, next[rings_owner(t, flow)],
				      "what was handed over has changed its order");
			next[rings_owner(t, flow)] = fate->out;
		} else if (fate->high > next[rings_owner(t, flow)]) {
			fate->high = next[rings_owner(t, flow)];
		}
	}
}

/* All that a receiver heard: of whom, in which state, and with what numbers. */
static void judge_heard(struct rings *t, unsigned to)
{
	static uint8_t used[RINGS_FLOWS][65536 / 8];
	unsigned call = to / RINGS_ROLES, n = 0, after[RINGS_ROLES][WIRES_WORKERS] = {0};
	uint16_t highest = 0, offset = 0;
	uint32_t shift = 0;

	for (unsigned i = 0; i < t->heard_count[to]; i++) {
		const struct rings_heard *h = &t->heard[to][i];
		const struct rings_fate *fate = &t->fates[h->flow][h->number];
		while (until(t, call, n) <= fate->out)
			n++;
		struct rings_state *state = &t->states[call][n];
		cr_assert_leq(state->since, fate->out, "%u hears in two states by turns", to);
		cr_assert_eq(rings_fed_by(h->flow, n), to, "%u hears %u, to whom it is not patched", to, h->flow);
		if (!state->first[to % RINGS_ROLES].any) {
			state->first[to % RINGS_ROLES].any = true;
			state->first[to % RINGS_ROLES].number = h->number;
			state->first[to % RINGS_ROLES].out = fate->out;
			offset = (uint16_t)(h->seq - h->number);
			shift = h->timestamp - 160u * h->number;
			cr_assert(h->marker);
			cr_assert(i == 0 || h->seq == (uint16_t)(highest + 1), "%u: %u follows %u", to, h->seq,
				  highest);
			highest = h->seq;
		}
		cr_assert_geq(h->number, state->first[to % RINGS_ROLES].number);
		cr_assert_eq(h->seq, (uint16_t)(h->number + offset), "%u: %u of %u is %u", to, h->number, h->flow,
			     h->seq);
		cr_assert_eq(h->timestamp, 160u * h->number + shift);
		cr_assert_eq(h->ssrc, t->heard[to][0].ssrc);
		cr_assert_not(used[to][h->seq / 8] >> h->seq % 8 & 1, "%u gets number %u twice", to, h->seq);
		used[to][h->seq / 8] |= (uint8_t)(1 << h->seq % 8);
		if ((int16_t)(h->seq - highest) > 0)
			highest = h->seq;
		/* What came by one queue stays in order. */
		unsigned *next = &after[h->flow % RINGS_ROLES][fate->worker];
		cr_assert_geq(h->number, *next, "%u: %u of %u is too late", to, h->number, h->flow);
		*next = h->number + 1u;
	}
}

/* Why a packet may be missing, by the states in which it may have been taken up. */
static void judge_missing(const struct rings *t, unsigned flow, unsigned number, unsigned *unpatched, unsigned *older)
{
	const struct rings_fate *fate = &t->fates[flow][number];
	unsigned call = flow / RINGS_ROLES;
	bool was_unpatched = false, was_older = false;

	for (unsigned n = 0; n <= t->moves[call] && t->states[call][n].since <= fate->high; n++) {
		unsigned to = rings_fed_by(flow, n);
		if (until(t, call, n) <= fate->low)
			continue;
		if (to == RINGS_NOBODY) {
			was_unpatched = true;
			continue;
		}
		const struct rings_state *state = &t->states[call][n];
		was_older |= state->first[to % RINGS_ROLES].any && number < state->first[to % RINGS_ROLES].number &&
			     state->first[to % RINGS_ROLES].out <= fate->high;
	}
	cr_assert(was_unpatched || was_older, "%u of flow %u is lost", number, flow);
	*unpatched += was_unpatched && !was_older;
	*older += was_older && !was_unpatched;
}

static void judge_counters(struct rings *t, uint64_t heard, uint64_t missing, unsigned unpatched, unsigned older)
{
	uint64_t want[XF_DROP_COUNT] = {[XF_DROP_WRONG_SOURCE] = t->forged, [XF_DROP_NO_ENDPOINT] = t->lost_way};
	uint64_t received = 0, handed_over = 0, others = 0, fed = 0;
	struct xf_link_drops drops;

	dplane_drops_row(t->wires.dplane, &drops);
	cr_expect_eq(drops.count[XF_DROP_UNPATCHED] + drops.count[XF_DROP_BEFORE_MAPPED], missing);
	cr_expect_geq(drops.count[XF_DROP_UNPATCHED], unpatched);
	cr_expect_geq(drops.count[XF_DROP_BEFORE_MAPPED], older);
	want[XF_DROP_UNPATCHED] = drops.count[XF_DROP_UNPATCHED];
	want[XF_DROP_BEFORE_MAPPED] = drops.count[XF_DROP_BEFORE_MAPPED];
	for (unsigned d = 0; d < XF_DROP_COUNT; d++)
		cr_expect_eq(drops.count[d], want[d], "%s: %lu", xf_drop_name(d), drops.count[d]);
	for (unsigned i = 0; i < t->wires.workers; i++) {
		struct xf_link_worker row;
		dplane_worker_row(t->wires.dplane, i, &row);
		received += row.rx_packets;
		handed_over += row.handed_over;
		others += t->received[i].others;
		cr_expect_gt(worker_stats(dplane_worker(t->wires.dplane, i))->express, 0u);
	}
	for (unsigned p = 0; p < WIRES_PORTS; p++) {
		struct rte_eth_stats stats;
		cr_assert_eq(rte_eth_stats_get(t->wires.ports[p].id, &stats), 0);
		cr_expect_eq(stats.opackets, t->wires.on_wire[p]);
		fed += stats.ipackets;
	}
	cr_expect_eq(fed, t->frames);
	cr_expect_eq(received, t->frames);
	cr_expect_eq(handed_over, others);
	cr_expect_eq(t->wires.to_kernel, t->arps);
	cr_expect_eq(heard + missing, (uint64_t)RINGS_FLOWS * RINGS_PACKETS);
	/* Spread by chance. */
	uint64_t expected = (uint64_t)RINGS_FLOWS * RINGS_PACKETS * (t->wires.workers - 1) / t->wires.workers;
	cr_expect_lt(handed_over, expected + expected / 10);
	cr_expect_gt(handed_over, expected - expected / 10);
}

void rings_judge(struct rings *t)
{
	unsigned unpatched = 0, older = 0, moves = 0;
	uint64_t heard = 0, missing = 0;

	cr_expect_eq(t->failed, 0u);
	for (unsigned from = 0; from < t->wires.workers; from++)
		judge_handover(t, from);
	for (unsigned to = 0; to < RINGS_FLOWS; to++) {
		judge_heard(t, to);
		heard += t->heard_count[to];
		cr_expect_gt(t->heard_count[to], RINGS_PACKETS / 8u);
	}
	for (unsigned flow = 0; flow < RINGS_FLOWS; flow++)
		for (unsigned number = 0; number < RINGS_PACKETS; number++)
			if (!t->fates[flow][number].heard) {
				missing++;
				judge_missing(t, flow, number, &unpatched, &older);
			}
	for (unsigned call = 0; call < RINGS_CALLS; call++) {
		cr_expect_geq(t->moves[call], 20u);
		moves += t->moves[call];
	}
	judge_counters(t, heard, missing, unpatched, older);
	cr_log_info("%u moves, %lu heard, %lu missing: %u unpatched, %u older, the rest either", moves, heard, missing,
		    unpatched, older);
}
