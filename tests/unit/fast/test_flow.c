#include <time.h>
#include "rig.h"

Test(flow, local_addresses)
{
	static const struct {
		const char *addr;
		int media; /* −2: not ours */
		bool sip;
	} cases[] = {
	    {"192.0.2.1", RIG_V4, true},	 {"2001:db8::1", RIG_V6, true}, {"192.0.2.9", RIG_V4_ONLY, false},
	    {"2001:db8::9", RIG_V6_ONLY, false}, {"192.0.2.5", -1, true},	{"192.0.2.2", -2, false},
	    {"2001:db8::2", -2, false},		 {"0.0.0.0", -2, false},	{"::", -2, false},
	};
	struct rig rig;
	rig_init(&rig, 1);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xf_addr addr = rig_addr(cases[i].addr);
		const struct flow_local *local = flow_local(rig.flows, &addr);
		cr_expect_eq(local ? local->media : -2, cases[i].media, "%s", cases[i].addr);
		cr_expect_eq(local && local->sip, cases[i].sip, "%s", cases[i].addr);
		cr_expect_eq(flow_is_sip(rig.flows, &addr, 5060), cases[i].sip, "%s", cases[i].addr);
		cr_expect_not(flow_is_sip(rig.flows, &addr, 5061), "%s", cases[i].addr);
	}
	cr_expect_eq(rig.flows->slot_count, RIG_MEDIA_COUNT * XF_PORT_PAIRS);
	cr_expect_null(flow_get(rig.flows, rig.flows->slot_count));
	cr_expect_null(flow_get(rig.flows, XF_ENDPOINT_NONE));
	rig_fini(&rig);
}

/* At the limit of addresses each is still found, and one more is refused. */
Test(flow, limits)
{
	struct rig rig;
	struct flow_config *config = calloc(1, sizeof(*config));
	struct flow_table *flows;
	rig_init(&rig, 1);
	for (unsigned i = 0; i < XF_MAX_MEDIA_ADDRS; i++)
		config->media[i] = xf_addr_v4((uint8_t[]){10, 0, (uint8_t)(i / 16), (uint8_t)(i % 16)});
	for (unsigned i = 0; i < FLOW_SIP_MAX; i++)
		config->sip[i] =
		    (struct xf_sockaddr){.addr = xf_addr_v4((uint8_t[]){10, 1, 0, (uint8_t)i}), .port = 5060};
	config->media_count = XF_MAX_MEDIA_ADDRS;
	config->sip_count = FLOW_SIP_MAX;
	cr_assert_eq(flow_table_create(&flows, config, SOCKET_ID_ANY), 0);
	for (unsigned i = 0; i < XF_MAX_MEDIA_ADDRS; i++) {
		const struct flow_local *local = flow_local(flows, &config->media[i]);
		cr_assert_not_null(local);
		cr_expect_eq(local->media, (int)i);
	}
	flow_table_destroy(flows);
	config->media_count = XF_MAX_MEDIA_ADDRS + 1;
	cr_expect_eq(flow_table_create(&flows, config, SOCKET_ID_ANY), -EINVAL);
	config->media_count = 2;
	config->media[1] = config->media[0];
	cr_expect_eq(flow_table_create(&flows, config, SOCKET_ID_ANY), -EINVAL, "one address twice");
	config->media_count = 1;
	config->sip_count = 1;
	config->sip[0] = (struct xf_sockaddr){.addr = config->media[0], .port = 16384};
	cr_expect_eq(flow_table_create(&flows, config, SOCKET_ID_ANY), -EINVAL, "SIP in the media range");
	config->sip[0].port = 16383;
	cr_expect_eq(flow_table_create(&flows, config, SOCKET_ID_ANY), 0);
	flow_table_destroy(flows);
	free(config);
	rig_fini(&rig);
}

static struct xf_source source(const char *block, uint16_t peer, uint8_t role)
{
	struct xf_source s = {.peer = peer, .role = role};
	cr_assert_eq(xf_prefix_parse(&s.block, block), 0, "%s", block);
	return s;
}

