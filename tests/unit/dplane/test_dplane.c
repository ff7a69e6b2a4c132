/* The dataplane whole, over its contract only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "desk.h"
#include "sound/sound.h"

#define CALLER DESK_CALLER
#define AGENT  DESK_AGENT

TestSuite(dplane, .init = desk_eal);

static const struct xf_link_empty empty;

static struct dplane_counts counts(const struct desk *desk)
{
	struct dplane_counts c;

	dplane_counts(desk->dplane, &c);
	return c;
}

static uint64_t drops(struct desk *desk, enum xf_drop drop)
{
	cr_assert_eq(desk_say(desk, XF_LINK_STATS, &empty, sizeof(empty)), 0);
	return desk->drops.count[drop];
}

static unsigned events(const struct desk *desk, enum xf_link_event_type type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < desk->event_count; i++)
		n += desk->events[i].event == type;
	return n;
}

static void sources(struct desk *desk)
{
	struct xf_source source = {.peer = 3, .role = XF_ROLE_PROVIDER};

	cr_assert_eq(xf_prefix_parse(&source.block, "198.51.100.0/24"), 0);
	cr_expect_eq(desk_say(desk, XF_LINK_SOURCE_ADD, &source, sizeof(source)), -EPROTO, "before BEGIN");
	cr_expect_eq(desk_say(desk, XF_LINK_SOURCES_BEGIN, &empty, sizeof(empty)), 0);
	cr_expect_eq(desk_say(desk, XF_LINK_SOURCE_ADD, &source, sizeof(source)), 0);
	cr_expect_eq(desk_say(desk, XF_LINK_SOURCES_COMMIT, &empty, sizeof(empty)), 0);
}

static void sip(struct desk *desk, const char *from)
{
	static const char text[] = "OPTIONS sip:192.0.2.1 SIP/2.0\r\n\r\n";

	for (unsigned w = 0; w < 2; w++) {
		desk_frame(desk, w,
			   &(struct frame){.src = from,
					   .sport = 5060,
					   .dst = "192.0.2.1",
					   .dport = 5060,
					   .payload = text,
					   .payload_len = sizeof(text) - 1});
		dplane_worker_turn(desk->dplane, w, desk->now_ns);
	}
	desk_settle(desk);
}

static unsigned dump(struct desk *desk)
{
	struct xf_link_dump all = {0};

	desk->row_count = 0;
	cr_expect_eq(desk_say(desk, XF_LINK_DUMP, &all, sizeof(all)), 0);
	return desk->row_count;
}

static void history_open(struct desk *desk)
{
	desk_start(desk);
	desk_hello(desk, 11);
	cr_expect_eq(desk->hello.workers, 2);
	cr_expect_eq(desk->hello.ports, 1);
	cr_expect_eq(desk->hello.media_addrs, 2);
	cr_expect(xf_addr_eq(&desk->hello.media_addr[1], &desk->networks[1].media[0]));
	cr_expect_eq(desk->hello.generation_last, 0);
	cr_expect_neq(desk->hello.instance, 0);
	sip(desk, CALLER);
	cr_expect_eq(desk->kernel, 0);
	cr_expect_eq(counts(desk).source_commits, 0);
	sources(desk);
	sip(desk, CALLER);
	cr_expect_eq(counts(desk).source_commits, 1);
	cr_expect_eq(desk->kernel, 2, "both workers have the new table");
	sip(desk, "203.0.113.5");
	cr_expect_eq(desk->kernel, 2);
	cr_expect_eq(drops(desk, XF_DROP_SIP_SOURCE), 4);
	desk_open_pair(desk);
	cr_expect_eq(desk->watches, 1, "one watch a next hop");
	cr_expect_eq(counts(desk).neighbours, 1);
	cr_expect_eq(counts(desk).endpoints, 2);
}

static void history_media(struct desk *desk)
{
	struct xf_addr next_hop = rig_addr("192.0.2.254"), other = rig_addr("192.0.2.253");
	uint8_t moved[6] = {2, 0, 0, 0, 0, 0x77};

	desk_rtp(desk, 0, CALLER, 4000, "192.0.2.1", 20000, 1);
	cr_expect_eq(desk->rig.sent_count, 0);
	cr_expect_eq(drops(desk, XF_DROP_NO_NEIGHBOUR), 1);
	dplane_neighbour(desk->dplane, 0, &other, rig_next_hop);
	cr_expect(!dplane_main_pending(desk->dplane), "of a neighbour that nobody uses");
	dplane_neighbour(desk->dplane, 0, &next_hop, rig_next_hop);
	desk_settle(desk);
	desk_rtp(desk, 0, CALLER, 4000, "192.0.2.1", 20000, 2);
	cr_assert_eq(desk->rig.sent_count, 1, "handed over to the owner");
	struct seen seen = rig_last(&desk->rig);
	cr_expect_eq(memcmp(seen.eth, rig_next_hop, 6), 0);
	cr_expect_eq(memcmp(seen.eth + 6, rig_mac, 6), 0);
	cr_expect(seen.ip_checksum_ok && seen.udp_checksum_ok);
	cr_expect_eq(seen.src.port, 20002);
	cr_expect_eq(seen.dst.port, 5000);
	cr_expect_eq(seen.payload[12], 0x55);
	dplane_neighbour(desk->dplane, 0, &next_hop, moved);
	desk_settle(desk);
	desk_rtp(desk, 1, AGENT, 5000, "192.0.2.1", 20002, 9);
	cr_assert_eq(desk->rig.sent_count, 2);
	seen = rig_last(&desk->rig);
	cr_expect_eq(memcmp(seen.eth, moved, 6), 0);
	dplane_neighbour(desk->dplane, 0, &next_hop, NULL);
	desk_settle(desk);
	desk_rtp(desk, 1, CALLER, 4000, "192.0.2.1", 20000, 3);
	cr_expect_eq(desk->rig.sent_count, 2);
	cr_expect_eq(drops(desk, XF_DROP_NO_NEIGHBOUR), 2);
	dplane_neighbour(desk->dplane, 0, &next_hop, rig_next_hop);
	desk_settle(desk);
	desk->port_rows = desk->worker_rows = 0;
	cr_expect_eq(desk_say(desk, XF_LINK_STATS, &empty, sizeof(empty)), 0);
	cr_expect_eq(desk->port_rows, 1);
	cr_expect_eq(desk->worker_rows, 2);
	cr_expect_eq(dump(desk), 2);
	cr_expect_eq(desk->rows[0].rx_packets, 3);
	cr_expect_eq(desk->rows[1].tx_packets, 1);
	cr_expect_eq(desk->rows[0].worker, 1);
	cr_expect_eq(events(desk, XF_EVENT_FIRST_PACKET), 2);
}

/* The link breaks; media goes on; another life of the control plane claims one endpoint, the other is closed. */
static void history_resync(struct desk *desk)
{
	struct xf_link_update update = {.id = {xf_endpoint_index(0, 20000), 1}};

	update.settings = desk_opening(20000, 1, 1, CALLER, 4000).settings;
	dplane_link_down(desk->dplane, desk->now_ns);
	dplane_link_down(desk->dplane, desk->now_ns);
	unsigned sent = desk->rig.sent_count, packets = desk->packets;
	desk_rtp(desk, 0, CALLER, 4000, "192.0.2.1", 20000, 4);
	desk_wait(desk, DESK_SECOND);
	cr_expect_eq(desk->rig.sent_count, sent + 1, "media stops with the control plane");
	cr_expect_eq(desk->packets, packets, "sent without a link");
	desk_hello(desk, 12);
	cr_expect_eq(desk->hello.generation_last, 2);
	cr_expect_eq(dump(desk), 2);
	cr_expect_eq(desk_say(desk, XF_LINK_UPDATE, &update, sizeof(update)), 0);
	desk_wait(desk, 9 * DESK_SECOND);
	cr_expect_eq(events(desk, XF_EVENT_CLOSED_ORPHAN), 0, "time to claim");
	desk_wait(desk, 2 * DESK_SECOND);
	cr_expect_eq(events(desk, XF_EVENT_CLOSED_ORPHAN), 1);
	cr_expect_eq(desk->events[desk->event_count - 1].id.index, xf_endpoint_index(0, 20002));
	cr_expect_eq(dump(desk), 1);
	cr_expect_eq(counts(desk).in_limbo, 0, "freed without anybody's help");
	cr_expect_eq(desk_say(desk, XF_LINK_CLOSE, &update.id, sizeof(update.id)), 0);
	cr_expect_eq(counts(desk).endpoints, 0);
	cr_expect_eq(counts(desk).neighbours, 0);
	cr_expect_eq(counts(desk).in_limbo, 0);
	cr_expect_eq(dplane_outstanding(desk->dplane), 0);
	cr_expect_eq(desk->releases, 1);
}

