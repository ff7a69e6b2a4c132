/* SipHash-2-4 with 128 bits of output: keyed, so that nobody outside can make two keys of a table collide, and wide
 * enough to stand for what was hashed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash {
	uint64_t v[4];
	uint64_t tail;
	uint64_t len;
};

void siphash_init(struct siphash *hash, const uint64_t key[2]);
void siphash_add(struct siphash *hash, const void *data, size_t len);
/* A string with its end: "ab", "c" differs from "a", "bc". */
void siphash_add_string(struct siphash *hash, const char *text);
void siphash_end(struct siphash *hash, uint64_t out[2]);
