/* Whom of the strangers most is dropped of: the sketch's promise against exact counts, and what a worker counts in it.
 */
#include "fast/strangers.h"
#include "rig.h"

#define STRANGER4 "203.0.113.50"
#define STRANGER6 "2001:db8:bad:1::50"
#define DROPS	  200000
#define CROWD	  4096 /* addresses that the drops are spread over */

static struct strangers sketch;

static void count(const char *text, unsigned n)
{
	struct xf_addr addr = rig_addr(text);
	for (unsigned i = 0; i < n; i++)
		strangers_count(&sketch, &addr);
}

/* Zeroed: it has no place. */
static struct stranger placed(const struct strangers *s, const char *block)
{
	struct xf_prefix wanted;
	struct stranger found = {0};
	unsigned times = 0;
	cr_assert_eq(xf_prefix_parse(&wanted, block), 0);
	for (unsigned i = 0; i < STRANGERS; i++) {
		struct stranger at;
		if (!strangers_read(s, i, &at) || memcmp(&at.block, &wanted, sizeof(wanted)) != 0)
			continue;
		found = at;
		times++;
	}
	cr_expect_leq(times, 1u, "%s has %u places", block, times);
	return found;
}

static void expect_placed(const struct strangers *s, const char *block, uint64_t drops, uint64_t error)
{
	struct stranger found = placed(s, block);
	cr_expect_eq(found.drops, drops, "%s: %lu", block, (unsigned long)found.drops);
	cr_expect_eq(found.error, error, "%s: error %lu", block, (unsigned long)found.error);
}

static unsigned places(const struct strangers *s)
{
	struct stranger at;
	unsigned n = 0;
	for (unsigned i = 0; i < STRANGERS; i++)
		n += strangers_read(s, i, &at);
	return n;
}

static const char *numbered(unsigned i)
{
	static char text[XF_ADDR_STRLEN];
	snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
	return text;
}

Test(strangers, exact_while_there_is_room)
{
	cr_expect_eq(places(&sketch), 0);
	for (unsigned i = 0; i < STRANGERS; i++)
		count(numbered(i), i + 1);
	cr_expect_eq(places(&sketch), STRANGERS);
	cr_expect_eq(strangers_floor(&sketch), 1);
	for (unsigned i = 0; i < STRANGERS; i++)
		expect_placed(&sketch, numbered(i), i + 1, 0);
}

Test(strangers, the_least_gives_way_with_its_count)
{
	for (unsigned i = 0; i < STRANGERS; i++)
		count(numbered(i), i + 1);
	uint32_t life = placed(&sketch, numbered(0)).life;
	count("192.0.2.77", 1);
	expect_placed(&sketch, numbered(0), 0, 0);
	expect_placed(&sketch, "192.0.2.77", 2, 1);
	cr_expect_neq(placed(&sketch, "192.0.2.77").life, life);
	count("192.0.2.77", 8);
	expect_placed(&sketch, "192.0.2.77", 10, 1);
	/* Now the second is the least, and of two that are the least one goes. */
	count(numbered(1), 1);
	count("192.0.2.78", 1);
	cr_expect_eq(places(&sketch), STRANGERS);
	expect_placed(&sketch, "192.0.2.78", 4, 3);
	cr_expect_eq(strangers_floor(&sketch), 3);
}

Test(strangers, ipv6_by_the_64_and_none_for_another)
{
	count("2001:db8:0:1::1", 2);
	count("2001:db8:0:1:ffff:ffff:ffff:ffff", 3);
	count("2001:db8:0:2::1", 1);
	/* Its first bits are those of an IPv4 address, and none. */
	count("c000:0201::1", 4);
	count("0:0:c000:201::1", 5);
	count("::", 6);
	count("192.0.2.1", 7);
	count("0.0.0.0", 8);
	cr_expect_eq(places(&sketch), 7);
	expect_placed(&sketch, "2001:db8:0:1::/64", 5, 0);
	expect_placed(&sketch, "2001:db8:0:2::/64", 1, 0);
	expect_placed(&sketch, "c000:201::/64", 4, 0);
	expect_placed(&sketch, "0:0:c000:201::/64", 5, 0);
	expect_placed(&sketch, "::/64", 6, 0);
	expect_placed(&sketch, "192.0.2.1", 7, 0);
	expect_placed(&sketch, "0.0.0.0", 8, 0);
}

/* Some send often, thousands now and then; half of all are IPv6. */
static struct xf_addr crowd_addr(unsigned i)
{
	uint8_t bytes[16] = {0x20, 1, 0xd, 0xb8, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};
	return i % 2 ? xf_addr_v6(bytes) : xf_addr_v4(bytes + 4);
}

static unsigned crowd_next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	unsigned dice = (unsigned)(*seed >> 33);
	/* Each of eight has some 4 %, each of eight more 2 %, the rest share what is left. */
	if (dice % 100 < 32)
		return dice / 100 % 8;
	if (dice % 100 < 48)
		return 8 + dice / 100 % 8;
	return dice / 100 % CROWD;
}

