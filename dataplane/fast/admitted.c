#include <rte_errno.h>
#include <rte_malloc.h>
#include "admitted.h"
#include "source.h"

int admitted_create(struct admitted **out, const char *name, struct rte_rcu_qsbr *qsbr, int socket)
{
	*out = NULL;
	struct admitted *admitted = rte_zmalloc_socket("xf_admitted", sizeof(*admitted), 0, socket);
	if (!admitted)
		return -ENOMEM;
	struct rte_hash_parameters params = {
	    .name = name,
	    /* A withdrawn address keeps its place until the grace period is over: room for a table's worth of them. */
	    .entries = 2 * XF_MAX_ADMITTED,
	    .key_len = sizeof(struct xf_addr),
	    .hash_func = admitted_hash,
	    .socket_id = socket,
	    .extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};
	int ret = -ENOMEM;
	admitted->hash = rte_hash_create(&params);
	if (!admitted->hash) {
		ret = rte_errno == EEXIST ? -EEXIST : -ENOMEM;
		goto err_free;
	}
	if (qsbr) {
		struct rte_hash_rcu_config rcu = {.v = qsbr, .mode = RTE_HASH_QSBR_MODE_DQ};
		if (rte_hash_rcu_qsbr_add(admitted->hash, &rcu) != 0)
			goto err_hash;
		admitted->reclaimed = true;
	}
	*out = admitted;
	return 0;
err_hash:
	rte_hash_free(admitted->hash);
err_free:
	rte_free(admitted);
	return ret;
}

void admitted_destroy(struct admitted *admitted)
{
	if (!admitted)
		return;
	rte_hash_free(admitted->hash);
	rte_free(admitted);
}

int admitted_add(struct admitted *admitted, const struct xf_addr *addr)
{
	if (addr->family != 4 && addr->family != 6)
		return -EINVAL;
	if (rte_hash_lookup(admitted->hash, addr) >= 0)
		return 0;
	if (admitted->count >= XF_MAX_ADMITTED)
		return -ENOSPC;
	int32_t at = rte_hash_add_key(admitted->hash, addr);
	if (at < 0)
		return at;
	admitted->count++;
	return 0;
}

int admitted_del(struct admitted *admitted, const struct xf_addr *addr)
{
	int32_t at = rte_hash_del_key(admitted->hash, addr);
	if (at < 0)
		return -ENOENT;
	admitted->count--;
	if (!admitted->reclaimed)
		rte_hash_free_key_with_position(admitted->hash, at);
	return 0;
}

void admitted_clear(struct admitted *admitted)
{
	const void *key;
	uint32_t at = 0;
	void *data;
	/* What is deleted leaves its bucket as it is for the walk. */
	while (rte_hash_iterate(admitted->hash, &key, &data, &at) >= 0) {
		struct xf_addr addr;
		memcpy(&addr, key, sizeof(addr));
		admitted_del(admitted, &addr);
	}
}

uint32_t admitted_count(const struct admitted *admitted)
{
	return admitted->count;
}
