/* Matching, rewriting and timing, without a gateway: the test says what it would have sent. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include "replay/due.h"
#include "replay/rewrite.h"
#include "scene.h"

#define MS 1000000ull

static struct scene scene;
static struct config *config;
static struct parties parties;
static struct recording *rec;
static struct matcher matcher;
static char input[65536];

static void read_scene(const char *as)
{
	struct capture_reader *reader;
	struct capture_unit unit;
	char why[PARTIES_WHY];
	scene_done(&scene);
	cr_assert_eq(config_load_without_secrets(&config, scene.config, stderr), 0);
	cr_assert_eq(parties_init(&parties, config, as, why), 0, "%s", why);
	cr_assert_eq(recording_create(&rec, config, &parties), 0);
	cr_assert_eq(capture_reader_open(&reader, scene.capture, why), 0, "%s", why);
	while (capture_reader_next(reader, &unit) == 1)
		cr_assert_eq(recording_add(rec, &unit), 0);
	capture_reader_close(reader);
	matcher_init(&matcher, rec);
}

static void end(void)
{
	matcher_fini(&matcher);
	recording_destroy(rec);
	config_destroy(config);
	scene_remove(&scene);
}

static struct xf_sockaddr place(const char *text)
{
	struct xf_sockaddr at = {.port = 5060};
	cr_assert_eq(xf_addr_parse(&at.addr, text), 0);
	return at;
}

/* The gateway sends this, ms after the capture's first packet; "\n" stands for CRLF. */
static struct match gateway_sends(uint64_t ms, const char *to, const char *format, ...)
{
	static struct output output;
	char text[4096], message[8192];
	struct match match;
	size_t n = 0;
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			message[n++] = '\r';
		message[n++] = *p;
	}
	output.ns = SCENE_EPOCH_NS + ms * MS;
	output.to = place(to);
	output.from = config->networks[strcmp(to, "192.0.2.20") == 0 ? 0 : 1].sip;
	cr_assert_eq(output_parse(&output, message, n), 0, "%s", text);
	cr_assert_eq(match_output(&matcher, &output, &match), 0);
	sip_text_fini(&output.text);
	return match;
}

/* Leg of a recorded Call-ID. */
static uint32_t leg_of(const char *call_id)
{
	for (uint32_t i = 0; i < rec->entry_count; i++)
		if (sip_text_span_is(rec->entries[i].facts.call_id, call_id))
			return rec->entries[i].leg;
	cr_assert_fail("no leg %s", call_id);
	return RECORDING_NONE;
}

/* When the next input of the leg is due, in ms; -1: nothing is. */
static long due_ms(uint32_t leg)
{
	struct due due = due_of_leg(rec, leg, 0);
	return due.ns == DUE_NEVER ? -1 : (long)((due.ns - SCENE_EPOCH_NS) / MS);
}

/* Sends the next input of the leg when it is due; its text is in `input`. */
static struct entry *enter(uint32_t leg)
{
	struct due due = due_of_leg(rec, leg, 0);
	struct xf_sockaddr from, to;
	char why[REWRITE_WHY];
	cr_assert_neq(due.ns, DUE_NEVER);
	long n = rewrite_input(&matcher, due.entry, input, sizeof(input) - 1, &from, &to, why);
	cr_assert_gt(n, 0, "%s", why);
	input[n] = 0;
	struct entry *entry = &rec->entries[due.entry];
	struct script_leg *its = &rec->legs[leg];
	entry->state = ENTRY_DONE;
	entry->live_ns = its->last_in_ns = due.ns;
	if (its->by_party && !its->call_id) {
		its->call_id = strndup(entry->facts.call_id.at, entry->facts.call_id.len);
		strmap_set(&rec->leg_by_live, its->call_id, strlen(its->call_id), leg);
	}
	return entry;
}

static void has(const char *line)
{
	cr_expect(strstr(input, line), "no '%s' in\n%s", line, input);
}

static void has_not(const char *line)
{
	cr_expect(!strstr(input, line), "'%s' in\n%s", line, input);
}

