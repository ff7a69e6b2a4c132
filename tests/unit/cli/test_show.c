/* Requests made, answers read, results printed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <locale.h>
#include "cli/outcome.h"
#include "cli/request.h"
#include "cli/show.h"

static void setup(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

TestSuite(show, .init = setup);

Test(show, requests)
{
	static const struct {
		struct args args;
		const char *wanted;
	} cases[] = {
	    {{.command = COMMAND_SHOW_CALLS}, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\",\"params\":{}}"},
	    {{.command = COMMAND_SHOW_CALL, .call = "c-1"},
	     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"c-1\"}}"},
	    {{.command = COMMAND_TRANSFER, .call = "c-1", .to = "+1", .caller_id = "+2"},
	     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"c-1\",\"to\":\"+1\","
	     "\"caller_id\":\"+2\",\"wait\":true}}"},
	    {{.command = COMMAND_TRANSFER, .call = "c-1", .plan = "p", .no_wait = true},
	     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"c-1\",\"plan\":\"p\","
	     "\"wait\":false}}"},
	    {{.command = COMMAND_HANGUP, .call = "a\"b", .reason = "r\n"},
	     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hangup\",\"params\":{\"call\":\"a\\\"b\",\"reason\":\"r\\n\"}"
	     "}"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line = request_format(&cases[i].args);
		cr_expect_str_eq(line, cases[i].wanted, "%s", line);
		free(line);
	}
	struct args bad = {.command = COMMAND_SHOW_CALL, .call = "\xff"};
	cr_expect(!request_format(&bad));
}

Test(show, answers)
{
	static const struct {
		const char *line;
		int r;
		const char *why;
	} cases[] = {
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}", 0, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", 0, NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"do this\"}}", 1, "do this"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"not JSON\"}}", 1, "not JSON"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":[]}", -EBADMSG, "not that of"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1}", -EBADMSG, "not that of"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":7}", -EBADMSG, "not that of"},
	    {"[]", -EBADMSG, "not that of"},
	    {"HTTP/1.1 400 Bad Request", -EBADMSG, "not that of"},
	    {"", -EBADMSG, "not that of"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *result = NULL;
		char why[256] = "";
		cr_expect(request_parse(cases[i].line, &result, why, sizeof(why)) == cases[i].r, "%s", cases[i].line);
		cr_expect(!cases[i].why || strstr(why, cases[i].why), "%s", why);
		cr_expect(!result == (cases[i].r != 0));
		json_decref(result);
	}
}

/* Prints into memory; *r as show_print's. */
static char *shown(unsigned command, const char *json, int *r)
{
	json_t *result = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = NULL;
	size_t len = 0;
	struct view view = {.out = open_memstream(&text, &len), .now_s = 1667260800 + 86400 * 365 * 2};
	cr_assert(result && view.out, "%s", json);
	*r = show_print(&view, command, result);
	fclose(view.out);
	json_decref(result);
	return text;
}

static void expect_shown(unsigned command, const char *json, const char *wanted)
{
	int r;
	char *text = shown(command, json, &r);
	cr_expect(r == 0);
	cr_expect(strstr(text, wanted), "'%s' does not say '%s'", text, wanted);
	free(text);
}

Test(show, endpoints)
{
	int r;
	char *text =
	    shown(COMMAND_SHOW_ENDPOINTS,
		  "[{\"index\":70,\"gap_longest_s\":0.064,\"rx_digits\":7},{\"index\":72,\"gap_longest_s\":3.5}]", &r);
	cr_assert_eq(r, 0);
	cr_expect_not_null(strstr(text, " LONGEST-GAP-S "), "%s", text);
	cr_expect_not_null(strstr(text, " DIGITS "), "%s", text);
	cr_expect_not_null(strstr(text, " 0.06 "), "%s", text);
	cr_expect_not_null(strstr(text, " 7 "), "%s", text);
	cr_expect_not_null(strstr(text, " 3.50 "), "%s", text);
	free(text);
}

