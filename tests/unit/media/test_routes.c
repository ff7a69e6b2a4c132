/* The kernel's routes change while endpoints are open. */
#include "world.h"

#include <criterion/criterion.h>

#define SETTLE_NS (50 * NS_PER_MS)
#define SHARE	  64 /* endpoints that may be asked for in a turn */
#define MANY	  200

static struct world *world;
static struct xf_endpoint_id many[MANY];

static void setup(void)
{
	world = world_create(16384 + 1023);
	world_connect(world);
	cr_assert(media_ready(world->media));
}

static void teardown(void)
{
	world_destroy(world);
}

TestSuite(routes, .init = setup, .fini = teardown);

static struct xf_endpoint_id opened(const char *peer)
{
	struct xf_endpoint_id id;
	cr_assert_eq(media_open(world->media, 0, 1, 1, &id), 0);
	if (peer) {
		struct media_remote remote = world_remote(peer, 4000);
		cr_assert_eq(media_set_remote(world->media, id, &remote), 0);
	}
	world_settle(world);
	return id;
}

/* NULL: no route. */
static void lead(const char *peer, const char *via)
{
	struct world_way way = {.to = world_addr(peer), .via = via ? world_addr(via) : (struct xf_addr){0}};
	for (unsigned i = 0; i < world->way_count; i++)
		if (xf_addr_eq(&world->ways[i].to, &way.to)) {
			world->ways[i] = way;
			return;
		}
	world->ways[world->way_count++] = way;
}

static bool goes_by(struct xf_endpoint_id id, const char *router)
{
	struct xf_addr want = world_addr(router);
	return xf_addr_eq(&fake_find(&world->dp, id)->settings.next_hop, &want);
}

static unsigned updates(void)
{
	return world->dp.seen[XF_LINK_UPDATE];
}

Test(routes, only_what_changed_is_told)
{
	struct xf_endpoint_id one = opened("203.0.113.50"), two = opened("203.0.113.50");
	struct xf_endpoint_id other = opened("203.0.113.60"), fresh = opened(NULL);
	struct xf_endpoint_settings was = fake_find(&world->dp, one)->settings;
	unsigned before = updates(), asked = world->routes_asked;
	lead("203.0.113.50", "203.0.113.254");
	world_pass(world, NS_PER_S);
	cr_assert_eq(world->routes_asked, asked, "nobody said that they changed");
	media_routes_changed(world->media);
	world_pass(world, SETTLE_NS - 1);
	cr_assert_eq(world->routes_asked, asked, "there may be more to come");
	world_pass(world, 1);
	cr_expect_eq(updates(), before + 2);
	cr_expect_eq(world->routes_asked, asked + 3, "what has no remote has no route");
	cr_expect(goes_by(one, "203.0.113.254") && goes_by(two, "203.0.113.254"));
	cr_expect(goes_by(other, "203.0.113.60"));
	cr_expect_eq(fake_find(&world->dp, fresh)->settings.next_hop.family, 0);
	was.next_hop = world_addr("203.0.113.254");
	cr_expect_eq(memcmp(&fake_find(&world->dp, one)->settings, &was, sizeof(was)), 0, "nothing else is changed");
	cr_expect_eq(fake_find(&world->dp, one)->relearned, 0);
	media_routes_changed(world->media);
	world_pass(world, NS_PER_S);
	cr_expect_eq(updates(), before + 2, "the same answers again");
	cr_expect_eq(world->routes_asked, asked + 6);
	cr_expect_eq(world->warnings, 0);
}

Test(routes, a_flock_of_changes_is_one)
{
	unsigned asked;
	opened("203.0.113.50");
	asked = world->routes_asked;
	for (unsigned n = 0; n < 49; n++) {
		media_routes_changed(world->media);
		world_pass(world, NS_PER_MS);
	}
	cr_expect_eq(world->routes_asked, asked);
	world_pass(world, NS_PER_S);
	cr_expect_eq(world->routes_asked, asked + 1);
	/* Changes without end: not put off for ever, and not more often either. */
	for (unsigned n = 0; n < 500; n++) {
		media_routes_changed(world->media);
		world_pass(world, NS_PER_MS);
	}
	cr_expect_geq(world->routes_asked, asked + 9);
	cr_expect_leq(world->routes_asked, asked + 11);
}

static void open_many(void)
{
	for (unsigned i = 0; i < MANY; i++)
		many[i] = opened("203.0.113.50");
}

