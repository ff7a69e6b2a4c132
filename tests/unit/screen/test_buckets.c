/* Token buckets: one row a question, then floods. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include "screen/buckets.h"

#define SECOND 1000000000ull
#define MS     1000000ull

static struct buckets_plan *plan;
static struct buckets *buckets;

static struct buckets_peer peer_of(uint16_t number, uint32_t invites)
{
	return (struct buckets_peer){.peer = number,
				     .packets = {invites * 20, invites * 20},
				     .classes = {[BUCKETS_INVITE] = {invites, invites},
						 [BUCKETS_REQUEST] = {invites, invites},
						 [BUCKETS_DIALOG] = {invites * 2, invites * 2},
						 [BUCKETS_RESPONSE] = {invites * 4, invites * 4}}};
}

static void begin(const struct buckets_config *config)
{
	cr_assert_eq(buckets_plan_create(&plan, config, 0, 1), 0);
	cr_assert_eq(buckets_create(&buckets, plan), 0);
}

static void end(void)
{
	buckets_destroy(buckets);
	buckets_plan_destroy(plan);
}

/* How many of n pass at this moment. */
static unsigned take(unsigned peer, enum buckets_class class, unsigned n, uint64_t now_ns)
{
	unsigned passed = 0;
	for (unsigned i = 0; i < n; i++)
		passed += buckets_take(buckets, peer, class, now_ns) == BUCKETS_PASS;
	return passed;
}

/* The peer floods with 100 times its rate; another sends what it may; the sum stays under the ceiling. */
Test(buckets, flood_costs_no_other)
{
	struct buckets_peer peers[] = {peer_of(1, 50), peer_of(2, 50)};
	struct buckets_config config = {{1000, 2000}, peers, 2};
	begin(&config);
	uint64_t passed = 0, lost = 0, flood = 0;
	for (uint64_t ms = 0; ms < 20000; ms++) {
		passed += take(1, BUCKETS_INVITE, 5, ms * MS);
		flood += 5;
		if (ms % 20 == 0) {
			unsigned ok = take(2, BUCKETS_INVITE, 1, ms * MS) + take(2, BUCKETS_DIALOG, 2, ms * MS) +
				      take(2, BUCKETS_RESPONSE, 4, ms * MS);
			lost += 7 - ok;
			passed += ok;
		}
	}
	cr_expect_eq(flood, 100 * 50 * 20);
	cr_expect_eq(lost, 0);
	cr_expect_leq(passed, 1000 * 20 + 2000);
	cr_expect_gt(passed, 20 * 350 + 20 * 50);
	end();
}

/* The ceiling has room for a quarter of what the peers may: each keeps its share, whatever the other floods with. */
Test(buckets, ceiling_below_the_sum)
{
	struct buckets_peer peers[] = {peer_of(1, 500), peer_of(2, 500)};
	struct buckets_config config = {{2000, 4000}, peers, 2};
	begin(&config);
	uint64_t passed = 0, lost = 0, sent = 0, flood = 0;
	static const enum buckets_class classes[] = {BUCKETS_RESPONSE, BUCKETS_DIALOG, BUCKETS_REQUEST, BUCKETS_INVITE};
	for (uint64_t ms = 0; ms < 20000; ms++) {
		for (unsigned i = 0; i < 400; i++)
			flood += take(1, classes[i % 4], 1, ms * MS);
		/* One a millisecond is the share: half of 2,000 a second. */
		unsigned ok = take(2, classes[ms % 4], 1, ms * MS);
		lost += 1 - ok;
		passed += ok;
		sent++;
	}
	cr_expect_eq(sent, 20000);
	cr_expect_eq(lost, 0);
	passed += flood;
	cr_expect_leq(passed, 2000 * 20 + 4000);
	/* The ceiling is used: the other share and its burst are the flood's. */
	cr_expect_gt(flood, 1000 * 20 - 100);
	end();
}

/* A ceiling with just the sum of all rates, and twice the sum of all bursts, refuses nothing that the peers' own
 * buckets let pass: any mixture of classes at any pace, while another floods. */