Test(show, tables)
{
	expect_shown(COMMAND_SHOW_CALLS, "[]", "no calls\n");
	expect_shown(
	    COMMAND_SHOW_CALLS,
	    "[{\"id\":\"c-1\",\"state\":\"agent\",\"caller\":\"+1\",\"dialled\":\"+2\",\"owner\":null,"
	    "\"provider\":\"p\",\"agent\":\"b\",\"duration_s\":62.5,\"transfer\":null,"
	    "\"legs\":[{\"kind\":\"caller\",\"state\":\"connected\"},{\"kind\":\"agent\",\"state\":\"ringing\"}]}]",
	    "CALL  STATE  CALLER  DIALLED  OWNER  PROVIDER  AGENT  TIME  TRANSFER  LEGS\n"
	    "c-1   agent  +1      +2       -      p         b      1:02  -         caller connected, agent ringing\n");
	expect_shown(COMMAND_SHOW_TRANSFERS,
		     "[{\"id\":\"t-1\",\"attempts\":[{\"type\":\"number\",\"destination\":\"+1\",\"status\":486},"
		     "{\"type\":\"agent\",\"destination\":null,\"status\":null}]}]",
		     "+1 486, agent -\n");
	expect_shown(COMMAND_SHOW_ENDPOINTS, "[{\"index\":1,\"orphan\":true,\"ssrc_out\":1}]", "0x00000001");
	expect_shown(COMMAND_SHOW_ENDPOINTS, "[{\"index\":1,\"source\":\"ringback-eu\"}]", "ringback-eu");
	expect_shown(COMMAND_SHOW_ENDPOINTS, "[{\"index\":1,\"source\":70,\"while_silent\":\"music\"}]",
		     "    70  music         ");
	expect_shown(COMMAND_SHOW_CALL,
		     "{\"id\":\"c-1\",\"legs\":[{\"kind\":\"caller\",\"fed_from\":70,\"while_silent\":\"music\"}]}",
		     "  hears              70\n  if that is silent  music\n");
	expect_shown(COMMAND_SHOW_PLANS,
		     "[{\"name\":\"sales\",\"owner\":\"acme\",\"targets\":[{\"type\":\"number\",\"ring_s\":15.0},"
		     "{\"type\":\"hang-up\",\"ring_s\":null}]}]",
		     "sales  acme   1  number");
	expect_shown(COMMAND_SHOW_STATS,
		     "{\"calls\":{\"calls\":1},\"sip\":{},\"media\":{},\"workers\":[],\"drops\":{\"runt\":0,"
		     "\"wrong-source\":3}}",
		     "wrong-source        3  media from another address");
	expect_shown(COMMAND_SHOW_SCREEN, "{\"peers\":[],\"rules\":[],\"scanned\":{},\"strangers\":[]}",
		     "no peer has sent anything\n\nnothing of a peer was dropped\n\nno stranger was refused\n\n"
		     "no SIP was scanned\n\n0 rules\nno rule was hit\n");
	static const char dataplane[] =
	    "{\"workers\":[{\"worker\":0,\"lcore\":1,\"cycle_hz\":2000000000,\"stages\":{\"receive\":"
	    "{\"cycles\":1000,\"items\":20},\"screen\":{\"cycles\":0,\"items\":0},\"express\":"
	    "{\"cycles\":3000,\"items\":20}}},{\"worker\":1,\"cycle_hz\":null,\"stages\":null}],"
	    "\"ports\":[{\"name\":\"outside\",\"driver\":\"net_memif\"}],\"drops\":{\"runt\":0}}";
	expect_shown(COMMAND_SHOW_DATAPLANE, dataplane,
		     "WORKER  STAGE    ITEMS  CYCLES-EACH  NS-EACH  SHARE-%\n"
		     "     0  receive     20        50.00    25.00    25.00\n"
		     "     0  express     20       150.00    75.00    75.00\n");
	expect_shown(COMMAND_SHOW_DATAPLANE, dataplane, "net_memif");
	expect_shown(COMMAND_SHOW_DATAPLANE, dataplane, "no packet was dropped\n");
	expect_shown(COMMAND_SHOW_DATAPLANE, "{\"workers\":[],\"ports\":[],\"drops\":{}}",
		     "no turn of a worker was measured\n");
	static const char screen[] =
	    "{\"peers\":[{\"peer\":\"a\",\"role\":\"agent\",\"passed\":9,\"dropped\":1,\"passed_per_s\":0,"
	    "\"dropped_per_s\":0,\"drops\":{\"sip-packet-rate\":1,\"sip-signature\":0}},"
	    "{\"peer\":\"p\",\"role\":\"provider\",\"passed\":5,\"dropped\":70,\"passed_per_s\":0,"
	    "\"dropped_per_s\":3,\"drops\":{\"sip-packet-rate\":0,\"sip-signature\":70}}],"
	    "\"scanned\":{\"message\":80,\"crlf\":0},\"rules\":[{\"id\":\"one\",\"hits\":0},"
	    "{\"id\":\"two\",\"action\":\"drop\",\"places\":[\"via\"],\"line\":2,\"hits\":70,\"hits_per_s\":1}],"
	    "\"strangers\":[{\"address\":\"2001:db8:bad:1::/64\",\"drops\":90,\"dropped_per_s\":30,\"error\":4},"
	    "{\"address\":\"203.0.113.9\",\"drops\":8,\"dropped_per_s\":0,\"error\":0}]}";
	expect_shown(COMMAND_SHOW_SCREEN, screen,
		     "TOP OFFENDERS  ROLE      DROP             PACKETS\n"
		     "p              provider  sip-signature         70\n"
		     "a              agent     sip-packet-rate        1\n");
	expect_shown(COMMAND_SHOW_SCREEN, screen,
		     "2 rules\nRULE  ACTION  PLACES  LINE  HITS  PER-SECOND\n"
		     "two   drop    via        2    70           1\n");
	expect_shown(COMMAND_SHOW_SCREEN, screen, "SCANNED  PACKETS\nmessage       80\n");
	expect_shown(COMMAND_SHOW_SCREEN, screen,
		     "STRANGER             DROPPED  PER-SECOND  TOO-MANY-BY\n"
		     "2001:db8:bad:1::/64       90          30            4\n"
		     "203.0.113.9                8           0            0\n");
	expect_shown(COMMAND_SHOW_VERSION, "{\"xfergate\":\"1\",\"numbering_data_time\":1667260800}",
		     "2 years and 0 months old");
}

