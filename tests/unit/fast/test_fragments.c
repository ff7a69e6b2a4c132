/* Fragments of SIP: what reaches the kernel is, byte for byte, the frame that would have come unfragmented. */
#include <stdlib.h>
#include "rig.h"

#define KNOWN4	  "198.51.100.7"
#define KNOWN6	  "2001:db8:5::7"
#define GUEST4	  "203.0.113.99"
#define STRANGER4 "203.0.113.5"
#define OWN4	  "192.0.2.1"
#define OWN6	  "2001:db8::1"
#define MF	  0x2000
#define SIZE_MAX_ (FRAGMENTS_HEADERS + FRAGMENTS_BYTES + 64)

static struct rig rig;
static uint8_t udp[FRAGMENTS_BYTES + 4096]; /* of the datagram under test: UDP header and payload */
static uint8_t expected[SIZE_MAX_];
static uint16_t expected_len, udp_len;
static struct frame shape; /* of its frames */

/* A SIP request of so many bytes of UDP payload. */
static void datagram(const char *src, const char *dst, uint16_t dport, uint16_t len)
{
	static char text[sizeof(udp)];
	int n = snprintf(text, sizeof(text),
			 "OPTIONS sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1\r\n"
			 "From: <sip:a@b>;tag=1\r\nTo: <sip:x@192.0.2.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
			 "Content-Length: %5u\r\n\r\n",
			 0);
	unsigned head = (unsigned)n;
	cr_assert_geq(len, head);
	snprintf(text + head - 9, 10, "%5u\r\n\r\n", len - head);
	for (unsigned i = head; i < len; i++)
		text[i] = (char)('a' + i * 7 % 23);
	shape = (struct frame){.src = src, .dst = dst, .ip_id = shape.ip_id + 1};
	struct frame whole = {.src = src,
			      .dst = dst,
			      .sport = 5060,
			      .dport = dport,
			      .payload = text,
			      .payload_len = len,
			      .ip_id = shape.ip_id};
	expected_len = rig_frame(expected, &whole);
	udp_len = (uint16_t)(8 + len);
	memcpy(udp, expected + expected_len - udp_len, udp_len);
}

static void piece_as(const uint8_t *bytes, unsigned at, unsigned len, bool more)
{
	struct frame frame = shape;
	bool v6 = strchr(shape.src, ':');
	frame.raw = true;
	frame.payload = bytes;
	frame.payload_len = (uint16_t)len;
	frame.frag = v6 ? (uint16_t)(at | more) : (uint16_t)(at / 8 | (more ? MF : 0));
	rig_receive(&rig, &frame);
}

static void piece(unsigned at, unsigned len)
{
	piece_as(udp + at, at, len, at + len < udp_len);
}

static void expect_whole(unsigned count, const char *what)
{
	cr_assert_eq(rig.kernel_count, count, "%s: %u datagrams, not %u", what, rig.kernel_count, count);
	cr_assert_eq(rig.to_kernel_len, expected_len, "%s: %u bytes, not %u", what, rig.to_kernel_len, expected_len);
	cr_assert_arr_eq(rig.to_kernel, expected, expected_len, "%s", what);
}

static void expire(void)
{
	rig.now_ns += FRAGMENTS_NS;
	rig_turns(&rig);
}

static void end(void)
{
	expire();
	rig_fini(&rig);
}

static const struct {
	const char *src, *dst;
} ways[] = {{KNOWN4, OWN4}, {KNOWN6, OWN6}, {GUEST4, OWN4}, {KNOWN4, "192.0.2.5"}};

