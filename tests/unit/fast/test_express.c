/* The express way and the long way come to the same: two calls of the same settings, of which one is captured and so
 * takes the long way, get the same packets. */
#include "two_ways.h"
#include "fast/rtp.h"

#define STEPS 4000

static struct two_ways calls;

static void step(void)
{
	uint8_t rtp[RTP_MAX];
	unsigned end = !dice(2), moved = dice(200), spoil = dice(60);
	calls.rig.now_ns += dice(3) ? 20 * RIG_MS : dice(40 * RIG_MS);
	for (unsigned way = 0; way < WAYS && moved < 2; way++)
		cr_assert_eq(two_ways_patch(&calls, way, moved), 0);
	uint16_t len = speak(&calls.parties[end], rtp);
	expect_same(&calls, end, rtp, len, spoil);
}

static void walk(const struct party *first, const struct party *second)
{
	two_ways_init(&calls, first, second, NULL);
	for (unsigned i = 0; i < STEPS; i++)
		step();
	/* Much is spoilt, and what comes after it may not either. */
	uint64_t express = worker_stats(calls.rig.worker[0])->express;
	cr_expect_gt(express, STEPS * 2 / 5, "%lu of %u took the express way", (unsigned long)express, STEPS);
	cr_expect_lt(express, STEPS);
	rig_fini(&calls.rig);
}

Test(express, v4)
{
	dice_seed(1);
	walk(&party_v4, &party_other_v4);
}

Test(express, v4_and_v6)
{
	dice_seed(2);
	walk(&party_v4, &party_v6);
}

Test(express, v6_and_tagged)
{
	dice_seed(3);
	walk(&party_v6, &party_tagged);
}

/* What takes the long way does not let others of its stream pass. */
Test(express, order)
{
	struct rig *rig = &calls.rig;
	struct rte_mbuf *mbufs[WORKER_BURST];
	uint8_t rtp[RTP_MAX] = {0}, buf[2048];
	dice_seed(4);
	two_ways_init(&calls, &party_v4, &party_other_v4, NULL);
	for (uint16_t burst = 0; burst < 20; burst++) {
		uint64_t express = worker_stats(rig->worker[0])->express;
		rig_forget(rig);
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
			mbufs[i] = rig_mbuf(rig, buf, rig_frame(buf, &frame));
		}
		worker_receive(rig->worker[0], 0, mbufs, WORKER_BURST, rig->now_ns);
		worker_flush(rig->worker[0]);
		cr_assert_eq(rig->sent_count, WORKER_BURST);
		for (unsigned i = 0; i < WORKER_BURST; i++)
			cr_assert_eq(rig_seen(rig, i).seq, (uint16_t)(7 + burst * WORKER_BURST + i));
		/* The first burst has been looked at before its first packet locked the source. */
		cr_assert_eq(worker_stats(rig->worker[0])->express - express, burst == 0 ? 0 : 21);
	}
	rig_fini(rig);
}
