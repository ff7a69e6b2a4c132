/* An event loop for a test, with an end to its patience. */
#pragma once

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdbool.h>
#include <time.h>

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
	struct timespec now, end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += ms % 1000 * 1000000l;
	event_add(ticker, &tick);
	do {
		event_base_loop(base, EVLOOP_ONCE);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (*count < want && (now.tv_sec - end.tv_sec) * 1000000000l + now.tv_nsec - end.tv_nsec < 0);
	event_free(ticker);
	return *count == want;
}
