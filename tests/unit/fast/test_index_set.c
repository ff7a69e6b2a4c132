/* A set of indices beside one that is an array, and the CNAMEs that endpoints have. */
#include "rig.h"
#include "fast/cname.h"
#include "fast/index_set.h"

#define SIZE 20000

static uint32_t next_of(const bool *there, uint32_t from)
{
	for (uint32_t i = 0; i < SIZE; i++)
		if (there[(from + i) % SIZE])
			return (from + i) % SIZE;
	return INDEX_SET_NONE;
}

Test(index_set, as_an_array)
{
	static uint64_t memory[SIZE];
	static bool there[SIZE];
	struct index_set set;
	uint64_t state = 1;
	uint32_t count = 0;
	cr_assert_leq(index_set_words(SIZE), SIZE);
	index_set_init(&set, memory, SIZE);
	for (unsigned step = 0; step < 20000; step++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		/* Few members, so that whole words are empty; both ends among them. */
		uint32_t index = step % 7 == 0 ? (step % 2 ? 0 : SIZE - 1) : (uint32_t)(state >> 33) % 40 * (SIZE / 40);
		if (there[index])
			index_set_del(&set, index);
		else
			index_set_add(&set, index);
		there[index] = !there[index];
		count += there[index] ? 1 : -1u;
		cr_assert_eq(set.count, count);
		uint32_t from = (uint32_t)(state >> 17) % (SIZE + 1);
		if (count > 0)
			cr_assert_eq(index_set_next(&set, from), next_of(there, from % SIZE), "from %u", from);
	}
}

/* Each life of an endpoint has one of its own, and keeps it; another dataplane's is another. */
Test(cname, one_a_life)
{
	uint8_t secrets[2][CNAME_SECRET] = {{1}, {2}}, seen[64][CNAME_LEN], again[CNAME_LEN];
	for (unsigned i = 0; i < 64; i++) {
		struct xf_endpoint_id id = {i / 2 % 4, 1 + i / 8 % 4};
		cname_make(seen[i], secrets[i / 32], &id, 7 + i % 2);
		cname_make(again, secrets[i / 32], &id, 7 + i % 2);
		cr_assert_eq(memcmp(seen[i], again, CNAME_LEN), 0);
		for (unsigned j = 0; j < i; j++)
			cr_assert_neq(memcmp(seen[i], seen[j], CNAME_LEN), 0, "%u and %u", i, j);
	}
}
