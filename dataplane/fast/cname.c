#include "cname.h"

#include <string.h>

static uint64_t cname_rotate(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

static void cname_rounds(uint64_t v[4], unsigned rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = cname_rotate(v[1], 13) ^ v[0];
		v[3] = cname_rotate(v[3], 16) ^ v[2];
		v[0] = cname_rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = cname_rotate(v[1], 17) ^ v[2];
		v[3] = cname_rotate(v[3], 21) ^ v[0];
		v[2] = cname_rotate(v[2], 32);
	}
}

/* SipHash-2-4 of two words. */
static uint64_t cname_hash(const uint64_t key[2], const uint64_t words[2])
{
	uint64_t v[4] = {0x736f6d6570736575ull ^ key[0], 0x646f72616e646f6dull ^ key[1], 0x6c7967656e657261ull ^ key[0],
			 0x7465646279746573ull ^ key[1]};
	const uint64_t all[3] = {words[0], words[1], 16ull << 56};
	for (unsigned i = 0; i < 3; i++) {
		v[3] ^= all[i];
		cname_rounds(v, 2);
		v[0] ^= all[i];
	}
	v[2] ^= 0xff;
	cname_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void cname_make(uint8_t out[CNAME_LEN], const uint8_t secret[CNAME_SECRET], const struct xf_endpoint_id *id,
		uint32_t ssrc)
{
	uint64_t key[2], hash[2];
	memcpy(key, secret, sizeof(key));
	for (uint64_t i = 0; i < 2; i++)
		hash[i] = cname_hash(key, (uint64_t[2]){(uint64_t)id->generation << 32 | id->index, i << 32 | ssrc});
	memcpy(out, hash, CNAME_LEN);
}
