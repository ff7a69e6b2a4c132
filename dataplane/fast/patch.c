#include "lockstep.h"
#include "loop.h"
#include "xfergate/fault.h"

#define PATCH_MS_NS 1000000ull

/* What a receiver shall have after the batch. */
struct patch_wish {
	struct endpoint *to, *source, *armed;
	struct prompt *prompt; /* while source, if any, is silent */
	uint32_t armed_until_ms;
	bool paused;
};

struct patch_plan {
	unsigned count;
	struct patch_wish wishes[XF_LINK_MOVES_MAX];
};

static uint32_t patch_index(const struct endpoint *e)
{
	return e ? e->id.index : XF_ENDPOINT_NONE;
}

static struct endpoint *patch_at(const struct worker *w, uint32_t index)
{
	return index != XF_ENDPOINT_NONE ? flow_at(w->flows, index) : NULL;
}

static void patch_sink_del(const struct worker *w, uint32_t from_index, const struct endpoint *to)
{
	struct endpoint *from = flow_at(w->flows, from_index);
	for (unsigned i = 0; i < from->sink_count; i++) {
		if (from->sinks[i] != to->id.index)
			continue;
		from->sink_count--;
		from->sinks[i] = from->sinks[from->sink_count];
		from->sinks[from->sink_count] = XF_ENDPOINT_NONE;
		return;
	}
}

static bool patch_sink_add(const struct worker *w, struct endpoint *from, const struct endpoint *to)
{
	if (from->sink_count == ENDPOINT_SINKS)
		return false;
	lockstep_end(w->flows, from);
	from->sinks[from->sink_count++] = to->id.index;
	return true;
}

static void patch_detach(struct worker *w, struct endpoint *to)
{
	const uint32_t source = to->source, armed = to->armed;
	lockstep_end_to(w->flows, to);
	counter32_set(&to->source, XF_ENDPOINT_NONE);
	counter32_set(&to->armed, XF_ENDPOINT_NONE);
	if (source != XF_ENDPOINT_NONE)
		patch_sink_del(w, source, to);
	if (armed != XF_ENDPOINT_NONE) {
		patch_sink_del(w, armed, to);
		index_set_del(&w->armed, to->id.index);
	}
}

/* `to` has been detached. False: a source has too many receivers; nothing is attached then. */
static bool patch_attach(struct worker *w, const struct patch_wish *wish)
{
	struct endpoint *to = wish->to;
	if (wish->source && !patch_sink_add(w, wish->source, to))
		return false;
	if (wish->armed && !patch_sink_add(w, wish->armed, to)) {
		if (wish->source)
			patch_sink_del(w, wish->source->id.index, to);
		return false;
	}
	counter32_set(&to->source, patch_index(wish->source));
	counter32_set(&to->armed, patch_index(wish->armed));
	if (wish->armed) {
		endpoint_rest(to)->armed_until_ms = wish->armed_until_ms;
		index_set_add(&w->armed, to->id.index);
	}
	return true;
}

static struct patch_wish patch_present(const struct worker *w, struct endpoint *to)
{
	return (struct patch_wish){.to = to,
				   .source = patch_at(w, to->source),
				   .armed = patch_at(w, to->armed),
				   .prompt = endpoint_rest(to)->prompt,
				   .armed_until_ms = endpoint_rest(to)->armed_until_ms,
				   .paused = to->paused};
}

/* In the worker's milliseconds, never too early. */
static uint32_t patch_until_ms(uint64_t now_ns, uint64_t limit_ns)
{
	uint64_t limit_ms = limit_ns / PATCH_MS_NS;
	if (limit_ms >= INT32_MAX)
		return (uint32_t)(now_ns / PATCH_MS_NS) + INT32_MAX;
	return (uint32_t)((now_ns + limit_ns + PATCH_MS_NS - 1) / PATCH_MS_NS);
}

/* The wish for `to`, begun with its present state. */
static struct patch_wish *patch_plan_get(const struct worker *w, struct patch_plan *plan, struct endpoint *to)
{
	for (unsigned i = 0; i < plan->count; i++)
		if (plan->wishes[i].to == to)
			return &plan->wishes[i];
	plan->wishes[plan->count] = patch_present(w, to);
	return &plan->wishes[plan->count++];
}

static int patch_plan_move(struct worker *w, struct patch_plan *plan, const struct xf_link_move *move, uint64_t now_ns)
{
	uint32_t number = xf_move_prompt(move);
	struct prompt *prompt = prompt_get(w, number);
	struct endpoint *to, *from = NULL;
	int ret = command_endpoint(w, &to, &move->to);
	if (ret == 0 && !xf_move_ok(move))
		ret = -EINVAL;
	if (ret == 0 && !prompt && (number != XF_PROMPT_NONE || move->from.index == XF_ENDPOINT_PROMPT))
		ret = -EINVAL;
	if (ret == 0 && move->from.index != XF_ENDPOINT_PROMPT && move->from.index != XF_ENDPOINT_NONE)
		ret = command_endpoint(w, &from, &move->from);
	if (ret < 0)
		return ret;
	struct patch_wish *wish = patch_plan_get(w, plan, to);
	wish->paused = move->paused != 0;
	wish->armed = NULL;
	if (from && move->armed_limit_ns > 0 && wish->source != from) {
		wish->armed = from;
		wish->armed_until_ms = patch_until_ms(now_ns, move->armed_limit_ns);
	} else {
		wish->source = from;
		wish->prompt = prompt;
	}
	return 0;
}

