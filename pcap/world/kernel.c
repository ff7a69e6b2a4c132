/* What the TAPs and the kernel behind them do: datagrams go to the SIP sockets. Those in fragments come whole from the
 * workers. UDP checksums are not looked at: a capture from the host itself has what the NIC would have filled in. */
#include <string.h>
#include "world/inside.h"

/* UDP of an IP packet that is no fragment. false: something else. */
static bool kernel_udp(const uint8_t *ip, size_t len, struct xf_sockaddr *from, struct xf_sockaddr *to,
		       const uint8_t **data, size_t *data_len)
{
	bool v6 = ip[0] >> 4 == 6;
	size_t head = v6 ? 40 : (size_t)(ip[0] & 15) * 4;
	bool fragment = !v6 && ((ip[6] & 0x3f) || ip[7]);
	if (len < head + 8 || (v6 ? ip[6] : ip[9]) != 17 || fragment)
		return false;
	*from = (struct xf_sockaddr){.addr = v6 ? xf_addr_v6(ip + 8) : xf_addr_v4(ip + 12)};
	*to = (struct xf_sockaddr){.addr = v6 ? xf_addr_v6(ip + 24) : xf_addr_v4(ip + 16)};
	const uint8_t *udp = ip + head;
	size_t udp_len = (size_t)(udp[4] << 8 | udp[5]);
	from->port = (uint16_t)(udp[0] << 8 | udp[1]);
	to->port = (uint16_t)(udp[2] << 8 | udp[3]);
	if (udp_len < 8 || udp_len > len - head)
		return false;
	*data = udp + 8;
	*data_len = udp_len - 8;
	return true;
}

static int kernel_socket(const struct world *world, const struct xf_sockaddr *to)
{
	for (uint32_t n = 0; n < world->config->network_count; n++)
		if (xf_sockaddr_eq(&world->config->networks[n].sip, to))
			return (int)n;
	return -1;
}

static void kernel_deliver(struct world *world, int network, const struct xf_sockaddr *from, const void *data,
			   size_t len)
{
	struct world_item *item = world->plane ? world_queue_add(&world->sip, WORLD_SIP_MAX, data, len) : NULL;
	if (!item)
		return;
	item->network = (uint32_t)network;
	item->from = *from;
}

void world_kernel_frame(struct world *world, const void *frame, size_t len)
{
	struct xf_sockaddr from, to;
	const uint8_t *ip, *data;
	size_t ip_len, data_len;
	bool cut;
	if (capture_frame(1 /* DLT_EN10MB */, frame, len, &ip, &ip_len, &cut) != CAPTURE_FRAME_IP || cut) {
		world->counts.to_kernel_other++;
		return;
	}
	int network = -1;
	if (kernel_udp(ip, ip_len, &from, &to, &data, &data_len))
		network = kernel_socket(world, &to);
	if (network < 0) {
		world->counts.to_kernel_other++;
		return;
	}
	kernel_deliver(world, network, &from, data, data_len);
}

struct outbound {
	struct world *world;
	unsigned port;
	struct xf_addr next_hop;
};

static void send_packet(void *arg, const void *packet, size_t len)
{
	const struct outbound *out = arg;
	world_send_packet(out->world, out->port, &out->next_hop, packet, len);
}

void world_kernel_send(struct world *world, uint32_t network, const struct xf_sockaddr *to, const void *data,
		       size_t len)
{
	const struct config_network *from = &world->config->networks[network];
	struct outbound out = {world, from->port, to->addr};
	struct seam_route route;
	world->counts.sip_out++;
	int own = kernel_socket(world, to);
	if (own >= 0) {
		kernel_deliver(world, own, &from->sip, data, len);
		return;
	}
	if (world_route(world, &to->addr, &route) == 0)
		out.next_hop = route.next_hop;
	capture_build_udp(&from->sip, to, 64, 0, ++world->ip_id, world->ports[from->port].mtu, data, len, send_packet,
			  &out);
}
