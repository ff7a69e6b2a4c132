/* Words of a packet, wherever they lie. DPDK's own swaps are assembly, which the compiler can neither merge with a load
 * nor move. */
#pragma once

#include <stdint.h>
#include <string.h>

/* As they stand in memory. */
static inline uint16_t load16(const uint8_t *p)
{
	uint16_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof(word));
	return word;
}

/* In host byte order. */
static inline uint16_t load_be16(const uint8_t *p)
{
	return __builtin_bswap16(load16(p));
}

static inline uint32_t load_be32(const uint8_t *p)
{
	return __builtin_bswap32(load32(p));
}
