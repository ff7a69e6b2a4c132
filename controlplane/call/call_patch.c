/* Who hears whom follows from the state of the call; this sends the difference to what was said last. */
#include "call/shard.h"

static struct leg *live(struct call *call, uint64_t id)
{
	struct leg *leg = shard_get_leg(call->shard, id);
	return leg && leg->agreed && leg->endpoint.index != XF_ENDPOINT_NONE ? leg : NULL;
}

static void want(struct leg *leg, struct leg *from, uint64_t armed_ns, struct xf_link_move *moves, unsigned *count)
{
	struct xf_endpoint_id source = {.index = XF_ENDPOINT_NONE};
	if (!leg)
		return;
	if (from)
		source = from->endpoint;
	bool paused = from && !leg_hears(leg);
	if (source.index == leg->feed.index && source.generation == leg->feed.generation && paused == leg->feed_paused)
		return;
	bool had_source = leg->feed.index != XF_ENDPOINT_NONE;
	leg->feed = source;
	leg->feed_paused = paused;
	moves[(*count)++] = (struct xf_link_move){
	    .to = leg->endpoint, .from = source, .armed_limit_ns = had_source && from ? armed_ns : 0, .paused = paused};
}

int call_patch(struct call *call, bool armed, uint64_t cookie, bool *changed)
{
	struct leg *caller = live(call, call->caller_leg), *agent = live(call, call->agent_leg),
		   *target = live(call, call->target_leg);
	struct xf_link_move moves[3];
	unsigned count = 0;
	struct leg *other = target ? target : agent;
	/* The receivers that change to another source wait for its first packet; nobody waits to be disconnected. */
	want(caller, other, armed ? CALL_ARMED_NS : 0, moves, &count);
	want(agent, target ? NULL : caller, 0, moves, &count);
	want(target, caller, 0, moves, &count);
	if (changed)
		*changed = count > 0;
	return count ? media_patch(call->shard->media, moves, count, cookie) : 0;
}
