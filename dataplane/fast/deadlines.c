#include "loop.h"

#define DEADLINES_ROUND_NS 1000000000ull

/* Armed patches are few and short-lived: the list goes round, a bounded part each turn. */
static unsigned deadlines_armed(struct worker *w, uint64_t now_ns)
{
	unsigned look = RTE_MIN(w->armed_count, (unsigned)LOOP_ARMED), passed = 0;
	while (look-- > 0) {
		struct endpoint *to = TAILQ_FIRST(&w->armed);
		if (now_ns >= to->armed_until_ns) {
			patch_fire(w, to, XF_EVENT_ARMED_LIMIT, now_ns);
			passed++;
		} else {
			TAILQ_REMOVE(&w->armed, to, armed_link);
			TAILQ_INSERT_TAIL(&w->armed, to, armed_link);
		}
	}
	return passed;
}

static bool deadlines_timed_out(const struct endpoint *e, uint64_t now_ns)
{
	/* Without a remote nothing can come: its time begins when the SDP names one, and when somebody asks for it. */
	if (e->timed_out || e->timeout_ns == 0 || e->remote.addr.family == 0)
		return false;
	uint64_t since = RTE_MAX(e->last_rx_ns, e->watch_since_ns);
	return now_ns >= since && now_ns - since >= e->timeout_ns;
}

/* How many endpoints to look at. An idle worker has time; a busy one does what it must to see each one in
 * DEADLINES_ROUND_NS, for each is a line of memory that nobody else needs. */
static unsigned deadlines_share(struct worker *w, uint64_t now_ns)
{
	unsigned most = RTE_MIN(w->owned_count, (unsigned)LOOP_TIMEOUTS);
	if (!w->received)
		return most;
	if (now_ns < w->timeout_due_ns)
		return 0;
	w->timeout_due_ns = now_ns + DEADLINES_ROUND_NS / RTE_MAX(w->owned_count, 1u) * most;
	return most;
}

static unsigned deadlines_media(struct worker *w, uint64_t now_ns)
{
	unsigned look = deadlines_share(w, now_ns), passed = 0;
	while (look-- > 0) {
		struct endpoint *e = w->timeout_cursor ? w->timeout_cursor : TAILQ_FIRST(&w->owned);
		w->timeout_cursor = TAILQ_NEXT(e, owned);
		if (!deadlines_timed_out(e, now_ns))
			continue;
		e->timed_out = 1;
		loop_event(w, e, XF_EVENT_MEDIA_TIMEOUT, NULL, now_ns);
		passed++;
	}
	return passed;
}

unsigned deadlines_run(struct worker *w, uint64_t now_ns)
{
	return deadlines_armed(w, now_ns) + deadlines_media(w, now_ns);
}