static void history(struct desk *desk)
{
	history_open(desk);
	history_media(desk);
	history_resync(desk);
	desk_stop(desk);
}

Test(dplane, a_call_and_the_same_again)
{
	static struct desk first, second;

	history(&first);
	history(&second);
	cr_expect_gt(first.trace_len, 1000);
	cr_expect_eq(first.trace_len, second.trace_len);
	cr_expect_eq(memcmp(first.trace, second.trace, first.trace_len), 0, "the same inputs, other bytes");
	desk_free(&first);
	desk_free(&second);
}

/* What is random comes from the seam alone, and does come from it. */
Test(dplane, randomness_is_the_seams)
{
	static struct desk desk;
	struct xf_endpoint_state rows[2];
	uint64_t instances[2];

	for (unsigned i = 0; i < 2; i++) {
		desk_start(&desk);
		desk.random = 1000 * i;
		desk.known = true;
		desk_hello(&desk, 1);
		instances[i] = desk.hello.instance;
		desk_open_pair(&desk);
		desk_rtp(&desk, 0, CALLER, 4000, "192.0.2.1", 20000, 1);
		cr_expect_eq(desk.rig.sent_count, 1, "resolved when it was asked for");
		cr_assert_eq(dump(&desk), 2);
		rows[i] = desk.rows[1];
		desk_stop(&desk);
		desk_free(&desk);
	}
	cr_expect_eq(instances[0], instances[1], "same seed until the endpoints were opened");
	cr_expect_neq(rows[0].ssrc_out, rows[1].ssrc_out);
}

