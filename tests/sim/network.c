#include "network.h"
#include "capture/capture.h"
#include "judge.h"
#include "party.h"

struct carried {
	struct sim *sim;
	struct datagram datagram;
};

int network_of(const struct xf_addr *addr)
{
	if (addr->family == 6)
		return addr->bytes[0] == 0x20 && addr->bytes[5] == 3 ? SIM_PBX : -1;
	static const uint8_t nets[SIM_NETWORKS][3] = {{192, 0, 2}, {198, 51, 100}, {203, 0, 113}};
	for (int n = 0; n < SIM_NETWORKS && addr->family == 4; n++)
		if (memcmp(addr->bytes, nets[n], 3) == 0)
			return n;
	return -1;
}

struct xf_sockaddr network_gateway(const struct sim *sim, enum sim_network network)
{
	return sim->config->networks[network].sip;
}

/* How often the datagram arrives: 0, 1 or 2 times; *delay_ns of the first. */
static unsigned fate(struct sim *sim, enum dice_stream stream, enum sim_network number, uint64_t *delay_ns)
{
	const struct network *network = &sim->networks[number];
	*delay_ns = sim->calm ? NS_PER_MS : network->delay_ns;
	if (sim->calm || !(network->loss | network->repeat | network->reorder))
		return network->cut && !sim->calm ? 0 : 1;
	unsigned what =
	    DICE_PICK(sim->dice, stream, (uint16_t)(1000 - network->loss - network->repeat - network->reorder),
		      (uint16_t)network->loss, (uint16_t)network->repeat, (uint16_t)network->reorder);
	if (network->cut || what == 1)
		return 0;
	if (what == 3)
		*delay_ns += (1 + dice_roll(sim->dice, stream, 60)) * 5 * NS_PER_MS;
	return what == 2 ? 2 : 1;
}

static struct carried *carry(struct sim *sim, const struct datagram *datagram)
{
	struct carried *carried = sim_alloc(sim, sizeof(*carried));
	carried->sim = sim;
	carried->datagram = *datagram;
	carried->datagram.data = (uint8_t *)sim_copy(sim, datagram->data, datagram->len);
	return carried;
}

static void arrive(void *arg, uint64_t number)
{
	struct carried *carried = arg;
	struct sim *sim = carried->sim;
	const struct datagram *d = &carried->datagram;
	judge_received(sim, d);
	if (sim->writer)
		capture_writer_udp(sim->writer, sim_now(sim), &d->from, &d->to, d->data, d->len);
	world_datagram(sim->world, d->network, &d->from, &d->to, d->data, d->len);
}

void network_send(struct sim *sim, const struct xf_sockaddr *from, const struct xf_sockaddr *to, const void *data,
		  size_t len)
{
	int network = network_of(&to->addr);
	uint64_t delay_ns;
	if (network < 0 || from->addr.family != to->addr.family || len > 60000)
		return;
	struct datagram datagram = {*from, *to, data, len, (enum sim_network)network};
	unsigned times = fate(sim, DICE_IN, datagram.network, &delay_ns);
	if (!times)
		return;
	struct carried *carried = carry(sim, &datagram);
	schedule_add(&sim->schedule, sim_now(sim) + delay_ns, arrive, carried, 0);
	if (times > 1)
		schedule_add(&sim->schedule, sim_now(sim) + delay_ns + 3 * NS_PER_MS, arrive, carried, 0);
}

static void deliver(void *arg, uint64_t number)
{
	struct carried *carried = arg;
	party_receive(carried->sim, &carried->datagram);
}

static void sent(struct sim *sim, const uint8_t *ip, size_t len, unsigned port)
{
	bool v6 = ip[0] >> 4 == 6;
	size_t head = v6 ? 40 : (size_t)(ip[0] & 15) * 4;
	struct datagram d = {.network = (enum sim_network)port};
	uint64_t delay_ns;
	if (len < head + 8 || (v6 ? ip[6] : ip[9]) != 17)
		return;
	const uint8_t *udp = ip + head;
	d.from.addr = v6 ? xf_addr_v6(ip + 8) : xf_addr_v4(ip + 12);
	d.to.addr = v6 ? xf_addr_v6(ip + 24) : xf_addr_v4(ip + 16);
	d.from.port = (uint16_t)(udp[0] << 8 | udp[1]);
	d.to.port = (uint16_t)(udp[2] << 8 | udp[3]);
	d.data = udp + 8;
	d.len = (size_t)(udp[4] << 8 | udp[5]) - 8;
	if (d.len > len - head - 8) {
		judge_fail(sim, "frames", "UDP length beyond the packet");
		return;
	}
	judge_sent(sim, &d);
	if (d.to.port != 5060)
		return; /* media: the judge has seen it */
	unsigned times = fate(sim, DICE_OUT, d.network, &delay_ns);
	if (!times)
		return;
	struct carried *carried = carry(sim, &d);
	schedule_add(&sim->schedule, sim_now(sim) + delay_ns, deliver, carried, 0);
	if (times > 1)
		schedule_add(&sim->schedule, sim_now(sim) + delay_ns + 3 * NS_PER_MS, deliver, carried, 0);
}

void network_frame(struct sim *sim, unsigned port, const void *frame, size_t len)
{
	const uint8_t *ip, *whole;
	size_t ip_len, whole_len;
	bool cut;
	judge_hash(sim, frame, len);
	if (sim->writer)
		capture_writer_frame(sim->writer, sim_now(sim), frame, len);
	if (capture_frame(1 /* DLT_EN10MB */, frame, len, &ip, &ip_len, &cut) != CAPTURE_FRAME_IP || cut) {
		judge_fail(sim, "frames", "a frame that is no IP packet left port %u", port);
		return;
	}
	bool fragment = ip[0] >> 4 == 4 ? (ip[6] & 0x3f) || ip[7] : ip[6] == 44;
	if (!fragment)
		sent(sim, ip, ip_len, port);
	else if (capture_reassembly_add(sim->reassembly, sim_now(sim), ip, ip_len, &whole, &whole_len) > 0)
		sent(sim, whole, whole_len, port);
}
