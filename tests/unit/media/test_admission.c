#include "world.h"

#include <criterion/criterion.h>

#define LINGER_NS (32 * NS_PER_S) /* 64·T1 */

static struct world *world;
static struct xf_addr stranger;

static void setup(void)
{
	world = world_create(16384 + 63);
	world_connect(world);
	stranger = world_addr("198.18.0.1");
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(admission, .init = setup, .fini = teardown);

static uint32_t admitted(void)
{
	struct media_counts counts;
	media_counts(world->media, &counts);
	return counts.admitted;
}

Test(admission, sources_need_none)
{
	struct xf_addr known = world_addr("2001:db8:5:1::7");
	cr_assert_eq(media_admit_address(world->media, &known, 1), 0);
	media_release_address(world->media, &known);
	world_settle(world);
	cr_assert_eq(world->dp.seen[XF_LINK_ADMIT], 0);
	cr_assert_eq(admitted(), 0);
}

Test(admission, lingers_to_the_nanosecond)
{
	cr_assert_eq(media_admit_address(world->media, &stranger, 1), -EINPROGRESS);
	cr_assert_eq(media_admit_address(world->media, &stranger, 2), -EINPROGRESS);
	cr_assert_eq(world->admitted_calls[1], 0);
	world_settle(world);
	cr_assert_eq(world->admitted_calls[1], 1);
	cr_assert_eq(world->admitted_calls[2], 1);
	cr_assert_eq(world->admitted_result[2], 0);
	cr_assert_eq(world->dp.seen[XF_LINK_ADMIT], 1);
	cr_assert_eq(media_admit_address(world->media, &stranger, 3), 0);
	cr_assert_eq(admitted(), 1);
	for (unsigned i = 0; i < 3; i++) {
		world_pass(world, LINGER_NS);
		cr_assert(fake_admits(&world->dp, &stranger), "still held");
		media_release_address(world->media, &stranger);
	}
	world_pass(world, LINGER_NS - 1);
	cr_assert(fake_admits(&world->dp, &stranger));
	world_pass(world, 1);
	cr_assert_not(fake_admits(&world->dp, &stranger));
	cr_assert_eq(admitted(), 0);
	cr_assert_eq(world->admitted_calls[3], 0, "a result of 0 was its answer");
	media_release_address(world->media, &stranger); /* one too many */
	world_pass(world, LINGER_NS);
	cr_assert_eq(world->dp.seen[XF_LINK_WITHDRAW], 1);
}

Test(admission, taken_up_again_while_lingering)
{
	media_admit_address(world->media, &stranger, 1);
	world_settle(world);
	media_release_address(world->media, &stranger);
	world_pass(world, LINGER_NS - 1);
	cr_assert_eq(media_admit_address(world->media, &stranger, 2), 0);
	world_pass(world, 10 * LINGER_NS);
	cr_assert(fake_admits(&world->dp, &stranger));
	media_release_address(world->media, &stranger);
}

Test(admission, taken_up_again_while_being_withdrawn)
{
	media_admit_address(world->media, &stranger, 1);
	world_settle(world);
	media_release_address(world->media, &stranger);
	world->env.now_ns += LINGER_NS;
	timers_run(&world->env.timers, world->env.now_ns); /* WITHDRAW is out, its answer is not in */
	cr_assert_eq(admitted(), 0);
	cr_assert_eq(media_admit_address(world->media, &stranger, 2), -EINPROGRESS);
	world_settle(world);
	cr_assert_eq(world->admitted_calls[2], 1);
	cr_assert_eq(world->admitted_result[2], 0);
	cr_assert(fake_admits(&world->dp, &stranger));
	cr_assert_eq(admitted(), 1);
	media_release_address(world->media, &stranger);
}

Test(admission, refused)
{
	world->dp.fail_type = XF_LINK_ADMIT;
	world->dp.fail_result = -ENOSPC;
	cr_assert_eq(media_admit_address(world->media, &stranger, 1), -EINPROGRESS);
	world_settle(world);
	cr_assert_eq(world->admitted_result[1], -ENOSPC);
	media_release_address(world->media, &stranger);
	cr_assert_eq(admitted(), 0);
	cr_assert_eq(media_admit_address(world->media, &stranger, 2), -EINPROGRESS);
	world_settle(world);
	cr_assert_eq(world->admitted_result[2], 0);
	cr_assert_eq(world->admitted_calls[1], 1);
	media_release_address(world->media, &stranger);
}

Test(admission, link_lost_while_waiting)
{
	cr_assert_eq(media_admit_address(world->media, &stranger, 1), -EINPROGRESS);
	media_flush(world->media);
	world_disconnect(world);
	cr_assert_eq(world->admitted_calls[1], 1);
	cr_assert_eq(world->admitted_result[1], -ENOTCONN);
	cr_assert_eq(media_admit_address(world->media, &stranger, 2), -ENOTCONN);
	media_release_address(world->media, &stranger);
	world_pass(world, 2 * LINGER_NS);
	world_connect(world);
	cr_assert_not(fake_admits(&world->dp, &stranger), "the dataplane lived on and had it");
	cr_assert_eq(admitted(), 0);
}

Test(admission, brought_over_to_a_new_dataplane)
{
	struct xf_addr other = world_addr("198.18.0.2"), third = world_addr("2001:db8:9::1");
	media_admit_address(world->media, &stranger, 1);
	media_admit_address(world->media, &other, 2);
	media_admit_address(world->media, &third, 3);
	world_settle(world);
	media_release_address(world->media, &other); /* lingers */
	media_release_address(world->media, &third);
	world_disconnect(world);
	fake_restart(&world->dp);
	world_connect(world);
	cr_assert(fake_admits(&world->dp, &stranger));
	cr_assert(fake_admits(&world->dp, &other));
	world_disconnect(world);
	world_pass(world, LINGER_NS);
	fake_restart(&world->dp);
	world_connect(world);
	cr_assert_eq(world->dp.admitted_count, 1);
	cr_assert_eq(admitted(), 1);
	cr_assert_eq(world->admitted_calls[1], 1);
	media_release_address(world->media, &stranger);
}

Test(admission, exactly_max_and_one_more)
{
	struct xf_addr addr = stranger;
	for (unsigned i = 0; i < XF_MAX_ADMITTED; i++) {
		addr.bytes[2] = (uint8_t)(i >> 8);
		addr.bytes[3] = (uint8_t)i;
		cr_assert_eq(media_admit_address(world->media, &addr, 1), -EINPROGRESS);
	}
	addr.bytes[1]++;
	cr_assert_eq(media_admit_address(world->media, &addr, 2), -ENOSPC);
	world_settle(world);
	cr_assert_eq(world->admitted_calls[1], XF_MAX_ADMITTED);
	cr_assert_eq(media_admit_address(world->media, &addr, 2), -ENOSPC);
	cr_assert_eq(world->admitted_calls[2], 0);
}

Test(admission, who_may_talk_to_us)
{
	struct xf_addr known = world_addr("203.0.113.8");
	cr_assert(media_admits(world->media, &known));
	cr_assert_not(media_admits(world->media, &stranger));
	world->dp.fail_type = XF_LINK_ADMIT;
	world->dp.fail_result = -ENOSPC;
	media_admit_address(world->media, &stranger, 1);
	cr_assert(media_admits(world->media, &stranger));
	world_settle(world);
	cr_assert_not(media_admits(world->media, &stranger), "refused");
	media_admit_address(world->media, &stranger, 2);
	world_settle(world);
	media_release_address(world->media, &stranger);
	media_release_address(world->media, &stranger);
	world_disconnect(world);
	world_pass(world, LINGER_NS - 1);
	cr_assert(media_admits(world->media, &stranger), "lingering, link or not");
	world_pass(world, 1);
	cr_assert_not(media_admits(world->media, &stranger));
	world_connect(world);
	cr_assert_not(media_admits(world->media, &stranger));
	cr_assert_not(fake_admits(&world->dp, &stranger));
}