/* It ends with commands posted and not done, an old table still in use, packets handed over and gathered. */
Test(dplane, ends_in_the_midst_of_it)
{
	static struct desk desk;
	struct xf_link_open open;

	desk_start(&desk);
	desk.known = true;
	desk_hello(&desk, 1);
	sources(&desk);
	desk_open_pair(&desk);
	desk_post(&desk, XF_LINK_SOURCES_BEGIN, &empty, sizeof(empty));
	desk_post(&desk, XF_LINK_SOURCES_COMMIT, &empty, sizeof(empty));
	dplane_worker_turn(desk.dplane, 0, desk.now_ns);
	for (uint32_t i = 0; i < 1500; i++) {
		open = desk_opening((uint16_t)(21000 + 2 * i), 10 + i, 0, CALLER, 4000);
		desk_post(&desk, XF_LINK_OPEN, &open, sizeof(open));
		if (i % 3 == 0)
			desk_post(&desk, XF_LINK_CLOSE, &open.id, sizeof(open.id));
	}
	dplane_worker_turn(desk.dplane, 0, desk.now_ns);
	cr_expect_gt(dplane_outstanding(desk.dplane), 1500);
	uint8_t rtp[12] = {0x80, 0, 0, 1};
	const struct frame frame = {.src = CALLER,
				    .sport = 4000,
				    .dst = "192.0.2.1",
				    .dport = 20000,
				    .payload = rtp,
				    .payload_len = sizeof(rtp)};
	desk_frame(&desk, 0, &frame);
	dplane_worker_turn(desk.dplane, 0, desk.now_ns);
	cr_expect(dplane_worker_pending(desk.dplane, 1), "handed over");
	desk_frame(&desk, 0, &frame);
	desk_frame(&desk, 1, &frame);
	cr_expect_gt(rte_mempool_in_use_count(desk.rig.pool), 2);
	desk_stop(&desk);
	desk_free(&desk);
}

Test(dplane, a_full_link_is_offered_again)
{
	static struct desk desk;

	desk_start(&desk);
	desk_hello(&desk, 1);
	desk.send_result = -EAGAIN;
	desk_post(&desk, XF_LINK_STATS, &empty, sizeof(empty));
	desk_settle(&desk);
	unsigned acks = desk.acks;
	cr_expect(!dplane_main_pending(desk.dplane), "it is the world's turn");
	desk.send_result = 0;
	dplane_main(desk.dplane, desk.now_ns);
	cr_expect_eq(desk.acks, acks + 1);
	desk_stop(&desk);
	desk_free(&desk);
}

