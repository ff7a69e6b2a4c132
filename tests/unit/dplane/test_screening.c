/* The screen as the dataplane keeps it: rules from the configuration's file, limits by peer, counts, replacement. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "desk.h"
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
	desk->peer_rows = desk->signature_rows = 0;
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
