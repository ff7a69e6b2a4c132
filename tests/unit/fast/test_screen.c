/* The screen of SIP: every drop by its name, the order of the stages, whose buckets a packet is charged to. */
#include <stdlib.h>
#include <string.h>
#include "rig.h"

#define PEER1  "198.51.100.7"
#define PEER2  "2001:db8:5::7"
#define TARGET "203.0.113.99"

#define MOST                                                                                                           \
	{                                                                                                              \
		BUCKETS_MAX_PER_S, BUCKETS_MAX_BURST                                                                   \
	}

static const char invite[] = "INVITE sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1\r\n"
			     "From: \"Ann\" <sip:200@198.51.100.7>;tag=1\r\nTo: <sip:100@192.0.2.1>\r\n"
			     "Call-ID: 1@198.51.100.7\r\nCSeq: 1 INVITE\r\nContact: <sip:200@198.51.100.7>\r\n\r\n";
static const char options[] = "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK2\r\n"
			      "From: <sip:200@198.51.100.7>;tag=1\r\nTo: <sip:192.0.2.1>\r\nCall-ID: 2\r\n"
			      "CSeq: 1 OPTIONS\r\n\r\n";
static const char bye[] = "BYE sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK3\r\n"
			  "From: <sip:200@198.51.100.7>;tag=1\r\nTo: <sip:192.0.2.1>;tag=2\r\nCall-ID: 3\r\n"
			  "CSeq: 2 BYE\r\n\r\n";
static const char response[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK4\r\n"
			       "From: <sip:1@192.0.2.1>;tag=1\r\nTo: <sip:2@198.51.100.7>;tag=2\r\nCall-ID: 4\r\n"
			       "CSeq: 1 INVITE\r\n\r\n";
static const char malformed[] = "INVITE sip:100@192.0.2.1 SIP/2.0\r\nFrom: a\r\nFrom: b\r\n\r\n";
static const char stun[] = {0, 1, 0, 0, 0x21, 0x12, (char)0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static struct rig rig;
static struct buckets_plan *plans[2];
static struct screen_rules rules[2];

static struct buckets_peer peer(uint16_t number)
{
	return (struct buckets_peer){.peer = number, .packets = MOST, .classes = {MOST, MOST, MOST, MOST}};
}

static void limit(const struct buckets_config *config, unsigned workers)
{
	for (unsigned w = 0; w < workers; w++) {
		cr_assert_eq(buckets_plan_create(&plans[w], config, w, workers), 0);
		cr_assert_eq(buckets_create(&rules[w].buckets, plans[w]), 0);
	}
}

static void read_rules(const char *text, struct signatures **set, struct signatures_scratch **scratch)
{
	cr_assert_eq(signatures_read(set, text, strlen(text), "rules", stderr), 0);
	cr_assert_eq(signatures_scratch_create(scratch, *set), 0);
}

static void finish(void)
{
	rig_fini(&rig);
	for (unsigned w = 0; w < 2; w++) {
		buckets_destroy(rules[w].buckets);
		buckets_plan_destroy(plans[w]);
	}
}

static void receive_bytes(const char *src, const void *bytes, size_t len)
{
	bool v6 = strchr(src, ':');
	rig_receive(&rig, &(struct frame){.src = src,
					  .sport = 5060,
					  .dst = v6 ? "2001:db8::1" : "192.0.2.1",
					  .dport = 5060,
					  .payload = bytes,
					  .payload_len = (uint16_t)len});
}

static void receive(const char *src, const char *text)
{
	receive_bytes(src, text, strlen(text));
}

static uint64_t scanned(enum sip_scan_verdict verdict)
{
	uint64_t sum = 0;
	for (unsigned w = 0; w < rig.workers; w++)
		sum += worker_stats(rig.worker[w])->scanned[verdict];
	return sum;
}

static uint64_t peer_drops(unsigned number, enum xf_drop drop)
{
	uint64_t sum = 0;
	for (unsigned w = 0; w < rig.workers; w++)
		sum += worker_stats(rig.worker[w])->peer_drops[number][drop - XF_DROP_SCREEN_FIRST];
	return sum;
}

/* Passed, or dropped for that reason and for no other. */
static void expect_drop(const char *src, const char *text, enum xf_drop drop, const char *what)
{
	uint64_t before = rig_all_drops(&rig), of = drop < XF_DROP_COUNT ? rig_drops(&rig, drop) : 0;
	unsigned kernel = rig.kernel_count;
	receive(src, text);
	bool passes = drop == XF_DROP_COUNT;
	cr_expect_eq(rig.kernel_count, kernel + passes, "%s", what);
	cr_expect_eq(rig_all_drops(&rig), before + !passes, "%s", what);
	if (!passes)
		cr_expect_eq(rig_drops(&rig, drop), of + 1, "%s: not %s", what, xf_drop_name(drop));
}

#define PASSES(src, text)      expect_drop(src, text, XF_DROP_COUNT, #text " of " #src)
#define DROPS(src, text, drop) expect_drop(src, text, drop, #text " of " #src)

/* Nothing configured: what the source table lets in passes, and is counted by what it is. */
Test(screen, without_rules)
{
	rig_init(&rig, 1);
	PASSES(PEER1, invite);
	PASSES(PEER2, options);
	PASSES(TARGET, response);
	PASSES(PEER1, malformed);
	PASSES(PEER1, "\r\n\r\n");
	DROPS("203.0.113.1", invite, XF_DROP_SIP_SOURCE);
	cr_expect_eq(scanned(SIP_SCAN_MESSAGE), 3);
	cr_expect_eq(scanned(SIP_SCAN_REPEATED), 1);
	cr_expect_eq(scanned(SIP_SCAN_PING), 1);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[1], 3);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[2], 1);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[XF_PEER_TARGETS], 1);
	finish();
}