Test(routes, a_share_at_a_time)
{
	open_many();
	unsigned before = updates(), asked = world->routes_asked, turns = 0;
	lead("203.0.113.50", "203.0.113.254");
	media_routes_changed(world->media);
	world_pass(world, SETTLE_NS);
	while (world->routes_asked != asked) {
		cr_assert_leq(world->routes_asked, asked + SHARE);
		asked = world->routes_asked;
		turns++;
		world_pass(world, NS_PER_MS);
	}
	cr_expect_eq(turns, (MANY + SHARE - 1) / SHARE);
	cr_expect_eq(updates(), before + MANY);
	cr_expect_eq(world->env.timers.count, 0, "and then no more");
}

/* Those that were looked at are looked at again, those at the end of the list are not left out, and those that go
 * meanwhile are in nobody's way. */
Test(routes, a_change_in_the_midst)
{
	open_many();
	lead("203.0.113.50", "203.0.113.254");
	media_routes_changed(world->media);
	world_pass(world, SETTLE_NS);
	cr_assert(goes_by(many[SHARE - 1], "203.0.113.254") && goes_by(many[SHARE], "203.0.113.50"));
	for (unsigned i = SHARE - 1; i < SHARE + 2; i++)
		media_close(world->media, many[i]);
	lead("203.0.113.50", "203.0.113.253");
	media_routes_changed(world->media);
	world_pass(world, 3 * NS_PER_MS);
	cr_expect(goes_by(many[MANY - 1], "203.0.113.253"), "to its end first");
	cr_expect(goes_by(many[0], "203.0.113.254"));
	world_pass(world, SETTLE_NS + 4 * NS_PER_MS);
	for (unsigned i = 0; i < MANY; i++)
		if (i < SHARE - 1 || i >= SHARE + 2)
			cr_expect(goes_by(many[i], "203.0.113.253"), "%u", i);
	media_routes_changed(world->media);
	world_pass(world, SETTLE_NS);
	for (unsigned i = 0; i < MANY; i++)
		media_close(world->media, many[i]);
	world_pass(world, NS_PER_S);
	media_routes_changed(world->media);
	world_pass(world, SETTLE_NS); /* of none */
	open_many();
	media_routes_changed(world->media);
	world_pass(world, SETTLE_NS); /* and it ends in the midst of it */
}

Test(routes, no_route_keeps_the_former_one_and_says_so_once)
{
	struct xf_endpoint_id one = opened("203.0.113.50"), two = opened("203.0.113.50");
	opened("203.0.113.60");
	unsigned before = updates();
	lead("203.0.113.50", NULL);
	for (unsigned n = 0; n < 3; n++) {
		media_routes_changed(world->media);
		world_pass(world, NS_PER_S);
	}
	cr_expect_eq(updates(), before);
	cr_expect(goes_by(one, "203.0.113.50") && goes_by(two, "203.0.113.50"));
	cr_expect_eq(world->warnings, 1);
	cr_expect_not_null(strstr(world->warning, "event=routes-lost endpoints=2 peer=203.0.113.50 "), "%s",
			   world->warning);
	lead("203.0.113.50", "203.0.113.254");
	media_routes_changed(world->media);
	world_pass(world, NS_PER_S);
	cr_expect_eq(updates(), before + 2);
	cr_expect(goes_by(one, "203.0.113.254"));
	world->route_network = 1; /* by another port, which is not the endpoints' */
	media_routes_changed(world->media);
	world_pass(world, NS_PER_S);
	cr_expect_eq(updates(), before + 2);
	cr_expect_eq(world->warnings, 2);
	cr_expect_not_null(strstr(world->warning, "endpoints=3"), "%s", world->warning);
}

/* What the dataplane could not be told then it is told at the reconnect, whether it is the same one or another. */
Test(routes, while_the_link_is_down)
{
	struct xf_endpoint_id one = opened("203.0.113.50");
	world_disconnect(world);
	lead("203.0.113.50", "203.0.113.254");
	media_routes_changed(world->media);
	world_pass(world, NS_PER_S);
	cr_expect(goes_by(one, "203.0.113.50"));
	world_connect(world);
	cr_expect(goes_by(one, "203.0.113.254"));
	world_disconnect(world);
	lead("203.0.113.50", "203.0.113.253");
	media_routes_changed(world->media);
	world_pass(world, NS_PER_S);
	fake_restart(&world->dp);
	world_connect(world);
	cr_expect(goes_by(one, "203.0.113.253"));
}
