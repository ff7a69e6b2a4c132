/* Three workers on threads of their own, SIP, fragments and media spread over them at random, while the main thread
 * swaps everything that can be swapped: signatures, the source table, admissions, limits; moves patches; opens
 * endpoints, closes them, and opens them again at another worker; and reads all that is counted. ThreadSanitizer sees a
 * byte with two writers, or one that is freed while somebody looks at it; the test, what goes where it must not. */
#include <sched.h>
#include <string.h>
#include "lanes.h"
#include "screen/signatures.h"

#define CALLS	 6 /* call c belongs to worker c % LANES; every second one is IPv6 */
#define VISITORS 3 /* endpoints that come and go */
#define ROUNDS	 400
#define EACH	 12 /* of everything that is swapped, at least */
#define ASKED	 1024

enum { CALLER, AGENT, TARGET, ROLES };

#define PEER4  "198.51.100.7"
#define PEER6  "2001:db8:5::7"
#define GUEST  "203.0.113.99" /* admitted and withdrawn */
#define REMOTE 4000	      /* remote ports: the calls', then the visitors' */
#define LOCAL  20000

/* What an answer is to. */
enum ask { ASK_OTHER, ASK_MOVE, ASK_VISIT, ASK_SOURCES, ASK_ADMIT, ASK_STATS, ASK_DUMP, ASKS };

static struct test {
	struct lanes lanes;
	struct {
		enum ask ask;
		unsigned number;
	} asked[ASKED];
	bool waiting[ASKS]; /* for an answer; moves and visitors have their own */
	unsigned done[ASKS];

	struct xf_endpoint_id id[CALLS][ROLES];
	uint16_t seq[CALLS][ROLES];
	unsigned moves[CALLS];
	bool moving[CALLS];
	uint64_t heard[CALLS];
	struct {
		struct xf_endpoint_id id;
		unsigned step; /* 0: OPEN is next, or under way; 1: PATCH; 2: CLOSE */
		bool going;    /* it is under way */
		uint16_t seq;
		unsigned times;
	} visitors[VISITORS];
	uint64_t echoes;
	uint32_t generation;

	unsigned signature_sets;
	const struct buckets_plan *plan[LANES]; /* the latest; NULL: the dataplane's own */
	unsigned plans[LANES];

	uint64_t passed; /* by peers, at the last STATS */
	uint64_t passed_now;
	unsigned named;	 /* rows of strangers that said who it was */
	unsigned states; /* rows of endpoints */
	uint16_t ip_id;
} t;

static const struct xf_link_empty empty;

static void configure(struct config *config)
{
	static struct config_provider providers[2] = {{.limits = {.packets = {50, 20}}},
						      {.limits = {.packets = {50, 20}}}};

	config->providers = providers;
	config->provider_count = 2;
}

static bool is_v6(unsigned call)
{
	return call % 2;
}

/* Index in the order of ports: those of calls, then visitors. */
static uint16_t remote_port(unsigned number)
{
	return (uint16_t)(REMOTE + 2 * number);
}

static uint16_t local_port(unsigned number)
{
	return (uint16_t)(LOCAL + 2 * number);
}

static void ask(enum ask what, unsigned number, uint16_t type, const void *body, size_t len)
{
	unsigned slot = (t.lanes.sequence + 1) % ASKED;

	/* Before it is posted, for it may be answered from inside. */
	t.asked[slot].ask = what;
	t.asked[slot].number = number;
	t.waiting[what] = true;
	lanes_post(&t.lanes, type, body, len);
}

static struct xf_link_open opening(unsigned number, bool v6, unsigned worker)
{
	struct xf_link_open open = {.id = {xf_endpoint_index(v6, local_port(number)), ++t.generation},
				    .worker = (uint8_t)worker,
				    .settings = rig_settings(v6 ? PEER6 : PEER4, remote_port(number))};

	open.settings.next_hop = rig_addr(v6 ? "2001:db8::fe" : "192.0.2.254");
	return open;
}

