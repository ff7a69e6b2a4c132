/* What the screen costs an INVITE: the worker library as the daemon drives it, burst by burst, from the frame to where
 * it would enter the ring to the kernel interface: sorted, its source looked up, charged to its peer's buckets and the
 * ceiling, scanned, held against the shipped signatures, counted, freed.
 *
 * INVITEs of about 800 bytes, each different and well formed, from 100 peers with an address and buckets each, which do
 * not bite; no rule matches. Filling the packets is not timed. In turns: with the signatures, and without; the
 * difference is theirs. The scan alone is timed over the same packets, and the rest is the tables'.
 *
 * And what it costs to refuse them: the same INVITEs from addresses that nobody knows, each from another one, the worst
 * case of the sketch of strangers, against all from one. */
#include <stdio.h>
#include <string.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "eal.h"
#include "fast/flow.h"
#include "fast/source.h"
#include "fast/worker.h"
#include "invites.h"
#include "turns.h"

#define PEERS	 100u
#define MESSAGES 2048u
#define BATCH	 1024u /* as many as a NIC's ring commonly holds */
#define HEADERS	 (14 + 20 + 8)

struct bench {
	uint8_t frames[MESSAGES][HEADERS + INVITE_SIZE];
	uint16_t len[MESSAGES], call_id[MESSAGES]; /* call_id: where 8 of its digits stand */
	uint64_t made;
	unsigned batches; /* in a turn */
	struct rte_mempool *pool;
	struct rte_mbuf *in[BATCH];
	struct flow_table *flows;
	struct source_table *sources;
	struct buckets_plan *plan;
	struct buckets *buckets;
	struct signatures *signatures;
	struct signatures_scratch *scratch;
	struct worker *worker;
	uint64_t now_ns, passed;
};

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

static void bench_frame(struct bench *b, struct invites *invites, unsigned i)
{
	unsigned host = 1 + i % PEERS;
	uint8_t *frame = b->frames[i];
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	char *text = (char *)(udp + 1);
	uint16_t len = (uint16_t)invites_write(invites, text, host);
	const char *call_id = strstr(text, "\r\nCall-ID: ");
	turns_require(call_id, "no Call-ID");
	b->call_id[i] = (uint16_t)(HEADERS + (call_id - text) + 11);
	b->len[i] = (uint16_t)(HEADERS + len);
	memcpy(&eth->dst_addr, mac, 6);
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(28 + len));
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = rte_cpu_to_be_32(RTE_IPV4(198, 51, 100, host));
	ip->dst_addr = rte_cpu_to_be_32(RTE_IPV4(192, 0, 2, 1));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->src_port = udp->dst_port = rte_cpu_to_be_16(5060);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(8 + len));
}

static void bench_transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	turns_fail("SIP was taken for media");
}

static void bench_to_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct bench *b = arg;
	b->passed += n;
	rte_pktmbuf_free_bulk(pkts, n);
}

static bool bench_event(void *arg, const struct xf_link_event *event)
{
	return true;
}

static void bench_tables(struct bench *b)
{
	const uint8_t ours[4] = {192, 0, 2, 1};
	struct flow_config flows = {.media = {xf_addr_v4(ours)},
				    .media_count = 1,
				    .sip = {{.addr = xf_addr_v4(ours), .port = 5060}},
				    .sip_count = 1};
	static struct xf_source sources[PEERS];
	static struct buckets_peer peers[PEERS];
	const struct buckets_rate most = {BUCKETS_MAX_PER_S, BUCKETS_MAX_BURST};
	struct buckets_config config = {{BUCKETS_MAX_PER_S, 2 * BUCKETS_MAX_BURST}, peers, PEERS};
	for (unsigned i = 0; i < PEERS; i++) {
		const uint8_t addr[4] = {198, 51, 100, (uint8_t)(1 + i)};
		sources[i] = (struct xf_source){.block = {.addr = xf_addr_v4(addr), .prefix_len = 32},
						.peer = (uint16_t)i,
						.role = XF_ROLE_PROVIDER};
		peers[i] = (struct buckets_peer){(uint16_t)i, most, {most, most, most, most}};
	}
	turns_require(flow_table_create(&b->flows, &flows, SOCKET_ID_ANY) == 0, "no flow table");
	turns_require(source_table_create(&b->sources, sources, PEERS) == 0, "no source table");
	turns_require(buckets_plan_create(&b->plan, &config, 0, 1) == 0 && buckets_create(&b->buckets, b->plan) == 0,
		      "no buckets");
	turns_require(signatures_load(&b->signatures, RULES, stderr) == 0 &&
			  signatures_scratch_create(&b->scratch, b->signatures) == 0,
		      "the shipped signatures cannot be used");
}