/* Whoever asks and never reads is dropped, within bounds; so is a connection that is lost in the midst of a packet. */
Test(dplane, a_control_plane_that_does_not_read)
{
	static struct desk desk;
	unsigned n = 0;

	desk_start(&desk);
	desk_hello(&desk, 1);
	desk.send_result = -EAGAIN;
	for (; desk.hung_up == 0 && n < 1000000; n++)
		desk_post(&desk, XF_LINK_STATS, &empty, sizeof(empty));
	cr_expect_eq(desk.hung_up, 1);
	cr_expect_str_eq(desk.hang_up_reason, "it does not take what it is sent");
	cr_expect_gt(n, 1000);
	desk_post(&desk, XF_LINK_STATS, &empty, sizeof(empty));
	desk.send_result = -EPIPE;
	dplane_link_up(desk.dplane, desk.now_ns);
	desk.sequence = 0;
	struct xf_link_hello hello = {.version = XF_LINK_VERSION, .instance = 2};
	desk_post(&desk, XF_LINK_HELLO, &hello, sizeof(hello));
	desk_settle(&desk);
	cr_expect_eq(desk.hung_up, 1, "a lost connection needs no hanging up");
	desk.send_result = 0;
	unsigned packets = desk.packets;
	dplane_main(desk.dplane, desk.now_ns);
	cr_expect_eq(desk.packets, packets, "sent on a lost connection");
	desk_hello(&desk, 2);
	desk_stop(&desk);
	desk_free(&desk);
}

/* A key of the caller's, 40 ms after the one before, which is told with it. */
static void key(struct desk *desk, uint16_t seq)
{
	const uint8_t rtp[16] = {
	    0x80, 0x80 | 101, (uint8_t)(seq >> 8), (uint8_t)seq, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, 0,
	    7,	  seq % 12};

	desk->now_ns += 40 * RIG_MS;
	desk_frame(desk, 1,
		   &(struct frame){.src = CALLER,
				   .sport = 4000,
				   .dst = "192.0.2.1",
				   .dport = 20000,
				   .payload = rtp,
				   .payload_len = sizeof(rtp)});
	dplane_worker_turn(desk->dplane, 1, desk->now_ns);
	dplane_main(desk->dplane, desk->now_ns);
}

/* Hints do not end a connection whose control plane is slow, however many there are: they wait, and then are lost. */
Test(dplane, events_for_a_control_plane_that_does_not_read)
{
	static struct desk desk;
	struct xf_link_worker row;

	desk_start(&desk);
	desk_hello(&desk, 1);
	desk_open_pair(&desk);
	desk.events_counted = true;
	desk.send_result = -EAGAIN;
	for (unsigned n = 0; desk.hung_up == 0 && n < 300000; n++)
		key(&desk, (uint16_t)n);
	cr_assert_eq(desk.hung_up, 0, "%s", desk.hang_up_reason);
	cr_expect(!dplane_main_pending(desk.dplane), "it is the world's turn");
	dplane_worker_row(desk.dplane, 1, &row);
	cr_expect_gt(row.events_lost, 290000);
	cr_expect_eq(row.keys_untold, 0);
	desk.send_result = 0;
	dplane_main(desk.dplane, desk.now_ns);
	desk_settle(&desk);
	cr_expect_geq(desk.event_count + desk.events_more, 1000, "what the ring holds");
	cr_expect_eq(desk_say(&desk, XF_LINK_STATS, &empty, sizeof(empty)), 0);
	desk_stop(&desk);
	desk_free(&desk);
}

/* What happened while nobody was connected is in the dump, and so is what nobody took. */
Test(dplane, what_is_told_once_is_in_the_dump)
{
	static struct desk desk;

	desk_start(&desk);
	desk_hello(&desk, 1);
	desk_open_pair(&desk);
	desk_wait(&desk, DESK_SECOND);
	dplane_link_down(desk.dplane, desk.now_ns);
	desk_rtp(&desk, 1, CALLER, 4000, "192.0.2.1", 20000, 1);
	desk_wait(&desk, 6 * DESK_SECOND);
	cr_expect_eq(desk.event_count, 0);
	desk_hello(&desk, 1);
	cr_assert_eq(dump(&desk), 2);
	cr_expect_eq(desk.rows[0].rx_packets, 1, "first-packet");
	cr_expect_eq(desk.rows[0].locked.port, 4000, "source-locked");
	for (unsigned i = 0; i < 2; i++)
		cr_expect_eq(desk.rows[i].timed_out, 1, "media-timeout");
	cr_expect_eq(desk.rows[0].heard_ms, (desk.rows[0].last_rx_ns - desk.rows[0].opened_ns) / RIG_MS);
	cr_expect_eq(desk.rows[1].heard_ms, 0);
	desk_wait(&desk, 2 * DESK_SECOND);
	cr_expect_eq(desk.event_count, 0, "not told again");
	desk_stop(&desk);
	desk_free(&desk);
}

