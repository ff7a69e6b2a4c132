/* `transfer` and the rows of `show transfers`. */
#include <criterion/criterion.h>
#include "fakes.h"

static struct config_provider providers[] = {{.name = "twilio"}};
static struct config_plan plans[] = {{.name = "sales"}};
static struct call calls[1];
static struct transfer transfers[1];

static void setup(void)
{
	fakes_init();
	fakes.config = (struct config){.providers = providers, .provider_count = 1, .plans = plans, .plan_count = 1};
	calls[0] = (struct call){.id = 1, .text_id = "c-one"};
	transfers[0] = (struct transfer){.id = 5,
					 .text_id = "t-five",
					 .call_text_id = "c-one",
					 .call = 1,
					 .origin = TRANSFER_FROM_OPERATOR,
					 .plan = 0,
					 .attempt_count = 2,
					 .attempt = 1,
					 .started_ns = 990 * NS_PER_S};
	transfers[0].attempts[0] = (struct transfer_attempt){.type = CONFIG_TARGET_NUMBER,
							     .destination = "+12025550199",
							     .caller_id = "+12025550100",
							     .provider = 0,
							     .status = 486,
							     .reason = "Busy Here",
							     .started_ns = 990 * NS_PER_S,
							     .ended_ns = 992 * NS_PER_S + 500 * NS_PER_MS};
	transfers[0].attempts[1] = (struct transfer_attempt){
	    .type = CONFIG_TARGET_SIP, .destination = "sip:u:pw@pbx.lab", .provider = XF_NONE};
	fakes.calls = calls;
	fakes.call_count = 1;
	fakes.transfers = transfers;
	fakes.transfer_count = 1;
}

TestSuite(transfers, .init = setup, .fini = fakes_fini);

static const char attempts_json[] =
    "[{\"type\":\"number\",\"destination\":\"+12025550199\",\"caller_id\":\"+12025550100\",\"provider\":\"twilio\","
    "\"status\":486,\"reason\":\"Busy Here\",\"duration_s\":2.5},"
    "{\"type\":\"sip\",\"destination\":\"sip:u@pbx.lab\",\"caller_id\":null,\"provider\":null,\"status\":null,"
    "\"reason\":null,\"duration_s\":null}]";

static void expect_row(json_t *row, const char *state, const char *result, const char *rest)
{
	char text[2048];
	snprintf(text, sizeof(text),
		 "{\"id\":\"t-five\",\"call\":\"c-one\",\"origin\":\"operator\",\"plan\":\"sales\",\"state\":\"%s\","
		 "\"result\":\"%s\",%s,\"attempt\":2,\"attempts\":%s}",
		 state, result, rest, attempts_json);
	json_t *wanted = json_loads(text, 0, NULL);
	char *found = json_dumps(row, JSON_COMPACT);
	cr_assert(wanted, "%s", text);
	cr_expect(json_equal(row, wanted), "%s instead of %s", found, text);
	free(found);
	json_decref(wanted);
}

Test(transfers, rows)
{
	json_t *reply = fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.transfers\"}");
	json_t *rows = json_object_get(reply, "result");
	cr_assert(json_array_size(rows) == 1);
	expect_row(json_array_get(rows, 0), "dialling", "none", "\"status\":null,\"reason\":null,\"duration_s\":10.0");
	json_decref(reply);
}

/* Its call is gone; the row still says which it was. */
Test(transfers, finished_without_its_call)
{
	fakes.call_count = 0;
	transfers[0].state = TRANSFER_DONE;
	transfers[0].result = TRANSFER_RESULT_RETURNED;
	transfers[0].final_status = 408;
	transfers[0].attempt = 2; /* there is none any more: the last was the second */
	transfers[0].ended_ns = 993 * NS_PER_S;
	snprintf(transfers[0].reason, sizeof(transfers[0].reason), "not answered");
	json_t *reply = fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.transfers\"}");
	expect_row(json_array_get(json_object_get(reply, "result"), 0), "done", "returned",
		   "\"status\":408,\"reason\":\"not answered\",\"duration_s\":3.0");
	json_decref(reply);
}

#define START "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"c-one\","

Test(transfers, parameters_reach_the_shard)
{
	json_decref(fakes_ask(START "\"to\":\"+12025550199\",\"caller_id\":\"+12025550100\"}}"));
	cr_expect(fakes.started_call == 1);
	cr_expect_str_eq(fakes.started_to, "+12025550199");
	cr_expect_str_eq(fakes.started_plan, "(none)");
	cr_expect_str_eq(fakes.started_caller_id, "+12025550100");
	json_decref(fakes_ask(START "\"plan\":\"sales\"}}"));
	cr_expect_str_eq(fakes.started_to, "(none)");
	cr_expect_str_eq(fakes.started_plan, "sales");
	cr_expect_str_eq(fakes.started_caller_id, "(none)");
}

Test(transfers, without_waiting_the_answer_comes_at_once)
{
	json_t *reply = fakes_ask(START "\"to\":\"1\",\"wait\":false}}");
	expect_row(json_object_get(reply, "result"), "dialling", "none",
		   "\"status\":null,\"reason\":null,\"duration_s\":10.0");
	json_decref(reply);
}

Test(transfers, waiting_until_the_result_is_there)
{
	cr_assert(!fakes_ask(START "\"to\":\"1\",\"wait\":true}}"));
	struct transfer other = {.id = 6, .result = TRANSFER_RESULT_CONNECTED};
	api_transfer_finished(fakes.api, &other);
	cr_assert(fakes.reply_count == 0);
	transfers[0].state = TRANSFER_REPORTING;
	transfers[0].result = TRANSFER_RESULT_CONNECTED;
	transfers[0].final_status = 200;
	transfers[0].ended_ns = 994 * NS_PER_S;
	api_transfer_finished(fakes.api, &transfers[0]);
	cr_assert(fakes.reply_count == 1);
	json_t *reply = json_loads(fakes.replies[0], 0, NULL);
	expect_row(json_object_get(reply, "result"), "reporting", "connected",
		   "\"status\":200,\"reason\":null,\"duration_s\":4.0");
	json_decref(reply);
	api_transfer_finished(fakes.api, &transfers[0]);
	cr_expect(fakes.reply_count == 1, "answered once");
}

/* The shard may have the result before the API could begin to wait. */
Test(transfers, finished_inside_the_start)
{
	transfers[0].result = TRANSFER_RESULT_HUNG_UP;
	json_t *reply = fakes_ask(START "\"to\":\"1\",\"wait\":true}}");
	cr_expect(json_object_get(reply, "result"));
	json_decref(reply);
}

Test(transfers, waiting_client_leaves)
{
	cr_assert(!fakes_ask(START "\"to\":\"1\",\"wait\":true}}"));
	api_client_gone(fakes.api, 7);
	api_transfer_finished(fakes.api, &transfers[0]);
	cr_expect(fakes.reply_count == 0);
}

Test(transfers, refusal_says_why)
{
	fakes.start_status = 403;
	fakes.start_why = "+1 is not registered: add it to numbers";
	json_t *reply = fakes_ask(START "\"to\":\"1\",\"wait\":true}}");
	json_t *error = json_object_get(reply, "error");
	cr_expect(json_integer_value(json_object_get(json_object_get(error, "data"), "code")) == 403);
	cr_expect(fakes_error(reply, "add it to numbers") == -32000);
}
