/* An address as a number that sorts: IPv4 in the low 32 bits. */
#pragma once

#include <stdint.h>
#include <string.h>
#include <rte_byteorder.h>
#include "xfergate/addr.h"

struct source_key {
	uint64_t high, low;
};

static inline struct source_key source_key(const struct xf_addr *addr)
{
	struct source_key key = {0};
	if (addr->family == 4) {
		uint32_t be;
		memcpy(&be, addr->bytes, 4);
		key.low = rte_be_to_cpu_32(be);
		return key;
	}
	uint64_t be[2];
	memcpy(be, addr->bytes, 16);
	key.high = rte_be_to_cpu_64(be[0]);
	key.low = rte_be_to_cpu_64(be[1]);
	return key;
}