static int capture(struct desk *desk, uint32_t generation, bool on)
{
	struct xf_link_capture body = {.id = {xf_endpoint_index(0, (uint16_t)(19998 + 2 * generation)), generation},
				       .on = on};

	return desk_say(desk, XF_LINK_CAPTURE, &body, sizeof(body));
}

static void captured_pair(struct desk *desk)
{
	struct xf_addr next_hop = rig_addr("192.0.2.254");

	desk_start(desk);
	desk_hello(desk, 1);
	desk_open_pair(desk);
	dplane_neighbour(desk->dplane, 0, &next_hop, rig_next_hop);
	desk_settle(desk);
	cr_expect_eq(capture(desk, 3, true), -ENOENT);
	cr_expect_eq(capture(desk, 1, true), 0);
	cr_expect_eq(capture(desk, 2, true), 0);
}

/* From whichever worker polls the packet, by way of the owner, to the control plane; until told to stop. */
Test(dplane, captured_packets)
{
	static struct desk desk;

	captured_pair(&desk);
	desk_rtp(&desk, 0, CALLER, 4000, "192.0.2.1", 20000, 1);
	cr_assert_eq(desk.copy_count, 2);
	cr_expect_eq(desk.copies[0].id.generation, 1);
	cr_expect_eq(desk.copies[0].sent, 0);
	cr_expect_eq(desk.copies[0].from.port, 4000);
	cr_expect_eq(desk.copies[1].id.generation, 2);
	cr_expect_eq(desk.copies[1].sent, 1);
	cr_expect_eq(desk.copies[1].to.port, 5000);
	cr_expect_eq(capture(&desk, 2, false), 0);
	desk_rtp(&desk, 1, CALLER, 4000, "192.0.2.1", 20000, 2);
	cr_expect_eq(desk.copy_count, 3);
	desk_stop(&desk);
	desk_free(&desk);
}

/* A new control plane, or the same one come back, has asked for nothing yet. */
Test(dplane, captures_end_with_the_connection)
{
	static struct desk desk;

	captured_pair(&desk);
	dplane_link_down(desk.dplane, desk.now_ns);
	desk_settle(&desk);
	desk_rtp(&desk, 1, CALLER, 4000, "192.0.2.1", 20000, 1);
	desk_hello(&desk, 1);
	desk_rtp(&desk, 1, CALLER, 4000, "192.0.2.1", 20000, 2);
	cr_expect_eq(desk.copy_count, 0);
	cr_expect_eq(drops(&desk, XF_DROP_CAPTURE_LOST), 0);
	cr_expect_eq(capture(&desk, 1, true), 0);
	desk_rtp(&desk, 1, CALLER, 4000, "192.0.2.1", 20000, 3);
	cr_expect_eq(desk.copy_count, 1);
	desk_stop(&desk);
	desk_free(&desk);
}

/* How many of what was sent were RTCP; the rest is forgotten with them. */
static unsigned take_reports(struct desk *desk)
{
	unsigned reports = 0;

	for (unsigned i = 0; i < desk->rig.sent_count; i++)
		reports += rig_seen(&desk->rig, i).dst.port & 1;
	rig_forget(&desk->rig);
	return reports;
}

/* Copies are lost rather than the connection, and each side of an endpoint's losses is told with its next copy. */
Test(dplane, a_slow_taker_of_copies)
{
	static struct desk desk;
	unsigned sent = 0, reports = 0;

	captured_pair(&desk);
	desk.send_result = -EAGAIN;
	for (; sent < 3000; sent++) {
		desk_rtp(&desk, 1, CALLER, 4000, "192.0.2.1", 20000, (uint16_t)(1 + sent));
		reports += take_reports(&desk);
	}
	cr_expect_eq(desk.hung_up, 0);
	desk.send_result = 0;
	dplane_main(desk.dplane, desk.now_ns);
	desk_settle(&desk);
	desk_rtp(&desk, 1, CALLER, 4000, "192.0.2.1", 20000, (uint16_t)(1 + sent++));
	uint64_t lost = drops(&desk, XF_DROP_CAPTURE_LOST);
	reports += take_reports(&desk);
	cr_expect_gt(lost, 0);
	cr_expect_eq(desk.copy_count + lost, 2 * sent + reports);
	cr_expect_eq(desk.copies[(desk.copy_count - 1) % DESK_ROWS].lost +
			 desk.copies[(desk.copy_count - 2) % DESK_ROWS].lost,
		     lost);
	desk_stop(&desk);
	desk_free(&desk);
}