/* The number of the first move whose source would have too many receivers once the batch is applied. */
static uint32_t patch_bad_move(const struct xf_link_patch *patch, const struct patch_wish *wish)
{
	uint32_t bad = 0;
	for (uint32_t i = 0; i < patch->count; i++)
		if (patch->moves[i].to.index == wish->to->id.index)
			bad = i;
	return bad;
}

/* All wishes come true, or none. */
static int patch_plan_apply(struct worker *w, const struct patch_plan *plan, uint64_t now_ns, unsigned *failed)
{
	struct patch_wish before[XF_LINK_MOVES_MAX];
	unsigned i;
	for (i = 0; i < plan->count; i++) {
		before[i] = patch_present(w, plan->wishes[i].to);
		endpoint_hide(plan->wishes[i].to);
		patch_detach(w, plan->wishes[i].to);
	}
	for (i = 0; i < plan->count && patch_attach(w, &plan->wishes[i]); i++)
		;
	if (i == plan->count)
		goto attached;
	*failed = i;
	while (i-- > 0)
		patch_detach(w, plan->wishes[i].to);
	for (i = 0; i < plan->count; i++) {
		patch_attach(w, &before[i]);
		endpoint_publish(before[i].to);
	}
	return -EMLINK;
attached:
	for (i = 0; i < plan->count; i++) {
		struct endpoint *to = plan->wishes[i].to;
		const struct patch_wish *wish = &plan->wishes[i];
		/* Beside a source that is heard another prompt changes nothing yet. */
		bool heard = !wish->source || endpoint_rest(to)->prompt_number & ENDPOINT_PROMPT_HEARD;
		bool other = wish->source != before[i].source || (heard && wish->prompt != before[i].prompt);
		bool resumed = before[i].paused && !wish->paused;
		if (other || wish->paused)
			dtmf_end(w, to);
		shown8_set(&to->paused, wish->paused);
		/* After a pause the sequence goes on without the packets that were held back. */
		if (other || resumed) {
			stream_unmap(&to->stream);
			dtmf_refuse(w, to, now_ns);
		}
		if (XF_FAULT("ssrc-changes"))
			to->stream.ssrc++;
		/* What has ended is shown until something else is wanted. */
		if (!wish->armed || !(endpoint_rest(to)->prompt_number & ENDPOINT_PROMPT_ENDED))
			prompt_play(w, to, wish->prompt, now_ns);
		endpoint_publish(to);
	}
	return 0;
}

int patch_apply(struct worker *w, const struct xf_link_patch *patch, uint64_t now_ns, uint32_t *detail)
{
	struct patch_plan plan;
	plan.count = 0;
	*detail = 0;
	if (patch->count == 0 || patch->count > XF_LINK_MOVES_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < patch->count; i++) {
		int ret = patch_plan_move(w, &plan, &patch->moves[i], now_ns);
		if (ret < 0) {
			*detail = i;
			return ret;
		}
	}
	unsigned failed = 0;
	int ret = patch_plan_apply(w, &plan, now_ns, &failed);
	if (ret < 0)
		*detail = patch_bad_move(patch, &plan.wishes[failed]);
	return ret;
}

void patch_fire(struct worker *w, struct endpoint *to, enum xf_link_event_type type, uint64_t now_ns)
{
	struct patch_wish wish = {.to = to, .source = patch_at(w, to->armed)};
	dtmf_end(w, to);
	endpoint_hide(to);
	patch_detach(w, to);
	/* The armed source has room: its place for `to` was just given back. */
	patch_attach(w, &wish);
	prompt_play(w, to, NULL, now_ns);
	stream_unmap(&to->stream);
	dtmf_refuse(w, to, now_ns);
	endpoint_publish(to);
	loop_event(w, to, type, NULL, now_ns);
}

void patch_clear(struct worker *w, struct endpoint *e)
{
	endpoint_hide(e);
	patch_detach(w, e);
	prompt_play(w, e, NULL, 0);
	endpoint_publish(e);
	while (e->sink_count > 0) {
		struct endpoint *to = flow_at(w->flows, e->sinks[0]);
		struct patch_wish wish = patch_present(w, to);
		endpoint_hide(to);
		patch_detach(w, to);
		if (wish.source == e) {
			wish.source = NULL;
			dtmf_end(w, to);
			/* A prompt that is heard already goes on. */
			if (!(endpoint_rest(to)->prompt_number & ENDPOINT_PROMPT_HEARD))
				stream_unmap(&to->stream);
		}
		if (wish.armed == e)
			wish.armed = NULL;
		patch_attach(w, &wish);
		endpoint_publish(to);
	}
}
