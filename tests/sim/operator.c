#include "judge.h"
#include "parts.h"
#include "party.h"

static void ask(struct sim *sim, const char *method, const char *params)
{
	static uint64_t client = 1;
	char *line = sim_print(sim, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}", method, params);
	sim_note(sim, "operator: %s %s", method, params);
	world_rpc(sim->world, client, line, strlen(line));
}

static void act(void *arg, uint64_t number)
{
	static const char *const shows[] = {"show.calls",   "show.transfers", "show.endpoints", "show.stats",
					    "show.sources", "show.ports",     "show.numbers",	"show.version"};
	static const char *const targets[] = {"\"plan\":\"sales\"",
					      "\"plan\":\"desk\"",
					      "\"plan\":\"straight\"",
					      "\"to\":\"+12025550143\"",
					      "\"to\":\"sip:reception@pbx.lab\"",
					      "\"to\":\"rubbish\"",
					      "\"to\":\"+12025550143\",\"caller_id\":\"+12025550101\"",
					      "\"to\":\"+12025550143\",\"caller_id\":\"+12025550104\"",
					      "\"plan\":\"sales\",\"wait\":true"};
	struct sim *sim = arg;
	struct sim_call *call = &sim->calls[number % SIM_CALLS];
	unsigned what = DICE_PICK(sim->dice, DICE_OPERATOR, 40, 25, 20, 3);
	if (sim->calm || !call->party)
		return;
	if (what == 0) {
		ask(sim, shows[dice_roll(sim->dice, DICE_OPERATOR, 8)], "");
	} else if (what == 1) {
		ask(sim, "transfer",
		    sim_print(sim, "\"call\":\"%s\",%s", call->caller,
			      targets[DICE_PICK(sim->dice, DICE_OPERATOR, 20, 20, 10, 20, 20, 5, 5, 5, 10)]));
	} else if (what == 2) {
		ask(sim, "hangup", sim_print(sim, "\"call\":\"%s\"", call->caller));
		call->last_hangup_ns = sim_now(sim);
	} else {
		sim_note(sim, "the gateway is asked to stop");
		sim->stopping = true;
		world_stop(sim->world);
	}
}

void operator_plan(struct sim *sim)
{
	unsigned count = sim->plan.operators ? 1 + dice_roll(sim->dice, DICE_OPERATOR, 4) : 0;
	while (count--)
		sim_later(sim, 500 + dice_roll(sim->dice, DICE_OPERATOR, 200) * 70, act, sim,
			  dice_roll(sim->dice, DICE_OPERATOR, sim->plan.calls));
}

void operator_answered(void *arg, uint64_t client, const char *json, size_t len)
{
	struct sim *sim = arg;
	if (sim->judge && (len < 2 || json[0] != '{' || json[len - 1] != '}'))
		judge_fail(sim, "rpc", "an answer that is no object: %.*s", (int)(len < 300 ? len : 300), json);
}