Test(screen, each_class_has_its_bucket)
{
	struct buckets_peer limited = peer(1);
	limited.classes[BUCKETS_INVITE] = (struct buckets_rate){1, 2};
	for (unsigned class = BUCKETS_REQUEST; class < BUCKETS_CLASS_COUNT; class ++)
		limited.classes[class] = (struct buckets_rate){1, 1};
	limit(&(struct buckets_config){.peers = &limited, .count = 1}, 1);
	rig_init_screened(&rig, 1, rules);
	PASSES(PEER1, invite);
	PASSES(PEER1, invite);
	DROPS(PEER1, invite, XF_DROP_SIP_INVITE_RATE);
	PASSES(PEER1, options);
	DROPS(PEER1, options, XF_DROP_SIP_REQUEST_RATE);
	/* What cannot be read counts as another request. */
	DROPS(PEER1, malformed, XF_DROP_SIP_REQUEST_RATE);
	PASSES(PEER1, bye);
	DROPS(PEER1, bye, XF_DROP_SIP_DIALOG_RATE);
	PASSES(PEER1, response);
	DROPS(PEER1, response, XF_DROP_SIP_RESPONSE_RATE);
	cr_expect_eq(peer_drops(1, XF_DROP_SIP_INVITE_RATE), 1);
	cr_expect_eq(peer_drops(1, XF_DROP_SIP_REQUEST_RATE), 2);
	/* Others lose nothing, and one that the plan does not know has no limits. */
	for (unsigned i = 0; i < 10; i++)
		PASSES(PEER2, invite);
	/* Keep-alives are no messages. */
	PASSES(PEER1, "\r\n");
	rig.now_ns += 1000 * RIG_MS;
	PASSES(PEER1, invite);
	DROPS(PEER1, invite, XF_DROP_SIP_INVITE_RATE);
	finish();
}