Test(buckets, ceiling_for_everybody_never_refuses)
{
	struct buckets_peer peers[] = {peer_of(1, 40), peer_of(2, 25), peer_of(3, 3)};
	struct buckets_config config = {{(40 + 25 + 3) * 8, (40 + 25 + 3) * 8 * 2}, peers, 3};
	unsigned state = 5, verdicts[BUCKETS_NO_PEER + 1] = {0};
	uint64_t now = 0;
	begin(&config);
	for (unsigned n = 0; n < 400000; n++) {
		state = state * 1103515245u + 12345u;
		now += n / 50000 % 2 ? 100000 + (state >> 12 & 0xfffff) : state >> 20;
		verdicts[buckets_take(buckets, 1 + n % 3, (enum buckets_class)(state >> 24 & 3), now)]++;
	}
	cr_expect_gt(verdicts[BUCKETS_PASS], 10000);
	cr_expect_gt(verdicts[BUCKETS_OVER_CLASS], 10000);
	cr_expect_eq(verdicts[BUCKETS_OVER_CEILING], 0);
	end();
}

/* What one peer leaves, another may use. */
Test(buckets, unused_share_is_lent)
{
	struct buckets_peer peers[] = {peer_of(1, 500), peer_of(2, 500)};
	struct buckets_config config = {{2000, 4000}, peers, 2};
	uint64_t passed = 0;
	begin(&config);
	for (uint64_t ms = 0; ms < 10000; ms++)
		passed += take(1, BUCKETS_RESPONSE, 10, ms * MS);
	cr_expect_gt(passed, 2000 * 10 - 10);
	cr_expect_leq(passed, 2000 * 10 + 4000);
	end();
}

/* Any mixture, any pace: in every window no more than the ceiling allows. */
Test(buckets, never_over_the_ceiling)
{
	struct buckets_peer peers[40];
	unsigned state = 3;
	for (unsigned i = 0; i < 40; i++)
		peers[i] = peer_of((uint16_t)i, 10 + i * 7);
	struct buckets_config config = {{3000, 500}, peers, 40};
	static unsigned passed_in[4000];
	begin(&config);
	for (unsigned ms = 0; ms < 4000; ms++) {
		unsigned pace = ms / 500 % 2 ? 60 : 2;
		for (unsigned i = 0; i < pace; i++) {
			state = state * 1103515245u + 12345u;
			passed_in[ms] += take(state >> 16 & 31, (enum buckets_class)(state >> 22 & 3), 1, ms * MS);
		}
	}
	for (unsigned from = 0; from < 4000; from += 50) {
		uint64_t sum = 0;
		for (unsigned ms = from; ms < 4000; ms++) {
			sum += passed_in[ms];
			cr_assert_leq(sum * 1000, 3000ull * (ms - from + 1) + 500 * 1000, "from %u to %u", from, ms);
		}
	}
	end();
}

Test(buckets, shed_in_order)
{
	struct buckets_peer peer = peer_of(3, 10);
	struct buckets_config config = {{1000, 1000}, &peer, 1};
	begin(&config);
	/* Its own 40, and what those before it leave: nobody else is heard then. */
	cr_expect_eq(take(3, BUCKETS_RESPONSE, 200, 0), 40 + 20 + 10 + 10);
	cr_expect_eq(buckets_take(buckets, 3, BUCKETS_DIALOG, 0), BUCKETS_OVER_CLASS);
	cr_expect_eq(buckets_take(buckets, 3, BUCKETS_INVITE, 0), BUCKETS_OVER_CLASS);
	end();
	begin(&config);
	cr_expect_eq(take(3, BUCKETS_INVITE, 200, 0), 10);
	cr_expect_eq(take(3, BUCKETS_REQUEST, 200, 0), 10);
	cr_expect_eq(take(3, BUCKETS_DIALOG, 200, 0), 20);
	cr_expect_eq(take(3, BUCKETS_RESPONSE, 200, 0), 40);
	end();
	begin(&config);
	/* The nearest is taken first: a dialog's overflow costs requests, and INVITEs only then. */
	cr_expect_eq(take(3, BUCKETS_DIALOG, 25, 0), 25);
	cr_expect_eq(take(3, BUCKETS_REQUEST, 7, 0), 7);
	cr_expect_eq(take(3, BUCKETS_INVITE, 10, 0), 8);
	end();
}

