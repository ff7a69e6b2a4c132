/* Ten thousand prompts at once from one worker on the real clock: how late each packet leaves (it is due at its
 * prompt's start + n * 20 ms), whether that grows, and what part of the core it takes. The worker polls, as the
 * daemon's does.
 *
 * A core that others use too is taken away now and then; what was due meanwhile is late by as much. So the gaps in
 * which the loop did not run are measured beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include "eal.h"
#include "fast/endpoint.h"
#include "fast/flow.h"
#include "fast/prompt.h"
#include "sound/tone.h"
#include "turns.h"

#define PROMPTS_MAX	60000
#define PROMPTS_SSRC	0xa0000000u
#define PROMPTS_RTP	(sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))
#define PROMPTS_US	200000 /* of the histogram; what is later is counted in its last place */
#define PROMPTS_GAP	1000000ull
#define PROMPTS_SECONDS 30

struct lateness {
	uint64_t packets, us[PROMPTS_US + 1];
};

struct prompts_bench {
	unsigned flows, seconds;
	struct flow_table *flow_table;
	struct rte_mempool *pool;
	struct worker *worker;
	struct prompt prompt;
	struct prompt_set set;
	uint64_t now_ns;
	uint32_t *next; /* by endpoint: number of the packet that comes next */
	uint64_t left_out, early, max_ns;
	struct lateness late, late_first, late_last; /* of all, of the first and the last tenth of the time */
	uint64_t busy_ns, begun_ns, elapsed_ns;
	uint64_t gaps, gap_max_ns, gap_sum_ns; /* of more than PROMPTS_GAP */
	bool measuring;
};

static struct prompts_bench bench;

static uint64_t due_ns(unsigned i, uint32_t n)
{
	const struct endpoint_rest *rest = endpoint_rest(flow_at(bench.flow_table, i));
	return (rest->prompt_since_ms + (uint64_t)n * PROMPT_MS) * 1000000ull;
}

static uint64_t clock_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void count(struct lateness *late, uint64_t us)
{
	late->packets++;
	late->us[us < PROMPTS_US ? us : PROMPTS_US]++;
}

/* n-th packet of endpoint i leaves. */
static void look(unsigned i, uint32_t n, uint64_t now_ns)
{
	uint64_t due = due_ns(i, n);
	turns_require(n >= bench.next[i], "packet %u of %u a second time", n, i);
	bench.left_out += bench.measuring ? n - bench.next[i] : 0;
	bench.next[i] = n + 1;
	if (!bench.measuring)
		return;
	bool early = now_ns < due;
	bench.early += early;
	uint64_t us = early ? 0 : (now_ns - due) / 1000, tenth_ns = bench.seconds * 100000000ull;
	count(&bench.late, us);
	if (due < bench.begun_ns + tenth_ns)
		count(&bench.late_first, us);
	else if (due >= bench.begun_ns + 9 * tenth_ns)
		count(&bench.late_last, us);
	if (!early && now_ns - due > bench.max_ns)
		bench.max_ns = now_ns - due;
}

static void transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t now_ns = clock_ns();
	for (uint16_t k = 0; k < n; k++) {
		const uint8_t *rtp = rte_pktmbuf_mtod_offset(pkts[k], const uint8_t *, PROMPTS_RTP);
		uint32_t timestamp, ssrc;
		if (rtp[1] >= 200)
			continue; /* a report */
		memcpy(&timestamp, rtp + 4, 4);
		memcpy(&ssrc, rtp + 8, 4);
		look(rte_be_to_cpu_32(ssrc) - PROMPTS_SSRC, rte_be_to_cpu_32(timestamp) / PROMPT_SAMPLES, now_ns);
	}
	rte_pktmbuf_free_bulk(pkts, n);
}

static void to_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	turns_fail("a prompt was sent to the kernel");
}

static bool event(void *arg, const struct xf_link_event *e)
{
	return true;
}

static void make_prompt(void)
{
	struct pcm pcm;
	struct sound *sound;
	turns_require(tone_make(&pcm, xf_tone(0)) == 0 && sound_encode(&sound, "tone", &pcm, 0) == 0, "no tone");
	free(pcm.samples);
	bench.prompt = (struct prompt){.number = 1, .sound = sound};
	bench.set.prompts[1] = &bench.prompt;
}

