/* JSON-RPC itself: what is refused, with which code, and that nothing that arrives can do harm. */
#include <criterion/criterion.h>
#include "fakes.h"
#include "xfergate/rpc.h"

TestSuite(request, .init = fakes_init, .fini = fakes_fini);

Test(request, refusals_have_their_codes)
{
	static const struct {
		const char *line;
		int code;
		const char *text;
	} cases[] = {
	    {"", -32700, "not JSON"},
	    {"{", -32700, "not JSON"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"show.calls\"}", -32700, "duplicate"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.\xff\"}", -32700, "not JSON"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\"} x", -32700, "not JSON"},
	    {"1", -32700, NULL},
	    {"[]", -32600, "1 to 32"},
	    {"{}", -32600, "jsonrpc"},
	    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"show.calls\"}", -32600, "jsonrpc"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, "method"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32600, "method"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"show.calls\"}", -32600, "id"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"show.calls\"}", -32600, "id"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.cals\"}", -32601, "show.cals"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\",\"params\":[1]}", -32602, "object"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\",\"params\":{\"x\":1}}", -32602, "'x'"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\"}", -32602, "'call' is missing"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":7}}", -32602, "'call'"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"\"}}", -32602, "'call'"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"a\\r\\nb\"}}", -32602,
	     "printable"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"a\\u0000b\"}}", -32700,
	     NULL},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"c\",\"to\":\"1\",\"wait\":1}"
	     "}",
	     -32602, "'wait' must be true or false"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"c\"}}", -32602,
	     "exactly one"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"c\",\"to\":\"1\",\"plan\":"
	     "\"p\"}}",
	     -32602, "exactly one"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"transfer\",\"params\":{\"call\":\"c\",\"plan\":\"p\","
	     "\"caller_id\":\"1\"}}",
	     -32602, "'caller_id' goes with 'to'"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hangup\",\"params\":{\"call\":\"c-none\"}}", -32000, "c-none"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int code = fakes_error(fakes_ask(cases[i].line), cases[i].text);
		cr_expect(code == cases[i].code, "%s: %d instead of %d", cases[i].line, code, cases[i].code);
	}
}

Test(request, application_error_has_a_sip_code)
{
	json_t *reply =
	    fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"c-no\"}}");
	const json_t *error = json_object_get(reply, "error"), *data = json_object_get(error, "data");
	cr_expect_str_eq(json_string_value(json_object_get(error, "message")), "'c-no': no such call: give an id");
	cr_expect(json_integer_value(json_object_get(data, "code")) == 404);
	json_decref(reply);
}

/* Each parameter is held to exactly its bound. */
Test(request, bounds_of_parameters)
{
	size_t count;
	const struct xf_rpc_param *params = xf_rpc_params(&count);
	for (size_t i = 0; i < count; i++) {
		if (params[i].kind != XF_RPC_STRING)
			continue;
		for (size_t len = params[i].max; len <= params[i].max + 1; len++) {
			char text[1024] = {0}, line[2048];
			memset(text, 'a', len);
			snprintf(line, sizeof(line),
				 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{\"%s\":\"%s\"}}",
				 xf_rpc_name(params[i].method), params[i].name, text);
			json_t *reply = fakes_ask(line);
			const char *message =
			    json_string_value(json_object_get(json_object_get(reply, "error"), "message"));
			bool too_long = message && strstr(message, "printable bytes");
			cr_expect(too_long == (len > params[i].max), "%s.%s with %zu", xf_rpc_name(params[i].method),
				  params[i].name, len);
			json_decref(reply);
		}
	}
}

Test(request, ids_come_back_as_they_were)
{
	static const char *const ids[] = {"1", "\"abc\"", "null", "-7", "1.5"};
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		char line[128];
		snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"show.calls\"}", ids[i]);
		json_t *reply = fakes_ask(line), *id = json_loads(ids[i], JSON_DECODE_ANY, NULL);
		cr_expect(json_equal(json_object_get(reply, "id"), id), "%s", ids[i]);
		cr_expect(json_array_size(json_object_get(reply, "result")) == 0);
		cr_expect_str_eq(json_string_value(json_object_get(reply, "jsonrpc")), "2.0");
		json_decref(id);
		json_decref(reply);
	}
}

Test(request, notifications_get_no_answer)
{
	cr_expect(!fakes_ask("{\"jsonrpc\":\"2.0\",\"method\":\"show.calls\"}"));
	cr_expect(!fakes_ask("{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}"));
	cr_expect(!fakes_ask("[{\"jsonrpc\":\"2.0\",\"method\":\"show.calls\"}]"));
}

Test(request, a_batch_is_answered_in_one_line)
{
	json_t *reply = fakes_ask("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\"},7,"
				  "{\"jsonrpc\":\"2.0\",\"method\":\"show.calls\"},"
				  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"show.none\"}]");
	cr_assert(json_is_array(reply) && json_array_size(reply) == 3);
	json_decref(reply);
}

/* The line waits for its slowest request. */
Test(request, a_batch_waits_for_the_dataplane)
{
	cr_assert(!fakes_ask("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.endpoints\"},"
			     "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"show.calls\"}]"));
	fakes_answer(0);
	cr_assert(fakes.reply_count == 1);
	json_t *reply = json_loads(fakes.replies[0], 0, NULL);
	cr_assert(json_array_size(reply) == 2);
	json_decref(reply);
}

