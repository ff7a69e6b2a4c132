#include "desk.h"
#include <errno.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include "plane/link_record.h"

static struct rte_malloc_socket_stats desk_heap_before;

void desk_eal(void)
{
	char lcores[64];
	cpu_set_t cpus;
	int cpu = 0;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	snprintf(lcores, sizeof(lcores), "--lcores=0@(%d)", cpu);
	char *argv[] = {"test", "--no-huge", "--no-shconf",	    "--no-pci", "--no-telemetry",
			"-m",	"128",	     "--log-level=*:error", lcores,	NULL};
	cr_assert_geq(rte_eal_init(9, argv), 0);
}

static void desk_trace(struct desk *desk, char what, const void *bytes, size_t len)
{
	if (desk->trace_len + len + 1 > desk->trace_size) {
		desk->trace_size = 2 * desk->trace_size + len + 1;
		desk->trace = realloc(desk->trace, desk->trace_size);
		cr_assert_not_null(desk->trace);
	}
	desk->trace[desk->trace_len++] = (uint8_t)what;
	memcpy(desk->trace + desk->trace_len, bytes, len);
	desk->trace_len += len;
}

static void desk_transmit(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct desk *desk = arg;

	cr_assert_lt(worker, 2);
	cr_assert_eq(port, 0);
	for (uint16_t i = 0; i < n; i++) {
		cr_assert_lt(desk->rig.sent_count, RIG_SENT);
		desk->rig.sent[desk->rig.sent_count++] = pkts[i];
		desk_trace(desk, 'f', &worker, sizeof(worker));
		desk_trace(desk, ' ', rte_pktmbuf_mtod(pkts[i], void *), rte_pktmbuf_data_len(pkts[i]));
	}
}

static void desk_to_kernel(void *arg, unsigned worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n, bool urgent)
{
	struct desk *desk = arg;

	*(urgent ? &desk->urgent : &desk->kernel) += n;
	for (uint16_t i = 0; i < n; i++)
		desk_trace(desk, urgent ? 'u' : 'k', rte_pktmbuf_mtod(pkts[i], void *), rte_pktmbuf_data_len(pkts[i]));
	rte_pktmbuf_free_bulk(pkts, n);
}

static void desk_record(struct desk *desk, const struct link_view *view)
{
	if (view->type == XF_LINK_CAPTURED) {
		struct xf_link_captured *copy = &desk->copies[desk->copy_count++ % DESK_ROWS];
		cr_assert_leq(view->body_len, sizeof(*copy));
		memcpy(copy, view->body, view->body_len);
		cr_assert_eq(view->body_len, offsetof(struct xf_link_captured, bytes) + copy->len);
		cr_expect_eq(view->sequence, 0);
		return;
	}
	cr_assert_eq(view->body_len, xf_link_body_size(view->type));
	switch (view->type) {
	case XF_LINK_HELLO_OK:
		memcpy(&desk->hello, view->body, sizeof(desk->hello));
		break;
	case XF_LINK_ACK:
		memcpy(&desk->ack, view->body, sizeof(desk->ack));
		desk->ack_sequence = view->sequence;
		desk->acks++;
		break;
	case XF_LINK_ENDPOINT:
		cr_assert_lt(desk->row_count, DESK_ROWS);
		memcpy(&desk->rows[desk->row_count++], view->body, sizeof(desk->rows[0]));
		break;
	case XF_LINK_EVENT:
		if (desk->event_count == DESK_ROWS) {
			cr_assert(desk->events_counted);
			desk->events_more++;
			break;
		}
		cr_expect_eq(view->sequence, 0);
		memcpy(&desk->events[desk->event_count++], view->body, sizeof(desk->events[0]));
		break;
	case XF_LINK_PROMPT: {
		const struct xf_link_prompt *prompt = view->body;
		cr_expect_eq(view->sequence, 0);
		desk->prompt_rows++;
		if (desk->wanted_prompt && strcmp(prompt->name, desk->wanted_prompt) == 0)
			memcpy(&desk->prompt, prompt, sizeof(desk->prompt));
		break;
	}
	case XF_LINK_DROPS:
		memcpy(&desk->drops, view->body, sizeof(desk->drops));
		break;
	case XF_LINK_PORT:
		desk->port_rows++;
		break;
	case XF_LINK_WORKER:
		desk->worker_rows++;
		break;
	case XF_LINK_SCREEN:
		memcpy(&desk->screen, view->body, sizeof(desk->screen));
		break;
	case XF_LINK_PEER:
		memcpy(&desk->peers[desk->peer_rows++ % DESK_ROWS], view->body, sizeof(desk->peers[0]));
		break;
	case XF_LINK_SIGNATURE:
		memcpy(&desk->signatures[desk->signature_rows++ % DESK_ROWS], view->body, sizeof(desk->signatures[0]));
		break;
	case XF_LINK_STRANGER:
		cr_assert_lt(desk->stranger_rows, XF_LINK_STRANGERS);
		memcpy(&desk->strangers[desk->stranger_rows++], view->body, sizeof(desk->strangers[0]));
		break;
	}
}