/* Zero drops are left out of the table. */
Test(show, drops_that_never_happened)
{
	int r;
	char *text =
	    shown(COMMAND_SHOW_STATS,
		  "{\"calls\":{},\"sip\":{},\"media\":{},\"workers\":[],\"drops\":{\"runt\":0,\"paused\":1}}", &r);
	cr_expect(r == 0 && strstr(text, "paused") && !strstr(text, "runt"), "%s", text);
	free(text);
}

Test(show, one_call)
{
	static const char call[] =
	    "{\"id\":\"c-1\",\"legs\":[{\"kind\":\"caller\",\"remote_codecs\":[\"0 PCMU/8000\"],"
	    "\"remote_party\":\"<sip:\\u001b[2J@x>\"}],\"transfers\":[{\"id\":\"t-1\",\"attempts\":["
	    "{\"type\":\"number\",\"destination\":\"+1\",\"status\":486,\"reason\":\"Busy\","
	    "\"duration_s\":2.1},{\"type\":\"announcement\",\"destination\":\"closed\",\"status\":null,"
	    "\"reason\":\"played to its end\",\"duration_s\":2.1},{\"type\":\"number\",\"destination\":\"+2\","
	    "\"status\":null,\"reason\":null,\"duration_s\":1.0},"
	    "{\"type\":\"agent\",\"status\":null,\"duration_s\":null}]}]}";
	expect_shown(COMMAND_SHOW_CALL, call, "\nleg caller\n");
	expect_shown(COMMAND_SHOW_CALL, call, "0 PCMU/8000");
	expect_shown(COMMAND_SHOW_CALL, call, "<sip:\\x1b[2J@x>");
	expect_shown(COMMAND_SHOW_CALL, call, "\ntransfer t-1\n");
	expect_shown(COMMAND_SHOW_CALL, call,
		     "  1. number +1: 486 Busy (2.1 s)\n"
		     "  2. announcement closed: played to its end (2.1 s)\n"
		     "  3. number +2: under way (1.0 s)\n  4. agent: not tried\n");
}

#define MESSAGE(at, sent, leg, line, cseq, more)                                                                       \
	"{\"at\":" at ",\"sent\":" sent ",\"leg\":\"" leg "\",\"address\":\"192.0.2.1:5060\",\"start_line\":\"" line   \
	"\",\"cseq\":\"" cseq "\",\"in_dialog\":false,\"repeated\":false" more "}"