Test(fragments, in_any_order)
{
	static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	unsigned count = 0;
	rig_init(&rig, 1);
	for (unsigned way = 0; way < 4; way++)
		for (unsigned order = 0; order < 6; order++) {
			datagram(ways[way].src, ways[way].dst, 5060, 3000);
			for (unsigned i = 0; i < 3; i++) {
				unsigned at = orders[order][i] * 1480;
				cr_expect_eq(rig.kernel_count, count);
				piece(at, RTE_MIN(1480u, udp_len - at));
			}
			expect_whole(++count, ways[way].src);
		}
	cr_expect_eq(worker_stats(rig.worker[0])->scanned[SIP_SCAN_MESSAGE], count);
	cr_expect_eq(worker_stats(rig.worker[0])->fragments, 3 * count);
	cr_expect_eq(worker_stats(rig.worker[0])->datagrams, count);
	cr_expect_eq(rig_all_drops(&rig), 0);
	cr_expect_eq(worker_stats(rig.worker[0])->fragmented, 0);
	end();
}

/* Any sizes and any order; two datagrams of one sender at a time. */
Test(fragments, at_random)
{
	rig_init(&rig, 1);
	srand(7);
	for (unsigned round = 0; round < 3000; round++) {
		struct {
			unsigned at, len;
		} cut[FRAGMENTS_EACH];
		unsigned n = 0, at = 0;
		datagram(ways[round % 2].src, ways[round % 2].dst, 5060, (uint16_t)(1000 + rand() % 7000));
		while (at < udp_len) {
			unsigned len = 256 + 8 * ((unsigned)rand() % 140);
			if (n + 1 == FRAGMENTS_EACH || at + len > udp_len)
				len = udp_len - at;
			if (len > 1480)
				break;
			cut[n].at = at;
			cut[n++].len = len;
			at += len;
		}
		if (at < udp_len)
			continue;
		for (unsigned i = n; i > 1; i--) {
			unsigned k = (unsigned)rand() % i;
			RTE_SWAP(cut[i - 1], cut[k]);
		}
		unsigned before = rig.kernel_count;
		for (unsigned i = 0; i < n; i++)
			piece(cut[i].at, cut[i].len);
		expect_whole(before + 1, "at random");
	}
	cr_expect_gt(rig.kernel_count, 2000);
	cr_expect_eq(rig_all_drops(&rig), 0);
	end();
}

/* What all fragments repeat stays: a tag, IPv4 options, IPv6's headers before the fragment header. */
Test(fragments, headers)
{
	static const uint8_t options[8] = {1, 7, 6, 4, 0, 0, 0, 0};
	static const uint8_t fragment_next[8] = {IPPROTO_FRAGMENT, 0, 1, 4, 0, 0, 0, 0};
	static const uint8_t udp_next[8] = {IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0};
	rig_init(&rig, 1);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		datagram(ways[v6].src, ways[v6].dst, 5060, 2000);
		shape.vlan = 7;
		shape.options = v6 ? fragment_next : options;
		shape.options_len = 8;
		shape.options_first = IPPROTO_DSTOPTS;
		struct frame whole = shape;
		whole.raw = true;
		whole.payload = udp;
		whole.payload_len = udp_len;
		if (v6)
			whole.options = udp_next;
		expected_len = rig_frame(expected, &whole);
		piece(0, 1000);
		piece(1000, udp_len - 1000u);
		expect_whole(v6 + 1, v6 ? "v6" : "v4");
	}
	cr_expect_eq(rig_all_drops(&rig), 0);
	end();
}

/* Paths of equal cost lead to several ports, and each fragment may take another; addresses of another VLAN are others.
 */
Test(fragments, by_several_ports)
{
	rig_init(&rig, 1);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		datagram(ways[v6].src, ways[v6].dst, 5060, 2000);
		shape.port = (uint8_t)!v6;
		piece(0, 1000);
		shape.port = (uint8_t)v6;
		piece(1000, udp_len - 1000u);
		expect_whole(v6 + 1, v6 ? "v6" : "v4");
	}
	cr_expect_eq(rig_all_drops(&rig), 0);
	datagram(KNOWN4, OWN4, 5060, 2000);
	piece(0, 1000);
	shape.vlan = 8;
	piece(1000, udp_len - 1000u);
	cr_expect_eq(rig.kernel_count, 2);
	expire();
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_TIMEOUT), 2);
	end();
}