static void bench_create(struct bench *b, bool quick)
{
	struct invites invites = invites_begin();
	bench_eal(128);
	bench_tables(b);
	b->batches = quick ? 2 : 200;
	b->now_ns = 1000000000;
	b->pool = rte_pktmbuf_pool_create("bench", 4 * BATCH - 1, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	turns_require(b->pool, "no packets");
	for (unsigned i = 0; i < MESSAGES; i++)
		bench_frame(b, &invites, i);
	struct worker_config config = {
	    .workers = 1,
	    .socket = SOCKET_ID_ANY,
	    .flows = b->flows,
	    .sources = b->sources,
	    .screen = {.buckets = b->buckets},
	    .ports = {{.mtu = 1500}},
	    .port_count = 1,
	    .ops = {b, bench_transmit, bench_to_kernel, bench_event},
	};
	memcpy(config.ports[0].mac, mac, 6);
	turns_require(worker_create(&b->worker, &config) == 0, "no worker");
}

/* The next batch: none is the same as any before. */
static void bench_make(struct bench *b)
{
	turns_require(rte_pktmbuf_alloc_bulk(b->pool, b->in, BATCH) == 0, "packets used up");
	for (unsigned i = 0; i < BATCH; i++) {
		unsigned which = b->made % MESSAGES;
		char digits[9];
		char *at = rte_pktmbuf_append(b->in[i], b->len[which]);
		memcpy(at, b->frames[which], b->len[which]);
		snprintf(digits, sizeof(digits), "%08x", (unsigned)b->made++);
		memcpy(at + b->call_id[which], digits, 8);
	}
}

static void bench_signatures(struct bench *b, bool on)
{
	struct command command = {
	    .type = COMMAND_SIGNATURES, .signatures = on ? b->signatures : NULL, .scratch = on ? b->scratch : NULL};
	void *done;
	rte_ring_enqueue(worker_command_ring(b->worker), &command);
	worker_turn(b->worker, b->now_ns);
	turns_require(rte_ring_dequeue(worker_done_ring(b->worker), &done) == 0 && command.result == 0,
		      "the signatures were refused");
}

/* The batch through the worker; what it took, in ns. */
static uint64_t bench_batch(struct bench *b)
{
	uint64_t start = turns_now_ns();
	for (unsigned at = 0; at < BATCH; at += WORKER_BURST) {
		b->now_ns += 20000;
		worker_receive(b->worker, 0, b->in + at, WORKER_BURST, b->now_ns);
		worker_turn(b->worker, b->now_ns);
		worker_flush(b->worker);
	}
	return turns_now_ns() - start;
}

static double bench_turn(struct bench *b, bool signatures)
{
	uint64_t took = 0, before = b->passed;
	bench_signatures(b, signatures);
	for (unsigned batch = 0; batch < b->batches; batch++) {
		bench_make(b);
		took += bench_batch(b);
	}
	turns_require(b->passed - before == (uint64_t)b->batches * BATCH, "%llu of %u INVITEs passed",
		      (unsigned long long)(b->passed - before), b->batches * BATCH);
	return (double)took / ((double)b->batches * BATCH);
}

/* The batch comes from strangers. */
static void bench_disguise(struct bench *b, bool crowd)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(b->in[i], struct rte_ipv4_hdr *, 14);
		uint32_t who = crowd ? (uint32_t)(b->made - BATCH + i) * 2654435761u % (1u << 24) : 1;
		ip->src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 0) | who);
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
}