static void open_calls(void)
{
	const struct xf_link_capture capture = {.id = {xf_endpoint_index(0, local_port(0)), 1}, .on = 1};

	for (unsigned call = 0; call < CALLS; call++)
		for (unsigned role = 0; role < ROLES; role++) {
			struct xf_link_open open = opening(call * ROLES + role, is_v6(call), call % LANES);
			t.id[call][role] = open.id;
			ask(ASK_OTHER, 0, XF_LINK_OPEN, &open, sizeof(open));
		}
	ask(ASK_OTHER, 0, XF_LINK_CAPTURE, &capture, sizeof(capture));
}

/* Opened, fed with what it says itself, closed, and at once opened again, by the next worker. */
static void visit(unsigned v)
{
	struct xf_link_patch patch = {.count = 1};
	struct xf_link_close close;

	t.visitors[v].going = true;
	if (t.visitors[v].step == 0) {
		struct xf_link_open open = opening(CALLS * ROLES + v, v % 2, ++t.visitors[v].times % LANES);
		t.visitors[v].id = open.id;
		ask(ASK_VISIT, v, XF_LINK_OPEN, &open, sizeof(open));
	} else if (t.visitors[v].step == 1) {
		patch.moves[0].to = patch.moves[0].from = t.visitors[v].id;
		ask(ASK_VISIT, v, XF_LINK_PATCH, &patch,
		    offsetof(struct xf_link_patch, moves) + sizeof(patch.moves[0]));
	} else {
		close.id = t.visitors[v].id;
		ask(ASK_VISIT, v, XF_LINK_CLOSE, &close, sizeof(close));
	}
}

static void move(unsigned call)
{
	const struct xf_endpoint_id nobody = {.index = XF_ENDPOINT_NONE};
	unsigned n = t.moves[call]++, now = n % 2 ? AGENT : TARGET, before = n % 2 ? TARGET : AGENT;
	const struct xf_endpoint_id *id = t.id[call];
	const struct xf_link_patch patch = {
	    .count = 3,
	    .moves = {{id[CALLER], id[now], n % 3 ? 0 : 100 * RIG_MS}, {id[now], id[CALLER]}, {id[before], nobody}}};

	t.moving[call] = true;
	ask(ASK_MOVE, call, XF_LINK_PATCH, &patch,
	    offsetof(struct xf_link_patch, moves) + 3 * sizeof(struct xf_link_move));
}

/* The peers change their numbers, and so the workers that have their buckets. */
static void commit_sources(void)
{
	struct xf_source blocks[] = {{.role = XF_ROLE_PROVIDER}, {.role = XF_ROLE_AGENT}};
	unsigned n = t.done[ASK_SOURCES] % 2;

	cr_assert_eq(xf_prefix_parse(&blocks[0].block, "198.51.100.0/24"), 0);
	cr_assert_eq(xf_prefix_parse(&blocks[1].block, "2001:db8:5::/48"), 0);
	blocks[n].peer = 1;
	ask(ASK_OTHER, 0, XF_LINK_SOURCES_BEGIN, &empty, sizeof(empty));
	for (unsigned i = 0; i < 2; i++)
		ask(ASK_OTHER, 0, XF_LINK_SOURCE_ADD, &blocks[i], sizeof(blocks[i]));
	ask(ASK_SOURCES, 0, XF_LINK_SOURCES_COMMIT, &empty, sizeof(empty));
}

static void admit(void)
{
	const struct xf_link_admit guest = {.addr = rig_addr(GUEST)};

	ask(ASK_ADMIT, 0, t.done[ASK_ADMIT] % 2 ? XF_LINK_WITHDRAW : XF_LINK_ADMIT, &guest, sizeof(guest));
}

static uint32_t reloads(void)
{
	struct dplane_counts counts;

	dplane_counts(t.lanes.dplane, &counts);
	return counts.signature_reloads;
}

