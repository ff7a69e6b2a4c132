/* The express way and the long way come to the same whatever happens between the packets: while three parties talk,
 * their endpoints are moved, armed, paused, updated, given other headers, reported to, closed and opened again. */
#include "two_ways.h"

#define STEPS	20000
#define TARGET	2  /* the end that is patched to nobody at first */
#define CHANCES 60 /* of a step, to have a command before its packet */

static struct two_ways calls;

/* What a command is about, the same for both ways. */
struct plan {
	unsigned end, to, from, codec, codecs;
	uint64_t armed_limit_ns;
	bool paused, resolved, relearn, elsewhere;
};

static const struct xf_pt other_codecs[] = {{33, XF_CODEC_G722}, {34, XF_CODEC_OPUS}, {35, XF_CODEC_PCMA}};

static struct plan any_plan(void)
{
	/* One by one: initialisers may be evaluated in any order. */
	struct plan plan = {.end = dice(ENDS_MAX)};
	plan.to = dice(ENDS_MAX);
	plan.from = dice(ENDS_MAX + 2);
	plan.codec = dice(6);
	plan.codecs = dice(4) ? RTE_DIM(other_codecs) : 0;
	plan.armed_limit_ns = dice(3) ? 0 : (1 + dice(100)) * RIG_MS;
	plan.paused = dice(4) == 0;
	plan.resolved = dice(6) != 0;
	plan.relearn = dice(5) == 0;
	plan.elsewhere = dice(2);
	return plan;
}

static int move(unsigned way, const struct plan *plan)
{
	static const struct xf_endpoint_id none = {XF_ENDPOINT_NONE, 0};
	const struct xf_endpoint_id *ids = calls.ids[way];
	/* More often than the others: the opposite one, as in a call. */
	struct xf_endpoint_id from = plan->from < ENDS_MAX    ? ids[plan->from]
				     : plan->from == ENDS_MAX ? none
							      : ids[!plan->to];
	return rig_move(&calls.rig, ids[plan->to], from, plan->armed_limit_ns, plan->paused);
}

/* As a call is, without which few packets would have a way at all. */
static int patch(unsigned way, const struct plan *plan)
{
	(void)plan;
	return two_ways_patch(&calls, way, false);
}

static int header(unsigned way, const struct plan *plan)
{
	struct command command = {.type = COMMAND_HEADER,
				  .id = calls.ids[way][plan->end],
				  .egress = {.resolved = plan->resolved, .vlan = calls.parties[plan->end].vlan}};
	memcpy(command.egress.dst_mac, rig_next_hop, 6);
	memcpy(command.egress.src_mac, rig_mac, 6);
	return rig_command(&calls.rig, 0, &command);
}

static int update(unsigned way, const struct plan *plan)
{
	static const enum xf_codec codecs[] = {XF_CODEC_PCMU, XF_CODEC_PCMA, XF_CODEC_G722, XF_CODEC_OPUS};
	struct command command = {.type = COMMAND_UPDATE,
				  .id = calls.ids[way][plan->end],
				  .settings = party_settings(&calls.parties[plan->end])};
	struct xf_endpoint_settings *settings = &command.settings;
	if (plan->codec < RTE_DIM(codecs))
		settings->pts[0].codec = codecs[plan->codec];
	else if (plan->codec == RTE_DIM(codecs))
		settings->pts[0].pt = 40; /* not what the party goes on sending */
	memcpy(&settings->pts[2], other_codecs, plan->codecs * sizeof(other_codecs[0]));
	settings->pt_count = (uint8_t)(2 + plan->codecs);
	settings->relearn = plan->relearn;
	return rig_command(&calls.rig, 0, &command);
}

static int report(unsigned way, const struct plan *plan)
{
	struct party party = calls.parties[plan->end];
	uint8_t sender_report[28] = {0x80, 200, 0, 6};
	rte_be32_t ssrc = rte_cpu_to_be_32(party.ssrc);
	memcpy(sender_report + 4, &ssrc, sizeof(ssrc));
	party.port = (uint16_t)(party.port + plan->elsewhere);
	receive(&calls.rig, &party, (uint16_t)(two_ways_port(way, plan->end) + 1), sender_report, sizeof(sender_report),
		0);
	return 0;
}

