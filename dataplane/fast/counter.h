/* Counters that one core writes and others read: whole words, no order, no lock. */
#pragma once

#include <stdint.h>

/* Writer only. */
static inline void counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void counter_set(uint64_t *counter, uint64_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

/* Any thread. */
static inline uint64_t counter_get(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* The same of 32 bits: of what cannot be so many in a call, or wraps on the wire as well. */
static inline void counter32_add(uint32_t *counter, uint32_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void counter32_set(uint32_t *counter, uint32_t value)
{
	__atomic_store_n(counter, value, __ATOMIC_RELAXED);
}

static inline uint32_t counter32_get(const uint32_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Stops at its end. */
static inline void counter32_saturate(uint32_t *counter)
{
	if (*counter < UINT32_MAX)
		counter32_set(counter, *counter + 1);
}

/* Smaller words that others read. */
static inline void shown8_set(uint8_t *word, uint8_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline uint8_t shown8_get(const uint8_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void shown16_set(uint16_t *word, uint16_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static inline uint16_t shown16_get(const uint16_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}
