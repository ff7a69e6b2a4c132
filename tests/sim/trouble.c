#include "coverage.h"
#include "judge.h"
#include "parts.h"

enum { LINK, CONTROL, DATAPLANE, NEIGHBOURS, JUMP, CUT, LOSSY, LOSE, TROUBLES };
static const char *const names[TROUBLES] = {"link",  "control plane", "dataplane", "neighbours",
					    "clock", "network",	      "loss",	   "endpoint"};

static void touched(struct sim *sim)
{
	sim->troubled_ns = sim_now(sim);
}

static void set(struct sim *sim, unsigned what, unsigned network, bool well)
{
	sim_note(sim, "%s %s (%u)", names[what], well ? "is well" : "fails", network);
	touched(sim);
	switch (what) {
	case LINK:
		sim->link = well;
		world_link(sim->world, well);
		return;
	case CONTROL:
		sim->control_deaths += sim->control && !well;
		sim->control = well;
		if (!well)
			coverage_collect(sim);
		world_control(sim->world, well);
		return;
	case DATAPLANE:
		sim->dataplane_deaths += sim->dataplane && !well;
		sim->dataplane = well;
		world_dataplane(sim->world, well);
		return;
	case NEIGHBOURS:
		sim->deaf[network] = true;
		world_neighbours(sim->world, network, well);
		return;
	case CUT:
		sim->networks[network].cut = !well;
		return;
	case LOSSY:
		sim->networks[network].loss = well ? 0 : 400;
		return;
	default:
		return;
	}
}

struct lost {
	struct sim *sim;
	unsigned skip;
	struct xf_endpoint_id id;
};

static void choose(void *arg, const struct xf_endpoint_state *state)
{
	struct lost *lost = arg;
	if (lost->id.index != XF_ENDPOINT_NONE || lost->skip--)
		return;
	lost->id = state->id;
	judge_lost(lost->sim, &state->local);
}

static void break_link(void *arg, uint64_t well)
{
	struct sim *sim = arg;
	if (!sim->calm)
		set(sim, LINK, 0, well);
}

/* While the link is down somebody else, greeting the dataplane as another control plane, has it close an endpoint; ours
 * finds out at the next connection. */
static void lose(struct sim *sim)
{
	struct {
		struct xf_link_record hello;
		struct xf_link_hello greeting;
		struct xf_link_record close;
		struct xf_link_close body;
	} packet = {
	    .hello = {XF_LINK_HELLO, sizeof(struct xf_link_hello), 1},
	    .greeting = {XF_LINK_VERSION, 0, 0x51},
	    .close = {XF_LINK_CLOSE, sizeof(struct xf_link_close), 2},
	};
	struct lost lost = {sim, dice_roll(sim->dice, DICE_TROUBLE, 4), {XF_ENDPOINT_NONE, 0}};
	struct dplane *dplane = world_dplane(sim->world);
	if (!sim->dataplane || !sim->link || !sim->control)
		return;
	world_endpoints(sim->world, choose, &lost);
	if (lost.id.index == XF_ENDPOINT_NONE)
		return;
	sim_note(sim, "endpoint %u is lost", lost.id.index);
	set(sim, LINK, 0, false);
	packet.body.id = lost.id;
	dplane_link_down(dplane, sim_now(sim));
	dplane_link_up(dplane, sim_now(sim));
	dplane_link_packet(dplane, sim_now(sim), &packet, sizeof(packet));
	dplane_link_down(dplane, sim_now(sim));
	sim_later(sim, 200, break_link, sim, true);
}

static void mend(void *arg, uint64_t number)
{
	struct sim *sim = arg;
	if (!sim->calm)
		set(sim, (unsigned)(number & 15), (unsigned)(number >> 4), true);
}

static void strike(void *arg, uint64_t number)
{
	struct sim *sim = arg;
	unsigned what = (unsigned)(number & 15);
	if (sim->calm)
		return;
	if (what == JUMP) {
		uint64_t ns = (1 + dice_roll(sim->dice, DICE_TROUBLE, 90)) * 100 * NS_PER_MS;
		sim_note(sim, "the clock jumps by %.1f s", (double)ns / 1e9);
		sim->jumped_ns += ns;
		world_jump(sim->world, ns);
		touched(sim);
		return;
	}
	if (what == LOSE) {
		lose(sim);
		return;
	}
	set(sim, what, (unsigned)(number >> 4), false);
	sim_later(sim, 20 + dice_roll(sim->dice, DICE_TROUBLE, 80) * 50, mend, sim, number);
}

void trouble_plan(struct sim *sim)
{
	unsigned count = sim->plan.troubles ? 1 + dice_roll(sim->dice, DICE_TROUBLE, 4) : 0;
	while (count--) {
		unsigned what = DICE_PICK(sim->dice, DICE_TROUBLE, 30, 12, 15, 12, 12, 12, 12, 12);
		unsigned network = dice_roll(sim->dice, DICE_TROUBLE, SIM_NETWORKS);
		unsigned turns = what == LOSE ? 40 : 300;
		sim_later(sim, 200 + dice_roll(sim->dice, DICE_TROUBLE, turns) * 50, strike, sim, what | network << 4);
	}
}

void trouble_networks(struct sim *sim)
{
	for (unsigned n = 0; n < SIM_NETWORKS; n++) {
		struct network *network = &sim->networks[n];
		static const unsigned rates[] = {0, 10, 50, 200}, delays_ms[] = {5, 1, 40, 300};
		network->loss = rates[DICE_PICK(sim->dice, DICE_WORLD, 60, 20, 14, 6)];
		network->repeat = rates[DICE_PICK(sim->dice, DICE_WORLD, 80, 10, 8, 2)];
		network->reorder = rates[DICE_PICK(sim->dice, DICE_WORLD, 80, 10, 8, 2)];
		network->delay_ns = delays_ms[DICE_PICK(sim->dice, DICE_WORLD, 60, 20, 15, 5)] * NS_PER_MS;
	}
}

void trouble_mend(struct sim *sim)
{
	if (!sim->control)
		set(sim, CONTROL, 0, true);
	if (!sim->dataplane)
		set(sim, DATAPLANE, 0, true);
	if (!sim->link)
		set(sim, LINK, 0, true);
	for (unsigned n = 0; n < SIM_NETWORKS; n++)
		world_neighbours(sim->world, n, true);
}