Test(strangers, heavy_ones_have_a_place_and_the_bounds_hold)
{
	static uint64_t had[CROWD];
	uint64_t seed = 7, sum = 0;
	for (unsigned n = 1; n <= DROPS; n++) {
		unsigned who = crowd_next(&seed);
		struct xf_addr addr = crowd_addr(who);
		had[who]++;
		strangers_count(&sketch, &addr);
		if (n % (DROPS / 20))
			continue;
		unsigned heavy = 0, found = 0;
		sum = 0;
		for (unsigned place = 0; place < STRANGERS; place++) {
			struct stranger at;
			cr_assert(strangers_read(&sketch, place, &at));
			uint8_t *bytes = at.block.addr.bytes + (at.block.addr.family == 4 ? 2 : 6);
			unsigned i = bytes[0] * 256u + bytes[1];
			cr_assert_lt(i, CROWD);
			cr_assert_leq(had[i], at.drops, "%u had %lu", i, (unsigned long)had[i]);
			cr_assert_geq(had[i], at.drops - at.error, "%u had %lu", i, (unsigned long)had[i]);
			cr_assert_leq(at.error, n / STRANGERS);
			found += had[i] > n / STRANGERS;
			sum += at.drops;
		}
		for (unsigned i = 0; i < CROWD; i++)
			heavy += had[i] > n / STRANGERS;
		cr_assert_geq(heavy, 16u);
		cr_assert_eq(found, heavy, "after %u: %u of %u", n, found, heavy);
		cr_assert_eq(sum, n);
	}
}

/* Each address sends once, or each place is hit in turn: the least is the least whatever comes. */
Test(strangers, nobody_stands_out)
{
	for (unsigned n = 0; n < 5000; n++) {
		count(numbered(n % 3 ? n : n % STRANGERS), 1);
		uint64_t least = UINT64_MAX, most = 0, sum = 0;
		struct stranger at;
		for (unsigned place = 0; place < STRANGERS; place++) {
			uint64_t drops = strangers_read(&sketch, place, &at) ? at.drops : 0;
			least = drops < least ? drops : least;
			most = at.error > most ? at.error : most;
			sum += drops;
		}
		cr_assert_eq(sum, n + 1);
		cr_assert_eq(strangers_floor(&sketch), least);
		cr_assert_leq(most, least);
	}
}

static struct rig rig;

static void come(const char *src, uint8_t proto, uint16_t dport, uint16_t frag)
{
	/* TCP: a SYN. */
	static const uint8_t syn[20] = {0xc3, 0x50, 0x13, 0xc4, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff};
	uint8_t bytes[20];
	memcpy(bytes, syn, sizeof(bytes));
	bytes[2] = (uint8_t)(dport >> 8);
	bytes[3] = (uint8_t)dport;
	rig_receive(&rig, &(struct frame){.src = src,
					  .dst = strchr(src, ':') ? "2001:db8::1" : "192.0.2.1",
					  .sport = 50000,
					  .dport = dport,
					  .proto = proto,
					  .payload = bytes,
					  .payload_len = sizeof(bytes),
					  .raw = proto == IPPROTO_TCP || frag,
					  .frag = frag});
	rig_turns(&rig);
}

Test(strangers, tcp_to_a_sip_port_ends_at_the_worker)
{
	static const char *const from[] = {STRANGER4, STRANGER6, "198.51.100.7", "2001:db8:5::7", "203.0.113.99"};
	rig_init(&rig, 2);
	const struct worker_stats *stats = worker_stats(rig.worker[0]);
	for (unsigned i = 0; i < 2; i++)
		come(from[i], IPPROTO_TCP, 5060, 0);
	cr_expect_eq(stats->rx_packets, 2, "it went by the worker");
	cr_expect_eq(stats->drops[XF_DROP_SIP_TCP_SOURCE], 2);
	cr_expect_eq(stats->to_kernel, 0);
	cr_expect_eq(rig.kernel_count + rig.urgent_count, 0, "a stranger's SYN came to the kernel's ring");
	cr_expect_eq(rig_all_drops(&rig), 2);
	expect_placed(worker_strangers(rig.worker[0]), STRANGER4, 1, 0);
	expect_placed(worker_strangers(rig.worker[0]), "2001:db8:bad:1::/64", 1, 0);
	/* The same SYN of somebody known, or to another port, is the kernel's. */
	for (unsigned i = 2; i < 5; i++)
		come(from[i], IPPROTO_TCP, 5060, 0);
	for (unsigned i = 0; i < 2; i++)
		come(from[i], IPPROTO_TCP, 22, 0);
	cr_expect_eq(rig.kernel_count, 5);
	cr_expect_eq(stats->drops[XF_DROP_SIP_TCP_SOURCE], 2);
	cr_expect_eq(places(worker_strangers(rig.worker[0])), 2);
	rig_fini(&rig);
}

Test(strangers, counted_is_what_the_source_table_refuses)
{
	static const char *const from[] = {STRANGER4, STRANGER6, "198.51.100.7", "2001:db8:5::7"};
	rig_init(&rig, 1);
	for (unsigned i = 0; i < 4; i++) {
		come(from[i], IPPROTO_UDP, 5060, 0);
		come(from[i], IPPROTO_TCP, 5060, 0);
		come(from[i], IPPROTO_UDP, 0, i % 2 ? 0x0010 : 0x0002); /* a later fragment */
		/* Dropped, and nothing of strangers: media that nobody waits for. */
		come(from[i], IPPROTO_UDP, 20000, 0);
	}
	cr_expect_eq(rig_drops(&rig, XF_DROP_SIP_SOURCE), 2);
	cr_expect_eq(rig_drops(&rig, XF_DROP_SIP_TCP_SOURCE), 2);
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_SOURCE), 2);
	cr_expect_eq(rig_drops(&rig, XF_DROP_NO_ENDPOINT), 4);
	expect_placed(worker_strangers(rig.worker[0]), STRANGER4, 3, 0);
	expect_placed(worker_strangers(rig.worker[0]), "2001:db8:bad:1::/64", 3, 0);
	cr_expect_eq(places(worker_strangers(rig.worker[0])), 2);
	rig_fini(&rig);
}
