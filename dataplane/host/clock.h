/* The dataplane's clock: nanoseconds from the time stamp counter, the same on all cores. */
#pragma once

#include <stdint.h>
#include <rte_cycles.h>

/* Nanoseconds since the counter was 0; never 0 itself, which means "never" on the link. Any thread; no system call. */
static inline uint64_t clock_now_ns(void)
{
	/* 2^32 nanoseconds in ticks; each who finds 0 here writes the same value. */
	static uint64_t scale;
	uint64_t s = __atomic_load_n(&scale, __ATOMIC_RELAXED);
	if (s == 0) {
		s = (uint64_t)(((unsigned __int128)1000000000u << 32) / rte_get_tsc_hz());
		__atomic_store_n(&scale, s, __ATOMIC_RELAXED);
	}
	return (uint64_t)((unsigned __int128)rte_rdtsc() * s >> 32) + 1;
}