static int desk_send_link(void *arg, const void *packet, size_t len)
{
	alignas(8) static uint8_t in[XF_LINK_PACKET_MAX];
	struct desk *desk = arg;
	struct link_view view;
	int r;

	cr_assert_leq(len, sizeof(in));
	if (desk->send_result < 0)
		return desk->send_result;
	desk->packets++;
	desk_trace(desk, 'l', packet, len);
	memcpy(in, packet, len);
	struct link_cursor cursor = link_cursor(in, len);
	while ((r = link_record_next(&cursor, &view)) > 0)
		desk_record(desk, &view);
	cr_assert_eq(r, 0);
	return 0;
}

static void desk_hang_up(void *arg, const char *reason)
{
	struct desk *desk = arg;

	desk->hung_up++;
	snprintf(desk->hang_up_reason, sizeof(desk->hang_up_reason), "%s", reason);
	desk_trace(desk, 'h', reason, strlen(reason));
	dplane_link_down(desk->dplane, desk->now_ns);
}

static int desk_watch(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	struct desk *desk = arg;

	desk_trace(desk, 'w', next_hop, sizeof(*next_hop));
	if (desk->watch_result < 0)
		return desk->watch_result;
	desk->watches++;
	if (desk->known)
		dplane_neighbour(desk->dplane, port, next_hop, rig_next_hop);
	return 0;
}

static void desk_release(void *arg, unsigned port, const struct xf_addr *next_hop)
{
	struct desk *desk = arg;

	desk_trace(desk, 'r', next_hop, sizeof(*next_hop));
	desk->releases++;
}

static void desk_random(void *arg, void *buf, size_t len)
{
	struct desk *desk = arg;
	uint8_t *at = buf;

	for (size_t i = 0; i < len; i++) {
		desk->random = desk->random * 6364136223846793005u + 1442695040888963407u;
		at[i] = (uint8_t)(desk->random >> 56);
	}
}

static void desk_log(void *arg, enum dplane_log_level level, const char *event, const char *text)
{
	desk_trace(arg, 'e', event, strlen(event));
	desk_trace(arg, ' ', text, strlen(text));
}

void desk_start(struct desk *desk)
{
	cr_assert_eq(desk_try(desk, NULL), 0);
	cr_assert_eq(dplane_workers(desk->dplane), 2);
}

