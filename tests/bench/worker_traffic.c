#include "worker_traffic.h"

#include <stdlib.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "eal.h"
#include "turns.h"

static const uint8_t port_mac[6] = {2, 0, 0, 0, 0, 1}, peer_mac[6] = {2, 0, 0, 0, 0, 0xfe};

/* Sender i: 100.64.0.0 + i, port 20000; its endpoint: media address i / XF_PORT_PAIRS, port by i % XF_PORT_PAIRS. */
static struct xf_sockaddr traffic_sender(unsigned i)
{
	uint8_t bytes[4] = {100, 64, (uint8_t)(i >> 8), (uint8_t)i};
	bytes[1] = (uint8_t)(64 + (i >> 16));
	return (struct xf_sockaddr){.addr = xf_addr_v4(bytes), .port = 20000};
}

static struct xf_addr traffic_media(unsigned n)
{
	const uint8_t bytes[4] = {192, 0, 2, (uint8_t)(1 + n)};
	return xf_addr_v4(bytes);
}

/* Who hears sender i. */
static unsigned traffic_partner(const struct traffic *t, unsigned i)
{
	return (i + t->flows / 2) % t->flows;
}

static void traffic_transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct traffic *t = arg;
	turns_require(t->out_count + n <= TRAFFIC_BATCH, "more came out than went in");
	memcpy(&t->out[t->out_count], pkts, n * sizeof(*pkts));
	t->out_count += n;
}

static void traffic_to_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	turns_fail("RTP was taken for something else");
}

static bool traffic_event(void *arg, const struct xf_link_event *event)
{
	turns_require(event->event != XF_EVENT_WRONG_SOURCE, "a sender was not known");
	return true;
}

static uint64_t traffic_cycles(void)
{
	return rte_rdtsc();
}

static void traffic_worker(struct traffic *t)
{
	struct flow_config flows = {.media_count = (t->flows - 1) / XF_PORT_PAIRS + 1};
	struct worker_config config = {
	    .workers = 1,
	    .socket = SOCKET_ID_ANY,
	    .ports = {{.mtu = 1500}},
	    .port_count = 1,
	    .ops = {t, traffic_transmit, traffic_to_kernel, traffic_event},
	    .cycles = traffic_cycles,
	};
	for (unsigned i = 0; i < flows.media_count; i++)
		flows.media[i] = traffic_media(i);
	turns_require(flow_table_create(&t->flow_table, &flows, SOCKET_ID_ANY) == 0, "no flow table");
	memcpy(config.ports[0].mac, port_mac, 6);
	config.flows = t->flow_table;
	turns_require(worker_create(&t->worker, &config) == 0, "no worker");
}

static void traffic_command(struct traffic *t, struct command *command)
{
	void *done;
	rte_ring_enqueue(worker_command_ring(t->worker), command);
	worker_turn(t->worker, t->now_ns);
	turns_require(rte_ring_dequeue(worker_done_ring(t->worker), &done) == 0 && command->result == 0,
		      "command %d: %d", command->type, command->result);
}

static void traffic_open(struct traffic *t, unsigned i)
{
	struct endpoint_config config = {
	    .id = {i, 1},
	    .settings = {.remote = traffic_sender(i),
			 .pt_count = 2,
			 .pts = {{0, XF_CODEC_PCMU}, {101, XF_CODEC_EVENT}},
			 .dscp = 46,
			 .learn_window_ns = 3000000000ull,
			 .timeout_ns = 60000000000ull},
	    .egress = {.resolved = true},
	    .seed = {.ssrc = 0xa0000000u + i, .seq = (uint16_t)(i * 7), .timestamp = i * 1000},
	};
	struct command command = {.type = COMMAND_OPEN};
	memcpy(config.egress.dst_mac, peer_mac, 6);
	memcpy(config.egress.src_mac, port_mac, 6);
	turns_require(flow_provide(t->flow_table, i) == 0, "no memory");
	command.open = &config;
	traffic_command(t, &command);
}

/* Sender i's next frame, but for sequence and timestamp (frame_advance). */
static void traffic_frame(uint8_t *frame, unsigned i)
{
	const struct xf_sockaddr from = traffic_sender(i);
	const struct xf_addr to = traffic_media(i / XF_PORT_PAIRS);
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	uint8_t *rtp = (uint8_t *)(udp + 1);
	memset(frame, 0, TRAFFIC_FRAME_LEN);
	memcpy(&eth->dst_addr, port_mac, 6);
	memcpy(&eth->src_addr, peer_mac, 6);
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(TRAFFIC_FRAME_LEN - 14);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_UDP;
	memcpy(&ip->src_addr, from.addr.bytes, 4);
	memcpy(&ip->dst_addr, to.bytes, 4);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->src_port = rte_cpu_to_be_16(from.port);
	udp->dst_port = rte_cpu_to_be_16(xf_endpoint_port(i));
	udp->dgram_len = rte_cpu_to_be_16(8 + TRAFFIC_RTP_LEN);
	rtp[0] = 0x80;
	memcpy(rtp + 8, &i, 4);
	memset(rtp + 12, (int)(i & 0xff), TRAFFIC_RTP_LEN - 12);
}