static double bench_refuse(struct bench *b, bool crowd)
{
	const uint64_t *drops = &worker_stats(b->worker)->drops[XF_DROP_SIP_SOURCE];
	uint64_t took = 0, before = *drops;
	for (unsigned batch = 0; batch < b->batches; batch++) {
		bench_make(b);
		bench_disguise(b, crowd);
		took += bench_batch(b);
	}
	turns_require(*drops - before == (uint64_t)b->batches * BATCH, "%llu of %u strangers were refused",
		      (unsigned long long)(*drops - before), b->batches * BATCH);
	return (double)took / ((double)b->batches * BATCH);
}

static double crowd_side(void *arg)
{
	return bench_refuse(arg, true);
}

static double one_side(void *arg)
{
	return bench_refuse(arg, false);
}

static double whole_side(void *arg)
{
	return bench_turn(arg, true);
}

static double bare_side(void *arg)
{
	return bench_turn(arg, false);
}

static double scan_side(void *arg)
{
	static struct sip_scan scan;
	struct bench *b = arg;
	uint64_t took = 0;
	unsigned invites = 0;
	for (unsigned batch = 0; batch < b->batches; batch++) {
		bench_make(b);
		uint64_t start = turns_now_ns();
		for (unsigned i = 0; i < BATCH; i++)
			invites += sip_scan(&scan, rte_pktmbuf_mtod_offset(b->in[i], void *, HEADERS),
					    rte_pktmbuf_data_len(b->in[i]) - HEADERS) == SIP_SCAN_MESSAGE;
		took += turns_now_ns() - start;
		rte_pktmbuf_free_bulk(b->in, BATCH);
	}
	turns_require(invites == b->batches * BATCH, "an INVITE is not well formed");
	return (double)took / ((double)b->batches * BATCH);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	struct turns_options options;
	struct turns_result whole, scan, refused;
	size_t bytes = 0;
	turns_parse(&options, argc, argv, 0);
	bench_create(&bench, options.quick);
	turns_run(&whole, options.pairs, whole_side, bare_side, &bench);
	turns_run(&scan, options.pairs, scan_side, bare_side, &bench);
	turns_run(&refused, options.pairs, crowd_side, one_side, &bench);
	for (unsigned i = 0; i < signatures_count(bench.signatures); i++)
		turns_require(signatures_scratch_hits(bench.scratch, i) == 0, "rule %s matches",
			      signatures_rule(bench.signatures, i)->id);
	for (unsigned i = 0; i < MESSAGES; i++)
		bytes += bench.len[i] - HEADERS;
	/* Medians of turns side by side: what the signatures add, and what the scan leaves of the rest. */
	double signatures_ns = whole.a_ns - whole.b_ns, tables_ns = whole.b_ns - scan.a_ns;
	double mpps = 1000 / whole.a_ns;
	printf("INVITEs of %zu bytes from %u peers, %u rules, one core, in memory\n"
	       "  whole       %6.1f ns  %.3f Mpps\n  scan        %6.1f ns\n  signatures  %6.1f ns\n"
	       "  tables      %6.1f ns  (sorting, source, buckets, counters, the packet)\n"
	       "  with signatures against without: %.3f (%.3f to %.3f in %u pairs)\n"
	       "  a stranger  %6.1f ns  each from another address; %.1f ns all from one\n",
	       bytes / MESSAGES, PEERS, signatures_count(bench.signatures), whole.a_ns, mpps, scan.a_ns, signatures_ns,
	       tables_ns, whole.ratio, whole.ratio_min, whole.ratio_max, options.pairs, refused.a_ns, refused.b_ns);
	if (options.json)
		printf("{\"bench\":\"screen\",\"mpps\":%.3f,\"scan_ns\":%.1f,\"signatures_ns\":%.1f,\"tables_ns\":%.1f,"
		       "\"rules\":%u,\"bytes\":%zu,\"peers\":%u,\"ratio\":%.4f,\"ratio_min\":%.4f,\"ratio_max\":%.4f,"
		       "\"pairs\":%u,\"stranger_ns\":%.1f,\"one_stranger_ns\":%.1f}\n",
		       mpps, scan.a_ns, signatures_ns, tables_ns, signatures_count(bench.signatures), bytes / MESSAGES,
		       PEERS, whole.ratio, whole.ratio_min, whole.ratio_max, options.pairs, refused.a_ns, refused.b_ns);
	return 0;
}
