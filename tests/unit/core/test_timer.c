/* Timers on a clock of the test's own. */
#include <criterion/criterion.h>
#include <stdint.h>
#include "core/timer.h"

#define COUNT 1000

struct probe {
	struct timer timer;
	struct timers *timers;
	uint64_t again_ns; /* 0: once */
	unsigned fired;
	unsigned rank; /* of the last firing among all */
};

static unsigned fired_total;

static void probe_expired(void *arg, struct timer *timer)
{
	struct probe *probe = arg;
	cr_assert_eq(timer, &probe->timer);
	cr_assert(!timer_is_set(timer));
	probe->fired++;
	probe->rank = fired_total++;
	if (probe->again_ns)
		timer_set(probe->timers, timer, timer->deadline_ns + probe->again_ns);
}

static void probe_init(struct probe *probe, struct timers *timers)
{
	*probe = (struct probe){.timers = timers, .timer = {.expired = probe_expired, .arg = probe}};
}

Test(timer, nothing_is_due_in_an_empty_heap)
{
	struct timers timers;
	timers_init(&timers);
	cr_assert_eq(timers_next(&timers), UINT64_MAX);
	cr_assert_eq(timers_run(&timers, UINT64_MAX), 0);
	timers_fini(&timers);
}

Test(timer, fires_at_its_deadline_not_before)
{
	struct timers timers;
	struct probe probe;
	timers_init(&timers);
	probe_init(&probe, &timers);
	cr_assert_eq(timer_set(&timers, &probe.timer, 100), 0);
	cr_assert_eq(timers_next(&timers), 100);
	cr_assert_eq(timers_run(&timers, 99), 0);
	cr_assert_eq(timers_run(&timers, 100), 1);
	cr_assert_eq(timers_next(&timers), UINT64_MAX);
	timers_fini(&timers);
}

Test(timer, equal_deadlines_fire_in_the_order_of_setting)
{
	struct timers timers;
	static struct probe probes[COUNT];
	timers_init(&timers);
	for (unsigned i = 0; i < COUNT; i++) {
		probe_init(&probes[i], &timers);
		timer_set(&timers, &probes[i].timer, 7);
	}
	timer_set(&timers, &probes[0].timer, 7); /* set again: behind the others now */
	cr_assert_eq(timers_run(&timers, 7), COUNT);
	for (unsigned i = 1; i < COUNT; i++)
		cr_assert_eq(probes[i].rank, i - 1);
	cr_assert_eq(probes[0].rank, COUNT - 1);
	timers_fini(&timers);
}

/* A fixed sequence (xorshift) of setting, moving and stopping, against a plain table as the model. */
Test(timer, any_history_agrees_with_a_plain_table)
{
	struct timers timers;
	static struct probe probes[64];
	uint64_t deadline[64] = {0}, x = 88172645463325252ull, now = 0;
	timers_init(&timers);
	for (unsigned i = 0; i < 64; i++)
		probe_init(&probes[i], &timers);
	for (unsigned step = 0; step < 20000; step++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		unsigned i = x & 63;
		if ((x >> 8) % 4 == 0) {
			timer_stop(&timers, &probes[i].timer);
			deadline[i] = 0;
		} else {
			deadline[i] = now + 1 + (x >> 16) % 50;
			cr_assert_eq(timer_set(&timers, &probes[i].timer, deadline[i]), 0);
		}
		now += (x >> 32) % 4;
		timers_run(&timers, now);
		uint64_t next = UINT64_MAX;
		for (unsigned j = 0; j < 64; j++) {
			if (deadline[j] && deadline[j] <= now)
				deadline[j] = 0;
			cr_assert_eq(timer_is_set(&probes[j].timer), deadline[j] != 0, "step %u timer %u", step, j);
			if (deadline[j] && deadline[j] < next)
				next = deadline[j];
		}
		cr_assert_eq(timers_next(&timers), next);
	}
	timers_fini(&timers);
}

/* Nothing but the clock that is handed in makes a timer fire: an hour of it passes in no time, and every timer fires
 * as often as its period fits, at its own deadlines. */
Test(timer, virtual_time_drives_every_timer)
{
	static const uint64_t period_ns[] = {1000000,	 20000000,	 500000000,
					     1000000000, 32000000000ull, 3600000000000ull};
	enum { N = sizeof(period_ns) / sizeof(period_ns[0]) };
	const uint64_t hour_ns = 3600000000000ull, step_ns = 500000;
	struct timers timers;
	struct probe probes[N];
	timers_init(&timers);
	for (unsigned i = 0; i < N; i++) {
		probe_init(&probes[i], &timers);
		probes[i].again_ns = period_ns[i];
		timer_set(&timers, &probes[i].timer, period_ns[i]);
	}
	for (unsigned i = 0; i < 1000; i++)
		cr_assert_eq(timers_run(&timers, 0), 0, "no time has passed");
	for (uint64_t now = 0; timers_next(&timers) <= hour_ns;) {
		cr_assert_gt(timers_next(&timers), now);
		now = timers_next(&timers);
		cr_assert_gt(timers_run(&timers, now), 0);
		cr_assert_geq(timers_next(&timers), now + step_ns);
	}
	for (unsigned i = 0; i < N; i++)
		cr_assert_eq(probes[i].fired, hour_ns / period_ns[i]);
	timers_fini(&timers);
	for (unsigned i = 0; i < N; i++)
		cr_assert(!timer_is_set(&probes[i].timer));
}
