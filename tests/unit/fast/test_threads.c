/* Two workers on threads of their own while the main thread moves patches, opens and closes endpoints, swaps a source
 * table and reads states: what passes between cores in the dataplane. ThreadSanitizer sees there a byte with two
 * writers. For it rte_ring must be built with C11 atomics, and gcc told that it need not know of fences:
 * meson setup build-tsan -Db_sanitize=thread -Db_lundef=false -Dc_args='-DRTE_USE_C11_MEM_MODEL -Wno-tsan' */
#include <pthread.h>
#include <sched.h>
#include <rte_rcu_qsbr.h>
#include "pool.h"
#include "rig.h"

#define CALLS	  2   /* call c belongs to worker c */
#define MOVES	  150 /* patch batches for each call */
#define BETWEEN	  20  /* packets of each sender between two of them, at least */
#define WINDOW	  48  /* packets under way: less than a ring between the workers holds */
#define LANE_RING 256

/* The endpoint that comes and goes. */
#define VISIT_LOCAL  30000
#define VISIT_REMOTE 9000

enum { CALLER, AGENT, TARGET, ROLES };
#define PERIOD (CALLS * ROLES + 2) /* packets in 20 ms */

/* A worker's thread. */
struct lane {
	struct worker *worker;
	unsigned index;
	struct rte_ring *in, *out; /* from and to the main thread */
	const uint64_t *now_ns;	   /* written by the main thread */
	const bool *stop;	   /* written by the main thread */
	struct rte_rcu_qsbr *qsbr;
	uint64_t events, to_kernel; /* written by the lane; read after it has ended */
	pthread_t thread;
};

struct threads {
	struct rig rig;
	struct lane lanes[2];
	uint64_t now_ns;
	bool stop;
	struct rte_rcu_qsbr *qsbr;
	struct xf_endpoint_id id[CALLS][ROLES];
	uint16_t seq_in[CALLS][ROLES];
	int32_t seq_out[CALLS][ROLES]; /* -1: nothing yet */
	uint64_t sent, seen;
	struct command move[CALLS];
	bool moving[CALLS];
	unsigned moves[CALLS], since[CALLS];
	struct command visit;
	struct endpoint_config visitor;
	uint32_t seen_generation; /* latest of a visitor */
	unsigned visits_seen;
	uint64_t echoes; /* what a visitor said and heard */
	bool visiting;
	unsigned visits;
	/* A source table that is swapped for another, at worker 0. */
	struct command swap;
	struct source_table *table; /* its latest */
	bool swapping;
	unsigned swaps;
};

static void lane_transmit(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct lane *lane = arg;
	unsigned sent = rte_ring_enqueue_burst(lane->out, (void *const *)pkts, n, NULL);
	worker_count_drop(lane->worker, XF_DROP_TX_FULL, n - sent);
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
}

static void lane_to_kernel(void *arg, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct lane *lane = arg;
	lane->to_kernel += n;
	rte_pktmbuf_free_bulk(pkts, n);
}

static bool lane_event(void *arg, const struct xf_link_event *event)
{
	struct lane *lane = arg;
	lane->events++;
	return true;
}

static void *lane_run(void *arg)
{
	struct lane *lane = arg;
	rte_rcu_qsbr_thread_online(lane->qsbr, lane->index);
	while (!__atomic_load_n(lane->stop, __ATOMIC_RELAXED)) {
		struct rte_mbuf *pkts[WORKER_BURST];
		uint64_t now_ns = __atomic_load_n(lane->now_ns, __ATOMIC_RELAXED);
		unsigned n = rte_ring_dequeue_burst(lane->in, (void **)pkts, WORKER_BURST, NULL);
		worker_receive(lane->worker, 0, pkts, (uint16_t)n, now_ns);
		n += worker_turn(lane->worker, now_ns);
		worker_flush(lane->worker);
		rte_rcu_qsbr_quiescent(lane->qsbr, lane->index);
		if (n == 0)
			sched_yield();
	}
	rte_rcu_qsbr_thread_offline(lane->qsbr, lane->index);
	return NULL;
}

