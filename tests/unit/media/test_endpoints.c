#include "world.h"

#include <criterion/criterion.h>

static struct world *world;

static void setup(void)
{
	world = world_create(16384 + 63);
	world_connect(world);
	cr_assert(media_ready(world->media));
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(endpoints, .init = setup, .fini = teardown);

static struct xf_endpoint_id opened(uint32_t network, uint64_t group, uint64_t owner)
{
	struct xf_endpoint_id id;
	cr_assert_eq(media_open(world->media, network, group, owner, &id), 0);
	return id;
}

Test(endpoints, open_says_all_that_the_configuration_says)
{
	struct xf_endpoint_id id = opened(1, 7, 77);
	world_settle(world);
	struct fake_endpoint *e = fake_find(&world->dp, id);
	cr_assert_not_null(e);
	cr_assert_eq(e->worker, 7 % 3);
	cr_assert_eq(e->settings.port, 1);
	cr_assert_eq(e->settings.dscp, 46);
	cr_assert_eq(e->settings.learn_window_ns, 3 * NS_PER_S);
	cr_assert_eq(e->settings.timeout_ns, 0);
	cr_assert_eq(e->settings.remote.addr.family, 0);
	uint64_t owner = 0;
	cr_assert(media_knows(world->media, id, &owner));
	cr_assert_eq(owner, 77);
}

Test(endpoints, remote_goes_by_the_route)
{
	struct xf_endpoint_id id = opened(0, 1, 1);
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	cr_assert_eq(media_set_remote(world->media, id, &remote), 0);
	world_settle(world);
	struct fake_endpoint *e = fake_find(&world->dp, id);
	cr_assert(xf_sockaddr_eq(&e->settings.remote, &remote.rtp));
	cr_assert(xf_sockaddr_eq(&e->settings.remote_rtcp, &remote.rtcp));
	cr_assert(xf_addr_eq(&e->settings.next_hop, &remote.rtp.addr));
	cr_assert_eq(e->settings.dscp, 34, "an UPDATE keeps the mark");
	cr_assert_eq(e->settings.pt_count, 2);
	cr_assert_eq(e->settings.pts[1].pt, 101);
	cr_assert_eq(e->relearned, 0);
	remote.relearn = true;
	cr_assert_eq(media_set_remote(world->media, id, &remote), 0);
	remote.relearn = false;
	cr_assert_eq(media_set_remote(world->media, id, &remote), 0);
	world_settle(world);
	cr_assert_eq(e->relearned, 1, "once asked, once done");
}

Test(endpoints, remote_out_of_reach)
{
	struct xf_endpoint_id id = opened(0, 1, 1), sixth = opened(2, 1, 1);
	struct media_remote remote = world_remote("203.0.113.50", 4000),
			    sixth_remote = world_remote("2001:db8:5::9", 4);
	cr_assert_eq(media_set_remote(world->media, id, &sixth_remote), -ENETUNREACH);
	cr_assert_eq(media_set_remote(world->media, sixth, &remote), -ENETUNREACH);
	cr_assert_eq(media_set_remote(world->media, sixth, &sixth_remote), 0);
	world->route_network = 1; /* the other network's port: a peer's SDP does not lead there */
	cr_assert_eq(media_set_remote(world->media, id, &remote), -ENETUNREACH);
	world->route_fails = true;
	cr_assert_eq(media_set_remote(world->media, id, &remote), -ENETUNREACH);
	remote.rtp = (struct xf_sockaddr){0}; /* hold by 0.0.0.0 needs no route */
	cr_assert_eq(media_set_remote(world->media, id, &remote), 0);
	cr_assert_eq(media_set_remote(world->media, (struct xf_endpoint_id){id.index, 99}, &remote), -ENOENT);
}

Test(endpoints, advertised_address)
{
	struct xf_endpoint_id outside = opened(0, 1, 1), inside = opened(1, 1, 1);
	struct xf_sockaddr a = media_advertised(world->media, outside), b = media_advertised(world->media, inside);
	struct xf_addr nat = world_addr("203.0.113.7"), own = world_addr("198.51.100.1");
	cr_assert(xf_addr_eq(&a.addr, &nat));
	cr_assert_eq(a.port, xf_endpoint_port(outside.index));
	cr_assert(xf_addr_eq(&b.addr, &own));
	cr_assert_eq(b.port % 2, 0);
}

Test(endpoints, an_operation_is_one_packet)
{
	unsigned before = world->dp.packets;
	struct xf_endpoint_id a = opened(0, 1, 1), b = opened(1, 1, 1);
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	media_set_remote(world->media, a, &remote);
	struct xf_link_move moves[] = {world_move(a, b), world_move(b, a)};
	cr_assert_eq(media_patch(world->media, moves, 2, 5), 0);
	cr_assert_eq(world->dp.packets, before, "nothing goes out in the middle of an operation");
	media_flush(world->media);
	cr_assert_eq(world->dp.packets, before + 1);
	world_settle(world);
	cr_assert_eq(world->dp.packets, before + 1);
	cr_assert_eq(world->cookie_calls[5], 1);
	cr_assert_eq(world->cookie_result[5], 0);
	cr_assert_eq(fake_find(&world->dp, a)->source.index, b.index);
	cr_assert_eq(fake_find(&world->dp, b)->source.index, a.index);
}

Test(endpoints, patches_that_cannot_be)
{
	struct xf_endpoint_id a = opened(0, 1, 1), other = opened(1, 2, 1);
	struct xf_link_move move = world_move(a, (struct xf_endpoint_id){a.index, 99}), many[XF_LINK_MOVES_MAX + 1];
	cr_assert_eq(media_patch(world->media, &move, 1, 1), -ENOENT);
	move = world_move((struct xf_endpoint_id){a.index + 1, 1}, a);
	cr_assert_eq(media_patch(world->media, &move, 1, 1), -ENOENT);
	move = world_move(a, other);
	cr_assert_eq(media_patch(world->media, &move, 1, 1), -EXDEV);
	move = world_move(a, world_nobody);
	move.armed_limit_ns = 1;
	cr_assert_eq(media_patch(world->media, &move, 1, 1), -EINVAL);
	for (unsigned i = 0; i <= XF_LINK_MOVES_MAX; i++)
		many[i] = world_move(a, world_nobody);
	cr_assert_eq(media_patch(world->media, many, XF_LINK_MOVES_MAX + 1, 1), -EINVAL);
	cr_assert_eq(media_patch(world->media, many, 0, 1), -EINVAL);
	cr_assert_eq(media_patch(world->media, many, XF_LINK_MOVES_MAX, 2), 0);
	world_settle(world);
	cr_assert_eq(world->cookie_calls[1], 0);
	cr_assert_eq(world->cookie_calls[2], 1);
}

Test(endpoints, a_refused_patch_is_taken_back)
{
	struct xf_endpoint_id a = opened(0, 1, 1), b = opened(1, 1, 1), c = opened(1, 1, 1);
	struct xf_link_move first = world_move(a, b), second = world_move(a, c);
	media_patch(world->media, &first, 1, 1);
	world_settle(world);
	world->dp.fail_type = XF_LINK_PATCH;
	world->dp.fail_result = -EIO;
	media_patch(world->media, &second, 1, 2);
	world_settle(world);
	cr_assert_eq(world->cookie_result[2], -EIO);
	fake_restart(&world->dp);
	world_disconnect(world);
	world_connect(world);
	cr_assert_eq(fake_find(&world->dp, a)->source.index, b.index, "the last that was acknowledged");
}

Test(endpoints, a_later_patch_outlives_the_refusal_of_an_earlier)
{
	struct xf_endpoint_id a = opened(0, 1, 1), b = opened(1, 1, 1), c = opened(1, 1, 1);
	struct xf_link_move first = world_move(a, b), second = world_move(a, c);
	world_settle(world);
	world->dp.fail_type = XF_LINK_PATCH;
	world->dp.fail_result = -EIO;
	media_patch(world->media, &first, 1, 1);
	media_patch(world->media, &second, 1, 2);
	world_settle(world);
	cr_assert_eq(world->cookie_result[1], -EIO);
	cr_assert_eq(world->cookie_result[2], 0);
	world_disconnect(world);
	fake_restart(&world->dp);
	world_connect(world);
	cr_assert_eq(fake_find(&world->dp, a)->source.index, c.index);
}

Test(endpoints, refusals_reach_the_owner)
{
	struct media_remote remote = world_remote("203.0.113.50", 4000);
	world->dp.fail_type = XF_LINK_OPEN;
	world->dp.fail_result = -EEXIST;
	struct xf_endpoint_id id = opened(0, 1, 71);
	world_settle(world);
	cr_assert_eq(world->refused, 1);
	cr_assert_eq(world->refused_owner, 71);
	cr_assert_eq(world->refused_result, -EEXIST);
	cr_assert_not(media_knows(world->media, id, NULL), "the owner closed it in the callback");
	cr_assert_eq(world->dp.seen[XF_LINK_CLOSE], 0, "what was never open is not closed: the port is another's");
	id = opened(0, 1, 72);
	world->dp.fail_type = XF_LINK_UPDATE;
	world->dp.fail_result = -EINVAL;
	media_set_remote(world->media, id, &remote);
	world_settle(world);
	cr_assert_eq(world->refused, 2);
	cr_assert_eq(world->refused_owner, 72);
}

Test(endpoints, ports_used_up)
{
	struct media_counts counts;
	struct xf_endpoint_id id, last = {0};
	for (unsigned i = 0; i < 32; i++)
		last = opened(1, i, i);
	cr_assert_eq(media_open(world->media, 1, 1, 1, &id), -ENOSPC);
	media_close(world->media, last);
	media_close(world->media, last);
	cr_assert_eq(media_open(world->media, 1, 1, 1, &id), -ENOSPC, "it rests");
	media_counts(world->media, &counts);
	cr_assert_eq(counts.endpoints, 31);
	cr_assert_eq(counts.ports_resting, 1);
	cr_assert_gt(counts.commands_pending, 0);
	world_pass(world, NS_PER_S);
	cr_assert_eq(media_open(world->media, 1, 1, 1, &id), 0);
	cr_assert_eq(id.index, last.index);
	cr_assert_gt(id.generation, last.generation);
	world_settle(world);
	cr_assert_eq(fake_open_count(&world->dp), 32);
	media_counts(world->media, &counts);
	cr_assert_eq(counts.commands_pending, 0);
}

Test(endpoints, generations_only_rise)
{
	uint32_t last = 0;
	for (unsigned i = 0; i < 20; i++) {
		struct xf_endpoint_id id = opened(0, 1, 1);
		cr_assert_gt(id.generation, last);
		last = id.generation;
		media_close(world->media, id);
	}
}

/* Silence is nothing to be told of until somebody asks; the dataplane counts from then on. */
Test(endpoints, watched_when_asked)
{
	struct xf_endpoint_id id = opened(0, 1, 31);
	world_settle(world);
	unsigned updates = world->dp.seen[XF_LINK_UPDATE];
	media_watch(world->media, id, 0);
	media_watch(world->media, id, 5000);
	media_watch(world->media, id, 5000);
	world_settle(world);
	cr_expect_eq(fake_find(&world->dp, id)->settings.timeout_ns, 5 * NS_PER_S);
	cr_expect_eq(world->dp.seen[XF_LINK_UPDATE], updates + 1, "told what changed");
	media_watch(world->media, id, 0);
	media_watch(world->media, id, 5000);
	world_settle(world);
	cr_expect_eq(world->dp.seen[XF_LINK_UPDATE], updates + 3, "off and on counts anew");
	media_close(world->media, id);
	media_watch(world->media, id, 5000);
	world_settle(world);
	cr_expect_eq(world->dp.violations, 0);
}

/* Answers overtake events while the link is slow: what happened before the settings is no news of them. */
Test(endpoints, a_time_out_before_the_settings)
{
	struct xf_endpoint_id id = opened(0, 1, 31);
	media_watch(world->media, id, 60000);
	world_settle(world);
	uint64_t before = world->dp.now_ns;
	media_watch(world->media, id, 0);
	media_watch(world->media, id, 60000);
	world_settle(world);
	fake_silence_at(&world->dp, id, 30000, before);
	world_settle(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 0);
	fake_silence(&world->dp, id, 0);
	world_settle(world);
	cr_expect_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 1);
	cr_expect_eq(world->heard_ms, 0);
}

