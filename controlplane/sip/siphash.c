#include "sip/siphash.h"

#include <string.h>

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(uint64_t v[4], int count)
{
	while (count--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

void siphash_init(struct siphash *hash, const uint64_t key[2])
{
	*hash = (struct siphash){
	    .v = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d ^ 0xee, key[0] ^ 0x6c7967656e657261,
		  key[1] ^ 0x7465646279746573},
	};
}

void siphash_add(struct siphash *hash, const void *data, size_t len)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < len; i++) {
		hash->tail |= (uint64_t)p[i] << (8 * (hash->len % 8));
		if (++hash->len % 8 == 0) {
			hash->v[3] ^= hash->tail;
			rounds(hash->v, 2);
			hash->v[0] ^= hash->tail;
			hash->tail = 0;
		}
	}
}

void siphash_add_string(struct siphash *hash, const char *text)
{
	siphash_add(hash, text, strlen(text) + 1);
}

void siphash_end(struct siphash *hash, uint64_t out[2])
{
	uint64_t *v = hash->v, last = hash->tail | hash->len << 56;
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xee;
	rounds(v, 4);
	out[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	rounds(v, 4);
	out[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
}