static struct rte_ring *ring(const char *name, unsigned index)
{
	char full[32];
	snprintf(full, sizeof(full), "%s%u", name, index);
	struct rte_ring *made = rte_ring_create(full, LANE_RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	cr_assert_not_null(made);
	return made;
}

/* In place of the rig's worker of that number. */
static void lane_init(struct threads *t, unsigned index)
{
	struct lane *lane = &t->lanes[index];
	struct rig *rig = &t->rig;
	struct worker_config config = {
	    .index = index,
	    .workers = 2,
	    .socket = SOCKET_ID_ANY,
	    .flows = rig->flows,
	    .sources = rig->sources,
	    .admitted = rig->admitted,
	    .ports = {{.mtu = 1500}},
	    .port_count = 1,
	    .ops = {lane, lane_transmit, lane_to_kernel, lane_event},
	};
	memcpy(config.ports[0].mac, rig_mac, 6);
	config.handover_in[!index] = rte_ring_lookup(index ? "to1" : "to0");
	config.handover_out[!index] = rte_ring_lookup(index ? "to0" : "to1");
	worker_destroy(rig->worker[index]);
	*lane = (struct lane){.index = index, .now_ns = &t->now_ns, .stop = &t->stop, .qsbr = t->qsbr};
	lane->in = ring("in", index);
	lane->out = ring("out", index);
	cr_assert_eq(worker_create(&lane->worker, &config), 0);
	rig->worker[index] = lane->worker;
	cr_assert_eq(rte_rcu_qsbr_thread_register(t->qsbr, index), 0);
}

static uint16_t remote_port(unsigned call, unsigned role)
{
	return (uint16_t)(4000 + 2 * (call * ROLES + role));
}

static uint16_t local_port(unsigned call, unsigned role)
{
	return (uint16_t)(20000 + 2 * (call * ROLES + role));
}

static void threads_init(struct threads *t)
{
	rig_init(&t->rig, 2);
	pool_register();
	t->rig.pool = rte_pktmbuf_pool_create("threads", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(t->rig.pool);
	t->qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(2), RTE_CACHE_LINE_SIZE));
	cr_assert_eq(rte_rcu_qsbr_init(t->qsbr, 2), 0);
	t->now_ns = t->rig.now_ns;
	for (unsigned i = 0; i < 2; i++)
		lane_init(t, i);
	for (unsigned call = 0; call < CALLS; call++) {
		for (unsigned role = 0; role < ROLES; role++) {
			struct xf_endpoint_settings settings = rig_settings("198.51.100.7", remote_port(call, role));
			t->id[call][role] = rig_open(&t->rig, call, RIG_V4, local_port(call, role), &settings, 1, 1);
			t->seq_out[call][role] = -1;
		}
	}
}

static void send_frame(struct threads *t, unsigned lane, const struct frame *frame)
{
	uint8_t buf[2048];
	struct rte_mbuf *mbuf = rig_mbuf(&t->rig, buf, rig_frame(buf, frame));
	cr_assert_eq(rte_ring_enqueue(t->lanes[lane].in, mbuf), 0);
	t->sent++;
}

static void send_rtp(struct threads *t, unsigned lane, uint16_t sport, uint16_t dport, uint16_t seq, uint8_t fill)
{
	uint32_t timestamp = seq * 160u;
	uint8_t rtp[172] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq};
	rtp[5] = (uint8_t)(timestamp >> 16);
	rtp[6] = (uint8_t)(timestamp >> 8);
	rtp[7] = (uint8_t)timestamp;
	memset(rtp + 11, fill, 161);
	send_frame(t, lane,
		   &(struct frame){.src = "198.51.100.7",
				   .dst = "192.0.2.1",
				   .sport = sport,
				   .dport = dport,
				   .payload = rtp,
				   .payload_len = sizeof(rtp)});
}

/* The callers' packets come to worker 0, the others to worker 1, so that of each call a part is handed over. */
static void send_period(struct threads *t)
{
	for (unsigned call = 0; call < CALLS; call++)
		for (unsigned role = 0; role < ROLES; role++)
			send_rtp(t, role != CALLER, remote_port(call, role), local_port(call, role),
				 ++t->seq_in[call][role], (uint8_t)(call * ROLES + role));
	send_rtp(t, 0, VISIT_REMOTE, VISIT_LOCAL, t->seq_in[0][0], 0xff);
	send_frame(t, 0,
		   &(struct frame){.src = "198.51.100.7",
				   .dst = "192.0.2.1",
				   .sport = 5060,
				   .dport = 5060,
				   .payload = "x",
				   .payload_len = 1});
}

/* Each receiver hears one unbroken stream, and only its own call. */
static void check_frame(struct threads *t, struct rte_mbuf *mbuf)
{
	t->rig.sent[0] = mbuf;
	t->rig.sent_count = 1;
	struct seen s = rig_seen(&t->rig, 0);
	if (s.dst.port == VISIT_REMOTE) {
		cr_assert_eq(s.payload[12], 0xff);
		t->echoes++;
		t->seen++;
		return rig_forget(&t->rig);
	}
	unsigned to = (s.dst.port - 4000u) / 2, call = to / ROLES, role = to % ROLES, from = s.payload[12];
	cr_assert_lt(call, CALLS);
	cr_assert(s.udp_checksum_ok);
	cr_assert_eq(from / ROLES, call, "call %u hears call %u", call, from / ROLES);
	cr_assert((role == CALLER) != (from % ROLES == CALLER), "%u hears %u", role, from % ROLES);
	if (t->seq_out[call][role] >= 0)
		cr_assert_eq(s.seq, (uint16_t)(t->seq_out[call][role] + 1), "a gap at role %u", role);
	t->seq_out[call][role] = s.seq;
	t->seen++;
	rig_forget(&t->rig);
}

