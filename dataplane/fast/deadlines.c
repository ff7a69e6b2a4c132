#include <rte_prefetch.h>
#include "loop.h"

#define DEADLINES_ROUND_NS 1000000000ull
#define DEADLINES_MS_NS	   1000000ull

/* Armed patches are few and short-lived: a bounded part each turn. */
static unsigned deadlines_armed(struct worker *w, uint64_t now_ns)
{
	unsigned look = RTE_MIN(w->armed.count, (uint32_t)LOOP_ARMED), passed = 0;
	const uint32_t now_ms = (uint32_t)(now_ns / DEADLINES_MS_NS);
	while (look-- > 0) {
		uint32_t index = index_set_next(&w->armed, w->armed_next);
		struct endpoint *to = flow_at(w->flows, index);
		w->armed_next = index + 1;
		if ((int32_t)(now_ms - endpoint_rest(to)->armed_until_ms) < 0)
			continue;
		patch_fire(w, to, XF_EVENT_ARMED_LIMIT, now_ns);
		passed++;
	}
	return passed;
}

static uint64_t deadlines_watched_since(const struct endpoint *e)
{
	return e->opened_ns + e->watch_since_ms * DEADLINES_MS_NS;
}

static bool deadlines_timed_out(const struct endpoint *e, uint64_t now_ns)
{
	/* Without a remote nothing can come: its time begins when the SDP names one, and when somebody asks for it. */
	if (e->timed_out == ENDPOINT_TIMEOUT_TOLD || e->timeout_ms == 0 || e->remote_port == 0)
		return false;
	uint64_t since = RTE_MAX(e->last_rx_ns, deadlines_watched_since(e));
	return now_ns >= since && now_ns - since >= e->timeout_ms * DEADLINES_MS_NS;
}

static bool deadlines_tell_timeout(struct worker *w, struct endpoint *e, uint64_t now_ns)
{
	const struct xf_link_event event = {
	    .id = e->id, .event = XF_EVENT_MEDIA_TIMEOUT, .duration_ms = endpoint_heard_ms(e), .now_ns = now_ns};
	bool owed = e->timed_out == ENDPOINT_TIMEOUT_OWED;
	if (owed && !loop_event_again(w, now_ns))
		return false;
	bool taken = loop_event_post(w, &event, owed);
	shown8_set(&e->timed_out, taken ? ENDPOINT_TIMEOUT_TOLD : ENDPOINT_TIMEOUT_OWED);
	return taken;
}

/* How many endpoints to look at. An idle worker has time; a busy one does what it must to see each one in
 * DEADLINES_ROUND_NS, for each is a line of memory that nobody else needs. */
static unsigned deadlines_share(struct worker *w, uint64_t now_ns)
{
	unsigned most = RTE_MIN(w->owned.count, (uint32_t)LOOP_TIMEOUTS);
	if (!w->received)
		return most;
	if (now_ns < w->timeout_due_ns)
		return 0;
	w->timeout_due_ns = now_ns + DEADLINES_ROUND_NS / RTE_MAX(w->owned.count, 1u) * most;
	return most;
}

/* Those that are next, whom nothing else may have looked at for a second: fetched long before they are looked at. */
static void deadlines_prefetch(const struct worker *w, unsigned n)
{
	uint32_t at = w->owned_next;
	while (n-- > 0) {
		uint32_t index = index_set_next(&w->owned, at);
		const uint8_t *lines = (const uint8_t *)flow_at(w->flows, index);
		for (unsigned i = 0; i < sizeof(struct endpoint); i += RTE_CACHE_LINE_SIZE)
			rte_prefetch2(lines + i);
		at = index + 1;
	}
}

static unsigned deadlines_media(struct worker *w, uint64_t now_ns)
{
	unsigned share = deadlines_share(w, now_ns), look = share, passed = 0;
	while (look-- > 0) {
		uint32_t index = index_set_next(&w->owned, w->owned_next);
		struct endpoint *e = flow_at(w->flows, index);
		w->owned_next = index + 1;
		passed += media_rtcp_own(w, e, now_ns);
		if (unlikely(e->owes))
			passed += loop_event_owed(w, e, now_ns);
		if (!deadlines_timed_out(e, now_ns))
			continue;
		passed += deadlines_tell_timeout(w, e, now_ns);
	}
	deadlines_prefetch(w, share);
	return passed;
}

unsigned deadlines_run(struct worker *w, uint64_t now_ns)
{
	return deadlines_armed(w, now_ns) + deadlines_media(w, now_ns) + dtmf_run(w, now_ns);
}
