/* What holds of calls: nobody is released too early, nobody is left alone, and all ends in time. */
#include "judge.h"
#include "party.h"
#include "call/shard.h"

#define ALONE_NS	 (6 * NS_PER_S)
#define AFTER_TROUBLE_NS (10 * NS_PER_S)
/* The longest plan: ring times of 10, 3 and 5 s, for each the time to move the patches, and the report. */
#define TRANSFER_NS (32 * NS_PER_S)
/* Before the answer: ring time and a plan; then the longest call; then a CANCEL or BYE that nobody answers, twice. */
#define CALL_NS (20 * NS_PER_S + TRANSFER_NS + 70 * NS_PER_S + 100 * NS_PER_S)

struct released {
	struct sim *sim;
	struct judge_leg *leg;
};

/* The agent's BYE was right if the target was connected before it, or the caller is gone, or goes with it, or an
 * operator asked. */
static void look_back(void *arg, uint64_t number)
{
	const struct released *released = arg;
	struct sim *sim = released->sim;
	const struct judge_leg *agent = released->leg;
	const uint64_t bye = agent->bye_ns;
	/* Nobody has seen what was sent to a caller whose neighbour was away. */
	if (sim->stopping || agent->lost || sim->deaf[SIM_CARRIER] || agent->life != sim->control_deaths ||
	    !agent->call)
		return;
	/* Cancelled before it had answered: never the caller's peer. */
	if (agent->ended_ns < bye)
		return;
	if (agent->call->last_hangup_ns && agent->call->last_hangup_ns <= bye)
		return;
	/* It has been silent until its media timed out. */
	uint64_t heard = bye - agent->heard_ns > 100 * NS_PER_MS ? agent->heard_ns : agent->heard_before_ns;
	/* Where SDP comes spoilt its media may never be taken for its own. */
	if (!heard || sim->plan.rude)
		heard = agent->invited_ns;
	if (bye - heard > (sim->config->media_timeout_ms - 1000) * NS_PER_MS)
		return;
	bool waiting = false; /* a caller that was connected */
	for (const struct judge_leg *leg = sim->judge->legs; leg; leg = leg->next) {
		if (leg->call != agent->call)
			continue;
		/* Its ACK may still wait for the look-up of its Contact. */
		if (leg->kind == JUDGE_TARGET && leg->answered_ns && leg->answered_ns <= bye)
			return;
		if (leg->kind == JUDGE_CALLER && leg->ended_ns && leg->ended_ns <= bye + NS_PER_S)
			return;
		waiting = waiting || (leg->kind == JUDGE_CALLER && leg->acked_ns && leg->acked_ns < bye);
	}
	if (!waiting)
		return; /* refused before the caller was connected to it */
	judge_fail(sim, "agent-released",
		   "the agent %s was released at %.3f s, and neither was a target connected nor "
		   "is the caller gone",
		   agent->call_id, (double)(bye - SIM_START_NS) / 1e9);
}

void judge_released(struct sim *sim, struct judge_leg *leg)
{
	struct released *released = sim_alloc(sim, sizeof(*released));
	*released = (struct released){sim, leg};
	sim_later(sim, 1500, look_back, released, 0);
}

struct search {
	struct xf_sockaddr local;
	bool found, fed;
};

static void look_at(void *arg, const struct xf_endpoint_state *state)
{
	struct search *search = arg;
	if (!xf_sockaddr_eq(&state->local, &search->local))
		return;
	search->found = true;
	search->fed = state->source.index != XF_ENDPOINT_NONE || state->armed.index != XF_ENDPOINT_NONE;
}

static bool is_fed(struct sim *sim, const struct judge_leg *leg)
{
	struct search search = {.local = leg->local};
	world_endpoints(sim->world, look_at, &search);
	return search.found && search.fed;
}

/* A transfer is under way, though its target's name may still be looked up; it has a deadline of its own. */
static bool is_looked_for(struct sim *sim, const struct judge_leg *caller)
{
	char why[128];
	const struct call *call =
	    shard_find_call(plane_shard(world_plane(sim->world)), caller->call_id, why, sizeof(why));
	return call && call->transfer;
}

static void look_at_caller(struct sim *sim, struct judge_leg *caller)
{
	if (!caller->call)
		return; /* its identifiers came spoilt */
	bool others = false, connected = false;
	uint64_t now = sim_now(sim);
	/* Before its ACK a caller cannot be told of the end (RFC 3261 15): the gateway's 200 is repeated until then. */
	bool up = caller->acked_ns && !caller->ended_ns && caller->life == sim->control_deaths && sim->control &&
		  !sim->deaf[SIM_CARRIER];
	for (const struct judge_leg *leg = sim->judge->legs; up && leg; leg = leg->next) {
		if (leg->call != caller->call || leg->kind == JUDGE_CALLER || leg->ended_ns)
			continue;
		others = true;
		connected = connected || (leg->answered_ns && leg->acked_ns);
	}
	if (!up || others || is_looked_for(sim, caller))
		caller->alone_ns = 0;
	else if (!caller->alone_ns)
		caller->alone_ns = now;
	else if (now - caller->alone_ns > ALONE_NS)
		judge_fail(sim, "caller-alone", "%s has been without anybody for %.1f s", caller->call_id,
			   (double)(now - caller->alone_ns) / 1e9);
	if (!up || !connected || now - sim->troubled_ns < AFTER_TROUBLE_NS || is_fed(sim, caller))
		caller->unfed_ns = 0;
	else if (!caller->unfed_ns)
		caller->unfed_ns = now;
	else if (now - caller->unfed_ns > ALONE_NS)
		judge_fail(sim, "caller-alone", "nobody feeds %s for %.1f s, though somebody is connected",
			   caller->call_id, (double)(now - caller->unfed_ns) / 1e9);
}

void judge_calls(struct sim *sim)
{
	struct plane *plane = world_plane(sim->world);
	uint64_t now = sim_now(sim), late = sim->jumped_ns;
	const struct shard *shard = plane ? plane_shard(plane) : NULL;
	for (const struct call *call = NULL; shard && (call = shard_next_call(shard, call));) {
		const struct transfer *t = call->transfer ? shard_transfer(shard, call->transfer) : NULL;
		if (now - call->started_ns > CALL_NS + late)
			judge_fail(sim, "deadline", "call %s is %s for %.1f s", call->text_id,
				   call_state_name(call->state), (double)(now - call->started_ns) / 1e9);
		if (t && now - t->started_ns > TRANSFER_NS + late)
			judge_fail(sim, "deadline", "transfer %s is %s for %.1f s", t->text_id,
				   transfer_state_name(t->state), (double)(now - t->started_ns) / 1e9);
	}
	for (struct judge_leg *leg = sim->judge->legs; leg; leg = leg->next) {
		if (leg->kind == JUDGE_CALLER)
			look_at_caller(sim, leg);
		if (leg->accepted_ns && !sim->deaf[SIM_AGENTS] && leg->life == sim->control_deaths &&
		    now - leg->accepted_ns > TRANSFER_NS + late)
			judge_fail(sim, "notify", "the REFER of %s has had no final NOTIFY for %.1f s", leg->call_id,
				   (double)(now - leg->accepted_ns) / 1e9);
	}
}
