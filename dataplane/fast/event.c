/* Events for the control plane. What is told once must not be lost for ever because the ring was full for a moment: the
 * endpoint owes it, and one of its next turns among the deadlines, two seconds later at most, tells it. Keys and wrong
 * sources are not owed: they are counted at their endpoint, and lost. */
#include "loop.h"

#define EVENT_AGAIN_NS 1000000000ull

/* Of `endpoint.owes`, a bit each. A media time-out is owed by timed_out. */
static const enum xf_link_event_type event_once[] = {
    XF_EVENT_FIRST_PACKET, XF_EVENT_SOURCE_LOCKED, XF_EVENT_ARMED_FIRED, XF_EVENT_ARMED_LIMIT, XF_EVENT_PROMPT_ENDED,
};
static_assert(RTE_DIM(event_once) == ENDPOINT_OWES_BITS, "a bit each");

static uint8_t event_bit(enum xf_link_event_type type)
{
	for (unsigned bit = 0; bit < RTE_DIM(event_once); bit++)
		if (event_once[bit] == type)
			return (uint8_t)(1u << bit);
	return 0;
}

bool loop_event_post(struct worker *w, const struct xf_link_event *event, bool owed)
{
	bool taken = w->ops.event(w->ops.arg, event);
	if (likely(taken))
		return true;
	if (owed)
		w->owed_due_ns = event->now_ns + EVENT_AGAIN_NS;
	else
		counter_add(&w->stats.events_lost, 1);
	return false;
}

bool loop_event(struct worker *w, struct endpoint *e, enum xf_link_event_type type, const struct xf_sockaddr *source,
		uint64_t now_ns)
{
	struct xf_link_event event = {.id = e->id, .event = type, .now_ns = now_ns};
	if (source)
		event.source = *source;
	if (type == XF_EVENT_PROMPT_ENDED)
		event.prompt = endpoint_rest(e)->prompt_number & (uint16_t)~ENDPOINT_PROMPT_ENDED;
	const uint8_t bit = event_bit(type);
	bool taken = loop_event_post(w, &event, e->owes & bit);
	e->owes = (uint8_t)(taken ? e->owes & ~bit : e->owes | bit) & ENDPOINT_OWES_MASK;
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
		else if (loop_event_again(w, now_ns))
			told += loop_event(w, e, type, bit < 2 ? &source : NULL, now_ns);
	}
	return told;
}
