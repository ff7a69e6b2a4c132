#include "net.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static const char configuration[] =
    "ports:\n"
    "  - {name: one, device: net_null0, tap: t0, addresses: [192.0.2.1/24]}\n"
    "  - {name: two, device: net_null1, tap: t1, addresses: [198.51.100.1/24]}\n"
    "  - {name: three, device: net_null2, tap: t2, addresses: [203.0.113.1/24]}\n"
    "networks:\n"
    "  - {name: carrier, port: one, sip: 192.0.2.1, media: [192.0.2.1]}\n"
    "  - {name: agents, port: two, sip: 198.51.100.1, media: [198.51.100.1]}\n"
    "  - {name: pbx, port: three, sip: 203.0.113.1, media: [203.0.113.1]}\n"
    "media: {timeout: 60s, quarantine: 1s, hold-music: music}\n"
    "providers:\n"
    "  - name: carrier\n"
    "    owner: acme\n"
    "    network: carrier\n"
    "    region: US\n"
    "    trunk: sip:edge.carrier.lab\n"
    "    sources: [192.0.2.0/25]\n"
    "    username: acme\n"
    "    password-env: NET_PASSWORD\n"
    "    realm: carrier.lab\n"
    "    cost-per-minute: 0.01\n"
    "    currency: USD\n"
    "numbers:\n"
    "  - {number: \"+12025550100\", owner: acme, verified: operator, active: true, providers: [carrier]}\n"
    "  - {number: \"+12025550101\", owner: acme, verified: no, active: true, providers: [carrier]}\n"
    "  - {number: \"+12025550102\", owner: acme, verified: operator, active: false, providers: [carrier]}\n"
    "  - {number: \"+12025550103\", owner: acme, verified: operator, active: true, providers: []}\n"
    "  - {number: \"+12025550104\", owner: rival, verified: operator, active: true, providers: []}\n"
    "agents:\n"
    "  - name: bot\n"
    "    owner: acme\n"
    "    network: agents\n"
    "    uri: sip:bot@agent.lab\n"
    "    sources: [198.51.100.10]\n"
    "    region: US\n"
    "    caller-id: dialled\n"
    "    may: {plans: [sales, straight, closed, shut, back, patient], prefixes: [\"+1202\"], domains: [pbx.lab, "
    "sneaky.lab]}\n"
    "routes:\n"
    "  - {number: \"+12025550100\", provider: carrier, agent: bot, ring-time: 20s, agent-fails: 480, agent-lost: "
    "hang-up}\n"
    "  - {number: \"+12025550199\", provider: carrier, agent: bot, ring-time: 20s, agent-fails: plan-straight, "
    "agent-lost: plan-straight}\n"
    "  - {number: \"+12025550198\", provider: carrier, agent: bot, ring-time: 20s, agent-fails: plan-shut, "
    "agent-lost: plan-shut}\n"
    "sounds:\n"
    "  - {name: music, file: music.wav, loop: true}\n"
    "  - {name: sorry, file: sorry.wav}\n"
    "  - {name: twice, file: twice.wav, times: 2}\n"
    "plans:\n"
    "  - name: closed\n"
    "    owner: acme\n"
    "    type: number\n"
    "    destination: \"+12025550150\"\n"
    "    caller-id: \"+12025550100\"\n"
    "    ring-time: 10s\n"
    "    fallbacks:\n"
    "      - {type: announcement, sound: sorry}\n"
    "      - {type: announcement, sound: busy, time: 4s}\n"
    "      - {type: hang-up}\n"
    "  - name: back\n"
    "    owner: acme\n"
    "    type: sip\n"
    "    destination: sip:reception@pbx.lab\n"
    "    ring-time: 5s\n"
    "    fallbacks:\n"
    "      - {type: agent}\n"
    "      - {type: announcement, sound: twice}\n"
    "  - name: shut\n"
    "    owner: acme\n"
    "    type: announcement\n"
    "    sound: sorry\n"
    "    fallbacks:\n"
    "      - {type: sip, destination: \"sip:reception@pbx.lab\", ring-time: 5s}\n"
    "      - {type: announcement, sound: sorry}\n"
    "  - name: sales\n"
    "    owner: acme\n"
    "    type: number\n"
    "    destination: \"+12025550150\"\n"
    "    caller-id: \"+12025550100\"\n"
    "    ring-time: 10s\n"
    "    fallbacks:\n"
    "      - {type: sip, destination: \"sip:reception@pbx.lab\", ring-time: 3s}\n"
    "      - {type: agent}\n"
    "  - name: patient\n"
    "    owner: acme\n"
    "    type: number\n"
    "    destination: \"+12025550150\"\n"
    "    caller-id: \"+12025550100\"\n"
    "    ring-time: 4m\n"
    "    fallbacks:\n"
    "      - {type: announcement, sound: sorry}\n"
    "      - {type: announcement, sound: busy, time: 5m}\n"
    "      - {type: agent}\n"
    "  - name: straight\n"
    "    owner: acme\n"
    "    type: sip\n"
    "    destination: sip:reception@pbx.lab\n"
    "    ring-time: 5s\n"
    "sip-servers:\n"
    "  - {host: pbx.lab, owner: acme, username: gw, password-env: NET_PASSWORD, realm: pbx.lab}\n";