/* Whatever else goes by UDP to SIP's address is not screened, but put together all the same. */
Test(fragments, of_other_things)
{
	rig_init(&rig, 1);
	datagram(KNOWN4, OWN4, 3000, 2000);
	piece(1000, udp_len - 1000u);
	piece(0, 1000);
	expect_whole(1, "to another port");
	for (unsigned verdict = 0; verdict < SIP_SCAN_VERDICT_COUNT; verdict++)
		cr_expect_eq(worker_stats(rig.worker[0])->scanned[verdict], 0);
	datagram(KNOWN4, OWN4, 20000, 2000);
	piece(0, 1000);
	cr_expect_eq(rig_drops(&rig, XF_DROP_MEDIA_FRAGMENT), 1);
	/* Each fragment of it is known to be none of SIP's. */
	shape.proto = IPPROTO_ICMP;
	piece(0, 1000);
	piece(1000, 1000);
	cr_expect_eq(rig.urgent_count, 2);
	shape.src = STRANGER4;
	shape.proto = 0;
	piece(1000, 1000);
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_SOURCE), 1);
	cr_expect_eq(rig.kernel_count, 1);
	end();
}

/* A second fragment header within: no datagram of datagrams. */
Test(fragments, within_fragments)
{
	static uint8_t inner[1600] = {IPPROTO_DSTOPTS, 0, 0, 1, 0, 0, 0, 9, IPPROTO_UDP, 0, 1, 4};
	rig_init(&rig, 1);
	datagram(KNOWN6, OWN6, 5060, 1000);
	shape.proto = IPPROTO_FRAGMENT;
	piece_as(inner, 0, 800, true);
	piece_as(inner + 800, 800, 800, false);
	cr_expect_eq(rig.kernel_count, 0);
	cr_expect_eq(rig_drops(&rig, XF_DROP_IP_INVALID), 1);
	/* In the second fragment, behind options that fill the first. */
	static uint8_t hidden[2048] = {IPPROTO_FRAGMENT, 127};
	memcpy(hidden + 1024, inner, 64);
	shape.proto = IPPROTO_DSTOPTS;
	shape.ip_id++;
	piece_as(hidden, 0, 1024, true);
	piece_as(hidden + 1024, 1024, 1024, false);
	cr_expect_eq(rig.kernel_count, 0);
	cr_expect_eq(rig_drops(&rig, XF_DROP_IP_INVALID), 2);
	end();
}

Test(fragments, that_overlap_are_dropped_with_all_of_their_datagram)
{
	static const struct {
		const char *what;
		struct {
			unsigned at, len, last;
		} pieces[4];
		unsigned dropped;
	} cases[] = {
	    {"in the middle", {{0, 1000}, {992, 1000}, {1000, 1000}, {2000, 1008, 1}}, 4},
	    {"from behind", {{2000, 1008, 1}, {1000, 1008}, {0, 1000}, {1000, 1000}}, 4},
	    {"one within another", {{0, 1000}, {256, 256}, {1000, 1000}, {2000, 1008, 1}}, 4},
	    {"one around another", {{256, 256}, {0, 1000}, {1000, 1000}, {2000, 1008, 1}}, 4},
	    {"two ends", {{0, 1000}, {2000, 1008, 1}, {1000, 1000, 1}, {1000, 1000}}, 4},
	    {"beyond its end", {{1000, 1000, 1}, {2000, 1000}, {0, 1000}, {0, 1000}}, 4},
	    {"an end within", {{2000, 1000}, {0, 1000}, {1000, 1000, 1}, {0, 1000}}, 4},
	    {"the same, but not the last", {{0, 1000}, {1000, 1000}, {1000, 1000, 1}, {2000, 1008, 1}}, 4},
	};
	uint64_t dropped = 0;
	rig_init(&rig, 1);
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			datagram(ways[v6].src, ways[v6].dst, 5060, 3000);
			for (unsigned k = 0; k < 4; k++)
				piece_as(udp + cases[i].pieces[k].at, cases[i].pieces[k].at, cases[i].pieces[k].len,
					 !cases[i].pieces[k].last);
			dropped += cases[i].dropped;
			cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_OVERLAP), dropped, "%s", cases[i].what);
			cr_expect_eq(rig.kernel_count, 0, "%s", cases[i].what);
		}
	cr_expect_eq(rig_all_drops(&rig), dropped);
	const struct worker_stats *stats = worker_stats(rig.worker[0]);
	cr_expect_eq(stats->peer_drops[1][XF_DROP_FRAGMENT_OVERLAP - XF_DROP_SCREEN_FIRST], dropped / 2);
	cr_expect_eq(stats->peer_drops[2][XF_DROP_FRAGMENT_OVERLAP - XF_DROP_SCREEN_FIRST], dropped / 2);
	end();
}