/* The recent messages stand below as a ladder, with a lane for each leg. */
Test(show, messages_of_a_call)
{
	static const char call[] =
	    "{\"id\":\"c-1\",\"messages_lost\":0,\"messages\":[" MESSAGE("0.0", "false", "caller", "INVITE sip:a SIP/2.0", "1 INVITE", "") "," MESSAGE(
		"0.0015", "true", "agent", "INVITE sip:b SIP/2.0", "1 INVITE",
		"") "," MESSAGE("0.5", "true", "agent", "INVITE sip:b SIP/2.0", "1 INVITE",
				",\"repeated\":true") "," MESSAGE("2", "false", "agent", "REFER sip:b SIP/2.0",
								  "2 REFER",
								  ",\"refer_to\":\"<sip:plan-x@"
								  "g>\"") "," MESSAGE("2.25", "true",
										      "target "
										      "2",
										      "INVITE "
										      "sip:c "
										      "SIP/2.0",
										      "1 "
										      "INVITE",
										      ",\"in_"
										      "dialog\""
										      ":true") "," MESSAGE("3", "true",
													   "agent",
													   "NOTIFY "
													   "sip:b "
													   "SIP/2.0",
													   "3 NOTIFY",
													   ",\"sipfrag"
													   "\":\"SIP/"
													   "2.0 200 "
													   "OK\"") "," MESSAGE("4",
															       "false",
															       "target 2",
															       "SIP/2.0 486 \\u001b[2J",
															       "1 INVITE",
															       "") "]}";
	expect_shown(COMMAND_SHOW_CALL, call, "\nmessages\n");
	int r;
	char *text = shown(COMMAND_SHOW_CALL, call, &r), *ladder = strstr(text, "\nmessages\n");
	cr_expect_str_eq(
	    ladder,
	    "\n"
	    "messages\n"
	    "                 caller                 gateway                 agent                target 2\n"
	    "   0.000            |------- INVITE ------>|                      |                      |\n"
	    "   0.002            |                      |------- INVITE ------>|                      |\n"
	    "   0.500            |                      |~~~ INVITE (again) ~~>|                      |\n"
	    "   2.000            |                      |< REFER sip:plan-x@g -|                      |\n"
	    "   2.250            |                      |----------------- re-INVITE ---------------->|\n"
	    "   3.000            |                      |--- NOTIFY 200 OK --->|                      |\n"
	    "   4.000            |                      |<-------------- 486 (INVITE) ----------------|\n",
	    "%s", ladder);
	free(text);
}