static const struct {
	const char *name, *address;
} hosts[] = {{"edge.carrier.lab", "192.0.2.10"},
	     {"agent.lab", "198.51.100.10"},
	     {"pbx.lab", "203.0.113.10"},
	     {"sneaky.lab", "192.0.2.10"}};

static int network_of(const struct xf_addr *addr)
{
	static const uint8_t first[] = {192, 198, 203};
	for (int i = 0; i < 3; i++)
		if (addr->family == 4 && addr->bytes[0] == first[i])
			return i;
	return -1;
}

/* ---- the seam */

static void seam_random(void *arg, void *buf, size_t len)
{
	struct net *net = arg;
	uint8_t *p = buf;
	while (len--) {
		net->random ^= net->random << 13;
		net->random ^= net->random >> 7;
		net->random ^= net->random << 17;
		*p++ = (uint8_t)(net->random >> 24);
	}
}

static void seam_send_sip(void *arg, uint32_t network, const struct xf_sockaddr *to, const void *data, size_t len)
{
	struct net *net = arg;
	char why[128], shown[XF_SOCKADDR_STRLEN];
	cr_assert_lt(net->sent_count, NET_SENT_MAX);
	struct sent *s = &net->sent[net->sent_count++];
	s->at_ns = net->now_ns;
	s->network = network;
	s->to = *to;
	s->text = strndup(data, len);
	cr_assert_eq(network_of(&to->addr), (int)network, "sent from another network's socket");
	if (net->verbose)
		fprintf(stderr, "%.3f -> %s\n%s\n", (double)net->now_ns / 1e9, xf_sockaddr_format(to, shown), s->text);
	int r = sip_message_parse(&s->message, data, len, why, sizeof(why));
	cr_assert(r == 0 || net->damaged, "%s\n%s", why, s->text);
	if (r == 0)
		return;
	sip_message_destroy(s->message);
	free(s->text);
	net->sent_count--;
}

static int seam_send_link(void *arg, const void *packet, size_t len)
{
	struct net *net = arg;
	if (!net->link)
		return -ENOTCONN;
	fake_receive(&net->dp, packet, len);
	return 0;
}

static void seam_resolve(void *arg, uint64_t query, const char *name)
{
	struct net *net = arg;
	cr_assert_lt(net->asked_count, 64);
	net->asked[net->asked_count].query = query;
	snprintf(net->asked[net->asked_count++].name, 64, "%s", name);
}

static int seam_route(void *arg, const struct xf_addr *to, struct seam_route *out)
{
	int network = network_of(to);
	if (network < 0)
		return -ENETUNREACH;
	*out = (struct seam_route){.network = (uint32_t)network, .next_hop = *to};
	return 0;
}

static void seam_reply(void *arg, uint64_t client, const char *json, size_t len)
{
	struct net *net = arg;
	cr_assert_lt(len, sizeof(net->reply));
	memcpy(net->reply, json, len);
	net->reply[len] = 0;
	net->replies++;
}

static int seam_notify(void *arg, uint64_t client, const char *json, size_t len)
{
	struct net *net = arg;
	if (net->notified_count == 256)
		return -ENOBUFS;
	net->notified[net->notified_count++] = strndup(json, len);
	return 0;
}

static void seam_log(void *arg, enum log_level level, const char *line)
{
	struct net *net = arg;
	if (strstr(line, "event=impossible"))
		net->impossible++;
	cr_assert_null(strstr(line, "hunter2"), "a secret in the log: %s", line);
	if (net->verbose)
		fprintf(stderr, "%.3f %s\n", (double)net->now_ns / 1e9, line);
	char **place = &net->logged[net->log_count++ % 256];
	free(*place);
	*place = strdup(line);
}

const char *net_logged(const struct net *net, const char *text)
{
	for (unsigned i = 0; i < 256 && i < net->log_count; i++) {
		const char *line = net->logged[(net->log_count - 1 - i) % 256];
		if (strstr(line, text))
			return line;
	}
	return "";
}

/* ---- life */