/* Under a ceiling that is too low an INVITE is refused first. */
Test(buckets, shed_in_order_under_the_ceiling)
{
	struct buckets_peer peers[] = {peer_of(1, 100), peer_of(2, 100)};
	struct buckets_config config = {{160, 320}, peers, 2};
	begin(&config);
	cr_expect_gt(take(1, BUCKETS_RESPONSE, 400, 0), 0); /* no room beyond the shares */
	unsigned invites = take(2, BUCKETS_INVITE, 400, 0);
	cr_expect_gt(invites, 0);
	cr_expect_eq(buckets_take(buckets, 2, BUCKETS_INVITE, 0), BUCKETS_OVER_CEILING);
	cr_expect_gt(take(2, BUCKETS_REQUEST, 400, 0), 0);
	cr_expect_eq(buckets_take(buckets, 2, BUCKETS_REQUEST, 0), BUCKETS_OVER_CEILING);
	cr_expect_gt(take(2, BUCKETS_DIALOG, 400, 0), 0);
	cr_expect_eq(buckets_take(buckets, 2, BUCKETS_DIALOG, 0), BUCKETS_OVER_CEILING);
	cr_expect_gt(take(2, BUCKETS_RESPONSE, 400, 0), 0);
	cr_expect_eq(buckets_take(buckets, 2, BUCKETS_RESPONSE, 0), BUCKETS_OVER_CEILING);
	end();
}

Test(buckets, packets)
{
	struct buckets_peer peer = peer_of(0, 10);
	struct buckets_config config = {{1000, 1000}, &peer, 1};
	begin(&config);
	cr_expect_eq(take(0, BUCKETS_PACKET, 500, 0), 200);
	cr_expect_eq(buckets_take(buckets, 0, BUCKETS_PACKET, 0), BUCKETS_OVER_PACKETS);
	cr_expect_eq(take(0, BUCKETS_PACKET, 500, 5 * MS - 1), 0);
	cr_expect_eq(take(0, BUCKETS_PACKET, 500, 5 * MS), 1);
	cr_expect_eq(take(0, BUCKETS_INVITE, 500, 5 * MS), 10, "packets are apart from messages");
	end();
}

Test(buckets, exact_over_a_day)
{
	struct buckets_peer peer = peer_of(0, 10);
	peer.packets = (struct buckets_rate){7, 2};
	struct buckets_config config = {{1000, 1000}, &peer, 1};
	static const uint64_t steps[] = {33333333, MS, 142857142};
	for (unsigned i = 0; i < 3; i++) {
		uint64_t passed = 0, now = 0;
		begin(&config);
		for (; now < 86400 * SECOND / (i == 1 ? 100 : 1); now += steps[i])
			passed += take(0, BUCKETS_PACKET, 1, now);
		now -= steps[i];
		cr_expect_leq(passed, 7 * now / SECOND + 2);
		cr_expect_geq(passed, 7 * now / SECOND - 1);
		end();
	}
}

