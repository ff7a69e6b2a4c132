/* The book of endpoints over a real worker, turned by hand: no port, no thread, time as an argument. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_rcu_qsbr.h>
#include "fast/prompt.h"
#include "plane/endpoints.h"

#define SECOND 1000000000ull

static struct endpoints book;
static struct command_queue commands;
static struct next_hop_book next_hops;
static struct dplane_port ports[1];
static struct worker *workers[2];
static struct flow_table *flows;
static struct rte_rcu_qsbr *qsbr;
static uint8_t sound_payload[SOUND_FRAME];
static const struct sound sound = {.frames = 1, .payload = {&sound_payload, &sound_payload, &sound_payload}};
static struct prompt prompt = {.number = 1, .sound = &sound};
static struct prompt_set prompts;

static struct {
	unsigned count;
	uint32_t sequence;
	int32_t result;
} answered;

static struct xf_endpoint_id orphan;
static unsigned orphans;

static void transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	rte_pktmbuf_free_bulk(pkts, n);
}

static void to_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	rte_pktmbuf_free_bulk(pkts, n);
}

static bool event(void *arg, const struct xf_link_event *e)
{
	return true;
}

static void done(struct command_item *item, void *arg)
{
	answered.count++;
	answered.sequence = item->command.sequence;
	answered.result = item->command.result;
}

static void orphan_closed(const struct xf_endpoint_id *id, void *arg)
{
	orphan = *id;
	orphans++;
}

static void no_random(void *arg, void *buf, size_t len)
{
	memset(buf, 1, len);
}

static const struct dplane_seam seam = {.random = no_random};

static void eal(void)
{
	cpu_set_t cpus;
	char lcores[32];
	int cpu = 0;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	snprintf(lcores, sizeof(lcores), "--lcores=0@(%d)", cpu);
	char *argv[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "64", lcores, NULL};
	cr_assert_geq(rte_eal_init(8, argv), 0);
}

static void start(void)
{
	struct flow_config flow = {.media_count = 1};
	struct rte_ring *rings[2];

	eal();
	xf_addr_parse(&flow.media[0], "192.0.2.1");
	cr_assert_eq(flow_table_create(&flows, &flow, SOCKET_ID_ANY), 0);
	qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, rte_rcu_qsbr_get_memsize(1));
	cr_assert_not_null(qsbr);
	cr_assert_eq(rte_rcu_qsbr_init(qsbr, 1), 0);
	rte_rcu_qsbr_thread_register(qsbr, 0);
	rte_rcu_qsbr_thread_online(qsbr, 0);
	command_queue_init(&commands);
	rings[0] = rte_ring_create("a", 64, SOCKET_ID_ANY, 0);
	rings[1] = rte_ring_create("b", 64, SOCKET_ID_ANY, 0);
	prompts.prompts[1] = &prompt;
	struct rte_mempool *pool = rte_pktmbuf_pool_create("p", 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(pool);
	for (unsigned w = 0; w < 2; w++) {
		struct worker_config config = {.index = w,
					       .workers = 2,
					       .socket = SOCKET_ID_ANY,
					       .flows = flows,
					       .prompts = &prompts,
					       .pool = pool,
					       .port_count = 1,
					       .ops = {NULL, transmit, to_kernel, event}};
		config.ports[0].mtu = 1500;
		config.handover_in[1 - w] = rings[w];
		config.handover_out[1 - w] = rings[1 - w];
		cr_assert_eq(worker_create(&workers[w], &config), 0);
		command_queue_add(&commands, workers[w]);
	}
	book = (struct endpoints){.flows = flows,
				  .commands = &commands,
				  .next_hops = &next_hops,
				  .ports = ports,
				  .seam = &seam,
				  .port_count = 1,
				  .orphan_closed = orphan_closed};
	next_hop_init(&next_hops, &seam, endpoints_next_hop_changed, &book);
	cr_assert_eq(endpoints_init(&book), 0);
	endpoints_hello(&book, 1, 1);
}

TestSuite(endpoints, .init = start);

static const struct endpoints_answer answer = {.done = done, .sequence = 7};

static struct xf_link_open opening(uint32_t index, uint32_t generation, uint8_t worker)
{
	struct xf_link_open open = {.id = {index, generation}, .worker = worker};

	open.settings.pt_count = 1;
	open.settings.timeout_ns = 2 * SECOND;
	xf_addr_parse(&open.settings.remote.addr, "192.0.2.9");
	open.settings.remote.port = 4000;
	open.settings.remote_rtcp = open.settings.remote;
	open.settings.remote_rtcp.port = 4001;
	return open;
}

static void turn(uint64_t now_ns)
{
	for (unsigned w = 0; w < 2; w++)
		worker_turn(workers[w], now_ns);
	command_poll(&commands);
}

static void open_now(uint32_t index, uint32_t generation, uint8_t worker, uint64_t now_ns)
{
	struct xf_link_open open = opening(index, generation, worker);

	cr_assert_eq(endpoints_open(&book, &open, &answer), 0);
	turn(now_ns);
	cr_assert_eq(answered.result, 0);
}

Test(endpoints, a_slot_has_one_life_at_a_time)
{
	struct xf_link_open open = opening(5, 3, 0);

	cr_expect_eq(endpoints_open(&book, &open, &answer), 0);
	cr_expect_eq(endpoints_open(&book, &open, &answer), -EEXIST, "already posted");
	cr_expect_eq(answered.count, 0, "answered before the owner did it");
	turn(SECOND);
	cr_expect_eq(answered.count, 1);
	cr_expect_eq(answered.sequence, 7);
	cr_expect_not_null(flow_get(flows, 5));

	cr_expect_eq(endpoints_close(&book, &(struct xf_endpoint_id){5, 2}, &answer), -ESTALE);
	cr_expect_eq(endpoints_close(&book, &(struct xf_endpoint_id){5, 4}, &answer), -ESTALE);
	cr_expect_eq(endpoints_close(&book, &(struct xf_endpoint_id){6, 3}, &answer), -ENOENT);
	cr_expect_eq(endpoints_close(&book, &(struct xf_endpoint_id){XF_PORT_PAIRS, 3}, &answer), -ENOENT);
	cr_expect_eq(endpoints_close(&book, &open.id, &answer), 0);
	cr_expect_eq(endpoints_close(&book, &open.id, &answer), -ENOENT, "closing");
	open = opening(5, 4, 1);
	cr_expect_eq(endpoints_open(&book, &open, &answer), -EEXIST, "its old owner may still write the slot");
	turn(SECOND);
	cr_expect_eq(answered.count, 2);
	cr_expect_null(flow_get(flows, 5));
	cr_expect_eq(book.open_count, 0);
	open.id.generation = 3;
	cr_expect_eq(endpoints_open(&book, &open, &answer), -ESTALE);
	open.id.generation = 4;
	cr_expect_eq(endpoints_open(&book, &open, &answer), 0);
	cr_expect_eq(book.generation_last, 4);
}

Test(endpoints, refusals)
{
	struct xf_link_open open = opening(XF_PORT_PAIRS, 1, 0);

	cr_expect_eq(endpoints_open(&book, &open, &answer), -EINVAL, "index");
	open = opening(1, 0, 0);
	cr_expect_eq(endpoints_open(&book, &open, &answer), -EINVAL, "generation 0");
	open = opening(1, 1, 2);
	cr_expect_eq(endpoints_open(&book, &open, &answer), -EINVAL, "worker");
	open = opening(1, 1, 0);
	open.settings.port = 1;
	cr_expect_eq(endpoints_open(&book, &open, &answer), -EINVAL, "port");
	open = opening(1, 1, 0);
	open.settings.next_hop.family = 5;
	cr_expect_eq(endpoints_open(&book, &open, &answer), -EINVAL, "family of the next hop");
	cr_expect_eq(book.open_count, 0);
	cr_expect_eq(commands.outstanding, 0);
}

Test(endpoints, patch_is_checked_whole)
{
	struct xf_link_patch patch = {.count = 2};
	uint32_t bad;

	open_now(1, 1, 0, SECOND);
	open_now(2, 2, 0, SECOND);
	open_now(3, 3, 1, SECOND);
	patch.moves[0] = (struct xf_link_move){.to = {1, 1}, .from = {2, 2}};
	patch.moves[1] = (struct xf_link_move){.to = {2, 2}, .from = {3, 3}};
	cr_expect_eq(endpoints_patch(&book, &patch, &answer, &bad), -EXDEV);
	cr_expect_eq(bad, 1);
	patch.moves[1].from = (struct xf_endpoint_id){4, 1};
	cr_expect_eq(endpoints_patch(&book, &patch, &answer, &bad), -ENOENT);
	patch.moves[0].to.generation = 9;
	cr_expect_eq(endpoints_patch(&book, &patch, &answer, &bad), -ESTALE);
	cr_expect_eq(bad, 0);
	cr_expect_eq(commands.outstanding, 0, "a refused batch was posted");
	patch.count = 0;
	cr_expect_eq(endpoints_patch(&book, &patch, &answer, &bad), -EINVAL);
	patch.count = XF_LINK_MOVES_MAX + 1;
	cr_expect_eq(endpoints_patch(&book, &patch, &answer, &bad), -EINVAL);
	patch.count = 2;
	patch.moves[0].to.generation = 1;
	patch.moves[1].from = (struct xf_endpoint_id){XF_ENDPOINT_PROMPT, XF_PROMPT_NUMBERS};
	cr_expect_eq(endpoints_patch(&book, &patch, &answer, &bad), -EINVAL);
	cr_expect_eq(bad, 1u);
	patch.moves[1].from = (struct xf_endpoint_id){1, 1};
	cr_expect_eq(endpoints_patch(&book, &patch, &answer, &bad), 0);
	turn(SECOND);
	cr_expect_eq(answered.count, 4);
	cr_expect_eq(answered.result, 0);
}

/* A prompt is a source like another, from the link to the dump, but it is nobody's endpoint. */
Test(endpoints, prompt)
{
	struct xf_link_patch patch = {.count = 1};
	struct xf_endpoint_state state;
	uint32_t bad;

	open_now(1, 1, 1, SECOND);
	patch.moves[0] = (struct xf_link_move){.to = {1, 1}, .from = xf_prompt_id(1)};
	cr_assert_eq(endpoints_patch(&book, &patch, &answer, &bad), 0);
	turn(SECOND);
	cr_expect_eq(answered.result, 0);
	cr_assert(endpoints_state(&book, 1, &state));
	cr_expect_eq(state.source.index, XF_ENDPOINT_PROMPT);
	cr_expect_eq(state.source.generation, 1);
}

