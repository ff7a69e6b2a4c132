#include "world.h"

#include <criterion/criterion.h>

const struct xf_endpoint_id world_nobody = {.index = XF_ENDPOINT_NONE};

static void world_random(void *arg, void *buf, size_t len)
{
	struct world *world = arg;
	for (size_t i = 0; i < len; i++) {
		world->random = world->random * 6364136223846793005ull + 1442695040888963407ull;
		((uint8_t *)buf)[i] = (uint8_t)(world->random >> 56);
	}
}

static int world_send_link(void *arg, const void *packet, size_t len)
{
	struct world *world = arg;
	if (!world->connected)
		return -EPIPE;
	fake_receive(&world->dp, packet, len);
	return 0;
}

static int world_route(void *arg, const struct xf_addr *to, struct seam_route *out)
{
	struct world *world = arg;
	world->routes_asked++;
	if (world->route_fails)
		return -ENETUNREACH;
	*out = (struct seam_route){.network = world->route_network, .next_hop = *to};
	for (unsigned i = 0; i < world->way_count; i++)
		if (xf_addr_eq(&world->ways[i].to, to))
			out->next_hop = world->ways[i].via;
	return out->next_hop.family ? 0 : -ENETUNREACH;
}

static void world_log(void *arg, enum log_level level, const char *line)
{
	struct world *world = arg;
	if (level == LOG_LEVEL_WARNING) {
		world->warnings++;
		snprintf(world->warning, sizeof(world->warning), "%s", line);
	}
	if (level != LOG_LEVEL_ERROR)
		return;
	world->errors++;
	snprintf(world->error, sizeof(world->error), "%s", line);
}

static void on_patched(void *arg, uint64_t cookie, int result, uint64_t dataplane_ns)
{
	struct world *world = arg;
	world->cookie_calls[cookie]++;
	world->cookie_result[cookie] = result;
}

static void on_event(void *arg, uint64_t owner, const struct xf_link_event *event)
{
	struct world *world = arg;
	world->events[event->event]++;
	if (event->event == XF_EVENT_MEDIA_TIMEOUT)
		world->heard_ms = event->duration_ms;
	world->event_owner = owner;
}

static void on_admitted(void *arg, uint64_t waiter, int result)
{
	struct world *world = arg;
	world->admitted_calls[waiter]++;
	world->admitted_result[waiter] = result;
}

static void on_refused(void *arg, uint64_t owner, struct xf_endpoint_id id, int result)
{
	struct world *world = arg;
	world->refused++;
	world->refused_result = result;
	world->refused_owner = owner;
	/* What a call does: it lets go, right here. */
	media_close(world->media, id);
}

static void on_link_changed(void *arg, bool up)
{
	struct world *world = arg;
	world->ups += up;
	world->downs += !up;
}

static void on_copied(void *arg, uint64_t owner, const struct media_copy *copy)
{
	struct world *world = arg;
	world->copies++;
	world->copies_lost += copy->lost;
}

struct xf_addr world_addr(const char *text)
{
	struct xf_addr addr;
	cr_assert_eq(xf_addr_parse(&addr, text), 0);
	return addr;
}

