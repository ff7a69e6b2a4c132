/* The screen as the dataplane keeps it: rules from the configuration's file, limits by peer, counts, replacement. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "desk.h"
#include "fast/strangers.h"
#include "screen/signatures.h"

#define PEER0 "198.51.100.7" /* the provider of the configuration */
#define PEER1 "203.0.113.7"  /* its agent */

TestSuite(screening, .init = desk_eal);

static const struct xf_link_empty empty;
static char rules_file[32];

static void rules_write(const char *text)
{
	strcpy(rules_file, "/tmp/xfg-rules-XXXXXX");
	int fd = mkstemp(rules_file);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void configure(struct config *config)
{
	static struct config_provider provider = {.limits = {.invites = {1, 3}}};
	static struct config_agent agent;

	config->providers = &provider;
	config->agents = &agent;
	config->provider_count = config->agent_count = 1;
	config->screen.signatures = rules_file[0] ? rules_file : NULL;
}

static void sources(struct desk *desk)
{
	struct xf_source blocks[] = {{.peer = 0, .role = XF_ROLE_PROVIDER}, {.peer = 1, .role = XF_ROLE_AGENT}};

	cr_assert_eq(xf_prefix_parse(&blocks[0].block, "198.51.100.0/24"), 0);
	cr_assert_eq(xf_prefix_parse(&blocks[1].block, "203.0.113.0/24"), 0);
	desk_hello(desk, 1);
	cr_assert_eq(desk_say(desk, XF_LINK_SOURCES_BEGIN, &empty, sizeof(empty)), 0);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(desk_say(desk, XF_LINK_SOURCE_ADD, &blocks[i], sizeof(blocks[i])), 0);
	cr_assert_eq(desk_say(desk, XF_LINK_SOURCES_COMMIT, &empty, sizeof(empty)), 0);
}

/* One to each worker. */
static void sip(struct desk *desk, const char *from, const char *method, const char *subject)
{
	char text[256];

	snprintf(text, sizeof(text), "%s sip:192.0.2.1 SIP/2.0\r\nTo: <sip:a>\r\nSubject: %s\r\n\r\n", method, subject);
	for (unsigned w = 0; w < 2; w++) {
		desk_frame(desk, w,
			   &(struct frame){.src = from,
					   .sport = 5060,
					   .dst = "192.0.2.1",
					   .dport = 5060,
					   .payload = text,
					   .payload_len = (uint16_t)strlen(text)});
		dplane_worker_turn(desk->dplane, w, desk->now_ns);
	}
	desk_settle(desk);
}

static void stats(struct desk *desk)
{
	desk->peer_rows = desk->signature_rows = desk->stranger_rows = 0;
	cr_assert_eq(desk_say(desk, XF_LINK_STATS, &empty, sizeof(empty)), 0);
}

static const struct xf_link_peer *peer(const struct desk *desk, unsigned number)
{
	for (unsigned i = 0; i < desk->peer_rows; i++)
		if (desk->peers[i].peer == number)
			return &desk->peers[i];
	static const struct xf_link_peer none;
	cr_expect_fail("no row of peer %u", number);
	return &none;
}

static uint64_t hits(const struct desk *desk, const char *id)
{
	for (unsigned i = 0; i < desk->signature_rows; i++)
		if (strcmp(desk->signatures[i].id, id) == 0)
			return desk->signatures[i].hits;
	cr_expect_fail("no row of rule %s", id);
	return UINT64_MAX;
}

static struct signatures *read_rules(const char *text)
{
	struct signatures *set;

	cr_assert_eq(signatures_read(&set, text, strlen(text), "rules", stderr), 0);
	return set;
}

static void finish(struct desk *desk)
{
	desk_stop(desk);
	desk_free(desk);
	if (rules_file[0])
		unlink(rules_file);
}

Test(screening, a_bad_file_is_a_start_error_with_its_line)
{
	struct desk desk;
	char said[64];

	rules_write("good drop via \"evil\"\nbad block via \"evil\"\nworse drop via \"\n");
	cr_expect_eq(desk_try(&desk, configure), -EINVAL);
	snprintf(said, sizeof(said), "%s:2: unknown action 'block'", rules_file);
	cr_expect_eq(desk_said(&desk, said), 1);
	snprintf(said, sizeof(said), "%s:3: ", rules_file);
	cr_expect_eq(desk_said(&desk, said), 1);
	unlink(rules_file);
	desk_free(&desk);
	cr_expect_eq(desk_try(&desk, configure), -ENOENT);
	cr_expect_geq(desk_said(&desk, rules_file), 1);
	desk_free(&desk);
}

Test(screening, limits_are_those_of_the_peer)
{
	struct desk desk;

	cr_assert_eq(desk_try(&desk, configure), 0);
	sources(&desk);
	for (unsigned i = 0; i < 4; i++) {
		sip(&desk, PEER0, "INVITE", "x");
		sip(&desk, PEER1, "INVITE", "x");
	}
	cr_expect_eq(desk.kernel, 3 + 8, "one bucket for both workers");
	stats(&desk);
	cr_expect_eq(peer(&desk, 0)->passed, 3);
	cr_expect_eq(peer(&desk, 0)->dropped, 5);
	cr_expect_eq(peer(&desk, 0)->drops[XF_DROP_SIP_INVITE_RATE - XF_DROP_SCREEN_FIRST], 5);
	cr_expect_eq(peer(&desk, 1)->passed, 8);
	cr_expect_eq(peer(&desk, 1)->dropped, 0);
	cr_expect_eq(desk.drops.count[XF_DROP_SIP_INVITE_RATE], 5);
	cr_expect_eq(desk.screen.scanned[SIP_SCAN_MESSAGE], 16);
	cr_expect_eq(desk.screen.rules, 0);
	finish(&desk);
}

Test(screening, counts_and_alerts)
{
	struct desk desk;

	rules_write("# rules\na alert subject \"loud\"\nb count subject \"quiet\"\nc drop subject,via \"bad\"\n");
	cr_assert_eq(desk_try(&desk, configure), 0);
	sources(&desk);
	desk_wait(&desk, 2 * DESK_SECOND);
	cr_expect_eq(desk_said(&desk, "signature-alert"), 0);
	for (unsigned i = 0; i < 5; i++) {
		sip(&desk, PEER1, "OPTIONS", "loud");
		sip(&desk, PEER1, "OPTIONS", "quiet");
		sip(&desk, PEER1, "OPTIONS", "bad");
	}
	cr_expect_eq(desk.kernel, 20);
	desk_wait(&desk, DESK_SECOND);
	cr_expect_eq(desk_said(&desk, "rule=a line=2 messages=10"), 1, "once a second");
	stats(&desk);
	cr_assert_eq(desk.signature_rows, 3);
	cr_expect_eq(hits(&desk, "a"), 10);
	cr_expect_eq(hits(&desk, "b"), 10);
	cr_expect_eq(hits(&desk, "c"), 10);
	cr_expect_eq(desk.signatures[2].line, 4);
	cr_expect_eq(desk.signatures[2].action, SIGNATURE_DROP);
	cr_expect_eq(desk.signatures[2].places, 1 << SIGNATURE_PLACE_SUBJECT | 1 << SIGNATURE_PLACE_VIA);
	cr_expect_geq(desk.signatures[0].hits_per_s, 9);
	cr_expect_geq(peer(&desk, 1)->passed_per_s, 18);
	cr_expect_geq(peer(&desk, 1)->dropped_per_s, 9);
	desk_wait(&desk, 3 * DESK_SECOND);
	cr_expect_eq(desk_said(&desk, "signature-alert"), 1, "nothing new, nothing said");
	stats(&desk);
	cr_expect_eq(desk.signatures[0].hits_per_s, 0);
	finish(&desk);
}

Test(screening, a_rule_that_stays_keeps_its_count)
{
	struct desk desk;
	struct dplane_counts counts;

	rules_write("a count subject \"one\"\nm count subject \"one\"\n");
	cr_assert_eq(desk_try(&desk, configure), 0);
	sources(&desk);
	sip(&desk, PEER1, "OPTIONS", "one");
	/* Two at once, while packets come. */
	cr_assert_eq(dplane_signatures(desk.dplane, read_rules("b drop subject \"two\"\nm count subject \"one\"\n")),
		     0);
	sip(&desk, PEER1, "OPTIONS", "one");
	cr_assert_eq(dplane_signatures(desk.dplane, read_rules("m count subject \"one\"\nz drop subject \"two\"\n")),
		     0);
	cr_assert_eq(
	    dplane_signatures(desk.dplane,
			      read_rules("k count via \"x\"\nm count subject \"one\"\nn drop subject \"two\"\n")),
	    0);
	desk_settle(&desk);
	sip(&desk, PEER1, "OPTIONS", "one");
	sip(&desk, PEER1, "OPTIONS", "two");
	stats(&desk);
	cr_expect_eq(desk.signature_rows, 3);
	cr_expect_eq(hits(&desk, "m"), 6);
	cr_expect_eq(hits(&desk, "n"), 2);
	cr_expect_eq(hits(&desk, "k"), 0);
	cr_expect_eq(desk.screen.reloads, 3);
	dplane_counts(desk.dplane, &counts);
	cr_expect_eq(counts.signatures, 3);
	cr_expect_eq(counts.signature_reloads, 3);
	cr_assert_eq(dplane_signatures(desk.dplane, NULL), 0);
	desk_settle(&desk);
	sip(&desk, PEER1, "OPTIONS", "two");
	stats(&desk);
	cr_expect_eq(desk.signature_rows, 0);
	cr_expect_eq(desk.kernel, 6 + 2);
	finish(&desk);
}

/* n packets of SIP, or of TCP to its port, from a stranger. */
static void strange(struct desk *desk, unsigned worker, const char *from, uint8_t proto, unsigned n)
{
	const struct frame frame = {.src = from,
				    .sport = 5060,
				    .dst = strchr(from, ':') ? "2001:db8::1" : "192.0.2.1",
				    .dport = 5060,
				    .proto = proto,
				    .payload = "x",
				    .payload_len = 1};
	for (unsigned i = 0; i < n; i++) {
		desk_frame(desk, worker, &frame);
		dplane_worker_turn(desk->dplane, worker, desk->now_ns);
	}
	desk_settle(desk);
}

static void expect_stranger(const struct desk *desk, unsigned place, const char *block, uint64_t drops, uint64_t error)
{
	const struct xf_link_stranger *row = &desk->strangers[place];
	char said[XF_SOCKADDR_STRLEN];

	cr_assert_lt(place, desk->stranger_rows);
	cr_expect_str_eq(xf_prefix_format(&row->block, said), block, "%u is %s", place, said);
	cr_expect_eq(row->drops, drops, "%s: %lu", block, (unsigned long)row->drops);
	cr_expect_eq(row->error, error, "%s: error %lu", block, (unsigned long)row->error);
}

Test(screening, strangers_of_all_workers_together)
{
	struct desk desk;

	cr_assert_eq(desk_try(&desk, configure), 0);
	sources(&desk);
	stats(&desk);
	cr_expect_eq(desk.stranger_rows, 0);
	strange(&desk, 0, "192.0.2.66", 0, 3);
	strange(&desk, 1, "192.0.2.66", IPPROTO_TCP, 4);
	strange(&desk, 1, "2001:db8:bad:1::1", 0, 5);
	strange(&desk, 0, "2001:db8:bad:1::2", IPPROTO_TCP, 6);
	strange(&desk, 0, "192.0.2.67", 0, 1);
	sip(&desk, PEER1, "OPTIONS", "x");
	stats(&desk);
	cr_assert_eq(desk.stranger_rows, 3, "a peer is none");
	expect_stranger(&desk, 0, "2001:db8:bad:1::/64", 11, 0);
	expect_stranger(&desk, 1, "192.0.2.66/32", 7, 0);
	expect_stranger(&desk, 2, "192.0.2.67/32", 1, 0);
	cr_expect_eq(desk.kernel, 2, "nothing of theirs went to the kernel");
	cr_expect_eq(desk.drops.count[XF_DROP_SIP_TCP_SOURCE], 10);
	finish(&desk);
}

/* A flood from everywhere at one worker: who is at the other alone may have been in it. */
Test(screening, strangers_bounds_are_those_of_the_sum)
{
	struct desk desk;
	char crowd[XF_ADDR_STRLEN];

	cr_assert_eq(desk_try(&desk, configure), 0);
	sources(&desk);
	for (unsigned i = 0; i < 3 * STRANGERS; i++) {
		snprintf(crowd, sizeof(crowd), "10.0.0.%u", i);
		strange(&desk, 1, crowd, 0, 1);
	}
	strange(&desk, 0, "192.0.2.66", 0, 50);
	strange(&desk, 1, "192.0.2.67", 0, 40);
	strange(&desk, 0, "192.0.2.67", 0, 2);
	stats(&desk);
	cr_expect_eq(desk.stranger_rows, XF_LINK_STRANGERS, "no more than these");
	expect_stranger(&desk, 0, "192.0.2.66/32", 53, 3);
	expect_stranger(&desk, 1, "192.0.2.67/32", 45, 3);
	for (unsigned i = 2; i < desk.stranger_rows; i++) {
		cr_expect_eq(desk.strangers[i].drops, 3);
		cr_expect_eq(desk.strangers[i].error, 2);
	}
	finish(&desk);
}

Test(screening, strangers_rates)
{
	struct desk desk;

	cr_assert_eq(desk_try(&desk, configure), 0);
	sources(&desk);
	desk_wait(&desk, 2 * DESK_SECOND);
	for (unsigned second = 0; second < 2; second++) {
		strange(&desk, 0, "192.0.2.66", 0, 30);
		strange(&desk, 1, "192.0.2.66", 0, 20);
		desk_wait(&desk, DESK_SECOND);
		stats(&desk);
		cr_expect_eq(desk.strangers[0].drops, 50 * (second + 1));
		cr_expect(desk.strangers[0].drops_per_s >= 48 && desk.strangers[0].drops_per_s <= 50, "%lu",
			  (unsigned long)desk.strangers[0].drops_per_s);
	}
	/* New ones take over places with drops of others in them: only their own are of this second. */
	for (unsigned i = 0; i < 3 * STRANGERS; i++) {
		char crowd[XF_ADDR_STRLEN];
		snprintf(crowd, sizeof(crowd), "10.0.0.%u", i);
		strange(&desk, 0, crowd, 0, 1);
	}
	desk_wait(&desk, DESK_SECOND);
	stats(&desk);
	cr_expect_eq(desk.strangers[0].drops_per_s, 0, "silent by now");
	for (unsigned i = 1; i < desk.stranger_rows; i++)
		cr_expect_leq(desk.strangers[i].drops_per_s, 1u);
	cr_expect_eq(desk.stranger_rows, XF_LINK_STRANGERS);
	finish(&desk);
}

/* The plane ends while one worker has the new set and the other has not. */
Test(screening, ends_in_the_midst_of_a_replacement)
{
	struct desk desk;

	rules_write("a drop subject \"one\"\n");
	cr_assert_eq(desk_try(&desk, configure), 0);
	sources(&desk);
	cr_assert_eq(dplane_signatures(desk.dplane, read_rules("b drop subject \"two\"\n")), 0);
	dplane_worker_turn(desk.dplane, 0, desk.now_ns);
	cr_assert_eq(dplane_signatures(desk.dplane, read_rules("c drop subject \"three\"\n")), 0);
	finish(&desk);
}