Test(dplane, untrusted_packets)
{
	static struct desk desk;
	alignas(8) uint8_t bytes[64] = {0};
	struct xf_link_admit admit = {.addr = {.family = 4, .bytes = {1, 2, 3, 4, 5}}};
	struct xf_link_hello hello = {.version = XF_LINK_VERSION + 1, .instance = 2};

	desk_start(&desk);
	dplane_link_packet(desk.dplane, desk.now_ns, bytes, sizeof(bytes));
	cr_expect_eq(desk.hung_up, 0, "nobody is there to be hung up on");
	dplane_link_up(desk.dplane, desk.now_ns);
	cr_expect_eq(desk_say(&desk, XF_LINK_STATS, &empty, sizeof(empty)), -EPROTO, "HELLO comes first");
	cr_expect_eq(desk.hung_up, 1);
	desk.sequence = 0;
	dplane_link_up(desk.dplane, desk.now_ns);
	cr_expect_eq(desk_say(&desk, XF_LINK_HELLO, &hello, sizeof(hello)), -EPROTO, "version");
	cr_expect_eq(desk.hung_up, 2);
	desk_hello(&desk, 1);
	cr_expect_eq(desk_say(&desk, XF_LINK_ADMIT, &admit, sizeof(admit)), -EINVAL, "not canonical");
	admit.addr = rig_addr("203.0.113.5");
	cr_expect_eq(desk_say(&desk, XF_LINK_ADMIT, &admit, sizeof(admit)), 0);
	cr_expect_eq(counts(&desk).admitted, 1);
	sip(&desk, "203.0.113.5");
	cr_expect_eq(desk.kernel, 2);
	desk.sequence++;
	cr_expect_eq(desk_say(&desk, XF_LINK_STATS, &empty, sizeof(empty)), -EPROTO, "a command was skipped");
	cr_expect_eq(desk.hung_up, 3);
	desk_hello(&desk, 1);
	cr_expect_eq(counts(&desk).admitted, 1, "the same life of the control plane");
	dplane_link_packet(desk.dplane, desk.now_ns, bytes, 3);
	cr_expect_eq(desk.hung_up, 4);
	cr_expect_str_eq(desk.hang_up_reason, "record reaches beyond its packet");
	desk_hello(&desk, 2);
	cr_expect_eq(counts(&desk).admitted, 0);
	desk_stop(&desk);
	desk_free(&desk);
}

Test(dplane, a_neighbour_that_cannot_be_watched)
{
	static struct desk desk;
	struct xf_link_open open = desk_opening(20000, 1, 1, CALLER, 4000);

	desk_start(&desk);
	desk_hello(&desk, 1);
	desk.watch_result = -ENOMEM;
	cr_expect_eq(desk_say(&desk, XF_LINK_OPEN, &open, sizeof(open)), -ENOMEM);
	cr_expect_eq(counts(&desk).neighbours, 0);
	cr_expect_eq(counts(&desk).endpoints, 0);
	desk.watch_result = 0;
	cr_expect_eq(desk_say(&desk, XF_LINK_OPEN, &open, sizeof(open)), 0);
	desk_stop(&desk);
	desk_free(&desk);
}

