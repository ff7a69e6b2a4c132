/* Who hears whom follows from the state of the call; this sends the difference to what was said last. */
#include "call/shard.h"
#include "policy/ringback.h"
#include "xfergate/fault.h"

static const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE};

/* What a leg is to hear. */
struct feed {
	struct xf_endpoint_id source;
	uint32_t while_silent; /* a prompt of the media's */
};

static struct leg *live(struct call *call, uint64_t id)
{
	struct leg *leg = shard_get_leg(call->shard, id);
	return leg && leg->agreed && leg->endpoint.index != XF_ENDPOINT_NONE ? leg : NULL;
}

/* Whoever holds is heard as long as it sends something itself; else there is hold music. */
static struct feed of(const struct leg *leg)
{
	struct media_prompt music;
	if (!leg)
		return (struct feed){.source = nobody};
	const char *name = leg->shard->config->hold_music;
	bool holds = leg->state == LEG_STATE_CONNECTED && !leg_hears(leg);
	if (!holds || !name || media_prompt(leg->shard->media, name, &music) < 0)
		return (struct feed){.source = leg->endpoint};
	return (struct feed){leg->endpoint, music.source.generation};
}

static void want(struct leg *leg, struct feed sound, uint64_t armed_ns, struct xf_link_move *moves, unsigned *count)
{
	if (!leg)
		return;
	struct xf_endpoint_id source = sound.source;
	bool from_leg = source.index != XF_ENDPOINT_NONE && source.index != XF_ENDPOINT_PROMPT;
	bool paused = source.index != XF_ENDPOINT_NONE && !leg_hears(leg);
	if (source.index == leg->feed.index && source.generation == leg->feed.generation &&
	    sound.while_silent == leg->feed_while_silent && paused == leg->feed_paused)
		return;
	bool had_source = leg->feed.index != XF_ENDPOINT_NONE;
	leg->feed = source;
	leg->feed_while_silent = sound.while_silent;
	leg->feed_paused = paused;
	moves[(*count)++] =
	    (struct xf_link_move){.to = leg->endpoint,
				  .from = source,
				  .armed_limit_ns = had_source && from_leg && !sound.while_silent ? armed_ns : 0,
				  .while_silent = sound.while_silent,
				  .paused = paused};
}

/* The target rings and sends no sound of its own, and there is no agent that the caller could hear meanwhile. */
static bool needs_ringback(const struct call *call)
{
	const struct transfer *transfer = shard_get_transfer(call->shard, call->transfer);
	const struct leg *caller = shard_get_leg(call->shard, call->caller_leg);
	const struct leg *agent = shard_get_leg(call->shard, call->agent_leg);
	if (!transfer || transfer->state != TRANSFER_RINGING || !call->target_leg)
		return false;
	if (!caller || caller->state != LEG_STATE_CONNECTED)
		return false; /* its own side plays what our 180 says */
	return !agent || agent->state != LEG_STATE_CONNECTED || !(agent->remote_sdp.direction & SDP_SENDONLY);
}

/* What the gateway itself plays to the caller, if it does. */
static bool from_us(const struct call *call, struct feed *sound)
{
	const struct transfer *transfer = shard_get_transfer(call->shard, call->transfer);
	char name[XF_PROMPT_NAME_SIZE];
	struct media_prompt ringback;
	*sound = (struct feed){.source = nobody};
	if (transfer && transfer->state == TRANSFER_ANNOUNCING) {
		sound->source = transfer->announcement;
		return true;
	}
	if (!needs_ringback(call))
		return false;
	ringback_name(name, XF_TONE_RINGBACK, call->region);
	if (media_prompt(call->shard->media, name, &ringback) < 0)
		return false;
	sound->source = ringback.source;
	return true;
}

#ifdef XF_FAULTS
/* The agent of the first other call that has one. */
static struct xf_endpoint_id of_another(const struct call *call, struct xf_endpoint_id other)
{
	for (const struct call *next = NULL; (next = shard_next_call(call->shard, next));) {
		const struct leg *leg = shard_leg(call->shard, next->agent_leg);
		if (next != call && leg && leg->agreed && leg->endpoint.index != XF_ENDPOINT_NONE)
			return leg->endpoint;
	}
	return other;
}
#endif

int call_patch(struct call *call, bool armed, uint64_t cookie, bool *changed)
{
	struct leg *caller = live(call, call->caller_leg), *agent = live(call, call->agent_leg),
		   *target = live(call, call->target_leg);
	struct xf_link_move moves[3];
	unsigned count = 0;
	struct feed other;
	if (target)
		other = of(target);
	else if (!from_us(call, &other))
		other = of(agent);
#ifdef XF_FAULTS
	if (XF_FAULT("patched-to-another-call") && agent)
		other.source = of_another(call, other.source);
#endif
	if (XF_FAULT("unpatched-when-a-target-fails") && !target && call->transfers)
		other.source = nobody;
	/* The receivers that change to another source wait for its first packet; nobody waits to be disconnected. */
	want(caller, other, armed ? CALL_ARMED_NS : 0, moves, &count);
	want(agent, target ? (struct feed){.source = nobody} : of(caller), 0, moves, &count);
	want(target, of(caller), 0, moves, &count);
	if (changed)
		*changed = count > 0;
	return count ? media_patch(call->shard->media, moves, count, cookie) : 0;
}
