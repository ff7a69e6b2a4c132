/* Calls as the API shows them, and hang-up. */
#include <criterion/criterion.h>
#include "fakes.h"

static struct config_network networks[] = {{.name = "outside"}, {.name = "inside"}};
static struct config_provider providers[] = {{.name = "twilio"}};
static struct config_agent agents[] = {{.name = "bot"}};
static struct call calls[2];
static struct leg legs[2];
static struct transfer transfers[1];

static void setup(void)
{
	fakes_init();
	fakes.config = (struct config){.networks = networks,
				       .network_count = 2,
				       .providers = providers,
				       .provider_count = 1,
				       .agents = agents,
				       .agent_count = 1};
	legs[0] = (struct leg){.id = 11,
			       .call = 1,
			       .kind = LEG_CALLER,
			       .state = LEG_STATE_CONNECTED,
			       .network = 0,
			       .hop = {.port = 5060},
			       .provider = 0,
			       .agent = XF_NONE,
			       .call_id = "abc@192.0.2.9",
			       .remote = "\"A\" <sip:a:secret@192.0.2.9>",
			       .endpoint = {70, 11},
			       .feed = {71, 13},
			       .feed_while_silent = 4,
			       .agreed = true,
			       .started_ns = 990 * NS_PER_S};
	xf_addr_parse(&legs[0].hop.addr, "192.0.2.9");
	legs[0].local_sdp.session_id = 1;
	legs[0].local_sdp.codecs[0] = (struct sdp_codec){.pt = 0, .codec = XF_CODEC_PCMU};
	legs[0].local_sdp.codec_count = 1;
	legs[0].remote_sdp.codecs[0] = (struct sdp_codec){.pt = 101, .codec = XF_CODEC_EVENT};
	legs[0].remote_sdp.codecs[1] = (struct sdp_codec){.pt = 8, .codec = XF_CODEC_PCMA};
	legs[0].remote_sdp.codecs[2] = (struct sdp_codec){.pt = 0, .codec = XF_CODEC_PCMU};
	legs[0].remote_sdp.codec_count = 3;
	legs[0].remote_sdp.direction = SDP_SENDONLY;
	legs[1] = (struct leg){.id = 13,
			       .call = 1,
			       .kind = LEG_AGENT,
			       .state = LEG_STATE_RINGING,
			       .network = 1,
			       .provider = XF_NONE,
			       .agent = 0,
			       .endpoint = {XF_ENDPOINT_NONE, 0},
			       .feed = {XF_ENDPOINT_PROMPT, 3},
			       .final_status = 486,
			       .reason = "Busy"};
	calls[0] = (struct call){.id = 1,
				 .text_id = "c-one",
				 .state = CALL_TRANSFERRING,
				 .owner = "acme",
				 .provider = 0,
				 .agent = 0,
				 .caller_number = "+12025550143",
				 .dialled_number = "+12025550100",
				 .caller_leg = 11,
				 .agent_leg = 13,
				 .target_leg = 99, /* gone */
				 .transfer = 5,
				 .started_ns = 990 * NS_PER_S,
				 .answered_ns = 995 * NS_PER_S};
	calls[1] = (struct call){.id = 2,
				 .text_id = "c-two",
				 .state = CALL_ENDING,
				 .provider = XF_NONE,
				 .agent = XF_NONE,
				 .caller_number = "anonym\xff",
				 .started_ns = 1000 * NS_PER_S};
	transfers[0] = (struct transfer){.id = 5, .text_id = "t-five", .call = 1, .plan = XF_NONE};
	fakes.calls = calls;
	fakes.call_count = 2;
	fakes.legs = legs;
	fakes.leg_count = 2;
	fakes.transfers = transfers;
	fakes.transfer_count = 1;
}

TestSuite(calls, .init = setup, .fini = fakes_fini);

static json_t *result_of(json_t *reply)
{
	json_t *result = json_incref(json_object_get(reply, "result"));
	cr_assert(result);
	json_decref(reply);
	return result;
}

#define EXPECT_JSON(value, text)                                                                                       \
	do {                                                                                                           \
		json_t *wanted = json_loads(text, JSON_DECODE_ANY, NULL);                                              \
		char *found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);                                       \
		cr_expect(wanted &&json_equal(value, wanted), "%s instead of %s", found, text);                        \
		free(found);                                                                                           \
		json_decref(wanted);                                                                                   \
	} while (0)

