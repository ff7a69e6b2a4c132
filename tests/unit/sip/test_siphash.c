/* SipHash-2-4-128 against its authors' vectors (key 00..0f, input 00, 01, 02 …), and the table on it. */
#include <criterion/criterion.h>
#include <string.h>
#include "sip/siphash.h"
#include "sip/table.h"

Test(siphash, published_vectors)
{
	static const uint8_t want[3][16] = {
	    {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93},
	    {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45},
	    {0x81, 0x77, 0x22, 0x8d, 0xa4, 0xa4, 0x5d, 0xc7, 0xfc, 0xa3, 0x8b, 0xde, 0xf6, 0x0a, 0xff, 0xe4},
	};
	uint8_t key[16], input[64];
	uint64_t words[2], out[2];
	for (unsigned i = 0; i < 64; i++)
		input[i] = (uint8_t)i;
	memcpy(key, input, sizeof(key));
	memcpy(words, key, sizeof(words));
	for (unsigned len = 0; len < 3; len++) {
		struct siphash hash;
		siphash_init(&hash, words);
		siphash_add(&hash, input, len);
		siphash_end(&hash, out);
		cr_assert_eq(memcmp(out, want[len], 16), 0, "length %u", len);
	}
}

Test(siphash, pieces_make_the_same_whole)
{
	const uint64_t key[2] = {1, 2};
	const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint64_t whole[2], out[2];
	struct siphash hash;
	siphash_init(&hash, key);
	siphash_add(&hash, text, 36);
	siphash_end(&hash, whole);
	for (unsigned cut = 0; cut <= 36; cut++) {
		siphash_init(&hash, key);
		siphash_add(&hash, text, cut);
		siphash_add(&hash, text + cut, 36 - cut);
		siphash_end(&hash, out);
		cr_assert_eq(memcmp(out, whole, 16), 0);
	}
	siphash_init(&hash, key);
	siphash_add_string(&hash, "ab");
	siphash_add_string(&hash, "c");
	siphash_end(&hash, whole);
	siphash_init(&hash, key);
	siphash_add_string(&hash, "a");
	siphash_add_string(&hash, "bc");
	siphash_end(&hash, out);
	cr_assert_neq(memcmp(out, whole, 16), 0);
}

Test(table, grows_and_finds_the_one_added_last)
{
	enum { COUNT = 5000 };
	static struct table_node nodes[COUNT];
	struct table table;
	cr_assert_eq(table_init(&table), 0);
	for (uintptr_t i = 0; i < COUNT; i++) {
		struct table_key key = {{i % (COUNT / 2) * 64, i % (COUNT / 2)}};
		table_add(&table, &nodes[i], &key, (struct txn *)(i + 1));
	}
	cr_assert_eq(table.count, COUNT);
	cr_assert_geq(table.size, COUNT / 2);
	for (uintptr_t i = 0; i < COUNT / 2; i++) {
		struct table_key key = {{i * 64, i}};
		cr_assert_eq((uintptr_t)table_get(&table, &key), COUNT / 2 + i + 1);
		table_del(&table, &nodes[COUNT / 2 + i]);
		table_del(&table, &nodes[COUNT / 2 + i]);
		cr_assert_eq((uintptr_t)table_get(&table, &key), i + 1);
		table_del(&table, &nodes[i]);
		cr_assert_null(table_get(&table, &key));
	}
	cr_assert_eq(table.count, 0);
	table_fini(&table);
}
