/* A dataplane that answers what it likes. Whatever it says, each patch and each admission is told of at most once, and
 * exactly once when the link has gone; no timer and no memory is left. */
#include "link.h"

#include "../unit/media/world.h"

#define STEPS_MAX 64
#define OPEN_MAX  8

static struct world *world;
static struct xf_endpoint_id ids[OPEN_MAX];
static unsigned cookies, patched[WORLD_COOKIES];
static bool admitting[256];
static bool deaf; /* the fake dataplane's own answers are dropped: the input gives them */

static struct xf_endpoint_id *any(uint8_t what)
{
	return &ids[what % OPEN_MAX];
}

static void ask(struct fuzz_bytes *in)
{
	uint8_t what = fuzz_u8(in), which = fuzz_u8(in);
	struct media_remote remote = world_remote(which & 16 ? "203.0.113.9" : "203.0.113.8", 4000);
	struct xf_link_move move = world_move(*any(which), which & 8 ? world_nobody : *any(which >> 4));
	struct xf_addr addr = world_addr(which & 1 ? "198.18.0.1" : "198.18.0.2");
	switch (what % 6) {
	case 0:
		if (any(which)->index == XF_ENDPOINT_NONE)
			media_open(world->media, which >> 4 & 1, which, which, any(which));
		break;
	case 1:
		if (any(which)->index != XF_ENDPOINT_NONE)
			media_set_remote(world->media, *any(which), &remote);
		break;
	case 2:
		/* Taken: it will be told of. */
		if (any(which)->index != XF_ENDPOINT_NONE && cookies + 1 < 64 &&
		    media_patch(world->media, &move, 1, cookies + 1) == 0)
			patched[++cookies] = 1;
		break;
	case 3:
		media_close(world->media, *any(which));
		*any(which) = world_nobody;
		break;
	case 4:
		if (!admitting[which])
			media_admit_address(world->media, &addr, which);
		admitting[which] = true;
		break;
	default:
		media_flush(world->media);
	}
}

/* A record as the dataplane would write it, to be spoiled. */
static size_t body(uint8_t type, uint8_t what, uint8_t out[static 8192])
{
	struct xf_link_ack ack = {.result = what & 1 ? -(int)(what >> 1) : 0};
	struct xf_link_event event = {.id = *any(what), .event = what >> 4};
	struct xf_endpoint_state state = {.id = *any(what)};
	struct xf_link_hello_ok hello = {.version = XF_LINK_VERSION, .workers = 2, .ports = 2, .media_addrs = 4};
	memset(out, 0, 8192);
	switch (type) {
	case XF_LINK_ACK:
		memcpy(out, &ack, sizeof(ack));
		break;
	case XF_LINK_EVENT:
		memcpy(out, &event, sizeof(event));
		break;
	case XF_LINK_ENDPOINT:
		memcpy(out, &state, sizeof(state));
		break;
	case XF_LINK_HELLO_OK:
		for (unsigned i = 0; i < 4; i++)
			hello.media_addr[i] = world->dp.addr[i];
		hello.instance = what;
		memcpy(out, &hello, sizeof(hello));
		break;
	}
	return xf_link_body_size(type);
}

static void say(struct fuzz_bytes *in)
{
	static uint8_t bytes[8192];
	static struct link_writer writer;
	uint8_t how = fuzz_u8(in);
	size_t got;
	writer.len = 0;
	for (unsigned i = 0; i <= (how & 3u); i++) {
		uint8_t type = fuzz_u8(in), what = fuzz_u8(in), back = fuzz_u8(in), spoil = fuzz_u8(in);
		type = type < 240 ? (uint8_t)(64 + type % 8) : (uint8_t)(type & 15);
		size_t len = body(type, what, bytes);
		if (spoil & 1) {
			uint8_t offset = fuzz_u8(in);
			const uint8_t *over = fuzz_take(in, fuzz_u8(in) & 31, &got);
			memcpy(bytes + offset, over, got);
		}
		if ((spoil & 0xf0) == 0xf0)
			len = fuzz_u8(in) * 8u;
		uint32_t sequence = type == XF_LINK_EVENT ? 0 : world->dp.sequence_last + 2 - (back & 31);
		link_writer_add(&writer, type, sequence, bytes, len);
	}
	size_t len = writer.len;
	if (how & 64) {
		const uint8_t *raw = fuzz_take(in, fuzz_u8(in), &got);
		memcpy(writer.packet, raw, got);
		len = got;
	} else if (how & 128) {
		len -= len ? fuzz_u8(in) % len : 0;
	}
	/* A block of just its length. */
	uint8_t *exact = malloc(len ? len : 1);
	fuzz_check(exact);
	memcpy(exact, writer.packet, len);
	media_link_receive(world->media, exact, len);
	free(exact);
}

static void settle(void)
{
	struct fake_packet packet;
	if (!deaf) {
		world_settle(world);
		return;
	}
	timers_run(&world->env.timers, world->env.now_ns);
	while (fake_take(&world->dp, &packet))
		free(packet.bytes);
}

static void told_once(bool all)
{
	for (unsigned i = 1; i <= cookies; i++)
		fuzz_check(world->cookie_calls[i] <= 1 && (!all || world->cookie_calls[i] == patched[i]),
			   "patch %u told %u times", i, world->cookie_calls[i]);
	for (unsigned i = 0; i < 256; i++)
		fuzz_check(world->admitted_calls[i] <= 1, "admission %u told %u times", i, world->admitted_calls[i]);
}

static void step(struct fuzz_bytes *in)
{
	uint8_t what = fuzz_u8(in);
	switch (what & 7) {
	case 0:
	case 1:
		ask(in);
		break;
	case 2:
		world->env.now_ns += (what >> 3) * 50 * NS_PER_MS;
		break;
	case 3:
		if (world->connected)
			world_disconnect(world);
		else
			world_connect(world);
		break;
	case 4:
		deaf = what & 8;
		break;
	default:
		if (world->connected)
			say(in);
	}
	settle();
	/* The fake one sees what the input's lies lead to. */
	world->dp.violations = 0;
	told_once(false);
}

void link_media_run(struct fuzz_bytes *in)
{
	world = world_create(16447);
	deaf = false;
	cookies = 0;
	memset(patched, 0, sizeof(patched));
	memset(admitting, 0, sizeof(admitting));
	for (unsigned i = 0; i < OPEN_MAX; i++)
		ids[i] = world_nobody;
	world_connect(world);
	for (unsigned i = 0; i < STEPS_MAX && in->left; i++)
		step(in);
	if (world->connected)
		world_disconnect(world);
	world_pass(world, NS_PER_S);
	told_once(false);
	world->dp.violations = 0;
	world_destroy(world);
}