static void drain(struct threads *t)
{
	void *mbuf;
	for (unsigned i = 0; i < 2; i++)
		while (rte_ring_dequeue(t->lanes[i].out, &mbuf) == 0)
			check_frame(t, mbuf);
}

static uint64_t drops(const struct threads *t, enum xf_drop drop)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < 2; i++)
		sum += __atomic_load_n(&worker_stats(t->lanes[i].worker)->drops[drop], __ATOMIC_RELAXED);
	return sum;
}

/* Packets that have gone neither out, nor to the kernel, nor away. */
static uint64_t under_way(const struct threads *t)
{
	uint64_t gone = t->seen;
	for (unsigned drop = 0; drop < XF_DROP_COUNT; drop++)
		gone += drops(t, drop);
	for (unsigned i = 0; i < 2; i++)
		gone += __atomic_load_n(&worker_stats(t->lanes[i].worker)->to_kernel, __ATOMIC_RELAXED);
	return t->sent - gone;
}

static void post(struct threads *t, unsigned worker, struct command *command)
{
	command->result = 1;
	cr_assert_eq(rte_ring_enqueue(worker_command_ring(t->lanes[worker].worker), command), 0);
}

/* Caller and agent, or caller and target; every third time only from the new one's first packet on. */
static void post_move(struct threads *t, unsigned call)
{
	const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE};
	unsigned n = t->moves[call]++, now = n % 2 ? AGENT : TARGET, before = n % 2 ? TARGET : AGENT;
	const struct xf_endpoint_id *id = t->id[call];
	t->move[call] = (struct command){
	    .type = COMMAND_PATCH,
	    .patch = {.count = 3,
		      .moves = {{id[CALLER], id[now], n % 3 ? 0 : 500 * RIG_MS},
				{id[now], id[CALLER]},
				{id[before], nobody}}},
	};
	post(t, call, &t->move[call]);
	t->moving[call] = true;
	t->since[call] = 0;
}

/* An endpoint is opened at worker 0 and 1 in turn, and closed, and at once opened again by the other one, while packets
 * for it come to worker 0. */
static void visit(struct threads *t)
{
	if (t->visiting)
		return;
	unsigned worker = ++t->rig.generation % 2;
	t->visitor = (struct endpoint_config){
	    .id = {xf_endpoint_index(RIG_V4, VISIT_LOCAL), t->rig.generation},
	    .owner = (uint8_t)worker,
	    .settings = rig_settings("198.51.100.7", VISIT_REMOTE),
	    .egress = {.resolved = true},
	    .seed = {.ssrc = t->rig.generation},
	};
	t->visit = (struct command){.type = COMMAND_OPEN};
	rig_prepare(&t->rig, &t->visit, &t->visitor);
	post(t, worker, &t->visit);
	t->visiting = true;
}

static void visit_done(struct threads *t)
{
	cr_assert_eq(t->visit.result, 0);
	/* It hears itself, until it is closed. */
	if (t->visit.type == COMMAND_OPEN) {
		t->visit.type = COMMAND_PATCH;
		t->visit.patch = (struct xf_link_patch){.count = 1, .moves = {{t->visit.id, t->visit.id}}};
		post(t, t->visitor.owner, &t->visit);
		return;
	}
	if (t->visit.type == COMMAND_PATCH) {
		t->visit.type = COMMAND_CLOSE;
		post(t, t->visitor.owner, &t->visit);
		return;
	}
	t->visiting = false;
	t->visits++;
}

static void swap(struct threads *t)
{
	struct xf_source source = {.peer = 1, .role = XF_ROLE_PROVIDER};
	struct source_table *table;
	if (t->swapping)
		return;
	cr_assert_eq(xf_prefix_parse(&source.block, "198.51.100.0/24"), 0);
	cr_assert_eq(source_table_create(&table, &source, 1), 0);
	t->swap = (struct command){.type = COMMAND_SOURCES, .sources = table};
	t->table = table;
	post(t, 0, &t->swap);
	t->swapping = true;
}