/* Time as the worker is told it, and how many single INVITEs pass at each step: 10 a second, a burst of 1. */
static const struct {
	const char *name;
	int64_t at_ms[8];
	unsigned passed[8];
	unsigned count;
} clocks[] = {
    {"goes on", {0, 50, 100, 200}, {1, 0, 1, 1}, 4},
    {"stands still", {0, 0, 0}, {1, 0, 0}, 3},
    {"back gives nothing", {100000, 50000, 50000}, {1, 0, 0}, 3},
    {"back takes nothing", {100000, 50000, 50050, 50100, 50200}, {1, 0, 0, 1, 1}, 5},
    {"back keeps what was gathered", {100000, 100060, 50000, 50040, 50140}, {1, 0, 0, 1, 1}, 5},
    {"to and fro gives nothing", {100000, 50000, 100000, 50000, 100000, 50000, 100000}, {1, 0, 0, 0, 0, 0, 0}, 7},
    {"put right again, and on", {100000, 50000, 100000, 100050, 100100}, {1, 0, 0, 0, 1}, 5},
    {"back to nothing", {100000, 0, 100}, {1, 0, 1}, 3},
    {"back twice", {100000, 90000, 80000, 80100, 80200}, {1, 0, 0, 1, 1}, 5},
    {"long silence", {0, 1000000000, 1000000000}, {1, 1, 0}, 3},
};

Test(buckets, clocks)
{
	struct buckets_peer peer = peer_of(0, 10);
	peer.classes[BUCKETS_INVITE].burst = 1;
	struct buckets_config config = {{1000, 1000}, &peer, 1};
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		begin(&config);
		for (unsigned k = 0; k < clocks[i].count; k++)
			cr_expect_eq(take(0, BUCKETS_INVITE, 1, (uint64_t)clocks[i].at_ms[k] * MS), clocks[i].passed[k],
				     "%s, step %u", clocks[i].name, k);
		end();
	}
}

Test(buckets, refused_costs_nothing)
{
	struct buckets_peer peers[] = {peer_of(1, 100), peer_of(2, 100)};
	struct buckets_config config = {{160, 320}, peers, 2};
	begin(&config);
	take(1, BUCKETS_RESPONSE, 10000, 0);
	take(2, BUCKETS_RESPONSE, 10000, 0);
	/* The ceiling refuses; the class's own tokens are all there when it has room again. */
	cr_expect_eq(take(2, BUCKETS_INVITE, 10000, 0), 0);
	take(1, BUCKETS_INVITE, 1, 60 * SECOND);
	cr_expect_eq(take(2, BUCKETS_INVITE, 100, 60 * SECOND), 100);
	end();
}

Test(buckets, who_has_none)
{
	struct buckets_peer peers[] = {peer_of(1, 10), peer_of(BUCKETS_OPEN, 1), peer_of(BUCKETS_ADMITTED, 5)};
	struct buckets_config config = {{1000, 1000}, peers, 3};
	begin(&config);
	cr_expect_eq(buckets_take(buckets, 1, BUCKETS_INVITE, 0), BUCKETS_PASS);
	cr_expect_eq(buckets_take(buckets, BUCKETS_OPEN, BUCKETS_INVITE, 0), BUCKETS_PASS);
	cr_expect_eq(buckets_take(buckets, BUCKETS_OPEN, BUCKETS_INVITE, 0), BUCKETS_OVER_CLASS);
	cr_expect_eq(buckets_take(buckets, BUCKETS_ADMITTED, BUCKETS_INVITE, 0), BUCKETS_PASS);
	cr_expect_eq(buckets_take(buckets, 0, BUCKETS_INVITE, 0), BUCKETS_NO_PEER);
	cr_expect_eq(buckets_take(buckets, BUCKETS_PEERS, BUCKETS_INVITE, 0), BUCKETS_NO_PEER);
	cr_expect_eq(buckets_take(buckets, UINT32_MAX, BUCKETS_PACKET, 0), BUCKETS_NO_PEER);
	cr_expect_eq(buckets_take(buckets, 1, (enum buckets_class)(BUCKETS_PACKET + 1), 0), BUCKETS_NO_PEER);
	end();
}

Test(buckets, every_peer_there_can_be)
{
	static struct buckets_peer peers[BUCKETS_PEERS + 1];
	for (unsigned i = 0; i <= BUCKETS_PEERS; i++)
		peers[i] = peer_of((uint16_t)(i % BUCKETS_PEERS), 1);
	struct buckets_config config = {{1, 2 * (BUCKETS_PEERS + 1)}, peers, BUCKETS_PEERS};
	begin(&config);
	for (unsigned i = 0; i < BUCKETS_PEERS; i++)
		cr_expect_eq(take(i, BUCKETS_RESPONSE, 1, 0), 1, "peer %u", i);
	end();
	config.count++;
	config.ceiling.burst += 2;
	cr_expect_eq(buckets_plan_create(&plan, &config, 0, 1), -EINVAL);
	cr_expect_null(plan);
}