/* The first patch has fired, and it is the second that is armed when we hear of it. */
Test(endpoints, an_armed_patch_that_fired_before_the_next)
{
	struct xf_endpoint_id a = opened(0, 1, 31), b = opened(1, 1, 31), c = opened(1, 1, 31);
	struct xf_link_move arm = world_move(a, b);
	arm.armed_limit_ns = NS_PER_S;
	cr_assert_eq(media_patch(world->media, &arm, 1, 0), 0);
	world_settle(world);
	uint64_t before = ++world->dp.now_ns;
	struct xf_link_move next[] = {world_move(a, b), world_move(a, c)};
	next[1].armed_limit_ns = NS_PER_S;
	cr_assert_eq(media_patch(world->media, next, 2, 0), 0);
	world_settle(world);
	fake_fired_at(&world->dp, a, before);
	world_settle(world);
	cr_expect_eq(world->events[XF_EVENT_ARMED_FIRED], 0);
	/* A dataplane that has to be told all shows what we think. */
	world_disconnect(world);
	fake_restart(&world->dp);
	world_connect(world);
	cr_expect_eq(fake_find(&world->dp, a)->source.index, b.index);
	cr_expect_eq(fake_find(&world->dp, a)->armed.index, c.index);
	fake_event(&world->dp, a, XF_EVENT_ARMED_FIRED);
	world_settle(world);
	cr_expect_eq(world->events[XF_EVENT_ARMED_FIRED], 1);
}