Test(source, longest_prefix)
{
	struct rig rig;
	struct source_table *table;
	rig_init(&rig, 1);
	const struct xf_source blocks[] = {
	    source("10.0.0.0/8", 1, XF_ROLE_PROVIDER),	  source("10.1.0.0/16", 2, XF_ROLE_AGENT),
	    source("10.1.2.0/24", 3, XF_ROLE_PROVIDER),	  source("10.1.2.3", 4, XF_ROLE_AGENT),
	    source("10.1.2.255", 5, XF_ROLE_TARGET),	  source("255.255.255.0/24", 6, XF_ROLE_AGENT),
	    source("2001:db8::/32", 7, XF_ROLE_AGENT),	  source("2001:db8:0:1::/64", 8, XF_ROLE_PROVIDER),
	    source("2001:db8:0:1::5", 9, XF_ROLE_TARGET), source("ffff:ffff::/32", 10, XF_ROLE_AGENT),
	    source("10.1.2.3/32", 11, XF_ROLE_PROVIDER), /* later of two equal blocks */
	    source("192.0.2.0/25", 12, XF_ROLE_AGENT),	  source("192.0.2.128/25", 13, XF_ROLE_AGENT),
	};
	static const struct {
		const char *addr;
		int peer; /* −1: in no block */
	} cases[] = {
	    {"9.255.255.255", -1},
	    {"10.0.0.0", 1},
	    {"10.0.255.255", 1},
	    {"10.1.0.0", 2},
	    {"10.1.1.255", 2},
	    {"10.1.2.0", 3},
	    {"10.1.2.2", 3},
	    {"10.1.2.3", 11},
	    {"10.1.2.4", 3},
	    {"10.1.2.254", 3},
	    {"10.1.2.255", 5},
	    {"10.1.3.0", 2},
	    {"10.1.255.255", 2},
	    {"10.2.0.0", 1},
	    {"10.255.255.255", 1},
	    {"11.0.0.0", -1},
	    {"0.0.0.0", -1},
	    {"255.255.254.255", -1},
	    {"255.255.255.255", 6},
	    {"192.0.2.127", 12},
	    {"192.0.2.128", 13},
	    {"192.0.3.0", -1},
	    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", -1},
	    {"2001:db8::", 7},
	    {"2001:db8::1", 7},
	    {"2001:db8:0:1::", 8},
	    {"2001:db8:0:1::4", 8},
	    {"2001:db8:0:1::5", 9},
	    {"2001:db8:0:1::6", 8},
	    {"2001:db8:0:1:ffff:ffff:ffff:ffff", 8},
	    {"2001:db8:0:2::", 7},
	    {"2001:db9::", -1},
	    {"::", -1},
	    {"::a01:203", -1},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 10},
	};
	cr_assert_eq(source_table_create(&table, blocks, sizeof(blocks) / sizeof(blocks[0])), 0);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xf_addr addr = rig_addr(cases[i].addr);
		struct source_value value;
		bool found = source_lookup(table, &addr, &value);
		cr_expect_eq(found ? value.peer : -1, cases[i].peer, "%s", cases[i].addr);
	}
	source_table_destroy(table);
	rig_fini(&rig);
}

Test(source, all_and_nothing)
{
	struct rig rig;
	struct source_table *table;
	struct source_value value;
	rig_init(&rig, 1);
	struct xf_addr low = rig_addr("0.0.0.0"), high = rig_addr("255.255.255.255"), six = rig_addr("::1");
	const struct xf_source all[] = {source("0.0.0.0/0", 1, 0)};
	cr_assert_eq(source_table_create(&table, all, 1), 0);
	cr_expect(source_lookup(table, &low, &value) && value.peer == 1);
	cr_expect(source_lookup(table, &high, &value) && value.peer == 1);
	cr_expect_not(source_lookup(table, &six, &value));
	source_table_destroy(table);
	cr_assert_eq(source_table_create(&table, NULL, 0), 0);
	cr_expect_not(source_lookup(table, &low, &value));
	cr_expect_not(source_lookup(table, &six, &value));
	source_table_destroy(table);
	cr_expect_not(source_lookup(NULL, &low, &value));
	struct xf_source bad = all[0];
	bad.role = XF_ROLE_COUNT;
	cr_expect_eq(source_table_create(&table, &bad, 1), -EINVAL);
	bad = all[0];
	bad.peer = XF_MAX_PEERS;
	cr_expect_eq(source_table_create(&table, &bad, 1), -EINVAL);
	bad = all[0];
	bad.block.prefix_len = 33;
	cr_expect_eq(source_table_create(&table, &bad, 1), -EINVAL);
	bad = source("10.0.0.0/8", 1, 0);
	bad.block.addr.bytes[3] = 1;
	cr_expect_eq(source_table_create(&table, &bad, 1), -EINVAL, "bits beyond the prefix");
	bad.block.addr.family = 5;
	cr_expect_eq(source_table_create(&table, &bad, 1), -EINVAL);
	rig_fini(&rig);
}