static void agent_is_called(uint64_t ms)
{
	struct match match = gateway_sends(
	    ms, "198.51.100.10",
	    "INVITE sip:bot@agent.lab SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKlive1;rport\n"
	    "From: <sip:+12025550199@198.51.100.1>;tag=livetag\nTo: <sip:+12025550100@agent.lab>\n"
	    "Call-ID: live-agent-call\nCSeq: 4711 INVITE\nContact: <sip:live@198.51.100.1:5060>\n"
	    "Content-Type: application/sdp\n\nv=0\nc=IN IP4 198.51.100.1\nm=audio 17000 RTP/AVP 0\n");
	cr_assert_neq(match.entry, RECORDING_NONE);
	cr_expect_eq(match.leg, leg_of("recorded-agent-call"));
}

static struct match caller_hears(uint64_t ms, const char *start)
{
	return gateway_sends(
	    ms, "192.0.2.20",
	    "SIP/2.0 %s\nVia: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bKcaller-1;rport=5060\n"
	    "From: \"A\" <sip:+12025550199@192.0.2.20>;tag=callertag\n"
	    "To: <sip:+12025550100@192.0.2.1>;tag=livecallertag\nCall-ID: caller-call\nCSeq: 1 INVITE\n"
	    "Contact: <sip:livegw@192.0.2.1:5060>\nContent-Type: application/sdp\n\n"
	    "v=0\nc=IN IP4 192.0.2.1\nm=audio 18000 RTP/AVP 0\n",
	    start);
}

Test(script, reads_a_call)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	read_scene(NULL);
	cr_expect_eq(rec->leg_count, 2);
	cr_expect_eq(rec->calls, 1);
	cr_expect(rec->legs[leg_of("caller-call")].by_party);
	cr_expect_not(rec->legs[leg_of("recorded-agent-call")].by_party);
	cr_expect_eq(rec->counts.sip_in, 6);
	cr_expect_eq(rec->counts.sip_out, 6);
	cr_expect_not_null(names_find(&rec->names, "agent.lab"));
	cr_expect_eq(recording_network(rec, &(struct xf_addr){4, {0}, {192, 0, 2, 20}}), 0);
	end();
}

Test(script, answers_wait_and_keep_their_delay)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	read_scene(NULL);
	uint32_t caller = leg_of("caller-call"), agent = leg_of("recorded-agent-call");
	cr_expect_eq(due_ms(caller), 0);
	enter(caller);
	cr_expect_eq(due_ms(caller), -1, "the ACK waits for a 200");
	cr_expect_eq(due_ms(agent), -1, "answers wait for the INVITE");
	/* 299 ms later than in the capture, where 180 came 99 ms after it and 200 999 ms */
	agent_is_called(300);
	cr_expect_eq(due_ms(agent), 399);
	enter(agent);
	has("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKlive1;rport\r\n");
	has("From: <sip:+12025550199@198.51.100.1>;tag=livetag\r\n");
	has("To: <sip:+12025550100@agent.lab>;tag=agenttag\r\n");
	has("Call-ID: live-agent-call\r\nCSeq: 4711 INVITE\r\nContact: <sip:bot@198.51.100.10:5060>\r\n");
	has_not("recorded");
	cr_expect_eq(due_ms(agent), 1299);
	enter(agent);
	has("m=audio 30000");
	cr_expect_eq(due_shift(rec, agent, SCENE_EPOCH_NS + 2000 * MS, 0), (int64_t)(299 * MS));
	end();
}

Test(script, requests_in_dialogs)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	read_scene(NULL);
	uint32_t caller = leg_of("caller-call");
	enter(caller);
	cr_expect_eq(caller_hears(500, "180 Ringing").leg, caller);
	struct match match = caller_hears(2002, "200 OK"); /* 1002 in the capture */
	cr_expect_eq(rec->entries[match.entry].facts.status, 200);
	cr_expect_eq(due_ms(caller), 2030);
	enter(caller);
	has("ACK sip:livegw@192.0.2.1:5060 SIP/2.0\r\n");
	has("To: <sip:+12025550100@192.0.2.1>;tag=livecallertag\r\n");
	has("From: \"A\" <sip:+12025550199@192.0.2.20>;tag=callertag\r\n");
	/* 5.098 s after the 200 */
	cr_expect_eq(due_ms(caller), 7100);
	cr_expect_eq(rec->legs[caller].media.port, 18000);
	end();
}