static void swap_done(struct threads *t)
{
	/* It was worker 0's alone but for the first one, which the rig frees and worker 1 still has. */
	if (t->swap.sources != t->rig.sources)
		source_table_destroy((struct source_table *)(uintptr_t)t->swap.sources);
	t->swapping = false;
	t->swaps++;
}

static void take_done(struct threads *t)
{
	void *done;
	for (unsigned i = 0; i < 2; i++) {
		while (rte_ring_dequeue(worker_done_ring(t->lanes[i].worker), &done) == 0) {
			if (done == &t->visit) {
				visit_done(t);
			} else if (done == &t->swap) {
				swap_done(t);
			} else {
				cr_assert_eq(done, &t->move[i]);
				cr_assert_eq(t->move[i].result, 0);
				t->moving[i] = false;
			}
		}
	}
}

/* What the main thread reads is of one piece, whatever the owner is doing. */
static void check_states(struct threads *t)
{
	for (unsigned call = 0; call < CALLS; call++) {
		struct xf_endpoint_state s = rig_state(&t->rig, t->id[call][CALLER]);
		const struct xf_endpoint_id *agent = &t->id[call][AGENT], *target = &t->id[call][TARGET];
		if (s.source.index != XF_ENDPOINT_NONE) {
			bool is_agent = s.source.index == agent->index && s.source.generation == agent->generation;
			bool is_target = s.source.index == target->index && s.source.generation == target->generation;
			cr_assert(is_agent || is_target, "fed by %u/%u", s.source.index, s.source.generation);
		}
		cr_assert_leq(s.tx_packets, t->sent);
		cr_assert_eq(s.remote.port, remote_port(call, CALLER));
		cr_assert(s.locked.addr.family == 0 || s.locked.port == s.remote.port);
	}
	/* Whoever visits is seen whole or not at all. */
	struct xf_endpoint_state v;
	if (!endpoint_state(t->rig.flows, xf_endpoint_index(RIG_V4, VISIT_LOCAL), &v))
		return;
	cr_assert_geq(v.id.generation, t->seen_generation);
	cr_assert_leq(v.id.generation, t->rig.generation);
	cr_assert_eq(v.remote.port, VISIT_REMOTE);
	cr_assert_eq(v.ssrc_out, v.id.generation);
	cr_assert_eq(v.worker, v.id.generation % 2);
	cr_assert(v.source.index == XF_ENDPOINT_NONE || v.source.generation == v.id.generation, "of another life");
	cr_assert_leq(v.rx_packets, t->sent);
	t->seen_generation = v.id.generation;
	t->visits_seen++;
}

static void take_all(struct threads *t)
{
	drain(t);
	take_done(t);
	check_states(t);
}

Test(threads, moves_while_traffic_flows, .timeout = 120)
{
	static struct threads t;
	threads_init(&t);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&t.lanes[i].thread, NULL, lane_run, &t.lanes[i]), 0);
	while (t.moves[0] < MOVES || t.moves[1] < MOVES) {
		__atomic_store_n(&t.now_ns, t.now_ns + 20 * RIG_MS, __ATOMIC_RELAXED);
		send_period(&t);
		for (unsigned call = 0; call < CALLS; call++)
			if (++t.since[call] >= BETWEEN && !t.moving[call])
				post_move(&t, call);
		visit(&t);
		swap(&t);
		for (take_all(&t); under_way(&t) > WINDOW - PERIOD; take_all(&t))
			sched_yield();
	}
	while (under_way(&t) > 0 || t.moving[0] || t.moving[1] || t.visiting || t.swapping) {
		take_all(&t);
		sched_yield();
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(pthread_join(t.lanes[i].thread, NULL), 0);

	/* Nothing was lost but what nobody was to hear. */
	cr_expect_eq(drops(&t, XF_DROP_HANDOVER_FULL), 0);
	cr_expect_eq(drops(&t, XF_DROP_TX_FULL), 0);
	cr_expect_eq(drops(&t, XF_DROP_SIP_SOURCE), 0, "the source table is never without the peer");
	cr_expect_eq(rig_all_drops(&t.rig), drops(&t, XF_DROP_UNPATCHED) + drops(&t, XF_DROP_NO_ENDPOINT));
	cr_expect_gt(t.seen, t.sent / 3);
	for (unsigned i = 0; i < 2; i++)
		cr_expect_gt(worker_stats(t.lanes[i].worker)->handed_over, MOVES * BETWEEN);
	cr_expect_geq(t.lanes[0].to_kernel, MOVES * BETWEEN);
	cr_expect_gt(t.visits, 1u);
	cr_expect_gt(t.visits_seen, 1u);
	cr_expect_gt(t.swaps, 1u);
	source_table_destroy(t.table);
	rig_fini(&t.rig);
	rte_mempool_free(t.rig.pool);
}
