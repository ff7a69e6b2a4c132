#include "pool.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

struct pool {
	pthread_mutex_t lock;
	unsigned n;
	void *objects[];
};

static int pool_alloc(struct rte_mempool *mempool)
{
	struct pool *pool = calloc(1, sizeof(*pool) + mempool->size * sizeof(pool->objects[0]));
	if (!pool)
		return -ENOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	mempool->pool_data = pool;
	return 0;
}

static void pool_free(struct rte_mempool *mempool)
{
	free(mempool->pool_data);
}

static int pool_enqueue(struct rte_mempool *mempool, void *const *objects, unsigned n)
{
	struct pool *pool = mempool->pool_data;
	pthread_mutex_lock(&pool->lock);
	bool room = n <= mempool->size - pool->n;
	for (unsigned i = 0; room && i < n; i++)
		pool->objects[pool->n++] = objects[i];
	pthread_mutex_unlock(&pool->lock);
	return room ? 0 : -ENOBUFS;
}

static int pool_dequeue(struct rte_mempool *mempool, void **objects, unsigned n)
{
	struct pool *pool = mempool->pool_data;
	pthread_mutex_lock(&pool->lock);
	bool enough = n <= pool->n;
	for (unsigned i = 0; enough && i < n; i++)
		objects[i] = pool->objects[--pool->n];
	pthread_mutex_unlock(&pool->lock);
	return enough ? 0 : -ENOBUFS;
}

static unsigned pool_count(const struct rte_mempool *mempool)
{
	struct pool *pool = mempool->pool_data;
	pthread_mutex_lock(&pool->lock);
	unsigned n = pool->n;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

static const struct rte_mempool_ops pool_ops = {
    .name = "seen",
    .alloc = pool_alloc,
    .free = pool_free,
    .enqueue = pool_enqueue,
    .dequeue = pool_dequeue,
    .get_count = pool_count,
};

void pool_register(void)
{
	cr_assert_geq(rte_mempool_register_ops(&pool_ops), 0);
	cr_assert_eq(rte_mbuf_set_user_mempool_ops(pool_ops.name), 0);
}