Test(show, messages_that_are_not_kept)
{
	static const char call[] = "{\"id\":\"c-1\",\"messages_lost\":%d,\"messages\":[" MESSAGE(
	    "63.5", "false", "caller", "BYE sip:a SIP/2.0", "2 BYE", "") "]}";
	static const struct {
		int lost;
		const char *wanted;
	} cases[] = {{0, "   0.000         |----- BYE ----->|"},
		     {1, "   0.000 * 1 older message is not kept\n  63.500         |----- BYE ----->|"},
		     {17, "   0.000 * 17 older messages are not kept\n  63.500         |----- BYE ----->|"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char json[sizeof(call) + 16];
		snprintf(json, sizeof(json), call, cases[i].lost);
		expect_shown(COMMAND_SHOW_CALL, json, cases[i].wanted);
	}
}

/* Notes between the messages, where they began. */
Test(show, announcements_among_the_messages)
{
	static const char call[] = "{\"id\":\"c-1\",\"messages_lost\":0,\"messages\":[" MESSAGE(
	    "0.0", "false", "caller", "INVITE sip:a SIP/2.0", "1 INVITE",
	    "") "," MESSAGE("63.5", "true", "caller", "BYE sip:a SIP/2.0", "2 BYE",
			    "") "],"
				"\"announcements\":[{\"at\":2.5,\"sound\":\"closed\",\"duration_s\":61.04,\"reason\":"
				"\"played "
				"to its end\"},"
				"{\"at\":63.6,\"sound\":\"busy\\u001b\",\"duration_s\":0.5,\"reason\":null},{},7]}";
	expect_shown(COMMAND_SHOW_CALL, call,
		     "---- INVITE --->|                |\n"
		     "   2.500 * announcement closed, 1:01: played to its end\n"
		     "  63.500         |<---- BYE ------|                |\n"
		     "  63.600 * announcement busy\\x1b, 0.5 s: under way\n");
}

/* A control plane that tells no messages, or strange ones. */
Test(show, messages_of_another_shape)
{
	static const struct {
		const char *json;
		bool drawn;
	} cases[] = {
	    {"{\"id\":\"c\"}", false},
	    {"{\"messages\":null}", false},
	    {"{\"messages\":[]}", false},
	    {"{\"messages\":{},\"messages_lost\":3}", false},
	    {"{\"messages\":[7,null,{}]}", false},
	    {"{\"messages\":[{\"leg\":\"caller\"}]}", true},
	    {"{\"messages\":[{\"leg\":\"caller\",\"at\":-1},{\"leg\":\"agent\",\"at\":1e300}]}", true},
	    {"{\"messages\":[{\"leg\":\"\\u001b[2J\",\"at\":\"x\",\"start_line\":7}]}", true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r;
		char *text = shown(COMMAND_SHOW_CALL, cases[i].json, &r);
		cr_expect(r == 0, "case %zu", i);
		cr_expect(!strstr(text, "gateway") == !cases[i].drawn, "case %zu: %s", i, text);
		cr_expect(!strchr(text, 0x1b), "case %zu: %s", i, text);
		free(text);
	}
}

/* Whatever shape an answer has, it is printed or refused. */
Test(show, answers_of_another_shape)
{
	static const char *const shapes[] = {"null",
					     "7",
					     "\"x\"",
					     "[]",
					     "{}",
					     "[1,null,[]]",
					     "[{}]",
					     "{\"legs\":7,\"transfers\":[3]}",
					     "{\"drops\":[],\"calls\":7}",
					     "[{\"legs\":7,\"attempts\":{},\"targets\":[1]}]"};
	for (unsigned command = 0; command < COMMAND_COUNT; command++)
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
			int r;
			char *text = shown(command, shapes[i], &r);
			cr_expect(r == 0 || r == -EBADMSG, "%u %s", command, shapes[i]);
			free(text);
		}
}

Test(show, outcomes)
{
	static const struct {
		const char *json;
		bool waited;
		int code;
		const char *out, *err;
	} cases[] = {
	    {"{\"id\":\"t-1\",\"result\":\"connected\",\"duration_s\":3.2,\"attempt\":1,\"attempts\":"
	     "[{\"type\":\"number\",\"destination\":\"+12025550199\",\"status\":200}]}",
	     true, 0, "connected to +12025550199 after 3.2 s\n", ""},
	    {"{\"result\":\"connected\",\"duration_s\":9.0,\"attempt\":2,\"attempts\":"
	     "[{\"type\":\"number\",\"destination\":\"+1\",\"status\":486,\"reason\":\"Busy\",\"duration_s\":2.0},"
	     "{\"type\":\"sip\",\"destination\":\"sip:a@b\",\"status\":200,\"reason\":null,\"duration_s\":7.0}]}",
	     true, 0,
	     "  1. number +1: 486 Busy (2.0 s)\n  2. sip sip:a@b: 200 (7.0 s)\nconnected to sip:a@b after 9.0 s\n", ""},
	    {"{\"result\":\"returned\",\"reason\":\"nobody answered\",\"attempts\":"
	     "[{\"type\":\"number\",\"destination\":\"+1\",\"status\":408,\"reason\":\"not answered\","
	     "\"duration_s\":5.0}]}",
	     true, 1, "  1. number +1: 408 not answered (5.0 s)\n",
	     "xfergate: the transfer failed: nobody answered; the caller is with the agent\n"},
	    {"{\"result\":\"caller-gone\",\"reason\":null,\"attempts\":[]}", true, 1, "",
	     "xfergate: the transfer failed: caller-gone; the caller has hung up\n"},
	    {"{\"id\":\"t-1\",\"result\":\"none\",\"attempts\":[]}", false, 0, "transfer t-1 started\n", ""},
	    {"{\"id\":\"t-1\",\"result\":\"hung-up\",\"reason\":\"x\",\"attempts\":[]}", false, 1, "",
	     "xfergate: the transfer failed: x; the caller was released\n"},
	    {"{}", true, 1, "", "xfergate: the transfer failed: \n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *transfer = json_loads(cases[i].json, 0, NULL);
		char *out_text = NULL, *err_text = NULL;
		size_t out_len, err_len;
		FILE *out = open_memstream(&out_text, &out_len), *err = open_memstream(&err_text, &err_len);
		cr_assert(transfer, "%s", cases[i].json);
		cr_expect(outcome_transfer(out, err, transfer, cases[i].waited) == cases[i].code, "case %zu", i);
		fclose(out);
		fclose(err);
		cr_expect_str_eq(out_text, cases[i].out, "case %zu: %s", i, out_text);
		cr_expect_str_eq(err_text, cases[i].err, "case %zu: %s", i, err_text);
		free(out_text);
		free(err_text);
		json_decref(transfer);
	}
}