Test(endpoints, orphans)
{
	struct xf_link_update update = {.id = {1, 1}, .settings = opening(1, 1, 0).settings};

	open_now(1, 1, 0, SECOND);
	open_now(2, 2, 1, SECOND);
	endpoints_sweep(&book, 100 * SECOND);
	cr_expect_eq(orphans, 0, "its own control plane is there");
	endpoints_hello(&book, 2, 100 * SECOND);
	cr_assert_eq(endpoints_update(&book, &update, &answer), 0);
	turn(100 * SECOND);
	endpoints_sweep(&book, 100 * SECOND + ENDPOINTS_ORPHAN_GRACE_NS - 1);
	cr_expect_eq(orphans, 0, "time to claim");
	endpoints_sweep(&book, 100 * SECOND + ENDPOINTS_ORPHAN_GRACE_NS);
	cr_expect_eq(orphans, 1);
	cr_expect_eq(orphan.index, 2);
	turn(111 * SECOND);
	endpoints_sweep(&book, 200 * SECOND);
	cr_expect_eq(orphans, 1);
	cr_expect_null(flow_get(flows, 2));
	cr_expect_not_null(flow_get(flows, 1));
	cr_expect_eq(book.open_count, 1);
}

/* More commands than the ring to the worker holds wait, and keep their order. */
Test(endpoints, more_than_the_ring_holds)
{
	const unsigned total = 5000;

	for (unsigned i = 0; i < total; i++) {
		struct xf_link_open open = opening(i, i + 1, 0);
		cr_assert_eq(endpoints_open(&book, &open, &answer), 0);
	}
	cr_expect_eq(commands.outstanding, total);
	for (unsigned i = 0; i < total && commands.outstanding > 0; i++)
		turn(SECOND + i);
	cr_expect_eq(commands.outstanding, 0);
	cr_expect_eq(answered.count, total);
	for (unsigned i = 0; i < total; i++)
		cr_assert_not_null(flow_get(flows, i));
	endpoints_fini(&book);
	cr_expect_eq(book.open_count, 0);
}