/* What a thread of the world's own may ask at any time. */
Test(dplane, rows)
{
	static struct desk desk;
	struct xf_endpoint_state state;
	struct xf_link_worker worker;
	struct xf_link_open open = desk_opening(20000, 1, 1, CALLER, 4000);
	struct xf_link_close close = {.id = open.id};

	desk_start(&desk);
	desk_hello(&desk, 1);
	cr_expect_eq(dplane_endpoint_row(desk.dplane, open.id.index, &state), -ENOENT);
	cr_expect_eq(dplane_endpoint_row(desk.dplane, UINT32_MAX, &state), -ENOENT);
	cr_assert_eq(desk_say(&desk, XF_LINK_OPEN, &open, sizeof(open)), 0);
	cr_expect_eq(dplane_endpoints_open(desk.dplane), 1);
	cr_assert_eq(dplane_endpoint_row(desk.dplane, open.id.index, &state), 0);
	cr_expect_eq(state.id.generation, 1);
	cr_expect_eq(state.local.port, 20000);
	dplane_worker_row(desk.dplane, 1, &worker);
	cr_expect_eq(worker.endpoints, 1);
	cr_expect_eq(worker.cycle_hz, 0, "a desk has no cycle counter");
	cr_assert_eq(desk_say(&desk, XF_LINK_CLOSE, &close, sizeof(close)), 0);
	desk_wait(&desk, DESK_SECOND);
	cr_expect_eq(dplane_endpoint_row(desk.dplane, open.id.index, &state), -ENOENT);
	cr_expect_eq(dplane_endpoints_open(desk.dplane), 0);
	cr_expect_eq(counts(&desk).in_limbo, 0, "nobody who asked is waited for");
	desk_stop(&desk);
	desk_free(&desk);
}

#define MANY 20

static struct xf_addr many[MANY];

static void many_addresses(struct config *config)
{
	for (unsigned i = 0; i < MANY; i++)
		many[i] = xf_addr_v4((const uint8_t[]){192, 0, 2, (uint8_t)(100 + i)});
	config->networks[0].media = many;
	config->networks[0].media_count = MANY;
}

/* However many places are empty, one DUMP looks at a bounded number, and the next goes on from there. */
Test(dplane, dump_of_many_places)
{
	static struct desk desk;
	struct xf_link_dump dump = {0};
	struct xf_link_open open = desk_opening(20000, 1, 1, CALLER, 4000);
	const uint32_t places = (MANY + 1) * XF_PORT_PAIRS;
	unsigned pages = 0;
	int more;

	cr_assert_eq(desk_try(&desk, many_addresses), 0);
	desk_hello(&desk, 1);
	open.id.index = xf_endpoint_index(MANY - 1, 20000);
	cr_assert_eq(desk_say(&desk, XF_LINK_OPEN, &open, sizeof(open)), 0);
	do {
		more = desk_say(&desk, XF_LINK_DUMP, &dump, sizeof(dump));
		cr_assert(more == 0 || desk.ack.detail > dump.index_first);
		dump.index_first = desk.ack.detail;
		pages++;
	} while (more > 0);
	cr_expect_eq(more, 0);
	cr_expect_eq(pages, (places + 65535) / 65536);
	cr_expect_eq(desk.row_count, 1);
	cr_expect_eq(desk.rows[0].id.index, open.id.index);
	dump.index_first = UINT32_MAX;
	cr_expect_eq(desk_say(&desk, XF_LINK_DUMP, &dump, sizeof(dump)), 0, "beyond the last place is nothing");
	desk_stop(&desk);
	desk_free(&desk);
}

/* A second of a tone, under that name. */
static struct sound_list sounds_of(const char *name, uint32_t times)
{
	int16_t samples[8000];
	struct pcm pcm = {.rate = 8000, .count = 8000, .samples = samples};
	struct sound_list list = {.count = 1, .sounds = calloc(1, sizeof(*list.sounds))};

	for (unsigned i = 0; i < 8000; i++)
		samples[i] = (int16_t)(i % 20 * 300 - 3000);
	cr_assert_eq(sound_encode(&list.sounds[0], name, &pcm, times), 0);
	return list;
}

static struct xf_link_prompt told(struct desk *desk, const char *name, unsigned *rows)
{
	desk->wanted_prompt = name;
	desk->prompt_rows = 0;
	memset(&desk->prompt, 0xff, sizeof(desk->prompt));
	desk_hello(desk, 2);
	if (rows)
		*rows = desk->prompt_rows;
	return desk->prompt;
}