/* A network that doubles packets does no harm; one that doubles them with other bytes is none. */
Test(fragments, that_come_twice)
{
	rig_init(&rig, 1);
	datagram(KNOWN4, OWN4, 5060, 3000);
	piece(0, 1480);
	piece(0, 1480);
	piece(2960, udp_len - 2960u);
	piece(2960, udp_len - 2960u);
	piece(1480, 1480);
	expect_whole(1, "doubled");
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_OVERLAP), 2);
	datagram(KNOWN4, OWN4, 5060, 3000);
	piece(0, 1480);
	udp[1000]++;
	piece(0, 1480);
	udp[1000]--;
	piece(1480, 1480);
	piece(2960, udp_len - 2960u);
	cr_expect_eq(rig.kernel_count, 1);
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_OVERLAP), 6);
	end();
}

Test(fragments, limits_of_a_datagram)
{
	rig_init(&rig, 1);
	datagram(KNOWN4, OWN4, 5060, FRAGMENTS_BYTES - 8); /* exactly as large as may be */
	for (unsigned at = 0; at < udp_len; at += 1480)
		piece(at, RTE_MIN(1480u, udp_len - at));
	expect_whole(1, "the largest");
	datagram(KNOWN4, OWN4, 5060, FRAGMENTS_BYTES - 7); /* a byte more */
	for (unsigned at = 0; at < udp_len; at += 1480)
		piece(at, RTE_MIN(1480u, udp_len - at));
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_LIMIT), 12);
	datagram(KNOWN4, OWN4, 5060, 256 * FRAGMENTS_EACH - 8); /* exactly as many as may be */
	for (unsigned at = 0; at < udp_len; at += 256)
		piece(at, 256);
	expect_whole(2, "the most");
	datagram(KNOWN4, OWN4, 5060, 256 * FRAGMENTS_EACH - 7); /* one more */
	for (unsigned at = 0; at < udp_len; at += 256)
		piece(at, RTE_MIN(256u, udp_len - at));
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_LIMIT), 12 + FRAGMENTS_EACH + 1);
	datagram(KNOWN4, OWN4, 5060, 2000);
	piece(0, FRAGMENTS_FIRST_LEAST - 8);
	piece(FRAGMENTS_FIRST_LEAST - 8, 1200);
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_SMALL), 2);
	datagram(KNOWN4, OWN4, 5060, 2000);
	piece_as(udp, 0, 1001, true); /* no multiple of 8 */
	piece_as(udp, 1000, 0, true);
	cr_expect_eq(rig_drops(&rig, XF_DROP_IP_INVALID), 2);
	cr_expect_eq(rig.kernel_count, 2);
	end();
}

