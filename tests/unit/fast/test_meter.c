/* What a worker's turns cost, stage by stage, on a counter that goes on by ten each time that it is read. */
#include "fast/meter.h"
#include "rig.h"

#define CALLER "198.51.100.7"
#define STEP   10

static uint64_t ticks;

static uint64_t count(void)
{
	return ticks += STEP;
}

static struct xf_stage_count stage(const struct rig *rig, enum xf_stage stage)
{
	return worker_stats(rig->worker[0])->stages[stage];
}

static uint64_t all(const struct rig *rig)
{
	uint64_t cycles = 0;
	for (unsigned i = 0; i < XF_STAGE_COUNT; i++)
		cycles += stage(rig, i).cycles;
	return cycles;
}

static void sip(struct rig *rig)
{
	static const char text[] = "OPTIONS sip:192.0.2.1 SIP/2.0\r\n\r\n";
	rig_receive(rig, &(struct frame){.src = CALLER,
					 .sport = 5060,
					 .dst = "192.0.2.1",
					 .dport = 5060,
					 .payload = text,
					 .payload_len = sizeof(text) - 1});
}

Test(meter, one_turn_in_many)
{
	static struct rig rig;
	rig_cycles = count;
	rig_init(&rig, 1);
	for (unsigned turn = 0; turn < 3 * METER_TURNS; turn++) {
		uint64_t before = ticks;
		worker_begin(rig.worker[0]);
		sip(&rig);
		cr_expect_eq(ticks > before, turn % METER_TURNS == 0, "turn %u", turn);
		rig_forget(&rig);
	}
	cr_expect_eq(stage(&rig, XF_STAGE_RECEIVE).items, 3);
	cr_expect_eq(stage(&rig, XF_STAGE_RECEIVE).cycles, 3 * STEP);
	cr_expect_eq(stage(&rig, XF_STAGE_EXPRESS).items, 3, "looked at");
	cr_expect_eq(stage(&rig, XF_STAGE_EXPRESS).cycles, 2 * 3 * STEP, "before and after the long way");
	cr_expect_eq(stage(&rig, XF_STAGE_CLASSIFY).items, 3);
	cr_expect_eq(stage(&rig, XF_STAGE_CLASSIFY).cycles, 3 * STEP);
	cr_expect_eq(stage(&rig, XF_STAGE_MEDIA).items, 0);
	cr_expect_eq(stage(&rig, XF_STAGE_SCREEN).items, 3);
	cr_expect_eq(stage(&rig, XF_STAGE_SCREEN).cycles, 3 * STEP);
	cr_expect_eq(stage(&rig, XF_STAGE_TRANSMIT).items, 3, "to the kernel");
	cr_expect_eq(all(&rig), ticks - 3 * STEP, "no cycle is lost between the first mark and the last");
	rig_fini(&rig);
}

/* A turn that finds nothing says nothing of what packets cost; a sleep between turns is none. */
Test(meter, idle_turns)
{
	static struct rig rig;
	rig_cycles = count;
	rig_init(&rig, 1);
	for (unsigned turn = 0; turn < 2 * METER_TURNS; turn++) {
		worker_begin(rig.worker[0]);
		worker_turn(rig.worker[0], rig.now_ns);
		worker_flush(rig.worker[0]);
	}
	cr_expect_eq(all(&rig), 0);
	ticks += 1000000;
	worker_begin(rig.worker[0]);
	sip(&rig);
	cr_expect_leq(all(&rig), 10 * STEP);
	cr_expect_gt(all(&rig), 0);
	rig_fini(&rig);
}

Test(meter, commands)
{
	static struct rig rig;
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	rig_cycles = count;
	rig_init(&rig, 2);
	uint8_t buf[2048], rtp[172] = {0x80};
	struct frame frame = {.src = CALLER, .sport = 4000, .dst = "192.0.2.1", .dport = 20000};
	frame.payload = rtp;
	frame.payload_len = sizeof(rtp);
	struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
	worker_begin(rig.worker[0]);
	worker_receive(rig.worker[0], 0, &mbuf, 1, rig.now_ns);
	rig_open(&rig, 0, RIG_V4, 20000, &settings, 1, 1);
	cr_expect_eq(stage(&rig, XF_STAGE_COMMANDS).items, 1);
	cr_expect_eq(stage(&rig, XF_STAGE_COMMANDS).cycles, STEP);
	cr_expect_eq(stage(&rig, XF_STAGE_PROMPTS).cycles, STEP);
	cr_expect_eq(stage(&rig, XF_STAGE_MEDIA).items, 1);
	rig_fini(&rig);
}

/* Replay has no counter. */
Test(meter, none)
{
	static struct rig rig;
	rig_init(&rig, 1);
	for (unsigned turn = 0; turn < 2 * METER_TURNS; turn++) {
		worker_begin(rig.worker[0]);
		sip(&rig);
		rig_forget(&rig);
	}
	cr_expect_eq(all(&rig), 0);
	rig_fini(&rig);
}