/* Each set drops what is bad; what else is in it differs. */
static void swap_signatures(void)
{
	static const char *const rules[] = {"always drop subject \"" LANES_BAD "\"\nb count subject \"fine\"\n",
					    "a alert via \"UDP\"\nalways drop subject \"" LANES_BAD "\"\n"};
	struct signatures *set;

	if (reloads() < t.signature_sets)
		return;
	const char *text = rules[t.signature_sets++ % 2];
	cr_assert_eq(signatures_read(&set, text, strlen(text), "rules", stderr), 0);
	cr_assert_eq(dplane_signatures(t.lanes.dplane, set), 0);
}

/* What the worker has given back is freed at once, but for the first, which is the dataplane's. False: nothing. */
static bool take_limits(unsigned lane)
{
	const struct buckets_plan *old = lanes_plan(&t.lanes, lane, NULL);

	if (old && t.plans[lane] > 1)
		buckets_plan_destroy((struct buckets_plan *)(uintptr_t)old);
	return old != NULL;
}

/* Built aside, when the worker has the last one. */
static void swap_limits(unsigned lane)
{
	const struct buckets_rate most = {BUCKETS_MAX_PER_S, BUCKETS_MAX_BURST};
	struct buckets_peer peers[2] = {{.peer = 0}, {.peer = 1}};
	struct buckets_config config = {.peers = peers, .count = 2};
	struct buckets_plan *plan;

	if (!take_limits(lane) && t.plans[lane] > 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		peers[i].packets = (struct buckets_rate){50 + 30 * (t.plans[lane] % 2), 20};
		for (unsigned class = 0; class < BUCKETS_CLASS_COUNT; class ++)
			peers[i].classes[class] = most;
	}
	cr_assert_eq(buckets_plan_create(&plan, &config, lane, LANES), 0);
	lanes_plan(&t.lanes, lane, plan);
	t.plan[lane] = plan;
	t.plans[lane]++;
}

static void answered(const struct link_view *view)
{
	const struct xf_link_ack *ack = view->body;
	enum ask what = t.asked[view->sequence % ASKED].ask;
	unsigned number = t.asked[view->sequence % ASKED].number;

	cr_assert_geq(ack->result, 0, "command %u: %d", what, ack->result);
	t.waiting[what] = false;
	t.done[what]++;
	if (what == ASK_MOVE)
		t.moving[number] = false;
	if (what == ASK_VISIT) {
		t.visitors[number].going = false;
		t.visitors[number].step = (t.visitors[number].step + 1) % 3;
	}
	if (what == ASK_STATS) {
		cr_assert_geq(t.passed_now, t.passed, "a count went back");
		t.passed = t.passed_now;
		t.passed_now = 0;
	}
}

static void row_stranger(const struct xf_link_stranger *row)
{
	char text[XF_SOCKADDR_STRLEN];

	xf_prefix_format(&row->block, text);
	cr_assert(strcmp(text, LANES_STRANGER4 "/32") == 0 || strcmp(text, GUEST "/32") == 0 ||
		      strcmp(text, "2001:db8:bad:1::/64") == 0 || strcmp(text, PEER4 "/32") == 0 ||
		      strcmp(text, "2001:db8:5::/64") == 0,
		  "%s", text);
	cr_assert_eq(row->error, 0);
	t.named++;
}

static void record(const struct link_view *view)
{
	const struct xf_endpoint_state *state = view->body;
	const struct xf_link_peer *peer = view->body;

	if (view->type == XF_LINK_ACK) {
		answered(view);
	} else if (view->type == XF_LINK_STRANGER) {
		row_stranger(view->body);
	} else if (view->type == XF_LINK_PEER) {
		t.passed_now += peer->passed;
	} else if (view->type == XF_LINK_ENDPOINT) {
		cr_assert_leq(state->id.generation, t.generation);
		cr_assert_lt(state->worker, LANES);
		t.states++;
	}
}

static void send_sip(const char *from, uint8_t proto, const char *subject)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nTo: <sip:a>\r\nSubject: %s\r\n\r\n", subject);
	lanes_frame(&t.lanes, &(struct frame){.src = from,
					      .dst = strchr(from, ':') ? "2001:db8::1" : "192.0.2.1",
					      .sport = 5060,
					      .dport = 5060,
					      .proto = proto,
					      .payload = text,
					      .payload_len = (uint16_t)strlen(text)});
}