Test(screen, packets_are_charged_before_they_are_read)
{
	struct buckets_peer limited[] = {peer(1), peer(XF_PEER_TARGETS)};
	limited[0].packets = (struct buckets_rate){1, 5};
	limited[1].packets = (struct buckets_rate){1, 1};
	limit(&(struct buckets_config){.peers = limited, .count = 2}, 1);
	rig_init_screened(&rig, 1, rules);
	PASSES(PEER1, invite);
	PASSES(PEER1, "\r\n");
	PASSES(PEER1, "\r\n\r\n");
	receive_bytes(PEER1, "", 0);
	receive_bytes(PEER1, stun, sizeof(stun));
	cr_expect_eq(rig.kernel_count, 5u);
	DROPS(PEER1, invite, XF_DROP_SIP_PACKET_RATE);
	DROPS(PEER1, "\r\n", XF_DROP_SIP_PACKET_RATE);
	cr_expect_eq(scanned(SIP_SCAN_MESSAGE), 1);
	cr_expect_eq(scanned(SIP_SCAN_PONG), 1);
	cr_expect_eq(scanned(SIP_SCAN_PING), 1);
	cr_expect_eq(scanned(SIP_SCAN_EMPTY), 1);
	cr_expect_eq(scanned(SIP_SCAN_STUN), 1);
	PASSES(TARGET, response);
	DROPS(TARGET, response, XF_DROP_SIP_PACKET_RATE);
	cr_expect_eq(peer_drops(XF_PEER_TARGETS, XF_DROP_SIP_PACKET_RATE), 1);
	cr_expect_eq(peer_drops(1, XF_DROP_SIP_PACKET_RATE), 2);
	finish();
}

/* A flood is stopped by the ceiling; the other peer's share is there all the while. */
Test(screen, ceiling_leaves_the_others_their_share)
{
	struct buckets_peer both[] = {peer(1), peer(2)};
	for (unsigned i = 0; i < 2; i++)
		for (unsigned class = 0; class < BUCKETS_CLASS_COUNT; class ++)
			both[i].classes[class] = (struct buckets_rate){10, 20};
	limit(&(struct buckets_config){.ceiling = {20, 20}, .peers = both, .count = 2}, 1);
	rig_init_screened(&rig, 1, rules);
	for (unsigned i = 0; i < 200; i++)
		receive(PEER1, response);
	cr_expect_gt(rig_drops(&rig, XF_DROP_SIP_CEILING), 0);
	cr_expect_eq(
	    rig_drops(&rig, XF_DROP_SIP_CEILING) + rig_drops(&rig, XF_DROP_SIP_RESPONSE_RATE) + rig.kernel_count, 200);
	PASSES(PEER2, response);
	PASSES(PEER2, invite);
	finish();
}

Test(screen, malformed_is_dropped_if_that_is_wanted)
{
	struct buckets_peer limited = peer(1);
	limited.classes[BUCKETS_REQUEST] = limited.classes[BUCKETS_INVITE] = (struct buckets_rate){1, 1};
	limit(&(struct buckets_config){.peers = &limited, .count = 1}, 1);
	rules[0].malformed_drop = true;
	rig_init_screened(&rig, 1, rules);
	DROPS(PEER1, malformed, XF_DROP_SIP_MALFORMED);
	DROPS(PEER1, "x", XF_DROP_SIP_MALFORMED);
	/* It took no message's token. */
	PASSES(PEER1, options);
	PASSES(PEER1, "\r\n\r\n");
	cr_expect_eq(peer_drops(1, XF_DROP_SIP_MALFORMED), 2);
	finish();
}

