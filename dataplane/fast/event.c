/* Events for the control plane. What is told once must not be lost for ever because the ring was full for a moment: the
 * endpoint owes it, and its next turn among the deadlines, a second later at most, tells it. */
#include "loop.h"

/* Of `endpoint.owes`, a bit each. A media time-out is owed by timed_out: it is taken back. */
static const enum xf_link_event_type event_once[] = {
    XF_EVENT_FIRST_PACKET, XF_EVENT_SOURCE_LOCKED, XF_EVENT_ARMED_FIRED, XF_EVENT_ARMED_LIMIT, XF_EVENT_PROMPT_ENDED,
};
static_assert(RTE_DIM(event_once) == ENDPOINT_OWES_BITS, "a bit each");

bool loop_event_post(struct worker *w, const struct xf_link_event *event)
{
	bool taken = w->ops.event(w->ops.arg, event);
	if (unlikely(!taken))
		counter_add(&w->stats.events_lost, 1);
	return taken;
}

bool loop_event(struct worker *w, struct endpoint *e, enum xf_link_event_type type, const struct xf_sockaddr *source,
		uint64_t now_ns)
{
	struct xf_link_event event = {.id = e->id, .event = type, .now_ns = now_ns};
	if (source)
		event.source = *source;
	if (type == XF_EVENT_PROMPT_ENDED)
		event.prompt = endpoint_rest(e)->prompt_number & (uint16_t)~ENDPOINT_PROMPT_ENDED;
	bool taken = loop_event_post(w, &event);
	for (unsigned bit = 0; bit < RTE_DIM(event_once); bit++)
		if (event_once[bit] == type)
			e->owes = (uint8_t)(taken ? e->owes & ~(1u << bit) : e->owes | 1u << bit) & ENDPOINT_OWES_MASK;
	return taken;
}

/* Another move or prompt may have come since. */
static bool event_is_true(const struct endpoint *e, enum xf_link_event_type type)
{
	switch (type) {
	case XF_EVENT_SOURCE_LOCKED:
		return e->locked;
	case XF_EVENT_ARMED_FIRED:
	case XF_EVENT_ARMED_LIMIT:
		return e->armed == XF_ENDPOINT_NONE;
	case XF_EVENT_PROMPT_ENDED:
		return endpoint_rest(e)->prompt_number & ENDPOINT_PROMPT_ENDED;
	default:
		return true;
	}
}

unsigned loop_event_owed(struct worker *w, struct endpoint *e, uint64_t now_ns)
{
	const struct xf_sockaddr source = endpoint_target(e);
	unsigned told = 0;
	for (unsigned bit = 0; bit < RTE_DIM(event_once); bit++) {
		enum xf_link_event_type type = event_once[bit];
		if (!(e->owes & 1u << bit))
			continue;
		if (!event_is_true(e, type))
			e->owes = (uint8_t)(e->owes & ~(1u << bit)) & ENDPOINT_OWES_MASK;
		else
			told += loop_event(w, e, type, bit < 2 ? &source : NULL, now_ns);
	}
	return told;
}