static void make_worker(void)
{
	struct flow_config flows = {.media_count = (bench.flows - 1) / XF_PORT_PAIRS + 1};
	struct worker_config config = {.workers = 1,
				       .socket = SOCKET_ID_ANY,
				       .prompts = &bench.set,
				       .ports = {{.mtu = 1500}},
				       .port_count = 1,
				       .ops = {NULL, transmit, to_kernel, event}};
	for (unsigned i = 0; i < flows.media_count; i++) {
		const uint8_t bytes[4] = {192, 0, 2, (uint8_t)(1 + i)};
		flows.media[i] = xf_addr_v4(bytes);
	}
	turns_require(flow_table_create(&bench.flow_table, &flows, SOCKET_ID_ANY) == 0, "no flow table");
	bench.pool = rte_pktmbuf_pool_create("bench", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	turns_require(bench.pool != NULL, "no buffers");
	config.flows = bench.flow_table;
	config.pool = bench.pool;
	turns_require(worker_create(&bench.worker, &config) == 0, "no worker");
}

static void turn(void)
{
	bench.now_ns = clock_ns();
	worker_turn(bench.worker, bench.now_ns);
	worker_flush(bench.worker);
}

static void do_command(struct command *command)
{
	void *done;
	rte_ring_enqueue(worker_command_ring(bench.worker), command);
	turn();
	turns_require(rte_ring_dequeue(worker_done_ring(bench.worker), &done) == 0 && command->result == 0,
		      "command %d: %d", command->type, command->result);
}

static void play(unsigned i)
{
	const uint8_t peer[4] = {100, 64, (uint8_t)(i >> 8), (uint8_t)i};
	struct endpoint_config config = {
	    .id = {i, 1},
	    .settings = {.remote = {.addr = xf_addr_v4(peer), .port = 20000},
			 .pt_count = 1,
			 .pts = {{0, XF_CODEC_PCMU}}},
	    .egress = {.resolved = true},
	    .seed = {.ssrc = PROMPTS_SSRC + i},
	};
	struct command open = {.type = COMMAND_OPEN, .open = &config};
	struct command patch = {.type = COMMAND_PATCH,
				.patch = {.count = 1, .moves = {{.to = {i, 1}, .from = xf_prompt_id(1)}}}};
	turns_require(flow_provide(bench.flow_table, i) == 0, "no memory");
	do_command(&open);
	do_command(&patch);
}

/* One turn after the other until the time is over. */
static void run(uint64_t end_ns)
{
	uint64_t last = clock_ns();
	while (bench.now_ns < end_ns) {
		uint64_t before = bench.late.packets;
		turn();
		uint64_t after = clock_ns();
		/* The turn with packets is what prompts cost; a gap outside it is somebody else's. */
		if (bench.late.packets != before && after - bench.now_ns < PROMPTS_GAP)
			bench.busy_ns += after - bench.now_ns;
		if (after - last > PROMPTS_GAP) {
			bench.gaps++;
			bench.gap_sum_ns += after - last;
			bench.gap_max_ns = RTE_MAX(bench.gap_max_ns, after - last);
		}
		last = after;
	}
}

static uint64_t percentile_us(const struct lateness *late, double part)
{
	uint64_t wanted = (uint64_t)(part * (double)late->packets), seen = 0;
	for (unsigned us = 0; us <= PROMPTS_US; us++)
		if ((seen += late->us[us]) > wanted)
			return us;
	return PROMPTS_US;
}

/* By how much packets are later at the end than at the beginning: the medians of the first and the last tenth. */
static int64_t drift_us(void)
{
	return (int64_t)percentile_us(&bench.late_last, 0.5) - (int64_t)percentile_us(&bench.late_first, 0.5);
}

/* Every prompt has had every packet by now, but for what was left out because it was too late. */
static void check(void)
{
	for (unsigned i = 0; i < bench.flows; i++) {
		uint64_t behind = bench.now_ns > due_ns(i, bench.next[i]) ? bench.now_ns - due_ns(i, bench.next[i]) : 0;
		turns_require(behind < 200000000ull, "prompt %u is %.0f ms behind", i, (double)behind / 1e6);
	}
	turns_require(bench.early == 0, "%llu packets were early", (unsigned long long)bench.early);
}

static void report(bool json)
{
	uint64_t p50 = percentile_us(&bench.late, 0.5), p99 = percentile_us(&bench.late, 0.99);
	long long drift = drift_us();
	double share = (double)bench.busy_ns / (double)bench.elapsed_ns;
	double each = (double)bench.busy_ns / (double)bench.late.packets;
	printf("%u prompts for %u s, one core, on the real clock\n"
	       "  %llu packets, none early; late by %llu us (p50), %llu us (p99), %.1f ms (most)\n"
	       "  drift: %lld us (the median of the last tenth of the time, less that of the first)\n"
	       "  left out because more than 100 ms late: %llu\n"
	       "  %.1f %% of the core, %.0f ns a packet\n"
	       "  the machine took the core away %llu times for more than 1 ms, %.1f ms at most, %.2f %% of the time\n",
	       bench.flows, bench.seconds, (unsigned long long)bench.late.packets, (unsigned long long)p50,
	       (unsigned long long)p99, (double)bench.max_ns / 1e6, drift, (unsigned long long)bench.left_out,
	       100 * share, each, (unsigned long long)bench.gaps, (double)bench.gap_max_ns / 1e6,
	       100 * (double)bench.gap_sum_ns / (double)bench.elapsed_ns);
	if (json)
		printf("{\"bench\":\"prompts\",\"prompts\":%u,\"seconds\":%u,\"packets\":%llu,\"early\":%llu,"
		       "\"left_out\":%llu,\"late_us_p50\":%llu,\"late_us_p99\":%llu,\"late_us_max\":%llu,"
		       "\"drift_us\":%lld,\"core_share\":%.4f,\"ns_per_packet\":%.1f,\"gaps_over_1ms\":%llu,\"gap_ms_"
		       "max\":%.2f}\n",
		       bench.flows, bench.seconds, (unsigned long long)bench.late.packets,
		       (unsigned long long)bench.early, (unsigned long long)bench.left_out, (unsigned long long)p50,
		       (unsigned long long)p99, (unsigned long long)(bench.max_ns / 1000), drift, share, each,
		       (unsigned long long)bench.gaps, (double)bench.gap_max_ns / 1e6);
}

/* --seconds N, which only this benchmark has, is taken out of the arguments. */
static unsigned take_seconds(int *argc, char **argv)
{
	for (int i = 1; i + 1 < *argc; i++) {
		if (strcmp(argv[i], "--seconds") != 0)
			continue;
		int seconds = atoi(argv[i + 1]);
		turns_require(seconds > 0 && seconds <= 3600, "--seconds: 1 to 3600");
		memmove(&argv[i], &argv[i + 2], (size_t)(*argc - i - 1) * sizeof(*argv));
		*argc -= 2;
		return (unsigned)seconds;
	}
	return PROMPTS_SECONDS;
}

int main(int argc, char **argv)
{
	struct turns_options options;
	bench.seconds = take_seconds(&argc, argv);
	turns_parse(&options, argc, argv, 10000);
	bench.flows = options.flows;
	if (options.quick)
		bench.seconds = 1;
	turns_require(bench.flows > 0 && bench.flows <= PROMPTS_MAX, "--flows: 1 to %u", PROMPTS_MAX);
	bench.next = calloc(bench.flows, sizeof(*bench.next));
	turns_require(bench.next != NULL, "no memory");
	bench_eal(384);
	make_prompt();
	make_worker();
	for (unsigned i = 0; i < bench.flows; i++)
		play(i);
	run(clock_ns() + 1000000000ull);
	bench.gaps = bench.gap_max_ns = bench.gap_sum_ns = 0;
	bench.measuring = true;
	bench.begun_ns = clock_ns();
	run(bench.begun_ns + bench.seconds * 1000000000ull);
	bench.elapsed_ns = clock_ns() - bench.begun_ns;
	check();
	report(options.json);
	return 0;
}
