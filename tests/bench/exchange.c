#include "exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../unit/media/fake_dataplane.h"
#include "parties.h"
#include "plane/plane.h"
#include "turns.h"

static const char configuration[] =
    "ports:\n"
    "  - {name: one, device: net_null0, tap: t0, addresses: [192.0.2.1/24]}\n"
    "  - {name: two, device: net_null1, tap: t1, addresses: [198.51.100.1/24]}\n"
    "networks:\n"
    "  - {name: carrier, port: one, sip: 192.0.2.1, media: [192.0.2.1]}\n"
    "  - {name: agents, port: two, sip: 198.51.100.1, media: [198.51.100.1]}\n"
    "media: {timeout: 60s, quarantine: 1s}\n"
    "providers:\n"
    "  - name: carrier\n"
    "    owner: acme\n"
    "    network: carrier\n"
    "    region: US\n"
    "    trunk: sip:edge.carrier.lab\n"
    "    sources: [192.0.2.0/25]\n"
    "    username: acme\n"
    "    password-env: BENCH_PASSWORD\n"
    "    realm: carrier.lab\n"
    "numbers:\n"
    "  - {number: \"+12025550100\", owner: acme, verified: operator, active: true, providers: [carrier]}\n"
    "agents:\n"
    "  - name: bot\n"
    "    owner: acme\n"
    "    network: agents\n"
    "    uri: sip:bot@agent.lab\n"
    "    sources: [198.51.100.10]\n"
    "    region: US\n"
    "    caller-id: dialled\n"
    "    may: {prefixes: [\"+1202\"]}\n"
    "routes:\n"
    "  - {number: \"+12025550100\", provider: carrier, agent: bot, ring-time: 20s, agent-fails: 480, agent-lost: "
    "hang-up}\n";

/* What waits for the plane. */
struct input {
	uint32_t network;
	struct xf_sockaddr from;
	char *text;
	size_t len;
};

struct exchange {
	struct plane *plane;
	struct config *config;
	struct seam seam;
	struct fake_dataplane dataplane;
	struct parties parties;
	uint64_t now_ns, random, took_ns;
	struct input *inputs;
	unsigned input_count, input_room;
	struct output {
		struct xf_sockaddr to;
		struct exchange_message message;
	} * outputs; /* what the plane has sent in this round */
	unsigned output_count, output_room;
	struct fake_packet *commands; /* likewise, to the dataplane */
	unsigned command_count, command_room;
	uint64_t queries[256];
	char names[256][64];
	unsigned query_count;
	bool record;
	struct exchange_message *recorded;
	unsigned recorded_count, recorded_room;
};

static void *room_for_one(void *array, unsigned count, unsigned *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	array = reallocarray(array, *room, size);
	turns_require(array, "no memory");
	return array;
}

static int network_of(const struct xf_addr *addr)
{
	return addr->family == 4 && addr->bytes[0] == 198;
}

static void keep(struct exchange *x, const struct exchange_message *message)
{
	if (!x->record) {
		free(message->text);
		return;
	}
	x->recorded = room_for_one(x->recorded, x->recorded_count, &x->recorded_room, sizeof(*x->recorded));
	x->recorded[x->recorded_count++] = *message;
}

static void seam_random(void *arg, void *buf, size_t len)
{
	struct exchange *x = arg;
	for (uint8_t *p = buf; len--; p++) {
		x->random ^= x->random << 13;
		x->random ^= x->random >> 7;
		x->random ^= x->random << 17;
		*p = (uint8_t)(x->random >> 24);
	}
}

static void seam_send_sip(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len)
{
	struct exchange *x = arg;
	x->outputs = room_for_one(x->outputs, x->output_count, &x->output_room, sizeof(*x->outputs));
	x->outputs[x->output_count++] =
	    (struct output){.to = *to, .message = {.text = strndup(data, len), .len = len, .sent = true}};
}

static int seam_send_link(void *arg, const void *packet, size_t len)
{
	struct exchange *x = arg;
	x->commands = room_for_one(x->commands, x->command_count, &x->command_room, sizeof(*x->commands));
	struct fake_packet *command = &x->commands[x->command_count++];
	*command = (struct fake_packet){.len = len, .bytes = malloc(len)};
	turns_require(command->bytes, "no memory");
	memcpy(command->bytes, packet, len);
	return 0;
}

static void seam_resolve(void *arg, uint64_t query, const char *name)
{
	struct exchange *x = arg;
	turns_require(x->query_count < 256, "too many questions at once");
	snprintf(x->names[x->query_count], sizeof(x->names[0]), "%s", name);
	x->queries[x->query_count++] = query;
}

static int seam_route(void *arg, const struct xf_addr *to, struct seam_route *out)
{
	*out = (struct seam_route){.network = (uint32_t)network_of(to), .next_hop = *to};
	return 0;
}

static void seam_reply(void *arg, uint64_t client, const char *json, size_t len)
{
}

static void seam_log(void *arg, enum log_level level, const char *line)
{
	turns_require(level != LOG_LEVEL_ERROR, "the plane says: %s", line);
}

/* What a party sends. */
static void party_say(void *arg, const char *from, const char *text, size_t len)
{
	struct exchange *x = arg;
	struct xf_sockaddr source = {.port = 5060};
	xf_addr_parse(&source.addr, from);
	x->inputs = room_for_one(x->inputs, x->input_count, &x->input_room, sizeof(*x->inputs));
	x->inputs[x->input_count++] = (struct input){
	    .network = (uint32_t)network_of(&source.addr), .from = source, .text = strndup(text, len), .len = len};
}

