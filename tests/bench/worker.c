/* What it costs to forward an RTP packet, against the least that any forwarder must do.
 *
 * A: the worker library as the daemon drives it, burst by burst: sort, find the endpoint, check source and RTP, map
 * sequence and timestamp, write headers and checksum, look for commands and deadlines, send.
 * B: the same frames, MAC addresses, IP addresses and ports swapped in place (testpmd's 5tswap) and sent.
 *
 * Both take frames from an array and leave them in an array. Filling them and looking at what came out is not timed. */
#include <stdio.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_prefetch.h>
#include <rte_udp.h>
#include "worker_traffic.h"
#include "turns.h"

struct forward {
	struct traffic traffic;
	unsigned batches; /* in a turn */
};

static void forward_burst(struct traffic *t, struct rte_mbuf **pkts)
{
	worker_begin(t->worker);
	worker_receive(t->worker, 0, pkts, WORKER_BURST, t->now_ns);
	worker_turn(t->worker, t->now_ns);
	worker_flush(t->worker);
}

static void swap_packet(struct rte_mbuf *mbuf)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(mbuf, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	struct rte_ether_addr mac = eth->src_addr;
	rte_be32_t address = ip->src_addr;
	rte_be16_t port = udp->src_port;
	eth->src_addr = eth->dst_addr;
	eth->dst_addr = mac;
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = address;
	udp->src_port = udp->dst_port;
	udp->dst_port = port;
}

static void swap_burst(struct traffic *t, struct rte_mbuf **pkts)
{
	for (unsigned i = 0; i < WORKER_BURST; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (unsigned i = 0; i < WORKER_BURST; i++) {
		swap_packet(pkts[i]);
		t->out[t->out_count++] = pkts[i];
	}
}

static double turn(struct forward *forward, void (*burst)(struct traffic *, struct rte_mbuf **), bool forwarded)
{
	struct traffic *t = &forward->traffic;
	uint64_t took = 0;
	for (unsigned batch = 0; batch < forward->batches; batch++) {
		traffic_make(t, forwarded);
		uint64_t start = turns_now_ns();
		for (unsigned at = 0; at < TRAFFIC_BATCH; at += WORKER_BURST) {
			/* A period brings one packet of each sender. */
			t->now_ns += TRAFFIC_PERIOD_NS * WORKER_BURST / t->flows;
			burst(t, t->in + at);
		}
		took += turns_now_ns() - start;
		traffic_take(t, forwarded);
	}
	return (double)took / ((double)forward->batches * TRAFFIC_BATCH);
}

static double worker_side(void *arg)
{
	struct forward *forward = arg;
	return turn(forward, forward_burst, true);
}

static double swap_side(void *arg)
{
	struct forward *forward = arg;
	return turn(forward, swap_burst, false);
}

int main(int argc, char **argv)
{
	struct turns_options options;
	struct turns_result result;
	static struct forward forward;
	turns_parse(&options, argc, argv, 1000);
	turns_require(options.flows % 2 == 0, "--flows: an even number, for they talk in pairs");
	traffic_init(&forward.traffic, options.flows);
	forward.batches = options.quick ? 4 : 500;
	/* Swapping is A of the pair: the ratio is then the worker's rate in parts of the swapping rate. */
	turns_run(&result, options.pairs, swap_side, worker_side, &forward);
	double swap_mpps = 1000 / result.a_ns, worker_mpps = 1000 / result.b_ns;
	double cycles = result.b_ns * (double)rte_get_tsc_hz() / 1e9;
	printf("RTP of %u endpoints, %u-byte frames, one core, in memory\n"
	       "  xfergate  %7.3f Mpps  %6.1f ns  %6.0f cycles a packet\n"
	       "  swap      %7.3f Mpps  %6.1f ns\n"
	       "  ratio %.3f (%.3f to %.3f in %u pairs)\n",
	       options.flows, TRAFFIC_FRAME_LEN, worker_mpps, result.b_ns, cycles, swap_mpps, result.a_ns, result.ratio,
	       result.ratio_min, result.ratio_max, options.pairs);
	if (options.json)
		printf("{\"bench\":\"worker\",\"flows\":%u,\"xfergate_mpps\":%.3f,\"swap_mpps\":%.3f,\"ratio\":%.4f,"
		       "\"ratio_min\":%.4f,\"ratio_max\":%.4f,\"cycles_per_packet\":%.0f,\"pairs\":%u}\n",
		       options.flows, worker_mpps, swap_mpps, result.ratio, result.ratio_min, result.ratio_max, cycles,
		       options.pairs);
	return 0;
}
