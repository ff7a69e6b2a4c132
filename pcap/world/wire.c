/* Frames in and out of the ports, and who is where on the wire. */
#include <errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include "world/inside.h"

/* Locally administered, and as different as the addresses are. */
void world_mac_of(uint8_t mac[6], const struct xf_addr *addr)
{
	uint32_t hash = 2166136261u;
	for (unsigned i = 0; i < sizeof(addr->bytes); i++)
		hash = (hash ^ addr->bytes[i]) * 16777619u;
	mac[0] = 0x02;
	mac[1] = addr->family;
	memcpy(mac + 2, &hash, 4);
}

const uint8_t *world_mac(const struct world *world, unsigned port)
{
	return world->ports[port].mac;
}

int world_port_of(const struct world *world, const struct xf_addr *own)
{
	for (uint32_t n = 0; n < world->config->network_count; n++) {
		const struct config_network *network = &world->config->networks[n];
		if (xf_addr_eq(&network->sip.addr, own))
			return (int)network->port;
		for (uint32_t m = 0; m < network->media_count; m++)
			if (xf_addr_eq(&network->media[m], own))
				return (int)network->port;
	}
	return -1;
}

static bool prefix_holds(const struct xf_prefix *prefix, const struct xf_addr *addr)
{
	unsigned whole = prefix->prefix_len / 8, rest = prefix->prefix_len % 8;
	if (prefix->addr.family != addr->family || memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return !rest || ((prefix->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest)) == 0;
}

static int network_of_port(const struct config *config, uint32_t port, uint8_t family)
{
	for (uint32_t n = 0; n < config->network_count; n++)
		if (config->networks[n].port == port && config->networks[n].sip.addr.family == family)
			return (int)n;
	return -1;
}

/* By the longest prefix on a port; else any network of the family. */
static int network_toward(const struct config *config, const struct xf_addr *to)
{
	int found = -1, longest = -1;
	for (uint32_t p = 0; p < config->port_count; p++)
		for (uint32_t a = 0; a < config->ports[p].address_count; a++) {
			const struct xf_prefix *prefix = &config->ports[p].addresses[a];
			int network = network_of_port(config, p, to->family);
			if (network < 0 || prefix->prefix_len <= longest || !prefix_holds(prefix, to))
				continue;
			found = network;
			longest = prefix->prefix_len;
		}
	for (uint32_t n = 0; found < 0 && n < config->network_count; n++)
		if (config->networks[n].sip.addr.family == to->family)
			found = (int)n;
	return found;
}

int world_route(struct world *world, const struct xf_addr *to, struct seam_route *out)
{
	int r = world->ops.route ? world->ops.route(world->ops.arg, to, out) : -ENOENT;
	if (r != -ENOENT)
		return r;
	int network = network_toward(world->config, to);
	if (network < 0)
		return -ENETUNREACH;
	*out = (struct seam_route){.network = (uint32_t)network, .next_hop = *to};
	return 0;
}

/* Receive-side scaling by addresses and ports: which queue does not matter to anybody, as long as it is always the
 * same. */
static unsigned spread_by_hash(const struct world *world, const uint8_t *frame, size_t len)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 26; i < 38 && i < len; i++)
		hash = (hash ^ frame[i]) * 16777619u;
	return hash % world->workers;
}

void world_frame(struct world *world, unsigned port, const void *frame, size_t len)
{
	world->counts.frames_in++;
	if (!world->dplane)
		return;
	unsigned worker = 0;
	if (world->workers > 1)
		worker = world->ops.spread ? world->ops.spread(world->ops.arg, port, frame, len) % world->workers
					   : spread_by_hash(world, frame, len);
	struct rte_mbuf *mbuf = NULL;
	if (len <= world->ports[port].mtu + RTE_ETHER_HDR_LEN + 4u && world->rx_count[worker] < WORLD_RX_MAX)
		mbuf = rte_pktmbuf_alloc(world->pool);
	char *room = mbuf ? rte_pktmbuf_append(mbuf, (uint16_t)len) : NULL;
	if (!room) {
		rte_pktmbuf_free(mbuf);
		world->counts.missed++;
		return;
	}
	memcpy(room, frame, len);
	mbuf->port = (uint16_t)port;
	world->rx[worker][world->rx_count[worker]++] = mbuf;
}

static size_t ethernet(uint8_t *frame, const uint8_t *dst, const uint8_t *src, const void *packet, size_t len)
{
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	bool v6 = *(const uint8_t *)packet >> 4 == 6;
	frame[12] = v6 ? 0x86 : 0x08;
	frame[13] = v6 ? 0xdd : 0x00;
	memcpy(frame + 14, packet, len);
	return len + 14;
}

void world_packet(struct world *world, unsigned port, const void *packet, size_t len)
{
	static const uint8_t neighbour[6] = {0x02, 0, 0, 0, 0, 1};
	uint8_t frame[2048];
	if (len == 0 || len > sizeof(frame) - 14) {
		world->counts.frames_in++;
		world->counts.missed++;
		return;
	}
	world_frame(world, port, frame, ethernet(frame, world->ports[port].mac, neighbour, packet, len));
}

struct inbound {
	struct world *world;
	unsigned port;
};

static void datagram_packet(void *arg, const void *packet, size_t len)
{
	const struct inbound *inbound = arg;
	world_packet(inbound->world, inbound->port, packet, len);
}

void world_datagram(struct world *world, unsigned port, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		    const void *data, size_t len)
{
	struct inbound inbound = {world, port};
	if (capture_build_udp(from, to, 64, 0, ++world->ip_id, world->ports[port].mtu, data, len, datagram_packet,
			      &inbound) < 0)
		world->counts.missed++;
}

void world_send_packet(struct world *world, unsigned port, const struct xf_addr *next_hop, const void *packet,
		       size_t len)
{
	uint8_t frame[16384], mac[6];
	if (world->deaf[port] || len > sizeof(frame) - 14)
		return;
	world_mac_of(mac, next_hop);
	len = ethernet(frame, mac, world->ports[port].mac, packet, len);
	world->counts.frames_out++;
	world->ops.frame(world->ops.arg, port, frame, len);
}