/* One field of a good configuration is spoilt. */
/* Without a ceiling only a peer's own buckets refuse, however many there are. */
Test(buckets, no_ceiling)
{
	static struct buckets_peer peers[BUCKETS_PEERS];
	for (unsigned i = 0; i < BUCKETS_PEERS; i++)
		peers[i] = peer_of((uint16_t)i, 1);
	for (unsigned class = 0; class < BUCKETS_CLASS_COUNT; class ++)
		peers[0].classes[class] = (struct buckets_rate){BUCKETS_MAX_PER_S, BUCKETS_MAX_BURST};
	struct buckets_config config = {.peers = peers, .count = BUCKETS_PEERS};
	cr_assert_eq(buckets_plan_create(&plan, &config, 0, 1), 0);
	cr_assert_eq(buckets_create(&buckets, plan), 0);
	for (unsigned i = 0; i < BUCKETS_MAX_BURST; i++)
		cr_assert_eq(buckets_take(buckets, 0, BUCKETS_INVITE, 1), BUCKETS_PASS, "%u", i);
	cr_expect_eq(buckets_take(buckets, 0, BUCKETS_INVITE, 1), BUCKETS_OVER_CLASS);
	for (unsigned i = 1; i < BUCKETS_PEERS; i++)
		cr_expect_eq(buckets_take(buckets, i, BUCKETS_INVITE, 1), BUCKETS_PASS);
	buckets_destroy(buckets);
	buckets_plan_destroy(plan);
}

Test(buckets, refused_configurations)
{
	struct buckets_peer good[] = {peer_of(1, 10), peer_of(2, 10)}, peers[2];
	struct buckets_config config = {{1000, 1000}, peers, 2};
	for (unsigned i = 0; i <= 20; i++) {
		unsigned worker = 0, workers = 1;
		memcpy(peers, good, sizeof(peers));
		config = (struct buckets_config){{1000, 1000}, peers, 2};
		switch (i) {
		case 1:
			config.ceiling.per_s = 0;
			break;
		case 2:
			config.ceiling.per_s = BUCKETS_MAX_PER_S + 1;
			break;
		case 3:
			config.ceiling.burst = 5;
			break;
		case 4:
			config.ceiling.burst = 2 * BUCKETS_MAX_BURST + 1;
			break;
		case 5:
			config.count = 0;
			break;
		case 6:
			peers[1].peer = 1;
			break;
		case 7:
			peers[1].peer = BUCKETS_PEERS;
			break;
		case 8:
			peers[0].packets.per_s = 0;
			break;
		case 9:
			peers[0].packets.burst = 0;
			break;
		case 10:
			peers[0].packets.per_s = BUCKETS_MAX_PER_S + 1;
			break;
		case 11:
			peers[0].packets.burst = BUCKETS_MAX_BURST + 1;
			break;
		case 12:
			peers[0].classes[BUCKETS_INVITE].per_s = 0;
			break;
		case 13:
			peers[1].classes[BUCKETS_RESPONSE].per_s = 0;
			break;
		case 14:
			peers[0].classes[BUCKETS_DIALOG].burst = 0;
			break;
		case 15:
			peers[0].classes[BUCKETS_REQUEST].burst = BUCKETS_MAX_BURST + 1;
			break;
		case 16:
			workers = 0;
			break;
		case 17:
			workers = BUCKETS_MAX_WORKER + 1;
			break;
		case 18:
			worker = 1;
			break;
		case 19:
			config.ceiling.burst = 8;
			workers = 3;
			break;
		case 20:
			worker = 7;
			workers = 7;
			break;
		}
		cr_expect_eq(buckets_plan_create(&plan, &config, worker, workers), i == 0 ? 0 : -EINVAL, "case %u", i);
		cr_expect_eq(plan == NULL, i > 0);
		buckets_plan_destroy(plan);
	}
}