Test(calls, all_of_them)
{
	json_t *rows = result_of(fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\"}"));
	EXPECT_JSON(rows,
		    "[{\"id\":\"c-one\",\"state\":\"transferring\",\"caller\":\"+12025550143\","
		    "\"dialled\":\"+12025550100\",\"owner\":\"acme\",\"provider\":\"twilio\",\"agent\":\"bot\","
		    "\"duration_s\":10.0,\"transfer\":\"t-five\",\"legs\":["
		    "{\"kind\":\"caller\",\"state\":\"connected\",\"call_id\":\"abc@192.0.2.9\","
		    "\"network\":\"outside\",\"remote\":\"192.0.2.9:5060\",\"codec\":\"PCMU\",\"endpoint\":70},"
		    "{\"kind\":\"agent\",\"state\":\"ringing\",\"call_id\":null,\"network\":\"inside\","
		    "\"remote\":null,\"codec\":null,\"endpoint\":null}]},"
		    "{\"id\":\"c-two\",\"state\":\"ending\",\"caller\":\"anonym?\",\"dialled\":null,\"owner\":null,"
		    "\"provider\":null,\"agent\":null,\"duration_s\":0.0,\"transfer\":null,\"legs\":[]}]");
	json_decref(rows);
}

Test(calls, one_with_everything)
{
	json_t *call = result_of(
	    fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"c-one\"}}"));
	json_t *caller = json_array_get(json_object_get(call, "legs"), 0);
	json_t *agent = json_array_get(json_object_get(call, "legs"), 1);
	EXPECT_JSON(json_object_get(call, "answered_s"), "5.0");
	EXPECT_JSON(json_object_get(caller, "remote_codecs"),
		    "[\"101 telephone-event/8000\",\"8 PCMA/8000\",\"0 PCMU/8000\"]");
	EXPECT_JSON(json_object_get(caller, "remote_party"), "\"\\\"A\\\" <sip:a@192.0.2.9>\"");
	EXPECT_JSON(json_object_get(caller, "remote_direction"), "\"sendonly\"");
	EXPECT_JSON(json_object_get(caller, "media_local"), "\"203.0.113.7:16524\"");
	EXPECT_JSON(json_object_get(caller, "fed_from"), "71");
	EXPECT_JSON(json_object_get(caller, "while_silent"), "\"music\"");
	EXPECT_JSON(json_object_get(agent, "while_silent"), "null");
	EXPECT_JSON(json_object_get(caller, "provider"), "\"twilio\"");
	EXPECT_JSON(json_object_get(agent, "fed_from"), "\"unknown\"");
	EXPECT_JSON(json_object_get(agent, "status"), "486");
	EXPECT_JSON(json_object_get(agent, "reason"), "\"Busy\"");
	EXPECT_JSON(json_object_get(agent, "media_local"), "null");
	cr_expect(json_array_size(json_object_get(call, "transfers")) == 1);
	json_decref(call);
}

