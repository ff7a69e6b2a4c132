/* A hash of an address for the tables of the loop: whole words, no table, no instruction that a processor may lack. */
#pragma once

#include <stdint.h>
#include <string.h>
#include "xfergate/addr.h"

static inline uint32_t addr_hash(const struct xf_addr *addr)
{
	uint32_t w[4];
	memcpy(w, addr->bytes, sizeof(w));
	uint32_t h = (w[0] ^ (w[1] << 7) ^ (w[1] >> 25)) * 0x9e3779b1u;
	h = (h ^ (h >> 15) ^ w[2]) * 0x85ebca6bu;
	h = (h ^ (h >> 13) ^ w[3]) * 0xc2b2ae35u;
	return h ^ (h >> 16);
}