/* A rule for each place, and a message that has its word there and nowhere else. */
Test(screen, signatures_look_in_their_place)
{
	static const struct {
		const char *place, *message;
	} cases[] = {
	    {"anywhere", "OPTIONS sip:a SIP/2.0\r\nX-Some: evilword\r\n\r\n"},
	    {"anywhere", "OPTIONS sip:a SIP/2.0\r\nContent-Length: 8\r\n\r\nevilword"},
	    {"anywhere", "OPTIONS sip:a SIP/2.0\r\nFrom: a\r\nFrom: evilword\r\n\r\n"},
	    {"start-line", "OPTIONS sip:a;evilword SIP/2.0\r\n\r\n"},
	    {"request-user", "OPTIONS sip:evilword@a SIP/2.0\r\n\r\n"},
	    {"from-user", "OPTIONS sip:a SIP/2.0\r\nf: <sip:evilword@a>\r\n\r\n"},
	    {"from-display", "OPTIONS sip:a SIP/2.0\r\nFrom: \"an <evilword>\" <sip:a@b>\r\n\r\n"},
	    {"from-display", "OPTIONS sip:a SIP/2.0\r\nFrom: evilword <sip:a@b>\r\n\r\n"},
	    {"to-user", "OPTIONS sip:a SIP/2.0\r\nTo: <sip:evilword@a>\r\n\r\n"},
	    {"contact-user", "OPTIONS sip:a SIP/2.0\r\nm: <sip:evilword@a>\r\n\r\n"},
	    {"user-agent", "OPTIONS sip:a SIP/2.0\r\nUser-Agent: x\r\nuser-agent: evilword\r\n\r\n"},
	    {"user-agent", "SIP/2.0 200 OK\r\nServer: evilword\r\n\r\n"},
	    {"call-id", "OPTIONS sip:a SIP/2.0\r\ni: evilword\r\n\r\n"},
	    {"via", "OPTIONS sip:a SIP/2.0\r\nVia: evilword\r\nVia: other\r\n\r\n"},
	    {"subject", "OPTIONS sip:a SIP/2.0\r\nSubject: evilword\r\n\r\n"},
	};
	struct signatures *set[sizeof(cases) / sizeof(cases[0])];
	rig_init(&rig, 1);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		struct command command = {.type = COMMAND_SIGNATURES};
		snprintf(text, sizeof(text), "r drop %s \"evilword\"\n", cases[i].place);
		read_rules(text, &set[i], &command.scratch);
		command.signatures = set[i];
		cr_assert_eq(rig_command(&rig, 0, &command), 0);
		cr_expect_eq(command.signatures, i ? set[i - 1] : NULL, "the old ones come back");
		signatures_scratch_destroy(command.scratch);
		for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
			bool same = strcmp(cases[i].place, cases[k].place) == 0 || i < 3;
			/* The start line holds the user part of its URI. */
			same = same || (i == 3 && k == 4);
			expect_drop(PEER1, cases[k].message, same ? XF_DROP_SIP_SIGNATURE : XF_DROP_COUNT,
				    cases[k].message);
		}
	}
	struct command none = {.type = COMMAND_SIGNATURES};
	cr_assert_eq(rig_command(&rig, 0, &none), 0);
	signatures_scratch_destroy(none.scratch);
	PASSES(PEER1, cases[0].message);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		signatures_destroy(set[i]);
	finish();
}

/* What alert and count hit passes; what was dropped before is not looked at. */
Test(screen, signatures_come_last)
{
	struct buckets_peer limited = peer(1);
	struct signatures *set;
	limited.classes[BUCKETS_INVITE] = (struct buckets_rate){1, 2};
	limit(&(struct buckets_config){.peers = &limited, .count = 1}, 1);
	read_rules("a alert from-display \"Ann\"\nb count call-id \"@198\"\nc drop user-agent \"scanner\"\n", &set,
		   &rules[0].scratch);
	rules[0].signatures = set;
	rig_init_screened(&rig, 1, rules);
	PASSES(PEER1, invite);
	cr_expect_eq(signatures_scratch_hits(rules[0].scratch, 0), 1);
	cr_expect_eq(signatures_scratch_hits(rules[0].scratch, 1), 1);
	PASSES(PEER1, invite);
	DROPS(PEER1, invite, XF_DROP_SIP_INVITE_RATE);
	cr_expect_eq(signatures_scratch_hits(rules[0].scratch, 0), 2, "dropped before the signatures");
	DROPS(PEER1, "OPTIONS sip:a SIP/2.0\r\nUser-Agent: scanner\r\n\r\n", XF_DROP_SIP_SIGNATURE);
	cr_expect_eq(signatures_scratch_hits(rules[0].scratch, 2), 1);
	cr_expect_eq(peer_drops(1, XF_DROP_SIP_SIGNATURE), 1);
	finish();
	signatures_scratch_destroy(rules[0].scratch);
	signatures_destroy(set);
}