Test(request, bounds_of_a_batch)
{
	for (unsigned count = XF_RPC_BATCH_MAX; count <= XF_RPC_BATCH_MAX + 1; count++) {
		char *line = malloc(count * 64 + 3), *p = line;
		*p++ = '[';
		for (unsigned i = 0; i < count; i++)
			p += sprintf(p, "%s{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"show.calls\"}", i ? "," : "", i);
		strcpy(p, "]");
		json_t *reply = fakes_ask(line);
		cr_expect(json_array_size(reply) == (count <= XF_RPC_BATCH_MAX ? count : 0));
		json_decref(reply);
		free(line);
	}
}

Test(request, bounds_of_depth)
{
	for (unsigned depth = XF_RPC_DEPTH_MAX; depth <= 20000;
	     depth = depth == XF_RPC_DEPTH_MAX ? depth + 1 : depth * 40) {
		char *line = malloc(depth * 2 + 1);
		memset(line, '[', depth);
		memset(line + depth, ']', depth);
		line[depth * 2] = 0;
		json_t *reply = fakes_ask(line);
		/* within the bound: a batch of one that is no object */
		cr_expect(json_is_array(reply) == (depth <= XF_RPC_DEPTH_MAX));
		json_decref(reply);
		free(line);
	}
	/* brackets in strings are text */
	json_t *reply =
	    fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":\"[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\",\"method\":\"show.calls\"}");
	cr_expect(json_object_get(reply, "result"));
	json_decref(reply);
}

Test(request, bounds_of_a_line)
{
	static const char start[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\"}";
	for (size_t len = XF_RPC_LINE_MAX; len <= XF_RPC_LINE_MAX + 1; len++) {
		char *line = malloc(len + 1);
		memset(line, ' ', len);
		memcpy(line, start, sizeof(start) - 1);
		line[len] = 0;
		json_t *reply = fakes_ask(line);
		cr_expect(!json_object_get(reply, "error") == (len <= XF_RPC_LINE_MAX));
		json_decref(reply);
		free(line);
	}
}

Test(request, waiting_requests_are_bounded)
{
	json_t *reply = NULL;
	unsigned waiting = 0;
	while (!reply && waiting < 10000) {
		reply = fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.endpoints\"}");
		waiting++;
	}
	cr_expect(fakes_error(reply, "too many") == XF_RPC_INTERNAL);
	cr_expect(waiting == 65);
	/* another client is not held up by it */
	static const char other[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.calls\"}";
	api_request(fakes.api, 8, other, sizeof(other) - 1);
	cr_expect(fakes.reply_count == 2 && strstr(fakes.replies[1], "\"result\""));
}

Test(request, a_client_that_left_is_not_answered)
{
	cr_assert(!fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.endpoints\"}"));
	cr_assert(!fakes_ask("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.stats\"}]"));
	api_client_gone(fakes.api, 7);
	fakes_answer(0);
	cr_expect(fakes.reply_count == 0);
}

Test(request, a_client_may_leave_while_it_is_answered)
{
	fakes.gone_on_reply = true;
	cr_assert(!fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.endpoints\"}"));
	json_decref(fakes_ask("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"show.calls\"}"));
	fakes_answer(0);
	cr_expect(fakes.reply_count == 1);
}

Test(request, every_method_is_answered)
{
	fakes.answers_inside = true;
	for (unsigned method = 0; method < XF_RPC_COUNT; method++) {
		char line[128];
		snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}", xf_rpc_name(method));
		json_t *reply = fakes_ask(line);
		cr_expect(reply, "%s", xf_rpc_name(method));
		int code = fakes_error(reply, NULL);
		cr_expect(code == 0 || code == XF_RPC_INVALID_PARAMS, "%s: %d", xf_rpc_name(method), code);
	}
}

/* Cut anywhere, or with any byte changed: an answer of one line or none, never harm. */
Test(request, truncated_and_damaged_lines)
{
	static const char line[] = "[{\"jsonrpc\":\"2.0\",\"id\":\"\\u00e9\\\"x\",\"method\":\"transfer\",\"params\":"
				   "{\"call\":\"c-1\",\"to\":\"sip:a@b\",\"wait\":true,\"caller_id\":\"+1\"}},"
				   "{\"jsonrpc\":\"2.0\",\"id\":-1.5e3,\"method\":\"show.calls\",\"params\":{}}]";
	uint64_t state = 88172645463325252u;
	for (size_t len = 0; len < sizeof(line); len++) {
		api_request(fakes.api, 1, line, len);
		cr_assert(fakes.reply_count == 1);
		free(fakes.replies[--fakes.reply_count]);
	}
	for (unsigned round = 0; round < 20000; round++) {
		char copy[sizeof(line)];
		memcpy(copy, line, sizeof(line));
		for (unsigned change = 0; change < 1 + round % 4; change++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			copy[state % (sizeof(line) - 1)] = (char)(state >> 32);
		}
		api_request(fakes.api, 1, copy, sizeof(line) - 1);
		cr_assert(fakes.reply_count <= 1);
		while (fakes.reply_count)
			free(fakes.replies[--fakes.reply_count]);
	}
}

Test(request, random_bytes)
{
	uint64_t state = 0x9e3779b97f4a7c15u;
	for (unsigned round = 0; round < 5000; round++) {
		char bytes[256];
		for (size_t i = 0; i < sizeof(bytes); i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			bytes[i] = round % 2 ? (char)state : "[]{}\":,\\ 012eEtfn"[state % 17];
		}
		api_request(fakes.api, 1, bytes, state % sizeof(bytes));
		cr_assert(fakes.reply_count == 1);
		free(fakes.replies[--fakes.reply_count]);
	}
}