Test(script, another_final_answer_is_not_acknowledged_by_the_script)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	read_scene(NULL);
	uint32_t caller = leg_of("caller-call");
	enter(caller);
	struct match match = caller_hears(20, "486 Busy Here");
	cr_expect_eq(match.entry, RECORDING_NONE);
	cr_expect_neq(match.asked, RECORDING_NONE);
	cr_expect_eq(due_ms(caller), -1);
	for (uint32_t i = 0; i < rec->entry_count; i++)
		if (!rec->entries[i].out && rec->entries[i].state == ENTRY_OPEN)
			due_give_up(rec, i);
	for (uint32_t i = 0; i < rec->entry_count; i++)
		if (facts_is(&rec->entries[i].facts, "ACK") && !rec->entries[i].out)
			cr_expect_str_eq(rec->entries[i].why, "xfergate answered the INVITE with 486, not 200");
		else if (rec->entries[i].facts.status == 180 && !rec->entries[i].out)
			cr_expect_str_eq(rec->entries[i].why, "xfergate did not send this INVITE to 198.51.100.10");
	end();
}

/* Whoever answers a request without end, each time with other words. */
Test(script, very_many_answers, .timeout = 10)
{
	char text[512];
	scene_open(&scene);
	scene_done(&scene);
	cr_assert_eq(config_load_without_secrets(&config, scene.config, stderr), 0);
	cr_assert_eq(parties_init(&parties, config, NULL, text), 0);
	cr_assert_eq(recording_create(&rec, config, &parties), 0);
	matcher_init(&matcher, rec);
	struct capture_unit unit = {.kind = CAPTURE_UDP, .from = place("198.51.100.1"), .to = place("198.51.100.10")};
	for (unsigned i = 0; i <= 80000; i++) {
		int n = snprintf(text, sizeof(text),
				 "%s%u%s\r\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=f\r\n"
				 "To: <sip:x@y>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n\r\n",
				 i ? "SIP/2.0 183 " : "INVITE sip:", i, i ? "" : "@198.51.100.10 SIP/2.0");
		unit.data = (const uint8_t *)text;
		unit.len = (size_t)n;
		unit.number = i + 1;
		unit.ns = SCENE_EPOCH_NS + i;
		cr_assert_eq(recording_add(rec, &unit), 0);
		unit.from = place("198.51.100.10");
		unit.to = place("198.51.100.1");
	}
	unsigned count = 0;
	for (uint32_t i = rec->entries[0].first_answer; i != RECORDING_NONE; i = rec->entries[i].next_answer)
		cr_assert_eq(i, ++count);
	cr_expect_eq(count, 80000);
	end();
}

Test(script, a_repeated_message_matches_nothing_new)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	read_scene(NULL);
	enter(leg_of("caller-call"));
	agent_is_called(1);
	struct match match = caller_hears(1002, "200 OK"), again = caller_hears(1502, "200 OK");
	cr_expect_not(match.repeated);
	cr_expect(again.repeated);
	cr_expect_eq(again.entry, match.entry);
	cr_expect_eq(rec->entries[match.entry].live_ns, SCENE_EPOCH_NS + 1002 * MS);
	end();
}