/* Peer 1's buckets are worker 1's, peer 2's worker 0's; all packets come to worker 0. */
Test(screen, one_worker_writes_a_peers_buckets)
{
	struct buckets_peer both[] = {peer(1), peer(2)};
	both[0].packets = both[1].packets = (struct buckets_rate){1, 3};
	limit(&(struct buckets_config){.peers = both, .count = 2}, 2);
	rig_init_screened(&rig, 2, rules);
	for (unsigned i = 0; i < 5; i++) {
		receive(PEER1, invite);
		receive(PEER2, invite);
	}
	cr_expect_eq(rig.kernel_count, 3u);
	cr_expect_eq(worker_stats(rig.worker[0])->handed_over, 5);
	cr_expect_eq(worker_stats(rig.worker[0])->drops[XF_DROP_SIP_PACKET_RATE], 2);
	rig_turns(&rig);
	cr_expect_eq(rig.kernel_count, 6u);
	cr_expect_eq(worker_stats(rig.worker[1])->drops[XF_DROP_SIP_PACKET_RATE], 2);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[2], 3);
	cr_expect_eq(worker_stats(rig.worker[1])->peer_passed[1], 3);
	cr_expect_eq(worker_stats(rig.worker[0])->peer_passed[1], 0);
	finish();
}

/* A flood of SIP on its way to another worker leaves media its part of the ring, which holds 63. */
/* A peer at full rate, of whole messages of each class and of fragments that never get whole, in the same bursts as the
 * calls of another: the other's all pass. What passes of the flood is what its limits and the ceiling give it. */
Test(screen, a_flood_costs_no_other_peers_calls)
{
	enum { SECONDS = 3, CALLS = 20, FLOOD = 2000 };
	static const uint8_t piece[256] = {0x13, 0xc4, 0x13, 0xc4};
	static const char *const flood[] = {invite, options, bye, response, malformed};
	const struct buckets_rate class = {50, 50};
	struct buckets_peer peers[] = {
	    {.peer = 1, .packets = {400, 400}, .classes = {class, class, class, class}},
	    {.peer = 2, .packets = {400, 400}, .classes = {class, class, class, class}},
	};
	struct buckets_config config = {.ceiling = {800, 2000}, .peers = peers, .count = 2};
	uint64_t calm_sent = 0, flood_sent = 0;
	limit(&config, 1);
	rig_init_screened(&rig, 1, rules);
	for (unsigned round = 0; round < SECONDS * CALLS; round++) {
		rig.now_ns += 1000 * RIG_MS / CALLS;
		rig_turns(&rig);
		for (unsigned i = 0; i < FLOOD / CALLS; i++, flood_sent++)
			if (i % 6 == 5)
				rig_receive(&rig, &(struct frame){.src = PEER1,
								  .dst = "192.0.2.1",
								  .payload = piece,
								  .payload_len = sizeof(piece),
								  .raw = true,
								  .ip_id = (uint16_t)flood_sent,
								  .frag = 0x2000});
			else
				receive(PEER1, flood[i % 6]);
		for (unsigned i = 0; i < 4; i++, calm_sent++)
			receive(PEER2, flood[i]);
	}
	uint64_t calm_drops = 0, flood_drops = 0;
	for (unsigned drop = XF_DROP_SCREEN_FIRST; drop < XF_DROP_SCREEN_FIRST + XF_SCREEN_DROP_COUNT; drop++) {
		calm_drops += peer_drops(2, drop);
		flood_drops += peer_drops(1, drop);
	}
	const struct worker_stats *stats = worker_stats(rig.worker[0]);
	cr_expect_eq(calm_drops, 0);
	cr_expect_eq(stats->peer_passed[2], calm_sent);
	cr_expect_eq(stats->peer_passed[1] + flood_drops + stats->fragmented, flood_sent);
	cr_expect_leq(stats->peer_passed[1], 4 * (class.per_s * SECONDS + class.burst));
	cr_expect_geq(stats->peer_passed[1], class.per_s * SECONDS);
	cr_expect_gt(peer_drops(1, XF_DROP_FRAGMENT_LIMIT), 0);
	rig.now_ns += FRAGMENTS_NS;
	rig_turns(&rig);
	finish();
}