Test(fragments, are_given_up_when_their_time_is_over)
{
	rig_init(&rig, 1);
	datagram(KNOWN4, OWN4, 5060, 3000);
	piece(0, 1480);
	rig.now_ns += FRAGMENTS_NS - 1;
	rig_turns(&rig);
	piece(1480, 1480);
	piece(2960, udp_len - 2960u);
	expect_whole(1, "the last moment");
	datagram(KNOWN4, OWN4, 5060, 3000);
	piece(0, 1480);
	piece(1480, 1480);
	rig.now_ns += FRAGMENTS_NS;
	/* Without a turn between: it is a new datagram's. */
	piece(2960, udp_len - 2960u);
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_TIMEOUT), 2);
	cr_expect_eq(rig.kernel_count, 1);
	cr_expect_eq(worker_stats(rig.worker[0])->fragmented, 1);
	expire();
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_TIMEOUT), 3);
	cr_expect_eq(worker_stats(rig.worker[0])->fragmented, 0);
	rig_fini(&rig);
}

/* A peer that leaves its datagrams unfinished takes its own share of the room, and no other's. */
Test(fragments, one_peer_cannot_use_all_of_it)
{
	rig_init(&rig, 1);
	for (unsigned i = 0; i < 1000; i++) {
		datagram(KNOWN4, OWN4, 5060, 2000);
		piece(0, 1480);
	}
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_LIMIT), 1000 - FRAGMENTS_PEER);
	cr_expect_eq(worker_stats(rig.worker[0])->fragmented, FRAGMENTS_PEER);
	for (unsigned way = 1; way < 3; way++) {
		datagram(ways[way].src, ways[way].dst, 5060, 2000);
		piece(0, 1480);
		piece(1480, udp_len - 1480u);
		expect_whole(way, "another peer's");
	}
	expire();
	cr_expect_eq(rig_drops(&rig, XF_DROP_FRAGMENT_TIMEOUT), FRAGMENTS_PEER);
	datagram(KNOWN4, OWN4, 5060, 2000);
	piece(0, 1480);
	piece(1480, udp_len - 1480u);
	expect_whole(3, "its own, later");
	end();
}

/* Peer 1 is worker 1's, peer 2 worker 0's, wherever their fragments come. */
Test(fragments, meet_at_one_worker)
{
	struct frame frame;
	uint8_t buf[2048];
	rig_init(&rig, 2);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		datagram(ways[v6].src, ways[v6].dst, 5060, 2000);
		piece(0, 1480); /* to worker 0 */
		frame = shape;
		frame.raw = true;
		frame.payload = udp + 1480;
		frame.payload_len = (uint16_t)(udp_len - 1480);
		frame.frag = v6 ? 1480 : 1480 / 8;
		struct rte_mbuf *mbuf = rig_mbuf(&rig, buf, rig_frame(buf, &frame));
		worker_receive(rig.worker[1], 0, &mbuf, 1, rig.now_ns);
		worker_flush(rig.worker[1]);
		rig_turns(&rig);
		expect_whole(v6 + 1, "at two workers");
		cr_expect_eq(worker_stats(rig.worker[!v6])->datagrams, 1);
		cr_expect_eq(worker_stats(rig.worker[v6])->handed_over, 1);
	}
	cr_expect_eq(rig_all_drops(&rig), 0);
	end();
}

/* No buffer left: by its name, and nothing else changes. */
Test(fragments, without_buffers)
{
	struct rte_mbuf *taken[2 * FRAGMENTS_BUFFERS];
	unsigned n = 0;
	rig_init(&rig, 1);
	while (n < 2 * FRAGMENTS_BUFFERS && (taken[n] = rte_pktmbuf_alloc(rig.fragments_pool)))
		n++;
	datagram(KNOWN4, OWN4, 5060, 2000);
	piece(0, 1480);
	cr_expect_eq(rig_drops(&rig, XF_DROP_NO_MBUF), 1);
	rte_pktmbuf_free_bulk(taken, n);
	piece(0, 1480);
	piece(1480, udp_len - 1480u);
	expect_whole(1, "later");
	end();
}