static void world_configure(struct world *world, uint16_t port_last)
{
	struct config *c = &world->config;
	world->outside_media[0] = world_addr("192.0.2.1");
	world->outside_media[1] = world_addr("192.0.2.2");
	world->inside_media[0] = world_addr("198.51.100.1");
	world->sixth_media[0] = world_addr("2001:db8::1");
	world->networks[0] = (struct config_network){
	    .media = world->outside_media,
	    .media_count = 2,
	    .advertise = world_addr("203.0.113.7"),
	    .media_dscp = 34,
	};
	world->networks[1] = (struct config_network){
	    .port = 1, .media = world->inside_media, .media_count = 1, .media_first = 2, .media_dscp = 46};
	world->networks[2] = (struct config_network){.media = world->sixth_media, .media_count = 1, .media_first = 3};
	const char *blocks[] = {"203.0.113.0/24", "2001:db8:5::/48", "192.0.2.99", "198.51.100.10"};
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(xf_prefix_parse(&world->blocks[i], blocks[i]), 0);
	world->providers[0] = (struct config_provider){.sources = world->blocks, .source_count = 2};
	world->providers[1] = (struct config_provider){.sources = world->blocks + 2, .source_count = 1};
	world->agents[0] = (struct config_agent){.sources = world->blocks + 3, .source_count = 1};
	c->ports = world->config_ports;
	c->port_count = 2;
	c->networks = world->networks;
	c->network_count = 3;
	c->providers = world->providers;
	c->provider_count = 2;
	c->agents = world->agents;
	c->agent_count = 1;
	c->t1_ms = 500;
	c->quarantine_ms = 1000;
	c->learn_window_ms = 3000;
	c->media_timeout_ms = 60000;
	c->media_port_first = 16384;
	c->media_port_last = port_last;
}

static void world_create_media(struct world *world)
{
	const struct media_user user = {
	    .arg = world,
	    .patched = on_patched,
	    .event = on_event,
	    .admitted = on_admitted,
	    .refused = on_refused,
	    .link_changed = on_link_changed,
	    .copied = on_copied,
	};
	cr_assert_eq(media_create(&world->media, &world->env, &world->config, &user), 0);
}

struct world *world_create(uint16_t port_last)
{
	struct world *world = calloc(1, sizeof(*world));
	world->random = 42;
	world->seam = (struct seam){
	    .arg = world,
	    .random = world_random,
	    .send_link = world_send_link,
	    .route = world_route,
	    .log = world_log,
	};
	world->env.seam = &world->seam;
	world->env.now_ns = 5 * NS_PER_S;
	timers_init(&world->env.timers);
	world_configure(world, port_last);
	fake_init(&world->dp, &world->config);
	world_create_media(world);
	return world;
}

void world_destroy(struct world *world)
{
	media_destroy(world->media);
	cr_expect_eq(world->env.timers.count, 0, "timers left behind");
	cr_expect_eq(world->dp.violations, 0, "the dataplane saw a broken protocol");
	timers_fini(&world->env.timers);
	fake_fini(&world->dp);
	free(world);
}

void world_connect(struct world *world)
{
	fake_connected(&world->dp);
	world->connected = true;
	media_link_up(world->media);
	world_settle(world);
}

void world_disconnect(struct world *world)
{
	world->connected = false;
	media_link_down(world->media);
	fake_connected(&world->dp);
}

void world_settle(struct world *world)
{
	struct fake_packet packet;
	bool moved;
	do {
		moved = timers_run(&world->env.timers, world->env.now_ns) > 0;
		while (fake_take(&world->dp, &packet)) {
			media_link_receive(world->media, packet.bytes, packet.len);
			free(packet.bytes);
			moved = true;
		}
	} while (moved);
}

void world_pass(struct world *world, uint64_t ns)
{
	uint64_t end = world->env.now_ns + ns;
	while (timers_next(&world->env.timers) <= end) {
		if (world->env.now_ns < timers_next(&world->env.timers))
			world->env.now_ns = timers_next(&world->env.timers);
		world_settle(world);
	}
	world->env.now_ns = end;
	world_settle(world);
}

void world_replace_media(struct world *world)
{
	world->connected = false; /* so that nothing of the old one's end arrives */
	media_destroy(world->media);
	world_create_media(world);
}

struct media_remote world_remote(const char *addr, uint16_t port)
{
	struct media_remote remote = {.pt_count = 2, .pts = {{0, XF_CODEC_PCMU}, {101, XF_CODEC_EVENT}}};
	remote.rtp = (struct xf_sockaddr){.addr = world_addr(addr), .port = port};
	remote.rtcp = (struct xf_sockaddr){.addr = remote.rtp.addr, .port = (uint16_t)(port + 1)};
	return remote;
}

struct xf_link_move world_move(struct xf_endpoint_id to, struct xf_endpoint_id from)
{
	return (struct xf_link_move){.to = to, .from = from};
}