Test(screen, a_flood_leaves_media_its_way)
{
	struct buckets_peer limited = peer(1);
	limit(&(struct buckets_config){.peers = &limited, .count = 1}, 2);
	rig_init_screened(&rig, 2, rules);
	struct xf_endpoint_settings settings = rig_settings("203.0.113.10", 4000);
	rig_open(&rig, 1, RIG_V4, 20000, &settings, 1, 1);
	for (unsigned i = 0; i < 200; i++)
		receive(PEER1, invite);
	uint64_t handed_over = worker_stats(rig.worker[0])->handed_over;
	cr_expect_geq(handed_over, 30);
	cr_expect_leq(handed_over, 32);
	cr_expect_eq(rig_drops(&rig, XF_DROP_HANDOVER_FULL) + handed_over, 200);
	for (uint16_t i = 0; i < 31; i++)
		rig_rtp(&rig, "203.0.113.10", 4000, "192.0.2.1", 20000, 0, i, i * 160u, 7, 0x33);
	cr_expect_eq(worker_stats(rig.worker[0])->handed_over, handed_over + 31);
	for (unsigned turn = 0; turn < 4; turn++)
		rig_turns(&rig);
	cr_expect_eq(rig.kernel_count, handed_over);
	finish();
}

/* A set is replaced between two bursts: no packet is lost, and each is judged by one set. */
Test(screen, reload_between_bursts)
{
	struct signatures *sets[2];
	struct signatures_scratch *scratches[2];
	read_rules("one drop subject \"first\"\n", &sets[0], &scratches[0]);
	read_rules("two drop subject \"second\"\n", &sets[1], &scratches[1]);
	rules[0].signatures = sets[0];
	rules[0].scratch = scratches[0];
	rig_init_screened(&rig, 1, rules);
	for (unsigned turn = 1; turn <= 100; turn++) {
		struct command command = {
		    .type = COMMAND_SIGNATURES, .signatures = sets[turn % 2], .scratch = scratches[turn % 2]};
		bool first = turn % 2;
		expect_drop(PEER1, "OPTIONS sip:a SIP/2.0\r\nSubject: first\r\n\r\n",
			    first ? XF_DROP_SIP_SIGNATURE : XF_DROP_COUNT, "first");
		expect_drop(PEER1, "OPTIONS sip:a SIP/2.0\r\nSubject: second\r\n\r\n",
			    first ? XF_DROP_COUNT : XF_DROP_SIP_SIGNATURE, "second");
		cr_assert_eq(rig_command(&rig, 0, &command), 0);
		cr_assert_eq(command.signatures, sets[!(turn % 2)]);
		cr_assert_eq(command.scratch, scratches[!(turn % 2)]);
	}
	cr_expect_eq(rig.kernel_count + rig_all_drops(&rig), 200);
	cr_expect_eq(signatures_scratch_hits(scratches[0], 0), 50);
	cr_expect_eq(signatures_scratch_hits(scratches[1], 0), 50);
	finish();
	for (unsigned i = 0; i < 2; i++) {
		signatures_scratch_destroy(scratches[i]);
		signatures_destroy(sets[i]);
	}
}