Test(endpoints, events_reach_the_owner)
{
	struct xf_endpoint_id id = opened(0, 1, 31), gone = opened(0, 1, 32);
	world_settle(world);
	fake_event(&world->dp, id, XF_EVENT_MEDIA_TIMEOUT);
	media_close(world->media, gone);
	fake_event(&world->dp, gone, XF_EVENT_FIRST_PACKET);
	world_settle(world);
	cr_assert_eq(world->events[XF_EVENT_MEDIA_TIMEOUT], 1);
	cr_assert_eq(world->event_owner, 31);
	cr_assert_eq(world->events[XF_EVENT_FIRST_PACKET], 0, "nobody's any more");
}

static void count_row(void *arg, uint64_t cookie, enum xf_link_type type, const void *row)
{
	world->rows++;
	world->row_types[type]++;
}

static void count_done(void *arg, uint64_t cookie, int result, uint64_t dataplane_ns)
{
	cr_assert_eq(cookie, 3);
	world->dones++;
	world->done_result = result;
}

static const struct media_query query = {.row = count_row, .done = count_done};

Test(endpoints, a_dump_of_many_pages)
{
	for (unsigned i = 0; i < 4 * world->dp.dump_rows + 1; i++)
		opened(0, i, i);
	cr_assert_eq(media_dump(world->media, &query, 3), 0);
	world_settle(world);
	cr_assert_eq(world->rows, 4 * world->dp.dump_rows + 1);
	cr_assert_eq(world->dones, 1);
	cr_assert_eq(world->done_result, 0);
}