static int turn(unsigned way, const struct plan *plan)
{
	(void)way, (void)plan;
	rig_turns(&calls.rig);
	return 0;
}

static int reopen(unsigned way, const struct plan *plan)
{
	struct command command = {.type = COMMAND_CLOSE, .id = calls.ids[way][TARGET]};
	(void)plan;
	int ret = rig_command(&calls.rig, 0, &command);
	if (ret == 0)
		two_ways_open(&calls, way, TARGET);
	return ret;
}

static const struct {
	int (*give)(unsigned way, const struct plan *plan);
	unsigned chances; /* of CHANCES */
} kinds[] = {{move, 4}, {patch, 5}, {header, 2}, {update, 2}, {report, 1}, {turn, 1}, {reopen, 1}};

static void command(void)
{
	struct plan plan = any_plan();
	unsigned chance = dice(CHANCES), kind = 0, sent[WAYS];
	int results[WAYS];
	while (kind < RTE_DIM(kinds) && chance >= kinds[kind].chances)
		chance -= kinds[kind++].chances;
	if (kind == RTE_DIM(kinds))
		return;
	/* What is due in both ways is done by now, and not by the first of the two commands. */
	rig_turns(&calls.rig);
	rig_forget(&calls.rig);
	for (unsigned way = 0; way < WAYS; way++) {
		unsigned before = calls.rig.sent_count;
		results[way] = kinds[kind].give(way, &plan);
		sent[way] = calls.rig.sent_count - before;
	}
	cr_assert_eq(results[0], results[1], "kind %u: %d and %d", kind, results[0], results[1]);
	cr_assert_eq(sent[0], sent[1], "kind %u sent %u and %u", kind, sent[0], sent[1]);
}

static void pass_time(void)
{
	if (dice(3))
		calls.rig.now_ns += 20 * RIG_MS;
	else if (dice(1000))
		calls.rig.now_ns += dice(40 * RIG_MS);
	else
		calls.rig.now_ns += 80000 * RIG_MS; /* longer than a length of jitter can be */
}

/* Where a stream goes by itself, but seldom. */
static void stray(struct party *p)
{
	switch (dice(40)) {
	case 0: /* a loss, perhaps longer than the longest */
		p->seq = (uint16_t)(p->seq + dice(3200));
		break;
	case 1:
		p->timestamp -= dice(2000);
		break;
	case 2: /* about as far as timestamps can be compared */
		p->timestamp += 0x7fffff00 + dice(512);
		break;
	case 3: /* packets of other lengths */
		p->timestamp += 160 - dice(3) * 80;
		break;
	}
}

static void step(void)
{
	uint8_t rtp[RTP_MAX];
	/* The target speaks less than the two that are mostly in the call. */
	unsigned end = dice(9) ? dice(2) : TARGET, spoil = dice(60);
	struct party *p = &calls.parties[end];
	pass_time();
	command();
	stray(p);
	uint16_t len = speak(p, rtp);
	if (dice(40) == 0)
		rtp[1] = (uint8_t)((rtp[1] & 0x80) | other_codecs[dice(RTE_DIM(other_codecs))].pt);
	expect_same(&calls, end, rtp, len, spoil);
}

static void walk(const struct party *first, const struct party *second)
{
	struct party target = *second;
	target.port = 7000;
	target.ssrc = 99;
	two_ways_init(&calls, first, second, &target);
	calls.rig.rtp_only = true;
	for (unsigned i = 0; i < STEPS; i++)
		step();
	/* Few stay what the express way is for, but without any the walk would prove nothing. */
	uint64_t express = worker_stats(calls.rig.worker[0])->express;
	cr_expect_geq(express, STEPS / 50, "%lu of %u took the express way", (unsigned long)express, STEPS);
	rig_fini(&calls.rig);
}

Test(express_walk, v4)
{
	dice_seed(1);
	walk(&party_v4, &party_other_v4);
}

Test(express_walk, v4_and_v6)
{
	dice_seed(2);
	walk(&party_v4, &party_v6);
}

Test(express_walk, v6_and_tagged)
{
	dice_seed(3);
	walk(&party_v6, &party_tagged);
}