/* A datagram in two pieces, in either order, perhaps to two workers. */
static void send_fragments(void)
{
	uint8_t udp[700] = {0x13, 0xc4, 0x13, 0xc4, 700 >> 8, 700 & 0xff};
	unsigned first = lanes_random(&t.lanes, 2);

	memset(udp + 8, ' ', sizeof(udp) - 8);
	memcpy(udp + 8, "OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\n", 36);
	t.ip_id++;
	for (unsigned i = 0; i < 2; i++) {
		bool rest = i != first;
		lanes_frame(&t.lanes, &(struct frame){.src = PEER4,
						      .dst = "192.0.2.1",
						      .payload = udp + (rest ? 512 : 0),
						      .payload_len = rest ? 700 - 512 : 512,
						      .raw = true,
						      .ip_id = t.ip_id,
						      .frag = rest ? 512 / 8 : 0x2000});
	}
}

static void send_rtp(unsigned number, bool v6, uint16_t seq)
{
	uint32_t timestamp = seq * 160u;
	uint8_t rtp[172] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq};

	rtp[5] = (uint8_t)(timestamp >> 16);
	rtp[6] = (uint8_t)(timestamp >> 8);
	rtp[7] = (uint8_t)timestamp;
	rtp[11] = (uint8_t)(1 + number);
	memset(rtp + 12, (int)number, 160);
	lanes_frame(&t.lanes, &(struct frame){.src = v6 ? PEER6 : PEER4,
					      .dst = v6 ? "2001:db8::1" : "192.0.2.1",
					      .sport = remote_port(number),
					      .dport = local_port(number),
					      .payload = rtp,
					      .payload_len = sizeof(rtp)});
}

static void send_round(void)
{
	for (unsigned call = 0; call < CALLS; call++)
		for (unsigned role = 0; role < ROLES; role++)
			send_rtp(call * ROLES + role, is_v6(call), ++t.seq[call][role]);
	for (unsigned v = 0; v < VISITORS; v++)
		send_rtp(CALLS * ROLES + v, v % 2, ++t.visitors[v].seq);
	for (unsigned i = 0; i < 3; i++) {
		send_sip(i % 2 ? PEER6 : PEER4, 0, lanes_random(&t.lanes, 3) ? "fine" : LANES_BAD);
		send_sip(i % 2 ? LANES_STRANGER6 : LANES_STRANGER4, lanes_random(&t.lanes, 2) ? IPPROTO_TCP : 0,
			 "fine");
	}
	send_sip(GUEST, 0, "fine");
	send_sip(PEER6, IPPROTO_TCP, "fine");
	send_fragments();
}

/* Only its own call is heard by anybody; a visitor hears itself. */
static void check_frame(struct lanes *lanes, struct rte_mbuf *mbuf)
{
	lanes->rig.sent[0] = mbuf;
	lanes->rig.sent_count = 1;
	struct seen s = rig_seen(&lanes->rig, 0);
	unsigned to = (s.dst.port - REMOTE) / 2u, from = s.payload_len >= 172 ? s.payload[12] : UINT8_MAX;

	cr_assert(s.udp_checksum_ok);
	if (s.dst.port % 2 == 0) {
		cr_assert_lt(to, CALLS * ROLES + VISITORS);
		cr_assert_eq(s.payload_len, 172);
		if (to < CALLS * ROLES) {
			cr_assert_eq(from / ROLES, to / ROLES, "call %u hears call %u", to / ROLES, from / ROLES);
			cr_assert((to % ROLES == CALLER) != (from % ROLES == CALLER), "%u hears %u", to, from);
			t.heard[to / ROLES]++;
		} else {
			cr_assert_eq(from, to);
			t.echoes++;
		}
	}
	rig_forget(&lanes->rig);
}