unsigned desk_said(const struct desk *desk, const char *text)
{
	const uint8_t *at = desk->trace, *end = at + desk->trace_len;
	unsigned n = 0;

	while (at < end && (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
		at += strlen(text);
		n++;
	}
	return n;
}

int desk_try(struct desk *desk, void (*configure)(struct config *config))
{
	static struct xf_addr media[2];
	struct dplane_port port = {.mtu = 1500};
	struct dplane_seam seam = {
	    .arg = desk,
	    .transmit = desk_transmit,
	    .to_kernel = desk_to_kernel,
	    .send_link = desk_send_link,
	    .hang_up = desk_hang_up,
	    .neighbour_watch = desk_watch,
	    .neighbour_release = desk_release,
	    .random = desk_random,
	    .log = desk_log,
	};

	*desk = (struct desk){.now_ns = 1000 * DESK_SECOND, .random = 1};
	memcpy(port.mac, rig_mac, sizeof(port.mac));
	media[0] = rig_addr("192.0.2.1");
	media[1] = rig_addr("2001:db8::1");
	for (unsigned n = 0; n < 2; n++)
		desk->networks[n] = (struct config_network){
		    .media = &media[n], .media_count = 1, .media_first = n, .sip = {.addr = media[n], .port = 5060}};
	desk->config = (struct config){.workers = 2, .port_count = 1, .networks = desk->networks, .network_count = 2};
	desk->rig.pool = rte_mempool_lookup("desk");
	if (desk->rig.pool == NULL)
		desk->rig.pool = rte_pktmbuf_pool_create("desk", 8191, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	cr_assert_not_null(desk->rig.pool);
	cr_assert_eq(rte_malloc_get_socket_stats(0, &desk_heap_before), 0);
	if (configure)
		configure(&desk->config);
	return dplane_create(&desk->dplane, &desk->config, &port, desk->rig.pool, &seam);
}

void desk_stop(struct desk *desk)
{
	struct rte_malloc_socket_stats after;

	rig_forget(&desk->rig);
	dplane_destroy(desk->dplane);
	desk->dplane = NULL;
	rig_forget(&desk->rig);
	cr_assert_eq(rte_mempool_in_use_count(desk->rig.pool), 0, "%u packets leaked",
		     rte_mempool_in_use_count(desk->rig.pool));
	cr_assert_eq(rte_malloc_get_socket_stats(0, &after), 0);
	cr_assert_eq(after.alloc_count, desk_heap_before.alloc_count, "%d allocations leaked",
		     (int)(after.alloc_count - desk_heap_before.alloc_count));
	cr_assert_eq(after.heap_allocsz_bytes, desk_heap_before.heap_allocsz_bytes);
	cr_assert_eq(desk->releases, desk->watches, "a neighbour is watched for ever");
}

void desk_free(struct desk *desk)
{
	free(desk->trace);
	desk->trace = NULL;
}

void desk_settle(struct desk *desk)
{
	bool moved = true;

	for (unsigned turns = 0; moved; turns++) {
		moved = false;
		cr_assert_lt(turns, 100000, "never settles");
		for (unsigned w = 0; w < 2; w++)
			if (dplane_worker_pending(desk->dplane, w)) {
				dplane_worker_turn(desk->dplane, w, desk->now_ns);
				moved = true;
			}
		if (dplane_main_pending(desk->dplane)) {
			dplane_main(desk->dplane, desk->now_ns);
			moved = true;
		}
	}
}

void desk_wait(struct desk *desk, uint64_t ns)
{
	for (uint64_t end = desk->now_ns + ns; desk->now_ns < end;) {
		desk->now_ns += RTE_MIN(20 * RIG_MS, end - desk->now_ns);
		for (unsigned w = 0; w < 2; w++)
			dplane_worker_turn(desk->dplane, w, desk->now_ns);
		dplane_main(desk->dplane, desk->now_ns);
		desk_settle(desk);
	}
}

void desk_post(struct desk *desk, uint16_t type, const void *body, size_t len)
{
	alignas(8) static uint8_t out[XF_LINK_PACKET_MAX];
	int n = link_record_put(out, sizeof(out), type, ++desk->sequence, body, (uint16_t)len);

	cr_assert_gt(n, 0);
	dplane_link_packet(desk->dplane, desk->now_ns, out, (size_t)n);
}

int desk_say(struct desk *desk, uint16_t type, const void *body, size_t len)
{
	unsigned before = desk->acks;

	desk_post(desk, type, body, len);
	desk_settle(desk);
	cr_assert_eq(desk->acks, before + 1, "%s: %u answers", xf_link_type_name(type), desk->acks - before);
	cr_assert_eq(desk->ack_sequence, desk->sequence);
	return desk->ack.result;
}

void desk_hello(struct desk *desk, uint64_t instance)
{
	struct xf_link_hello hello = {.version = XF_LINK_VERSION, .instance = instance};

	dplane_link_up(desk->dplane, desk->now_ns);
	desk->sequence = 0;
	desk->hello = (struct xf_link_hello_ok){0};
	desk_post(desk, XF_LINK_HELLO, &hello, sizeof(hello));
	desk_settle(desk);
	cr_assert_eq(desk->hello.version, XF_LINK_VERSION, "HELLO was not answered");
}

void desk_frame(struct desk *desk, unsigned worker, const struct frame *frame)
{
	uint8_t buf[2048];
	struct rte_mbuf *mbuf = rig_mbuf(&desk->rig, buf, rig_frame(buf, frame));

	worker_receive(dplane_worker(desk->dplane, worker), 0, &mbuf, 1, desk->now_ns);
}

void desk_rtp(struct desk *desk, unsigned worker, const char *src, uint16_t sport, const char *dst, uint16_t dport,
	      uint16_t seq)
{
	uint8_t rtp[172] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, (uint8_t)seq, 0, 0, 0, 0, 7};

	memset(rtp + 12, 0x55, 160);
	desk->now_ns += 20 * RIG_MS;
	desk_frame(
	    desk, worker,
	    &(struct frame){
		.src = src, .sport = sport, .dst = dst, .dport = dport, .payload = rtp, .payload_len = sizeof(rtp)});
	dplane_worker_turn(desk->dplane, worker, desk->now_ns);
	desk_settle(desk);
}

struct xf_link_open desk_opening(uint16_t port, uint32_t generation, uint8_t worker, const char *remote,
				 uint16_t remote_port)
{
	struct xf_link_open open = {.id = {xf_endpoint_index(0, port), generation},
				    .worker = worker,
				    .settings = rig_settings(remote, remote_port)};

	open.settings.next_hop = rig_addr("192.0.2.254");
	open.settings.timeout_ns = 5 * DESK_SECOND;
	return open;
}

void desk_open_pair(struct desk *desk)
{
	struct xf_link_open caller = desk_opening(20000, 1, 1, DESK_CALLER, 4000);
	struct xf_link_open agent = desk_opening(20002, 2, 1, DESK_AGENT, 5000);
	struct xf_link_patch patch = {.count = 2};

	cr_assert_eq(desk_say(desk, XF_LINK_OPEN, &caller, sizeof(caller)), 0);
	cr_expect_eq(desk_say(desk, XF_LINK_OPEN, &caller, sizeof(caller)), -EEXIST);
	cr_assert_eq(desk_say(desk, XF_LINK_OPEN, &agent, sizeof(agent)), 0);
	patch.moves[0] = (struct xf_link_move){.to = agent.id, .from = caller.id};
	patch.moves[1] = (struct xf_link_move){.to = caller.id, .from = agent.id};
	cr_assert_eq(desk_say(desk, XF_LINK_PATCH, &patch, sizeof(patch)), 0);
}