/* NOTIFYs of a transfer: 100, 180 and a final one in the capture; answered by the agent. */
static void add_refer(void)
{
#define REFER_AGENT                                                                                                    \
	"From: <sip:bot@agent.lab>;tag=agenttag\nTo: <sip:+12025550199@198.51.100.1>;tag=gwtag\n"                      \
	"Call-ID: recorded-agent-call\n"
#define REFER_GATEWAY                                                                                                  \
	"From: <sip:+12025550199@198.51.100.1>;tag=gwtag\nTo: <sip:bot@agent.lab>;tag=agenttag\n"                      \
	"Call-ID: recorded-agent-call\nContact: <sip:xfergate@198.51.100.1:5060>\n"
	scene_sip(
	    &scene, 3.0, "198.51.100.10", "198.51.100.1",
	    "REFER sip:xfergate@198.51.100.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bKr\n" REFER_AGENT
	    "CSeq: 55 REFER\nRefer-To: "
	    "<sip:+12025550150@x?Replaces=caller-call%3Bto-tag%3Drecordedtag%3Bfrom-tag%3Dz>\n"
	    "Contact: <sip:bot@198.51.100.10>\n");
	scene_sip(&scene, 3.01, "198.51.100.1", "198.51.100.10",
		  "SIP/2.0 202 Accepted\nVia: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bKr\n" REFER_AGENT
		  "CSeq: 55 REFER\n");
	static const char *const states[] = {"active", "active", "terminated;reason=noresource"};
	for (unsigned i = 0; i < 3; i++) {
		char text[2048];
		snprintf(text, sizeof(text),
			 "NOTIFY sip:bot@198.51.100.10 SIP/2.0\nVia: SIP/2.0/UDP "
			 "198.51.100.1:5060;branch=z9hG4bKn%u\n" REFER_GATEWAY
			 "CSeq: %u NOTIFY\nEvent: refer\nSubscription-State: %s\n",
			 i, 20 + i, states[i]);
		scene_sip(&scene, 3.1 + i, "198.51.100.1", "198.51.100.10", text);
		snprintf(text, sizeof(text),
			 "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKn%u\n" REFER_GATEWAY
			 "CSeq: %u NOTIFY\n",
			 i, 20 + i);
		scene_sip(&scene, 3.15 + i, "198.51.100.10", "198.51.100.1", text);
	}
}

static struct match notify(uint64_t ms, unsigned cseq, const char *state)
{
	return gateway_sends(
	    ms, "198.51.100.10",
	    "NOTIFY sip:bot@198.51.100.10 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKln%u\n"
	    "From: <sip:+12025550199@198.51.100.1>;tag=livetag\nTo: <sip:bot@agent.lab>;tag=agenttag\n"
	    "Call-ID: live-agent-call\nCSeq: %u NOTIFY\nEvent: refer\nSubscription-State: %s\n\n",
	    cseq, cseq, state);
}

Test(script, final_notifies_go_to_final_ones)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	add_refer();
	read_scene(NULL);
	uint32_t agent = leg_of("recorded-agent-call");
	enter(leg_of("caller-call"));
	agent_is_called(1);
	enter(agent);
	enter(agent);
	caller_hears(1002, "200 OK");
	struct entry *refer = enter(agent);
	cr_expect_str_eq(refer->facts.method, "REFER");
	has("REFER sip:live@198.51.100.1:5060 SIP/2.0\r\n");
	has("Replaces=caller-call%3Bto-tag%3Dlivecallertag%3Bfrom-tag%3Dz");
	has("Call-ID: live-agent-call\r\n");
	has("tag=livetag");
	struct match first = notify(3200, 5000, "active"), last = notify(3300, 5001, "terminated");
	cr_expect_eq(rec->entries[first.entry].facts.cseq, 20);
	cr_expect_eq(rec->entries[last.entry].facts.cseq, 22);
	cr_expect_eq(due_ms(agent), 3250);
	enter(agent);
	has("branch=z9hG4bKln5000\r\n");
	/* the second NOTIFY does not come; its answer holds up nobody */
	cr_expect_eq(due_ms(agent), 3350);
	enter(agent);
	has("CSeq: 5001 NOTIFY\r\n");
	end();
}

