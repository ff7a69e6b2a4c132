/* Who may talk SIP to us: the source table (address blocks of the configuration) and, beside it, the admitted
 * addresses.
 *
 * The source table is built aside by the main thread, never changes, may serve all workers at once, and is swapped
 * whole by COMMAND_SOURCES. Blocks nest; they are flattened when the table is built into ranges that do not overlap,
 * sorted by address, so that the longest prefix is a binary search of 14 steps at XF_MAX_SOURCES. rte_fib and rte_fib6
 * would need 125 MB a table and 320 ms to build; this needs at most 330 kB (8,193 ranges of 8 bytes for IPv4, 40 for
 * IPv6), and only SIP and fragments are looked up, never media.
 *
 * The admitted addresses are one lock-free rte_hash that all workers read while the main thread alone writes.
 */
#pragma once

#include <stdint.h>
#include <rte_rcu_qsbr.h>
#include "xfergate/addr.h"
#include "xfergate/source.h"

#define SOURCE_PEER_NONE UINT16_MAX

/* What a block says of the addresses in it. */
struct source_value {
	uint16_t peer; /* SOURCE_PEER_NONE: in no block */
	uint8_t role;  /* enum xf_role */
	uint8_t zero;
};

struct source_range4 {
	uint32_t first; /* host byte order; reaches to the next range's first */
	struct source_value value;
};

struct source_range6 {
	uint64_t first_high, first_low; /* host byte order */
	struct source_value value;
};

struct source_table {
	uint32_t count4, count6;
	struct source_range4 *ranges4; /* the first starts at address 0 */
	struct source_range6 *ranges6;
};

/* Main thread. Later of two equal blocks wins. 0; -EINVAL: a block that xf_prefix_parse would refuse, a role or peer
 * out of range; -E2BIG: more than XF_MAX_SOURCES; -ENOMEM. */
int source_table_create(struct source_table **out, const struct xf_source *sources, uint32_t count);
/* Main thread, after every worker has given the table back and a grace period has passed. NULL is fine. */
void source_table_destroy(struct source_table *table);

/* Any core. False: in no block (or table is NULL). */
bool source_lookup(const struct source_table *table, const struct xf_addr *addr, struct source_value *value);

struct admitted;

/* Main thread, before the workers. qsbr: reports of the workers' quiescent states, so that a withdrawn address's place
 * is used again only when nobody can still be looking at it; NULL: nobody reads while addresses are withdrawn (tests).
 * 0, -ENOMEM or -EEXIST (name in use: names one table in the process). */
int admitted_create(struct admitted **out, const char *name, struct rte_rcu_qsbr *qsbr, int socket);
void admitted_destroy(struct admitted *admitted);
/* Main thread. 0 (also if it is there already), -ENOSPC at XF_MAX_ADMITTED, -EINVAL: no address. */
int admitted_add(struct admitted *admitted, const struct xf_addr *addr);
/* Main thread. 0 or -ENOENT. */
int admitted_del(struct admitted *admitted, const struct xf_addr *addr);
/* Main thread: withdraws all. */
void admitted_clear(struct admitted *admitted);
/* Main thread. */
uint32_t admitted_count(const struct admitted *admitted);
/* Any core. False if admitted is NULL. */
bool admitted_has(const struct admitted *admitted, const struct xf_addr *addr);