struct net *net_create_advertising(const char *address)
{
	struct net *net = calloc(1, sizeof(*net));
	char path[] = "/tmp/xfergate-net-XXXXXX";
	int fd = mkstemp(path);
	net->verbose = getenv("NET_VERBOSE") != NULL;
	cr_assert_eq(write(fd, configuration, sizeof(configuration) - 1), (ssize_t)sizeof(configuration) - 1);
	close(fd);
	setenv("NET_PASSWORD", "hunter2", 1);
	int r = config_load(&net->config, path, stderr);
	unlink(path);
	cr_assert_eq(r, 0);
	if (address)
		cr_assert_eq(xf_addr_parse(&net->config->networks[0].advertise, address), 0);
	net->now_ns = 1000 * NS_PER_S;
	net->random = 88172645463325252ull;
	net->seam = (struct seam){net,	      seam_random, seam_send_sip, seam_send_link, seam_resolve,
				  seam_route, seam_reply,  seam_log,	  seam_notify};
	fake_init(&net->dp, net->config);
	cr_assert_eq(plane_create(&net->plane, net->config, &net->seam, net->now_ns), 0);
	net->link = true;
	fake_connected(&net->dp);
	plane_link_up(net->plane, net->now_ns);
	net_pass(net, 10);
	return net;
}

struct net *net_create(void)
{
	return net_create_advertising(NULL);
}

void net_destroy(struct net *net)
{
	cr_assert_eq(net->impossible, 0);
	plane_destroy(net->plane);
	fake_fini(&net->dp);
	config_destroy(net->config);
	for (unsigned i = 0; i < net->sent_count; i++) {
		sip_message_destroy(net->sent[i].message);
		free(net->sent[i].text);
	}
	for (unsigned i = 0; i < 256; i++)
		free(net->logged[i]);
	while (net->notified_count)
		free(net->notified[--net->notified_count]);
	free(net);
}

/* Everything that is due now, answers of the dataplane and the resolver included. */
static void settle(struct net *net)
{
	for (bool moved = true; moved;) {
		struct fake_packet packet;
		moved = false;
		net->dp.now_ns = net->now_ns;
		while (!net->mute_dataplane && net->link && fake_take(&net->dp, &packet)) {
			plane_link_packet(net->plane, net->now_ns, packet.bytes, packet.len);
			free(packet.bytes);
			moved = true;
		}
		while (net->asked_count && !net->mute_resolver) {
			struct xf_addr addr;
			unsigned count = 0;
			uint64_t query = net->asked[--net->asked_count].query;
			for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
				if (strcmp(hosts[i].name, net->asked[net->asked_count].name) == 0)
					count = 1, xf_addr_parse(&addr, hosts[i].address);
			plane_resolved(net->plane, net->now_ns, query, &addr, count, count ? NULL : "no such host");
			moved = true;
		}
		if (plane_deadline(net->plane) <= net->now_ns) {
			plane_run(net->plane, net->now_ns);
			moved = true;
		}
	}
}

void net_pass(struct net *net, uint64_t ms)
{
	uint64_t end = net->now_ns + ms * NS_PER_MS;
	settle(net);
	while (plane_deadline(net->plane) <= end) {
		net->now_ns = plane_deadline(net->plane);
		settle(net);
	}
	net->now_ns = end;
	settle(net);
}

void net_say(struct net *net, const char *from, const char *text)
{
	struct xf_sockaddr source = {.port = 5060};
	cr_assert_eq(xf_addr_parse(&source.addr, from), 0);
	if (net->verbose)
		fprintf(stderr, "%.3f <- %s\n%s\n", (double)net->now_ns / 1e9, from, text);
	plane_sip_datagram(net->plane, net->now_ns, (uint32_t)network_of(&source.addr), &source, text, strlen(text));
	settle(net);
}

static bool is(const struct sent *s, const char *address, const char *what)
{
	char shown[XF_ADDR_STRLEN], method[32];
	int status;
	if (strcmp(xf_addr_format(&s->to.addr, shown), address) != 0)
		return false;
	if (sscanf(what, "%d %31s", &status, method) == 2)
		return !s->message->request && s->message->status == status &&
		       strcmp(sip_method_name(s->message->method), method) == 0;
	return s->message->request && strcmp(s->message->method_name, what) == 0;
}

const struct sip_message *net_hear(struct net *net, const char *address, const char *what)
{
	for (unsigned i = 0; i < net->sent_count; i++) {
		struct sent *s = &net->sent[i];
		if (s->taken || !is(s, address, what))
			continue;
		s->taken = true;
		return s->message;
	}
	return NULL;
}

unsigned net_count(const struct net *net, const char *address, const char *what)
{
	unsigned n = 0;
	for (unsigned i = 0; i < net->sent_count; i++)
		n += is(&net->sent[i], address, what);
	return n;
}

const char *net_rpc(struct net *net, const char *line)
{
	unsigned before = net->replies;
	plane_rpc(net->plane, net->now_ns, 1, line, strlen(line));
	settle(net);
	return net->replies > before ? net->reply : NULL;
}
