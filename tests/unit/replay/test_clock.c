/* The clock of a capture, as it goes on. */
#include "replay/clock.h"

#include <criterion/criterion.h>

#define S 1000000000ull

/* Gives the times of recorded packets, in seconds; negative: the clock is put back with it. */
static void expect_times(const double *recorded, const double *given, unsigned count)
{
	struct clock clock = {.begun = false};
	for (unsigned i = 0; i < count; i++) {
		uint64_t back, ns = clock_next(&clock, (uint64_t)(recorded[i] * S), &back);
		double expected = given[i] < 0 ? -given[i] : given[i];
		cr_expect_float_eq((double)ns / S, expected, 1e-6, "%u: %f", i, (double)ns / S);
		cr_expect_eq(back > 0, given[i] < 0, "%u: %f", i, (double)back / S);
	}
}

#define EXPECT(recorded, given) expect_times(recorded, given, sizeof(given) / sizeof(given[0]))

Test(clock, goes_on)
{
	static const double recorded[] = {100, 100.5, 100.5, 130, 131}, given[] = {100, 100.5, 100.5, 130, 131};
	EXPECT(recorded, given);
}

/* By an hour for good; past the old time it goes on too. */
Test(clock, is_put_back)
{
	static const double recorded[] = {5000, 5001, 1401, 1401.5, 1402, 5000.9, 5001.9, 5002.8},
			    given[] = {5000, 5001, -5001, 5001.5, 5002, 8600.9, 8601.9, 8602.8};
	EXPECT(recorded, given);
}

/* A packet of 1970, and one of the next century. */
Test(clock, strays_move_nothing)
{
	static const double recorded[] = {5000, 5001, 0, 5002, 5003}, given[] = {5000, 5001, -5001, 5002, 5003};
	EXPECT(recorded, given);
	static const double late[] = {5000, 5001, 900000, 5002, 5003}, as_it_was[] = {5000, 5001, 900000, 5002, 5003};
	EXPECT(late, as_it_was);
}

/* Two sources whose clocks differ, packet by packet. */
Test(clock, two_sources)
{
	static const double recorded[] = {100, 98, 100.5, 98.5, 101, 99, 101.5},
			    given[] = {100, -100, 100.5, 100.5, 101, 101, 101.5};
	EXPECT(recorded, given);
}
