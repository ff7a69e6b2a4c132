/* What the control plane is told once is told, also if there was no room for it at first. */
#include "pair.h"

static struct pair p;

static void setup(void)
{
	struct xf_endpoint_settings caller = rig_settings(CALLER, 4000);
	caller.timeout_ns = 5000 * RIG_MS;
	pair_init(&p, &caller, RIG_V4_ONLY, AGENT);
	p.rig.event_count = 0;
	p.rig.events_refused = true;
}

static void teardown(void)
{
	rig_fini(&p.rig);
}

TestSuite(event, .init = setup, .fini = teardown);

static void pass_time(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 10) {
		p.rig.now_ns += 10 * RIG_MS;
		rig_turns(&p.rig);
		rig_forget(&p.rig);
	}
}

/* There is room again: within a second it is told, once. rig_forget forgets events too. */
static unsigned told(enum xf_link_event_type type, struct xf_endpoint_id id, struct xf_link_event *event)
{
	unsigned n = 0;
	p.rig.events_refused = false;
	for (unsigned i = 0; i < 200; i++) {
		p.rig.now_ns += 10 * RIG_MS;
		rig_turns(&p.rig);
		for (unsigned k = 0; k < p.rig.event_count; k++)
			if (p.rig.events[k].event == type && p.rig.events[k].id.index == id.index) {
				*event = p.rig.events[k];
				cr_expect_lt(i, 110, "late");
				n++;
			}
		rig_forget(&p.rig);
	}
	return n;
}

Test(event, first_packet)
{
	struct xf_link_event event;
	struct xf_sockaddr from = rig_sockaddr(CALLER, 4000);
	caller_says(&p, CALLER, 4000, 0, 1);
	caller_says(&p, CALLER, 4000, 0, 2);
	cr_expect_eq(worker_stats(p.rig.worker[0])->events_lost, 2, "of the lock and the first packet");
	cr_assert_eq(told(XF_EVENT_FIRST_PACKET, p.caller, &event), 1);
	cr_expect(xf_sockaddr_eq(&event.source, &from));
	cr_expect_eq(event.id.generation, p.caller.generation);
}

Test(event, source_locked)
{
	struct xf_link_event event;
	struct xf_sockaddr from = rig_sockaddr(CALLER, 4000);
	caller_says(&p, CALLER, 4000, 0, 1);
	pass_time(1500);
	cr_assert_eq(told(XF_EVENT_SOURCE_LOCKED, p.caller, &event), 1);
	cr_expect(xf_sockaddr_eq(&event.source, &from));
}

Test(event, media_timeout)
{
	struct xf_link_event event;
	caller_says(&p, CALLER, 4000, 0, 1);
	pass_time(5500);
	cr_expect_eq(worker_stats(p.rig.worker[0])->events_lost, 3, "each once, however often it is tried");
	cr_expect_eq(rig_state(&p.rig, p.caller).timed_out, 0, "it will be told yet");
	cr_expect_eq(told(XF_EVENT_MEDIA_TIMEOUT, p.caller, &event), 1);
	cr_expect_eq(rig_state(&p.rig, p.caller).timed_out, 1);
}

/* Whom nobody listens to does not keep its core busy. */
Test(event, refused_is_no_work)
{
	caller_says(&p, CALLER, 4000, 0, 1);
	pass_time(5500);
	unsigned tries = p.rig.events_tried, work = 0;
	for (unsigned i = 0; i < 3000; i++) {
		p.rig.now_ns += RIG_MS;
		work += worker_turn(p.rig.worker[0], p.rig.now_ns);
		worker_flush(p.rig.worker[0]);
		rig_forget(&p.rig);
	}
	cr_expect_leq(work, 10, "%u: no more than reports", work);
	cr_expect_leq(p.rig.events_tried - tries, 12, "%u: three events, once a second", p.rig.events_tried - tries);
	cr_expect_eq(worker_stats(p.rig.worker[0])->events_lost, 3);
}