Test(endpoints, stats)
{
	cr_assert_eq(media_stats(world->media, &query, 3), 0);
	world_settle(world);
	cr_assert_eq(world->rows, 4);
	cr_assert_eq(world->row_types[XF_LINK_DROPS], 1);
	cr_assert_eq(world->dones, 1);
	world_disconnect(world);
	cr_assert_eq(media_stats(world->media, &query, 3), -ENOTCONN);
	cr_assert_eq(media_dump(world->media, &query, 3), -ENOTCONN);
}

Test(endpoints, a_question_is_answered_when_the_link_is_lost)
{
	media_dump(world->media, &query, 3);
	media_flush(world->media);
	world_disconnect(world);
	cr_assert_eq(world->dones, 1);
	cr_assert_eq(world->done_result, -ENOTCONN);
}

Test(endpoints, source_table)
{
	cr_assert_eq(world->dp.source_count, 4);
	const struct xf_source *s = world->dp.sources;
	cr_assert_eq(s[1].peer, 0);
	cr_assert_eq(s[1].role, XF_ROLE_PROVIDER);
	cr_assert_eq(s[1].block.prefix_len, 48);
	cr_assert_eq(s[2].peer, 1);
	cr_assert_eq(s[3].peer, 2);
	cr_assert_eq(s[3].role, XF_ROLE_AGENT);
}
