/* An event loop for a test, with an end to its patience. */
#pragma once

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdbool.h>

static struct event_base *base;

static void loop_setup(void)
{
	base = event_base_new();
}

static void loop_teardown(void)
{
	event_base_free(base);
}

static void loop_tick(evutil_socket_t fd, short what, void *arg)
{
}

/* Turns the loop until *count is `want`, at most `ms`. */
__attribute__((unused)) static bool loop_until(const unsigned *count, unsigned want, unsigned ms)
{
	const struct timeval tick = {.tv_usec = 5000};
	struct event *ticker = event_new(base, -1, EV_PERSIST, loop_tick, NULL);
	event_add(ticker, &tick);
	for (unsigned i = 0; i < ms / 5 && *count < want; i++)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(ticker);
	return *count == want;
}