/* What was told may have been lost behind the ring: whoever asks sees it, and whoever sets it anew is told anew. */
Test(event, media_timeout_is_shown)
{
	struct xf_link_event event;
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct command update = {.type = COMMAND_UPDATE, .id = p.caller, .egress = {.resolved = true}};
	settings.timeout_ns = 5000 * RIG_MS;
	update.settings = settings;
	p.rig.events_refused = false;
	p.rig.now_ns += 300 * RIG_MS;
	caller_says(&p, CALLER, 4000, 0, 1);
	uint64_t spoke_ms = (p.rig.now_ns - rig_state(&p.rig, p.caller).opened_ns) / RIG_MS;
	cr_expect_eq(rig_state(&p.rig, p.caller).timed_out, 0);
	pass_time(5500);
	cr_expect_eq(rig_state(&p.rig, p.caller).timed_out, 1);
	cr_expect_eq(rig_state(&p.rig, p.caller).heard_ms, spoke_ms);
	cr_assert_eq(rig_command(&p.rig, 0, &update), 0);
	cr_assert_eq(told(XF_EVENT_MEDIA_TIMEOUT, p.caller, &event), 1);
	cr_expect_eq(event.duration_ms, spoke_ms, "the silence is the same");
	caller_says(&p, CALLER, 4000, 0, 2);
	cr_expect_eq(rig_state(&p.rig, p.caller).timed_out, 0);
	cr_expect_eq(rig_state(&p.rig, p.caller).heard_ms, 0, "of a time-out only");
	pass_time(5500);
	update.settings.timeout_ns = 0;
	cr_assert_eq(rig_command(&p.rig, 0, &update), 0);
	cr_expect_eq(rig_state(&p.rig, p.caller).timed_out, 0, "nobody asks any more");
}

/* Who speaks again has not been silent. */
Test(event, media_timeout_that_is_over)
{
	struct xf_link_event event;
	caller_says(&p, CALLER, 4000, 0, 1);
	pass_time(5500);
	caller_says(&p, CALLER, 4000, 0, 2);
	cr_expect_eq(told(XF_EVENT_MEDIA_TIMEOUT, p.caller, &event), 0);
}

Test(event, prompt_ended)
{
	struct xf_link_event event;
	cr_assert_eq(rig_move(&p.rig, p.caller, (struct xf_endpoint_id){XF_ENDPOINT_PROMPT, RIG_TWICE}, 0, false), 0);
	pass_time(1000);
	cr_expect_eq(told(XF_EVENT_PROMPT_ENDED, p.caller, &event), 1);
}

/* Another one is played meanwhile: that the former has ended is no news. */
Test(event, prompt_ended_and_replaced)
{
	struct xf_link_event event;
	cr_assert_eq(rig_move(&p.rig, p.caller, (struct xf_endpoint_id){XF_ENDPOINT_PROMPT, RIG_TWICE}, 0, false), 0);
	pass_time(300);
	cr_assert_eq(rig_move(&p.rig, p.caller, (struct xf_endpoint_id){XF_ENDPOINT_PROMPT, RIG_US}, 0, false), 0);
	cr_expect_eq(told(XF_EVENT_PROMPT_ENDED, p.caller, &event), 0);
}

Test(event, armed_limit)
{
	struct xf_link_event event;
	cr_assert_eq(rig_move(&p.rig, p.caller, p.caller, 100 * RIG_MS, false), 0, "itself, which is silent");
	pass_time(300);
	cr_expect_eq(told(XF_EVENT_ARMED_LIMIT, p.caller, &event), 1);
}

Test(event, armed_fired)
{
	struct xf_link_event event;
	cr_assert_eq(rig_move(&p.rig, p.agent, p.agent, 100 * RIG_MS, false), 0);
	pass_time(300);
	cr_assert_eq(rig_move(&p.rig, p.agent, p.caller, 60000 * RIG_MS, false), 0);
	caller_says(&p, CALLER, 4000, 0, 1);
	cr_expect_eq(rig_state(&p.rig, p.agent).armed.index, XF_ENDPOINT_NONE);
	cr_expect_eq(told(XF_EVENT_ARMED_FIRED, p.agent, &event), 1);
}

/* What the owed event says is no longer so: the patch is armed again. */
Test(event, armed_again)
{
	struct xf_link_event event;
	cr_assert_eq(rig_move(&p.rig, p.caller, p.caller, 100 * RIG_MS, false), 0);
	pass_time(150);
	cr_assert_eq(rig_move(&p.rig, p.caller, p.agent, 60000 * RIG_MS, false), 0);
	cr_expect_eq(told(XF_EVENT_ARMED_LIMIT, p.caller, &event), 0);
}

/* What a life owes the next does not. */
Test(event, closed)
{
	struct xf_link_event event;
	caller_says(&p, CALLER, 4000, 0, 1);
	struct command close = {.type = COMMAND_CLOSE, .id = p.caller};
	cr_assert_eq(rig_command(&p.rig, 0, &close), 0);
	struct xf_endpoint_settings settings = rig_settings(CALLER, 4000);
	struct xf_endpoint_id again = rig_open(&p.rig, 0, RIG_V4, 20000, &settings, 1, 1);
	cr_expect_eq(told(XF_EVENT_FIRST_PACKET, again, &event), 0);
}
