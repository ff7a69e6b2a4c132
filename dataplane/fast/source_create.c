#include <rte_malloc.h>
#include "source.h"
#include "source_key.h"

/* A block as a range of keys, both ends inside. */
struct source_block {
	struct source_key first, last;
	struct source_value value;
	uint32_t order; /* in the given list */
};

struct source_cut {
	struct source_key first;
	struct source_value value;
};

static const struct source_value nobody = {.peer = SOURCE_PEER_NONE};

static int source_key_cmp(const struct source_key *a, const struct source_key *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

/* By first address; the wider block before those inside it; of two equal blocks the earlier in the list first. */
static int source_block_cmp(const void *a_, const void *b_)
{
	const struct source_block *a = a_, *b = b_;
	int c = source_key_cmp(&a->first, &b->first);
	if (c == 0)
		c = -source_key_cmp(&a->last, &b->last);
	return c ? c : (a->order > b->order) - (a->order < b->order);
}

static struct source_key source_key_next(struct source_key key, bool *wrapped)
{
	key.low++;
	if (key.low == 0)
		key.high++;
	*wrapped = key.low == 0 && key.high == 0;
	return key;
}

static int source_block_init(struct source_block *block, const struct xf_source *source, uint32_t order)
{
	struct xf_prefix checked;
	char text[XF_SOCKADDR_STRLEN];
	const struct xf_prefix *p = &source->block;
	if ((p->addr.family != 4 && p->addr.family != 6) || source->role >= XF_ROLE_COUNT ||
	    source->peer >= XF_MAX_PEERS)
		return -EINVAL;
	if (xf_prefix_parse(&checked, xf_prefix_format(p, text)) < 0 || !xf_addr_eq(&checked.addr, &p->addr))
		return -EINVAL;
	unsigned host = (p->addr.family == 4 ? 32 : 128) - p->prefix_len;
	block->first = block->last = source_key(&p->addr);
	block->last.low |= host >= 64 ? UINT64_MAX : (1ull << host) - 1;
	if (host > 64)
		block->last.high |= host >= 128 ? UINT64_MAX : (1ull << (host - 64)) - 1;
	block->value = (struct source_value){.peer = source->peer, .role = source->role};
	block->order = order;
	return 0;
}

static void source_cut_add(struct source_cut *cuts, uint32_t *count, struct source_key first, struct source_value value)
{
	if (*count && source_key_cmp(&cuts[*count - 1].first, &first) == 0)
		cuts[*count - 1].value = value;
	else
		cuts[(*count)++] = (struct source_cut){first, value};
}

/* Sorted, nested blocks to ranges without overlap: at most two cuts a block and the first. */
static uint32_t source_flatten(struct source_cut *cuts, const struct source_block *blocks, uint32_t n, bool v4)
{
	const struct source_block *open[2 * 129]; /* nesting: lengths 0..128, equal blocks replace each other */
	unsigned depth = 0;
	uint32_t count = 0;
	source_cut_add(cuts, &count, (struct source_key){0}, nobody);
	for (uint32_t i = 0; i <= n; i++) {
		const struct source_block *b = i < n ? &blocks[i] : NULL;
		while (depth && (!b || source_key_cmp(&open[depth - 1]->last, &b->first) < 0)) {
			bool wrapped;
			struct source_key next = source_key_next(open[--depth]->last, &wrapped);
			if (!wrapped && !(v4 && next.low > UINT32_MAX))
				source_cut_add(cuts, &count, next, depth ? open[depth - 1]->value : nobody);
		}
		if (!b)
			break;
		if (depth && source_key_cmp(&open[depth - 1]->first, &b->first) == 0 &&
		    source_key_cmp(&open[depth - 1]->last, &b->last) == 0)
			depth--;
		open[depth++] = b;
		source_cut_add(cuts, &count, b->first, b->value);
	}
	return count;
}

static int source_fill(struct source_table *table, struct source_block *blocks, uint32_t n, bool v4)
{
	struct source_cut *cuts = rte_malloc("xf_source_cuts", (2 * (size_t)n + 1) * sizeof(*cuts), 0);
	if (!cuts)
		return -ENOMEM;
	qsort(blocks, n, sizeof(*blocks), source_block_cmp);
	uint32_t count = source_flatten(cuts, blocks, n, v4);
	int ret = 0;
	if (v4) {
		table->ranges4 = rte_malloc("xf_source4", count * sizeof(*table->ranges4), RTE_CACHE_LINE_SIZE);
		for (uint32_t i = 0; table->ranges4 && i < count; i++)
			table->ranges4[i] = (struct source_range4){(uint32_t)cuts[i].first.low, cuts[i].value};
		table->count4 = count;
		ret = table->ranges4 ? 0 : -ENOMEM;
	} else {
		table->ranges6 = rte_malloc("xf_source6", count * sizeof(*table->ranges6), RTE_CACHE_LINE_SIZE);
		for (uint32_t i = 0; table->ranges6 && i < count; i++)
			table->ranges6[i] =
			    (struct source_range6){cuts[i].first.high, cuts[i].first.low, cuts[i].value};
		table->count6 = count;
		ret = table->ranges6 ? 0 : -ENOMEM;
	}
	rte_free(cuts);
	return ret;
}

int source_table_create(struct source_table **out, const struct xf_source *sources, uint32_t count)
{
	*out = NULL;
	if (count > XF_MAX_SOURCES)
		return -E2BIG;
	struct source_table *table = rte_zmalloc("xf_source", sizeof(*table), RTE_CACHE_LINE_SIZE);
	struct source_block *blocks = rte_malloc("xf_source_blocks", (count + 1) * sizeof(*blocks), 0);
	int ret = table && blocks ? 0 : -ENOMEM;
	for (uint8_t family = 4; ret == 0 && family <= 6; family += 2) {
		uint32_t n = 0;
		for (uint32_t i = 0; ret == 0 && i < count; i++) {
			uint8_t of = sources[i].block.addr.family;
			if (of == family || (of != 4 && of != 6))
				ret = source_block_init(&blocks[n++], &sources[i], i);
		}
		if (ret == 0)
			ret = source_fill(table, blocks, n, family == 4);
	}
	rte_free(blocks);
	if (ret < 0) {
		source_table_destroy(table);
		return ret;
	}
	*out = table;
	return 0;
}

void source_table_destroy(struct source_table *table)
{
	if (!table)
		return;
	rte_free(table->ranges4);
	rte_free(table->ranges6);
	rte_free(table);
}