Test(buckets, greatest_rates)
{
	struct buckets_rate most = {BUCKETS_MAX_PER_S, BUCKETS_MAX_BURST};
	struct buckets_peer peers[2] = {{.peer = 0, .packets = most, .classes = {most, most, most, most}},
					{.peer = 1, .packets = most, .classes = {most, most, most, most}}};
	struct buckets_config config = {{BUCKETS_MAX_PER_S, 2 * BUCKETS_MAX_BURST}, peers, 2};
	begin(&config);
	for (unsigned round = 0; round < 3; round++) {
		uint64_t now = round * (UINT64_MAX / 3);
		cr_expect_eq(take(0, BUCKETS_PACKET, BUCKETS_MAX_BURST + 5, now), BUCKETS_MAX_BURST);
		cr_expect_eq(take(0, BUCKETS_RESPONSE, 2 * BUCKETS_MAX_BURST, now), BUCKETS_MAX_BURST);
		cr_expect_eq(take(1, BUCKETS_RESPONSE, 2 * BUCKETS_MAX_BURST, now), BUCKETS_MAX_BURST / 2);
	}
	end();
}

Test(buckets, new_plan_keeps_tokens)
{
	struct buckets_peer peers[] = {peer_of(1, 10), peer_of(2, 10)};
	struct buckets_config config = {{1000, 1000}, peers, 2};
	struct buckets_plan *next;
	begin(&config);
	cr_expect_eq(take(1, BUCKETS_INVITE, 100, 0), 10);
	cr_expect_eq(take(2, BUCKETS_INVITE, 4, 0), 4);
	peers[0] = peer_of(1, 1000);
	peers[1] = peer_of(2, 2);
	cr_assert_eq(buckets_plan_create(&next, &config, 0, 1), 0);
	cr_expect_eq(buckets_configure(buckets, next), plan);
	cr_expect_eq(take(1, BUCKETS_INVITE, 100, 0), 0, "empty stays empty");
	cr_expect_eq(take(2, BUCKETS_INVITE, 100, 0), 2, "what no longer fits is lost");
	cr_expect_eq(take(1, BUCKETS_INVITE, 100, 10 * MS), 10, "and fills at the new rate");
	cr_expect_eq(buckets_configure(buckets, plan), next);
	cr_expect_eq(take(1, BUCKETS_INVITE, 100, 10 * MS), 0);
	buckets_plan_destroy(next);
	end();
}

/* All workers together have no more than the whole. */
Test(buckets, workers_share_the_ceiling)
{
	struct buckets_peer peers[] = {peer_of(0, 500), peer_of(1, 500), peer_of(2, 100), peer_of(5, 50)};
	struct buckets_config config = {{2000, 4000}, peers, 4};
	struct buckets_plan *plans[3];
	struct buckets *all[3];
	uint64_t passed = 0;
	for (unsigned w = 0; w < 3; w++) {
		cr_assert_eq(buckets_plan_create(&plans[w], &config, w, 3), 0);
		cr_assert_eq(buckets_create(&all[w], plans[w]), 0);
	}
	for (uint64_t ms = 0; ms < 10000; ms++)
		for (unsigned i = 0; i < 4; i++)
			for (unsigned k = 0; k < 12; k++)
				passed += buckets_take(all[buckets_owner(peers[i].peer, 3)], peers[i].peer,
						       (enum buckets_class)(k % 4), ms * MS) == BUCKETS_PASS;
	cr_expect_leq(passed, 2000 * 10 + 4000);
	cr_expect_geq(passed, 2000 * 10 - 100);
	cr_expect_eq(buckets_take(all[0], 1, BUCKETS_RESPONSE, 20 * SECOND), BUCKETS_NO_PEER, "another worker's");
	for (unsigned w = 0; w < 3; w++) {
		buckets_destroy(all[w]);
		buckets_plan_destroy(plans[w]);
	}
}