static struct config *load(void)
{
	struct config *config = NULL;
	char path[] = "/tmp/xfergate-bench-XXXXXX";
	int fd = mkstemp(path);
	turns_require(fd >= 0 && write(fd, configuration, sizeof(configuration) - 1) > 0, "cannot write %s", path);
	close(fd);
	setenv("BENCH_PASSWORD", "password", 1);
	int r = config_load(&config, path, stderr);
	unlink(path);
	turns_require(r == 0, "the configuration is refused");
	return config;
}

/* Gives the plane the round's SIP messages. */
static void give_sip(struct exchange *x)
{
	unsigned count = x->input_count;
	uint64_t start = turns_now_ns();
	for (unsigned i = 0; i < count; i++) {
		const struct input *in = &x->inputs[i];
		plane_sip_datagram(x->plane, x->now_ns, in->network, &in->from, in->text, in->len);
	}
	x->took_ns += turns_now_ns() - start;
	for (unsigned i = 0; i < count; i++)
		keep(x, &(struct exchange_message){.text = x->inputs[i].text, .len = x->inputs[i].len});
	x->input_count = 0;
}

static void give_answers(struct exchange *x)
{
	struct fake_packet packet;
	for (unsigned n = x->dataplane.out_count; n > 0 && fake_take(&x->dataplane, &packet); n--) {
		uint64_t start = turns_now_ns();
		plane_link_packet(x->plane, x->now_ns, packet.bytes, packet.len);
		x->took_ns += turns_now_ns() - start;
		free(packet.bytes);
	}
	while (x->query_count > 0) {
		struct xf_addr addr;
		uint64_t query = x->queries[--x->query_count];
		xf_addr_parse(&addr, strstr(x->names[x->query_count], "agent") ? PARTY_AGENT : PARTY_EDGE);
		uint64_t start = turns_now_ns();
		plane_resolved(x->plane, x->now_ns, query, &addr, 1, NULL);
		x->took_ns += turns_now_ns() - start;
	}
}

static void give_time(struct exchange *x)
{
	if (plane_deadline(x->plane) > x->now_ns)
		return;
	uint64_t start = turns_now_ns();
	plane_run(x->plane, x->now_ns);
	x->took_ns += turns_now_ns() - start;
}

/* The parties and the dataplane hear what was sent. */
static void hear(struct exchange *x)
{
	for (unsigned i = 0; i < x->command_count; i++) {
		fake_receive(&x->dataplane, x->commands[i].bytes, x->commands[i].len);
		free(x->commands[i].bytes);
	}
	x->command_count = 0;
	for (unsigned i = 0; i < x->output_count; i++) {
		struct output *out = &x->outputs[i];
		parties_hear(&x->parties, &out->to, out->message.text, out->message.len);
		keep(x, &out->message);
	}
	x->output_count = 0;
}

/* Until nobody has anything to say at this time. */
static void settle(struct exchange *x)
{
	do {
		x->dataplane.now_ns = x->now_ns;
		give_sip(x);
		give_answers(x);
		give_time(x);
		hear(x);
	} while (x->input_count || x->dataplane.out_count || x->query_count || plane_deadline(x->plane) <= x->now_ns);
}

void exchange_create(struct exchange **out)
{
	struct exchange *x = calloc(1, sizeof(*x));
	turns_require(x, "no memory");
	x->config = load();
	x->now_ns = 1000 * NS_PER_S;
	x->random = 88172645463325252ull;
	x->seam = (struct seam){x,	    seam_random, seam_send_sip, seam_send_link, seam_resolve,
				seam_route, seam_reply,	 seam_log};
	parties_init(&x->parties, party_say, x);
	fake_init(&x->dataplane, x->config);
	turns_require(plane_create(&x->plane, x->config, &x->seam, x->now_ns) == 0, "no control plane");
	fake_connected(&x->dataplane);
	plane_link_up(x->plane, x->now_ns);
	hear(x);
	settle(x);
	*out = x;
}

void exchange_destroy(struct exchange *x)
{
	plane_destroy(x->plane);
	fake_fini(&x->dataplane);
	config_destroy(x->config);
	for (unsigned i = 0; i < x->recorded_count; i++)
		free(x->recorded[i].text);
	free(x->recorded);
	free(x->inputs);
	free(x->outputs);
	free(x->commands);
	free(x);
}

uint64_t exchange_calls(struct exchange *x, unsigned calls, bool transfer)
{
	struct shard_counts counts;
	x->took_ns = 0;
	parties_begin(&x->parties, calls, transfer);
	settle(x);
	while (plane_deadline(x->plane) != UINT64_MAX) {
		x->now_ns = plane_deadline(x->plane);
		settle(x);
	}
	parties_end(&x->parties);
	shard_counts(plane_shard(x->plane), &counts);
	turns_require(counts.calls == 0 && counts.legs == 0, "%u calls and %u legs left", counts.calls, counts.legs);
	turns_require(x->dataplane.violations == 0 && fake_open_count(&x->dataplane) == 0, "endpoints left");
	x->now_ns += 2 * NS_PER_S;
	return x->took_ns;
}

void exchange_record(struct exchange *x, bool on)
{
	x->record = on;
}

const struct exchange_message *exchange_recorded(const struct exchange *x, unsigned *count)
{
	*count = x->recorded_count;
	return x->recorded;
}