Test(script, what_came_directly_before_gets_five_seconds)
{
	scene_open(&scene);
	scene_call(&scene, 0);
	add_refer();
	/* the agent hangs up 100 ms after the final NOTIFY */
	scene_sip(
	    &scene, 5.2, "198.51.100.10", "198.51.100.1",
	    "BYE sip:xfergate@198.51.100.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bKb\n" REFER_AGENT
	    "CSeq: 56 BYE\n");
	read_scene(NULL);
	uint32_t agent = leg_of("recorded-agent-call");
	enter(leg_of("caller-call"));
	agent_is_called(1);
	for (unsigned i = 0; i < 3; i++)
		enter(agent);
	gateway_sends(3010, "198.51.100.10",
		      "SIP/2.0 202 Accepted\nVia: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bKr\n"
		      "From: <sip:bot@agent.lab>;tag=agenttag\nTo: <sip:+12025550199@198.51.100.1>;tag=livetag\n"
		      "Call-ID: live-agent-call\nCSeq: 55 REFER\n\n");
	struct due due = due_of_leg(rec, agent, 0);
	cr_expect(due.late);
	cr_expect_eq((due.ns - SCENE_EPOCH_NS) / MS, 5200 + 5000);
	notify(4000, 5001, "terminated");
	due = due_of_leg(rec, agent, 0);
	cr_expect_eq((due.ns - SCENE_EPOCH_NS) / MS, 4050, "first the answer to it");
	enter(agent);
	due = due_of_leg(rec, agent, 0);
	cr_expect_not(due.late);
	cr_expect_eq((due.ns - SCENE_EPOCH_NS) / MS, 4100);
	end();
}

Test(script, in_place_of_another_middle)
{
	scene_open(&scene);
	scene_direct_call(&scene);
	read_scene("caller=10.0.0.5@carrier,callee=10.0.0.9@bot");
	cr_expect_eq(rec->leg_count, 2);
	uint32_t caller = rec->entries[0].leg, callee = rec->entries[1].leg;
	cr_expect_neq(caller, callee);
	cr_expect_eq(due_ms(caller), 0);
	enter(caller);
	has("INVITE sip:+12025550100@192.0.2.1:5060 SIP/2.0\r\n");
	has("Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKphone-1\r\n");
	has("Contact: <sip:a@192.0.2.2:5060>\r\n");
	has("c=IN IP4 192.0.2.2\r\n");
	has_not("c=IN IP4 10.0.0.5");
	gateway_sends(3, "198.51.100.10",
		      "INVITE sip:bot@agent.lab SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKlive1;rport\n"
		      "From: <sip:x@198.51.100.1>;tag=livetag\nTo: <sip:bot@agent.lab>\nCall-ID: live\nCSeq: 9 INVITE\n"
		      "Contact: <sip:gw@198.51.100.1>\n\n");
	cr_expect_eq(due_ms(callee), 203);
	enter(callee);
	has("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKlive1;rport\r\n");
	has("Call-ID: live\r\nCSeq: 9 INVITE\r\n");
	has("To: <sip:bot@agent.lab>;tag=bbb\r\n");
	has("Contact: <sip:b@198.51.100.10:5060>\r\n");
	/* media: the phone's address stands for the gateway's */
	bool rtcp;
	uint64_t until;
	struct xf_sockaddr from = place("10.0.0.5"), to = place("10.0.0.9");
	from.port = 6000;
	to.port = 7000;
	cr_expect_eq(recording_media_leg(rec, &from, &to, rec->last_ns, &rtcp, &until), caller);
	to.port = 7001;
	cr_expect_eq(recording_media_leg(rec, &from, &to, rec->last_ns, &rtcp, &until), caller);
	cr_expect(rtcp);
	to.port = 7777;
	from.port = 1;
	cr_expect_eq(recording_media_leg(rec, &from, &to, rec->last_ns, &rtcp, &until), RECORDING_NONE);
	end();
}

Test(script, hosts_are_replaced_whole)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	    {"10.0.0.5", "192.0.2.2"},
	    {"<sip:a@10.0.0.5:5060>", "<sip:a@192.0.2.2:5060>"},
	    {"10.0.0.51 110.0.0.5 x10.0.0.5 10.0.0.5.6", "10.0.0.51 110.0.0.5 x10.0.0.5 10.0.0.5.6"},
	    {"at 10.0.0.5.", "at 192.0.2.2."},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[128];
		long n = rewrite_host(buf, sizeof(buf) - 1, (struct sip_text_span){rows[i].from, strlen(rows[i].from)},
				      "10.0.0.5", "192.0.2.2");
		cr_assert_geq(n, 0);
		buf[n] = 0;
		cr_expect_str_eq(buf, rows[i].to);
	}
}
