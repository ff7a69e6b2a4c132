#include "world.h"
#include "media/ports.h"

#include <criterion/criterion.h>

static struct world *world;
static struct ports *ports;

static void setup(void)
{
	world = world_create(16384 + 7); /* four pairs an address */
	cr_assert_eq(ports_create(&ports, &world->config, 7), 0);
}

static void teardown(void)
{
	ports_destroy(ports);
	world_destroy(world);
}

TestSuite(ports, .init = setup, .fini = teardown);

Test(ports, exactly_max_and_one_more)
{
	bool seen[2 * XF_PORT_PAIRS] = {false};
	struct ports_counts counts;
	uint32_t index;
	for (unsigned i = 0; i < 8; i++) {
		cr_assert_eq(ports_take(ports, 0, 1, &index), 0);
		cr_assert_lt(index, 2 * XF_PORT_PAIRS);
		cr_assert_not(seen[index], "handed out twice");
		cr_assert_leq(xf_endpoint_port(index), 16384 + 6);
		seen[index] = true;
	}
	cr_assert_eq(ports_take(ports, 0, 1, &index), -ENOSPC);
	cr_assert_eq(ports_take(ports, 3, 1, &index), -ENOSPC);
	ports_count(ports, 1, &counts);
	cr_assert_eq(counts.used, 8);
	cr_assert_eq(counts.free, 8); /* of the other two networks */
}

Test(ports, addresses_take_turns)
{
	uint32_t a, b;
	ports_take(ports, 0, 1, &a);
	ports_take(ports, 0, 1, &b);
	cr_assert_neq(xf_endpoint_local_addr(a), xf_endpoint_local_addr(b));
}

Test(ports, quarantine_to_the_nanosecond)
{
	struct ports_counts counts;
	uint32_t index, first = 0;
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(ports_take(ports, 1, 100, &index), 0);
		if (i == 0)
			first = index;
	}
	ports_release(ports, first, 100);
	ports_release(ports, first, 200); /* a second time changes nothing */
	ports_count(ports, 100 + NS_PER_S - 1, &counts);
	cr_assert_eq(counts.resting, 1);
	cr_assert_eq(ports_take(ports, 1, 100 + NS_PER_S - 1, &index), -ENOSPC);
	ports_count(ports, 100 + NS_PER_S, &counts);
	cr_assert_eq(counts.resting, 0);
	cr_assert_eq(counts.free, 12 + 1);
	cr_assert_eq(ports_take(ports, 1, 100 + NS_PER_S, &index), 0);
	cr_assert_eq(index, first);
}

Test(ports, the_longest_rested_is_next)
{
	uint32_t taken[4], index;
	for (unsigned i = 0; i < 4; i++)
		ports_take(ports, 1, 1, &taken[i]);
	const unsigned order[4] = {2, 0, 3, 1};
	for (unsigned i = 0; i < 4; i++)
		ports_release(ports, taken[order[i]], 10 + i);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(ports_take(ports, 1, 10 * NS_PER_S, &index), 0);
		cr_assert_eq(index, taken[order[i]]);
	}
}

Test(ports, marked_ports_are_nobodys)
{
	uint32_t index;
	uint32_t theirs = xf_endpoint_index(2, 16386);
	cr_assert_eq(ports_mark(ports, theirs), 0);
	cr_assert_eq(ports_mark(ports, theirs), -EBUSY);
	cr_assert_eq(ports_mark(ports, xf_endpoint_index(2, 16384 + 8)), -ERANGE);
	cr_assert_eq(ports_mark(ports, xf_endpoint_index(9, 16384)), -ERANGE);
	cr_assert_eq(ports_mark(ports, XF_ENDPOINT_NONE), -ERANGE);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(ports_take(ports, 1, 1, &index), 0);
		cr_assert_neq(index, theirs);
	}
	cr_assert_eq(ports_take(ports, 1, 1, &index), -ENOSPC);
	ports_release(ports, theirs, 1);
	cr_assert_eq(ports_take(ports, 1, 1 + NS_PER_S, &index), 0);
	cr_assert_eq(index, theirs);
}

Test(ports, what_the_link_cannot_name_is_refused)
{
	struct ports *none = NULL;
	world->networks[1].media_first = XF_MAX_MEDIA_ADDRS;
	cr_assert_eq(ports_create(&none, &world->config, 1), -EINVAL);
	world->networks[1].media_first = 2;
	world->config.media_port_first = 16385;
	cr_assert_eq(ports_create(&none, &world->config, 1), -EINVAL);
}