static void change(unsigned round)
{
	for (unsigned call = 0; call < CALLS; call++)
		if (!t.moving[call] && (round + call) % 4 == 0)
			move(call);
	for (unsigned v = 0; v < VISITORS; v++)
		if (!t.visitors[v].going)
			visit(v);
	if (!t.waiting[ASK_SOURCES])
		commit_sources();
	if (!t.waiting[ASK_ADMIT])
		admit();
	if (!t.waiting[ASK_STATS])
		ask(ASK_STATS, 0, XF_LINK_STATS, &empty, sizeof(empty));
	if (!t.waiting[ASK_DUMP]) {
		const struct xf_link_dump dump = {0};
		ask(ASK_DUMP, 0, XF_LINK_DUMP, &dump, sizeof(dump));
	}
	swap_signatures();
	for (unsigned lane = 0; lane < LANES; lane++)
		swap_limits(lane);
}

static bool enough(unsigned rounds)
{
	bool all = rounds >= ROUNDS && t.signature_sets >= EACH;

	for (unsigned what = ASK_MOVE; what < ASKS; what++)
		all = all && t.done[what] >= EACH;
	for (unsigned lane = 0; lane < LANES; lane++)
		all = all && t.plans[lane] >= EACH;
	for (unsigned v = 0; v < VISITORS; v++)
		all = all && t.visitors[v].times >= EACH;
	return all;
}

static uint64_t drops(enum xf_drop drop)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LANES; i++)
		sum += worker_stats(dplane_worker(t.lanes.dplane, i))->drops[drop];
	return sum;
}

static void expect_all_happened(void)
{
	uint64_t datagrams = 0;

	for (unsigned i = 0; i < LANES; i++) {
		const struct worker_stats *stats = worker_stats(dplane_worker(t.lanes.dplane, i));
		cr_expect_eq(t.lanes.lanes[i].wrong, 0, "the kernel got what it must not");
		cr_expect_gt(t.lanes.lanes[i].kernel, 0);
		cr_expect_gt(stats->handed_over, ROUNDS);
		datagrams += stats->datagrams;
	}
	cr_expect_gt(datagrams, 0);
	for (unsigned call = 0; call < CALLS; call++)
		cr_expect_gt(t.heard[call], ROUNDS);
	cr_expect_gt(t.echoes, 0);
	cr_expect_gt(t.named, 0u);
	cr_expect_gt(t.states, 0u);
	cr_expect_gt(t.passed, 0);
	cr_expect_gt(drops(XF_DROP_SIP_SOURCE), ROUNDS);
	cr_expect_gt(drops(XF_DROP_SIP_TCP_SOURCE), ROUNDS);
	cr_expect_gt(drops(XF_DROP_SIP_SIGNATURE), 0);
	cr_expect_gt(drops(XF_DROP_SIP_PACKET_RATE), 0);
	cr_expect_eq(drops(XF_DROP_IP_INVALID), 0);
	cr_expect_eq(drops(XF_DROP_NO_MBUF), 0);
}

Test(threads, everything_is_swapped_while_traffic_flows, .timeout = 120)
{
	unsigned rounds = 0;

	lanes_start(&t.lanes, configure, record);
	commit_sources();
	open_calls();
	for (swap_signatures(); reloads() == 0; sched_yield())
		lanes_turn(&t.lanes, check_frame);
	for (; !enough(rounds); rounds++) {
		__atomic_store_n(&t.lanes.now_ns, t.lanes.now_ns + 20 * RIG_MS, __ATOMIC_RELAXED);
		send_round();
		change(rounds);
		do {
			lanes_turn(&t.lanes, check_frame);
			sched_yield();
		} while (lanes_busy(&t.lanes));
	}
	/* It ends in the midst of whatever is under way. */
	lanes_stop(&t.lanes);
	expect_all_happened();
	for (unsigned lane = 0; lane < LANES; lane++)
		take_limits(lane);
	lanes_destroy(&t.lanes);
	for (unsigned lane = 0; lane < LANES; lane++)
		buckets_plan_destroy((struct buckets_plan *)(uintptr_t)t.plan[lane]);
}
