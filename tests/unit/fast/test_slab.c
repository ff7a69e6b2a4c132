/* Memory of endpoints: distinct, zeroed, at cache lines; given back and taken again without growing. */
#include "rig.h"
#include "fast/slab.h"
#include <rte_malloc.h>

static struct rig rig;

Test(slab, objects)
{
	struct slab slab;
	uint8_t *objects[3 * SLAB_OBJECTS + 1];
	rig_init(&rig, 1);
	slab_init(&slab, 100, SOCKET_ID_ANY);
	cr_assert_eq(slab.size, 2 * RTE_CACHE_LINE_SIZE);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < RTE_DIM(objects); i++) {
			objects[i] = slab_alloc(&slab);
			cr_assert_not_null(objects[i]);
			cr_expect_eq((uintptr_t)objects[i] % RTE_CACHE_LINE_SIZE, 0u);
			for (unsigned at = 0; at < slab.size; at++)
				cr_assert_eq(objects[i][at], 0, "object %u, byte %u", i, at);
			memset(objects[i], 0xa5, slab.size);
		}
		cr_expect_eq(slab.used, RTE_DIM(objects));
		for (unsigned i = 0; i < RTE_DIM(objects); i++)
			for (unsigned at = 0; at < slab.size; at++)
				cr_assert_eq(objects[i][at], 0xa5, "object %u is another's", i);
		for (unsigned i = 0; i < RTE_DIM(objects); i++)
			slab_free(&slab, objects[i]);
		slab_free(&slab, NULL);
		cr_expect_eq(slab.used, 0u);
	}
	slab_fini(&slab);
	rig_fini(&rig);
}

/* What comes and goes takes no more memory than its most. */
Test(slab, does_not_grow)
{
	struct slab slab;
	struct rte_malloc_socket_stats before, after;
	rig_init(&rig, 1);
	slab_init(&slab, 768, SOCKET_ID_ANY);
	void *first = slab_alloc(&slab);
	cr_assert_eq(rte_malloc_get_socket_stats(0, &before), 0);
	for (unsigned i = 0; i < 100 * SLAB_OBJECTS; i++) {
		void *object = slab_alloc(&slab);
		cr_assert_not_null(object);
		cr_assert_neq(object, first);
		slab_free(&slab, object);
	}
	cr_assert_eq(rte_malloc_get_socket_stats(0, &after), 0);
	cr_expect_eq(before.heap_allocsz_bytes, after.heap_allocsz_bytes);
	slab_fini(&slab);
	rig_fini(&rig);
}