/* As many blocks as may be, nested at random, against the plain definition of the longest prefix. */
Test(source, full_table_against_linear_search)
{
	struct rig rig;
	struct source_table *table;
	struct xf_source *blocks = calloc(XF_MAX_SOURCES + 1, sizeof(*blocks));
	uint64_t random = 88172645463325252ull;
	rig_init(&rig, 1);
	for (unsigned i = 0; i <= XF_MAX_SOURCES; i++) {
		struct xf_prefix *p = &blocks[i].block;
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		bool v6 = i % 2;
		p->addr.family = v6 ? 6 : 4;
		/* Few leading values, so that blocks nest. */
		p->addr.bytes[0] = (uint8_t)(v6 ? 0x20 : 10);
		p->addr.bytes[1] = random & 7;
		p->addr.bytes[2] = random >> 8 & 15;
		p->addr.bytes[3] = (uint8_t)(random >> 16);
		p->addr.bytes[v6 ? 8 : 3] |= (uint8_t)(random >> 24);
		p->prefix_len = (uint8_t)(random >> 32) % (v6 ? 129 : 33);
		for (unsigned bit = p->prefix_len; bit < 128; bit++)
			p->addr.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
		blocks[i].peer = (uint16_t)(i % XF_MAX_PEERS);
	}
	cr_expect_eq(source_table_create(&table, blocks, XF_MAX_SOURCES + 1), -E2BIG);
	cr_assert_eq(source_table_create(&table, blocks, XF_MAX_SOURCES), 0);
	for (unsigned n = 0; n < 4000; n++) {
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		struct xf_addr addr = blocks[random % XF_MAX_SOURCES].block.addr;
		addr.bytes[addr.family == 6 ? 15 : 3] ^= random >> 20 & 1;
		addr.bytes[2] ^= random >> 21 & 1;
		const struct xf_source *best = NULL;
		for (unsigned i = 0; i < XF_MAX_SOURCES; i++)
			if (xf_prefix_contains(&blocks[i].block, &addr) &&
			    (!best || blocks[i].block.prefix_len >= best->block.prefix_len))
				best = &blocks[i];
		struct source_value value;
		bool found = source_lookup(table, &addr, &value);
		cr_assert_eq(found, best != NULL);
		if (best)
			cr_assert_eq(value.peer, best->peer);
	}
	struct timespec from, to;
	struct source_value value;
	unsigned hits = 0;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned n = 0; n < 400000; n++)
		hits += source_lookup(table, &blocks[n % XF_MAX_SOURCES].block.addr, &value);
	clock_gettime(CLOCK_MONOTONIC, &to);
	cr_log_info("%.0f ns a look-up, %u hits, %u and %u ranges",
		    ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 400000, hits,
		    table->count4, table->count6);
	source_table_destroy(table);
	free(blocks);
	rig_fini(&rig);
}

Test(admitted, add_del)
{
	struct rig rig;
	rig_init(&rig, 1);
	struct xf_addr a = rig_addr("203.0.113.7"), b = rig_addr("2001:db8:7::7"), none = {0};
	uint32_t before = admitted_count(rig.admitted);
	cr_expect_eq(admitted_add(rig.admitted, &a), 0);
	cr_expect_eq(admitted_add(rig.admitted, &a), 0);
	cr_expect_eq(admitted_add(rig.admitted, &b), 0);
	cr_expect_eq(admitted_count(rig.admitted), before + 2);
	cr_expect(admitted_has(rig.admitted, &a) && admitted_has(rig.admitted, &b));
	cr_expect_eq(admitted_del(rig.admitted, &a), 0);
	cr_expect_eq(admitted_del(rig.admitted, &a), -ENOENT);
	cr_expect_not(admitted_has(rig.admitted, &a));
	cr_expect(admitted_has(rig.admitted, &b));
	cr_expect_eq(admitted_add(rig.admitted, &none), -EINVAL);
	cr_expect_not(admitted_has(NULL, &b));
	/* Exactly as many as may be, again and again. */
	cr_expect_eq(admitted_del(rig.admitted, &b), 0);
	for (unsigned round = 0; round < 2; round++) {
		struct xf_addr addr;
		for (uint32_t i = before; i <= XF_MAX_ADMITTED; i++) {
			addr = xf_addr_v4((uint8_t[]){10, 0, (uint8_t)(i >> 8), (uint8_t)i});
			cr_assert_eq(admitted_add(rig.admitted, &addr), i < XF_MAX_ADMITTED ? 0 : -ENOSPC, "%u", i);
		}
		for (uint32_t i = before; i < XF_MAX_ADMITTED; i++) {
			addr = xf_addr_v4((uint8_t[]){10, 0, (uint8_t)(i >> 8), (uint8_t)i});
			cr_assert_eq(admitted_del(rig.admitted, &addr), 0);
		}
	}
	cr_expect_eq(admitted_count(rig.admitted), before);
	rig_fini(&rig);
}