/* Oldest first, also when the ring has wrapped; what a message lacks is left out. */
Test(calls, messages_of_one)
{
	const size_t size = sizeof(struct trace) + 2 * sizeof(struct trace_message);
	struct trace *trace = calloc(1, size);
	struct trace_message *old = &trace->messages[1], *new = &trace->messages[0];
	*trace = (struct trace){.lost = 3, .first = 1, .count = 2, .room = 2};
	*old = (struct trace_message){.ns = 990 * NS_PER_S,
				      .leg_kind = LEG_CALLER,
				      .leg_number = 1,
				      .start_line = "INVITE sip:x@y SIP/2.0",
				      .cseq = "1 INVITE"};
	*new = (struct trace_message){.ns = 991 * NS_PER_S + 1500000,
				      .leg_kind = LEG_TARGET,
				      .leg_number = 2,
				      .sent = true,
				      .repeated = true,
				      .in_dialog = true,
				      .start_line = "NOTIFY sip:\xff SIP/2.0",
				      .cseq = "2 NOTIFY",
				      .sipfrag = "SIP/2.0 100 Trying",
				      .refer_to = "<sip:a@b>"};
	old->peer = new->peer = (struct xf_sockaddr){.port = 5060};
	cr_assert(xf_addr_parse(&old->peer.addr, "192.0.2.9") == 0 &&
		  xf_addr_parse(&new->peer.addr, "2001:db8::1") == 0);
	fakes.calls[0].trace = trace;
	json_t *call = result_of(
	    fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"c-one\"}}"));
	EXPECT_JSON(json_object_get(call, "messages_lost"), "3");
	EXPECT_JSON(json_object_get(call, "messages"),
		    "[{\"at\":0.0,\"sent\":false,\"leg\":\"caller\",\"address\":\"192.0.2.9:5060\","
		    "\"start_line\":\"INVITE sip:x@y SIP/2.0\",\"cseq\":\"1 INVITE\",\"in_dialog\":false,"
		    "\"repeated\":false},"
		    "{\"at\":1.0015,\"sent\":true,\"leg\":\"target 2\",\"address\":\"[2001:db8::1]:5060\","
		    "\"start_line\":\"NOTIFY sip:? SIP/2.0\",\"cseq\":\"2 NOTIFY\",\"in_dialog\":true,"
		    "\"sipfrag\":\"SIP/2.0 100 Trying\",\"refer_to\":\"<sip:a@b>\",\"repeated\":true}]");
	json_decref(call);
	call = result_of(
	    fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"c-two\"}}"));
	EXPECT_JSON(json_object_get(call, "messages"), "[]");
	EXPECT_JSON(json_object_get(call, "announcements"), "[]");
	EXPECT_JSON(json_object_get(call, "messages_lost"), "0");
	json_decref(call);
	free(trace);
}

Test(calls, hang_up)
{
	json_t *result = result_of(fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hangup\",\"params\":"
					     "{\"call\":\"c-one\",\"reason\":\"test\"}}"));
	EXPECT_JSON(result, "{\"id\":\"c-one\",\"reason\":\"test\"}");
	json_decref(result);
	cr_expect(fakes.hung_up == 1);
	cr_expect_str_eq(fakes.hang_up_reason, "test");
	int code = fakes_error(
	    fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hangup\",\"params\":{\"call\":\"c-two\"}}"), "over");
	cr_expect(code == -32000);
}

static struct transfer_attempt announced(uint64_t from_ms, uint64_t to_ms, int status, const char *reason)
{
	struct transfer_attempt attempt = {.type = CONFIG_TARGET_ANNOUNCEMENT,
					   .destination = "closed",
					   .status = status,
					   .started_ns = 990 * NS_PER_S + from_ms * NS_PER_MS,
					   .ended_ns = to_ms ? 990 * NS_PER_S + to_ms * NS_PER_MS : 0};
	snprintf(attempt.reason, sizeof(attempt.reason), "%s", reason);
	return attempt;
}

/* What the caller was played by the call's transfers, whichever of them comes first. */
Test(calls, announcements_of_one)
{
	struct transfer own[3] = {{.id = 1, .text_id = "t-now", .call = 1, .attempt_count = 3},
				  {.id = 2, .text_id = "t-old", .call = 1, .attempt_count = 1},
				  {.id = 3, .text_id = "t-other", .call = 2, .attempt_count = 1}};
	own[0].attempts[0] = (struct transfer_attempt){
	    .type = CONFIG_TARGET_NUMBER, .destination = "+12025550199", .started_ns = 993 * NS_PER_S};
	own[0].attempts[1] = announced(9000, 0, 0, "");
	own[0].attempts[2] = (struct transfer_attempt){.type = CONFIG_TARGET_ANNOUNCEMENT, .destination = "not yet"};
	own[1].attempts[0] = announced(1500, 4000, 0, "played to its end");
	own[2].attempts[0] = announced(2000, 2000, 500, "another call's");
	fakes.transfers = own;
	fakes.transfer_count = 3;
	json_t *call = result_of(
	    fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"c-one\"}}"));
	EXPECT_JSON(json_object_get(call, "announcements"),
		    "[{\"at\":1.5,\"sound\":\"closed\",\"transfer\":\"t-old\",\"duration_s\":2.5,\"status\":null,"
		    "\"reason\":\"played to its end\"},"
		    "{\"at\":9.0,\"sound\":\"closed\",\"transfer\":\"t-now\",\"duration_s\":1.0,\"status\":null,"
		    "\"reason\":null}]");
	json_decref(call);
}
