/* Random histories: whatever happens in whatever order, every cookie and waiter is answered exactly once, and when the
 * storm is over the dataplane holds just what the shadow says. */
#include "world.h"

#include <criterion/criterion.h>

#define LIVING 48

struct storm {
	struct world *world;
	uint64_t random;
	struct xf_endpoint_id id[LIVING];
	struct xf_endpoint_id source[LIVING]; /* what was last patched; unknown after a refusal */
	bool open[LIVING];
	unsigned cookies, waiters, held[8];
	bool expected[WORLD_COOKIES], expected_waiter[WORLD_COOKIES];
};

static unsigned pick(struct storm *s, unsigned below)
{
	s->random = s->random * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(s->random >> 40) % below;
}

static void storm_open(struct storm *s, unsigned i)
{
	if (s->open[i]) {
		media_close(s->world->media, s->id[i]);
		s->open[i] = false;
		for (unsigned k = 0; k < LIVING; k++)
			if (s->source[k].index == s->id[i].index)
				s->source[k] = world_nobody;
	} else if (media_open(s->world->media, pick(s, 3), i % 2, i, &s->id[i]) == 0) {
		s->open[i] = true;
		s->source[i] = world_nobody;
	}
}

static void storm_remote(struct storm *s, unsigned i)
{
	struct media_remote remote = world_remote("203.0.113.50", (uint16_t)(4000 + 2 * pick(s, 500)));
	remote.relearn = pick(s, 2);
	if (s->open[i])
		media_set_remote(s->world->media, s->id[i], &remote);
}

static void storm_patch(struct storm *s, unsigned i)
{
	unsigned from = pick(s, LIVING / 2) * 2 + i % 2; /* of the same worker */
	if (!s->open[i] || !s->open[from] || s->cookies + 1 == WORLD_COOKIES)
		return;
	struct xf_link_move move = world_move(s->id[i], pick(s, 4) ? s->id[from] : world_nobody);
	move.paused = (uint8_t)pick(s, 2);
	uint64_t cookie = ++s->cookies;
	int result = media_patch(s->world->media, &move, 1, cookie);
	s->expected[cookie] = result == 0;
	if (result == 0 || result == -ENOTCONN)
		s->source[i] = move.from;
	else
		cr_assert_eq(result, -EXDEV);
}

static void storm_admit(struct storm *s, unsigned i)
{
	struct xf_addr addr = world_addr("198.18.7.0");
	addr.bytes[3] = (uint8_t)(i % 8);
	if (s->held[i % 8] && pick(s, 2)) {
		s->held[i % 8]--;
		media_release_address(s->world->media, &addr);
		return;
	}
	uint64_t waiter = ++s->waiters;
	int result = media_admit_address(s->world->media, &addr, waiter);
	s->expected_waiter[waiter] = result == -EINPROGRESS;
	if (result == 0 || result == -EINPROGRESS)
		s->held[i % 8]++;
}

/* By one of two routers, or no way at all. */
static void storm_route(struct storm *s)
{
	static const char *const routers[] = {"203.0.113.253", "203.0.113.254"};
	unsigned way = pick(s, 3);
	s->world->way_count = 1;
	s->world->ways[0] = (struct world_way){.to = world_addr("203.0.113.50")};
	if (way < 2)
		s->world->ways[0].via = world_addr(routers[way]);
	media_routes_changed(s->world->media);
}

static void storm_step(struct storm *s)
{
	struct world *world = s->world;
	unsigned i = pick(s, LIVING), what = pick(s, 100);
	struct fake_packet packet;
	if (what < 25)
		storm_open(s, i);
	else if (what < 40)
		storm_remote(s, i);
	else if (what < 65)
		storm_patch(s, i);
	else if (what < 72)
		storm_admit(s, i);
	else if (what < 76)
		media_flush(world->media);
	else if (what < 80)
		storm_route(s);
	else if (what < 90 && fake_take(&world->dp, &packet)) {
		media_link_receive(world->media, packet.bytes, packet.len);
		free(packet.bytes);
	} else if (what < 94)
		world_pass(world, pick(s, 3000) * NS_PER_MS);
	else if (what < 96)
		world->connected = false; /* noticed by the next send */
	else if (what < 97) {
		world_disconnect(world);
		fake_restart(&world->dp);
	} else if (what < 98)
		world_disconnect(world);
	else {
		fake_connected(&world->dp);
		world->connected = true;
		media_link_up(world->media);
	}
}

static void storm_end(struct storm *s)
{
	struct world *world = s->world;
	world_disconnect(world);
	world_connect(world);
	cr_assert(media_ready(world->media));
	world_pass(world, NS_PER_S);
	const struct xf_addr *router = &world->ways[0].via;
	unsigned living = 0;
	for (unsigned i = 0; i < LIVING; i++) {
		if (!s->open[i])
			continue;
		living++;
		struct fake_endpoint *e = fake_find(&world->dp, s->id[i]);
		cr_assert_not_null(e, "endpoint %u", i);
		cr_assert_eq(e->source.index, s->source[i].index, "feed of %u", i);
		if (e->settings.remote.addr.family == 4 && router->family)
			cr_assert(xf_addr_eq(&e->settings.next_hop, router), "way of %u", i);
	}
	cr_assert_eq(fake_open_count(&world->dp), living, "nothing is left behind");
	struct media_counts counts;
	media_counts(world->media, &counts);
	cr_assert_eq(counts.endpoints, living);
	cr_assert_eq(counts.ports_used, living);
	cr_assert_eq(counts.commands_pending, 0);
	cr_assert_eq(world->refused, 0);
	for (unsigned i = 1; i <= s->cookies; i++)
		cr_assert_eq(world->cookie_calls[i], s->expected[i], "cookie %u", i);
	for (unsigned i = 1; i <= s->waiters; i++)
		cr_assert_eq(world->admitted_calls[i], s->expected_waiter[i], "waiter %u", i);
	for (unsigned i = 0; i < 8; i++) {
		struct xf_addr addr = world_addr("198.18.7.0");
		addr.bytes[3] = (uint8_t)i;
		cr_assert(!s->held[i] || fake_admits(&world->dp, &addr));
		while (s->held[i]--)
			media_release_address(world->media, &addr);
	}
	world_pass(world, 33 * NS_PER_S);
	cr_assert_eq(world->dp.admitted_count, 0);
}

Test(storm, sixty_histories)
{
	for (unsigned seed = 1; seed <= 60; seed++) {
		struct storm *s = calloc(1, sizeof(*s));
		s->random = seed;
		s->world = world_create(16384 + 511);
		world_connect(s->world);
		for (unsigned step = 0; step < 2000; step++)
			storm_step(s);
		storm_end(s);
		world_destroy(s->world);
		free(s);
	}
}
