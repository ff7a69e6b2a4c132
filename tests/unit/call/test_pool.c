#include "call/pool.h"

#include <criterion/criterion.h>

Test(pool, numbers_name_one_object_for_ever)
{
	struct pool pool = {0};
	int a, b;
	uint64_t first = pool_add(&pool, &a);
	cr_assert_neq(first, 0);
	cr_expect_eq(pool_get(&pool, first), &a);
	pool_remove(&pool, first);
	cr_expect_null(pool_get(&pool, first));
	uint64_t second = pool_add(&pool, &b);
	cr_expect_neq(second, first);
	cr_expect_eq(pool_slot_of(second), pool_slot_of(first));
	cr_expect_null(pool_get(&pool, first));
	pool_remove(&pool, first); /* of a former life: changes nothing */
	cr_expect_eq(pool_get(&pool, second), &b);
	pool_fini(&pool);
}

Test(pool, nothing_is_found_by_a_wrong_number)
{
	struct pool pool = {0};
	int a;
	uint64_t id = pool_add(&pool, &a);
	cr_expect_null(pool_get(&pool, 0));
	cr_expect_null(pool_get(&pool, id + 1));
	cr_expect_null(pool_get(&pool, id + (1ull << 32)));
	cr_expect_null(pool_get(&pool, UINT64_MAX));
	pool_fini(&pool);
}

Test(pool, walk_meets_each_once)
{
	struct pool pool = {0};
	int objects[200];
	uint64_t ids[200];
	for (int i = 0; i < 200; i++)
		ids[i] = pool_add(&pool, &objects[i]);
	for (int i = 0; i < 200; i += 3)
		pool_remove(&pool, ids[i]);
	unsigned met = 0;
	uint32_t at = 0;
	while (pool_walk(&pool, &at))
		met++;
	cr_expect_eq(met, pool.count);
	cr_expect_eq(met, 200 - 67);
	pool_fini(&pool);
}