/* Names and numbers at HELLO; a reload gives new names new numbers, keeps those of the old, and says what is gone. */
Test(dplane, names_of_prompts)
{
	static struct desk desk;
	unsigned rows;
	desk_start(&desk);
	struct xf_link_prompt us = told(&desk, "ringback-us", &rows);
	cr_expect_gt(rows, 140u);
	cr_expect(us.number > 0 && us.number < XF_PROMPT_NUMBERS);
	cr_expect_eq(us.length_ms, 6000);
	cr_expect_eq(us.times, 0);
	struct xf_link_prompt ca = told(&desk, "ringback-ca", NULL);
	cr_expect_eq(ca.number, us.number, "they sound alike");
	struct xf_link_prompt silence = told(&desk, "silence", NULL);
	cr_expect(silence.number && silence.number != us.number);
	desk.wanted_prompt = "sorry";
	struct sound_list list = sounds_of("sorry", 3);
	cr_assert_eq(dplane_sounds(desk.dplane, &list), 0);
	cr_expect_eq(list.count, 0u);
	desk_settle(&desk);
	struct xf_link_prompt sorry = desk.prompt;
	cr_expect_str_eq(sorry.name, "sorry", "told without a question");
	cr_expect_eq(sorry.length_ms, 1000);
	cr_expect_eq(sorry.times, 3);
	cr_expect_eq(counts(&desk).sounds, 1u);
	cr_expect_eq(counts(&desk).sound_reloads, 1u);
	list = sounds_of("closed", 1);
	cr_assert_eq(dplane_sounds(desk.dplane, &list), 0);
	desk_settle(&desk);
	cr_expect_eq(desk.prompt.number, XF_PROMPT_NONE, "it is gone");
	struct xf_link_prompt closed = told(&desk, "closed", NULL);
	cr_expect(closed.number != XF_PROMPT_NONE && closed.number != sorry.number);
	list = sounds_of("sorry", 0);
	cr_assert_eq(dplane_sounds(desk.dplane, &list), 0);
	desk_settle(&desk);
	cr_expect_eq(told(&desk, "sorry", NULL).number, sorry.number, "a name keeps its number");
	cr_expect_eq(told(&desk, "ringback-us", NULL).number, us.number);
	cr_expect_eq(counts(&desk).sounds_retired, 0u);
	desk_stop(&desk);
	desk_free(&desk);
}

/* A prompt in play goes on with the old sound; when it ends, that is freed. */
Test(dplane, sounds_are_replaced_in_play)
{
	static struct desk desk;
	struct xf_link_patch patch = {.count = 1};
	desk_start(&desk);
	struct sound_list list = sounds_of("sorry", 1);
	cr_assert_eq(dplane_sounds(desk.dplane, &list), 0);
	desk_settle(&desk);
	uint32_t number = told(&desk, "sorry", NULL).number;
	struct xf_link_open open = desk_opening(20000, 1, 0, CALLER, 4000);
	desk.known = true;
	cr_assert_eq(desk_say(&desk, XF_LINK_OPEN, &open, sizeof(open)), 0);
	patch.moves[0] = (struct xf_link_move){.to = open.id, .from = xf_prompt_id(number)};
	const size_t len = offsetof(struct xf_link_patch, moves) + sizeof(patch.moves[0]);
	cr_assert_eq(desk_say(&desk, XF_LINK_PATCH, &patch, len), 0);
	desk_wait(&desk, DESK_SECOND / 2);
	list = sounds_of("other", 1);
	cr_assert_eq(dplane_sounds(desk.dplane, &list), 0);
	desk_settle(&desk);
	cr_expect_eq(counts(&desk).sounds_retired, 1u);
	/* It cannot begin again. */
	cr_expect_eq(desk_say(&desk, XF_LINK_PATCH, &patch, len), -EINVAL);
	desk_wait(&desk, DESK_SECOND / 2 + 50 * 1000000ull);
	cr_expect_eq(events(&desk, XF_EVENT_PROMPT_ENDED), 0u);
	desk_wait(&desk, 2 * DESK_SECOND);
	cr_expect_eq(events(&desk, XF_EVENT_PROMPT_ENDED), 1u);
	cr_expect_eq(counts(&desk).sounds_retired, 0u);
	cr_expect_eq(desk.rig.sent_count, SOUND_LEAD + 50u);
	desk_stop(&desk);
	desk_free(&desk);
}

static void name_a_sound(struct config *config)
{
	static struct config_sound sound = {(char *)"sorry", (char *)"/nowhere/sorry.wav", 1, 12};

	config->file = (char *)"x.yaml";
	config->sounds = &sound;
	config->sound_count = 1;
}

/* A file that cannot be read stops the start, with its place. */
Test(dplane, sounds_stop_the_start)
{
	static struct desk desk;
	cr_expect_eq(desk_try(&desk, name_a_sound), -EINVAL);
	cr_expect_eq(desk_said(&desk, "x.yaml:12: sounds[0].file: '/nowhere/sorry.wav' cannot be read: No such file"),
		     1u);
	desk_free(&desk);
}