/* All at once, while a reader may still be looking at any of them; as many as before may come back at once. */
Test(admitted, clear)
{
	struct rig rig;
	struct admitted *admitted;
	rig_init(&rig, 1);
	struct rte_rcu_qsbr *qsbr = aligned_alloc(64, (rte_rcu_qsbr_get_memsize(1) + 63) & ~63ul);
	cr_assert_eq(rte_rcu_qsbr_init(qsbr, 1), 0);
	cr_assert_eq(rte_rcu_qsbr_thread_register(qsbr, 0), 0);
	rte_rcu_qsbr_thread_online(qsbr, 0);
	cr_assert_eq(admitted_create(&admitted, "admitted2", qsbr, SOCKET_ID_ANY), 0);
	admitted_clear(admitted);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < XF_MAX_ADMITTED; i++) {
			struct xf_addr addr =
			    xf_addr_v4((uint8_t[]){10, (uint8_t)round, (uint8_t)(i >> 8), (uint8_t)i});
			cr_assert_eq(admitted_add(admitted, &addr), 0, "%u", i);
		}
		if (round == 1)
			rte_rcu_qsbr_quiescent(qsbr, 0);
		admitted_clear(admitted);
		cr_expect_eq(admitted_count(admitted), 0u);
		for (uint32_t i = 0; i < XF_MAX_ADMITTED; i++) {
			struct xf_addr addr =
			    xf_addr_v4((uint8_t[]){10, (uint8_t)round, (uint8_t)(i >> 8), (uint8_t)i});
			cr_assert_not(admitted_has(admitted, &addr));
		}
	}
	rte_rcu_qsbr_thread_offline(qsbr, 0);
	admitted_destroy(admitted);
	free(qsbr);
	rig_fini(&rig);
}

/* With a grace period: a withdrawn address is not found from that moment on, and its place comes back when the reader
 * has been quiescent. */
Test(admitted, grace_period)
{
	struct rig rig;
	struct admitted *admitted;
	rig_init(&rig, 1);
	struct rte_rcu_qsbr *qsbr = aligned_alloc(64, (rte_rcu_qsbr_get_memsize(1) + 63) & ~63ul);
	cr_assert_eq(rte_rcu_qsbr_init(qsbr, 1), 0);
	cr_assert_eq(rte_rcu_qsbr_thread_register(qsbr, 0), 0);
	rte_rcu_qsbr_thread_online(qsbr, 0);
	cr_assert_eq(admitted_create(&admitted, "admitted2", qsbr, SOCKET_ID_ANY), 0);
	for (uint32_t i = 0; i < 4 * XF_MAX_ADMITTED; i++) {
		struct xf_addr addr = xf_addr_v4((uint8_t[]){10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i});
		cr_assert_eq(admitted_add(admitted, &addr), 0, "%u", i);
		cr_assert(admitted_has(admitted, &addr));
		cr_assert_eq(admitted_del(admitted, &addr), 0);
		cr_assert_not(admitted_has(admitted, &addr));
		rte_rcu_qsbr_quiescent(qsbr, 0);
	}
	cr_expect_eq(admitted_count(admitted), 0u);
	rte_rcu_qsbr_thread_offline(qsbr, 0);
	admitted_destroy(admitted);
	free(qsbr);
	rig_fini(&rig);
}