static void frame_advance(uint8_t *frame)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	uint8_t *rtp = (uint8_t *)(udp + 1);
	uint16_t seq;
	uint32_t timestamp;
	memcpy(&seq, rtp + 2, 2);
	memcpy(&timestamp, rtp + 4, 4);
	seq = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(seq) + 1));
	timestamp = rte_cpu_to_be_32(rte_be_to_cpu_32(timestamp) + 160);
	memcpy(rtp + 2, &seq, 2);
	memcpy(rtp + 4, &timestamp, 4);
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

static void traffic_shuffle(struct traffic *t)
{
	uint64_t x = 88172645463325252ull;
	for (unsigned i = 0; i < t->flows; i++)
		t->order[i] = i;
	for (unsigned i = t->flows; i-- > 1;) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		unsigned j = (unsigned)(x % (i + 1));
		uint32_t swapped = t->order[i];
		t->order[i] = t->order[j];
		t->order[j] = swapped;
	}
}

void traffic_init(struct traffic *t, unsigned flows)
{
	*t = (struct traffic){.flows = flows, .now_ns = 1000000000ull};
	t->order = calloc(flows, sizeof(*t->order));
	t->last_seq = calloc(flows, sizeof(*t->last_seq));
	for (unsigned i = 0; i < 2; i++)
		t->line[i].frames = calloc(flows, sizeof(*t->line[i].frames));
	turns_require(t->order && t->last_seq && t->line[0].frames && t->line[1].frames, "no memory");
	bench_eal(128 + flows / 500);
	t->pool =
	    rte_pktmbuf_pool_create("bench", 2 * TRAFFIC_BATCH - 1, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	turns_require(t->pool, "no packet buffers");
	traffic_worker(t);
	traffic_shuffle(t);
	for (unsigned i = 0; i < flows; i++) {
		t->last_seq[i] = -1;
		traffic_frame(t->line[0].frames[i], i);
		traffic_frame(t->line[1].frames[i], i);
		traffic_open(t, i);
	}
	for (unsigned i = 0; i < flows; i++) {
		struct command command = {.type = COMMAND_PATCH,
					  .patch = {.count = 1, .moves = {{{traffic_partner(t, i), 1}, {i, 1}}}}};
		traffic_command(t, &command);
	}
}

void traffic_make(struct traffic *t, bool forwarded)
{
	struct traffic_line *line = &t->line[forwarded];
	turns_require(rte_pktmbuf_alloc_bulk(t->pool, t->in, TRAFFIC_BATCH) == 0, "packet buffers are missing");
	for (unsigned i = 0; i < TRAFFIC_BATCH; i++) {
		uint8_t *frame = line->frames[t->order[line->made++ % t->flows]];
		frame_advance(frame);
		memcpy(rte_pktmbuf_append(t->in[i], TRAFFIC_FRAME_LEN), frame, TRAFFIC_FRAME_LEN);
	}
	t->out_count = 0;
}

static void traffic_check(struct traffic *t, const struct rte_mbuf *mbuf, bool forwarded)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + 14);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + 1);
	const uint8_t *rtp = (const uint8_t *)(udp + 1);
	turns_require(rte_pktmbuf_data_len(mbuf) == TRAFFIC_FRAME_LEN, "%u bytes", rte_pktmbuf_data_len(mbuf));
	turns_require(memcmp(frame, peer_mac, 6) == 0 && memcmp(frame + 6, port_mac, 6) == 0, "wrong MAC addresses");
	turns_require(rte_ipv4_udptcp_cksum(ip, udp) == 0xffff, "wrong UDP checksum");
	uint32_t to = rte_be_to_cpu_32(ip->dst_addr) - 0x64400000u;
	turns_require(to < t->flows && udp->dst_port == rte_cpu_to_be_16(20000), "to nobody");
	unsigned from = forwarded ? traffic_partner(t, to) : to;
	turns_require(rtp[TRAFFIC_RTP_LEN - 1] == (from & 0xff), "another's voice");
	if (!forwarded)
		return;
	uint16_t seq = (uint16_t)(rtp[2] << 8 | rtp[3]), after = (uint16_t)(t->last_seq[to] + 1);
	turns_require(t->last_seq[to] < 0 || seq == after, "sequence %u after %d", seq, t->last_seq[to]);
	t->last_seq[to] = seq;
}

void traffic_take(struct traffic *t, bool forwarded)
{
	turns_require(t->out_count == TRAFFIC_BATCH, "%u of %u frames came out", t->out_count, TRAFFIC_BATCH);
	for (unsigned i = 0; i < t->out_count; i++)
		traffic_check(t, t->out[i], forwarded);
	rte_pktmbuf_free_bulk(t->out, t->out_count);
}
