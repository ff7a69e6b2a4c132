/* Captures: who gets which packets, what a slow client loses, and how they end. */
#include <criterion/criterion.h>
#include "api/ask.h"
#include "fakes.h"

#define NOTES 64

static struct config_network networks[] = {{.name = "outside"}, {.name = "inside"}};
static struct call calls[2];
static char *notes[NOTES];
static uint64_t note_clients[NOTES];
static unsigned note_count;
static int notify_result;

static int notify(void *arg, uint64_t client, const char *json, size_t len)
{
	cr_assert(note_count < NOTES && len == strlen(json) && !memchr(json, '\n', len));
	if (notify_result < 0)
		return notify_result;
	note_clients[note_count] = client;
	notes[note_count++] = strdup(json);
	return 0;
}

static void setup(void)
{
	fakes_init();
	timers_init(&fakes.env.timers);
	fakes.seam.notify = notify;
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(xf_addr_parse(&networks[i].sip.addr, i ? "2001:db8::1" : "192.0.2.1") == 0);
		networks[i].sip.port = (uint16_t)(5060 + i);
		calls[i].id = i + 1;
	}
	strcpy(calls[0].text_id, "c-one");
	strcpy(calls[1].text_id, "c-two");
	fakes.config.networks = networks;
	fakes.config.network_count = 2;
	fakes.calls = calls;
	fakes.call_count = 2;
}

static void teardown(void)
{
	fakes_fini();
	cr_expect(timers_next(&fakes.env.timers) == UINT64_MAX, "a timer is left");
	timers_fini(&fakes.env.timers);
	while (note_count)
		free(notes[--note_count]);
}

TestSuite(captures, .init = setup, .fini = teardown);

static json_t *start(const char *params)
{
	char line[256];
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"capture.start\",\"params\":%s}",
		 params);
	return fakes_ask(line);
}

static json_t *stop(const char *capture)
{
	char line[256];
	snprintf(line, sizeof(line),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"capture.stop\",\"params\":{\"capture\":\"%s\"}}", capture);
	return fakes_ask(line);
}

static void expect_json(json_t *found, const char *text)
{
	json_t *wanted = json_loads(text, 0, NULL);
	char *shown = json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY);
	cr_expect(wanted && json_equal(found, wanted), "%s instead of %s", shown, text);
	free(shown);
	json_decref(wanted);
}

static void expect_note(unsigned i, const char *text)
{
	cr_assert(i < note_count, "%u notifications", note_count);
	json_t *found = json_loads(notes[i], 0, NULL);
	expect_json(found, text);
	json_decref(found);
}

static void expect_result(json_t *reply, const char *text)
{
	expect_json(json_object_get(reply, "result"), text);
	json_decref(reply);
}

static void pass_media(uint64_t call, uint32_t network, bool sent, const char *data, uint32_t lost)
{
	struct xf_sockaddr peer = {.port = 5070};
	cr_assert(xf_addr_parse(&peer.addr, network ? "2001:db8::9" : "192.0.2.9") == 0);
	struct shard_traffic traffic = {.call = call,
					.ns = 77,
					.network = network,
					.from = sent ? networks[network].sip : peer,
					.to = sent ? peer : networks[network].sip,
					.data = data,
					.len = strlen(data),
					.media = lost != UINT32_MAX,
					.lost = lost == UINT32_MAX ? 0 : lost};
	api_traffic(fakes.api, &traffic);
}

static void pass(uint64_t call, uint32_t network, bool sent, const char *data)
{
	pass_media(call, network, sent, data, UINT32_MAX);
}

/* Only those who asked for it get it; what the dataplane lost is lost here. */
Test(captures, media)
{
	json_decref(start("{\"call\":\"c-one\"}"));
	cr_expect(fakes.media_captures == 0);
	json_decref(start("{\"call\":\"c-one\",\"media\":true}"));
	json_decref(start("{\"all\":true,\"media\":true}"));
	cr_expect(fakes.media_captures == 2);
	pass_media(1, 0, true, "x", 0);
	pass_media(2, 0, true, "x", 3);
	cr_expect(note_count == 3);
	pass_media(1, 0, true, "x", 1);
	expect_result(stop("k-2"), "{\"capture\":\"k-2\",\"packets\":2,\"lost\":1}");
	expect_result(stop("k-3"), "{\"capture\":\"k-3\",\"packets\":3,\"lost\":4}");
	expect_result(stop("k-1"), "{\"capture\":\"k-1\",\"packets\":0,\"lost\":0}");
	cr_expect(fakes.media_captures == 0);
}

Test(captures, of_one_call_to_its_end)
{
	expect_result(start("{\"call\":\"c-one\"}"), "{\"capture\":\"k-1\",\"call\":\"c-one\",\"ns\":1000000000000}");
	pass(1, 0, false, "abcd");
	pass(2, 0, false, "x");
	pass(0, 0, false, "x");
	pass(1, 1, true, "\xff");
	expect_note(0, "{\"jsonrpc\":\"2.0\",\"method\":\"capture.packet\",\"params\":{\"capture\":\"k-1\",\"ns\":77,"
		       "\"network\":\"outside\",\"from\":\"192.0.2.9:5070\",\"to\":\"192.0.2.1:5060\","
		       "\"data\":\"YWJjZA==\"}}");
	expect_note(1, "{\"jsonrpc\":\"2.0\",\"method\":\"capture.packet\",\"params\":{\"capture\":\"k-1\",\"ns\":77,"
		       "\"network\":\"inside\",\"from\":\"[2001:db8::1]:5061\",\"to\":\"[2001:db8::9]:5070\","
		       "\"data\":\"/w==\"}}");
	api_call_gone(fakes.api, 2);
	cr_expect(note_count == 2);
	api_call_gone(fakes.api, 1);
	expect_note(2, "{\"jsonrpc\":\"2.0\",\"method\":\"capture.end\",\"params\":"
		       "{\"capture\":\"k-1\",\"packets\":2,\"lost\":0}}");
	pass(1, 0, false, "late");
	cr_expect(note_count == 3);
	cr_expect(fakes_error(stop("k-1"), "no capture") == XF_RPC_REFUSED);
}

Test(captures, of_everything)
{
	expect_result(start("{\"all\":true}"), "{\"capture\":\"k-1\",\"call\":null,\"ns\":1000000000000}");
	for (uint64_t call = 0; call < 3; call++)
		pass(call, 0, true, "x");
	api_call_gone(fakes.api, 1);
	cr_expect(note_count == 3);
	expect_result(stop("k-1"), "{\"capture\":\"k-1\",\"packets\":3,\"lost\":0}");
	pass(1, 0, true, "x");
	cr_expect(note_count == 3);
}

/* What does not fit is counted, and that is told as soon as there is room. */
Test(captures, a_slow_client)
{
	json_decref(start("{\"call\":\"c-one\"}"));
	pass(1, 0, true, "x");
	notify_result = -ENOBUFS;
	pass(1, 0, true, "x");
	pass(1, 0, true, "x");
	api_call_gone(fakes.api, 1);
	for (unsigned i = 0; i < 3; i++) {
		fakes.env.now_ns = timers_next(&fakes.env.timers);
		cr_assert(fakes.env.now_ns != UINT64_MAX);
		timers_run(&fakes.env.timers, fakes.env.now_ns);
	}
	pass(1, 0, true, "x");
	cr_expect(note_count == 1);
	notify_result = 0;
	fakes.env.now_ns += NS_PER_S;
	timers_run(&fakes.env.timers, fakes.env.now_ns);
	expect_note(1, "{\"jsonrpc\":\"2.0\",\"method\":\"capture.end\",\"params\":"
		       "{\"capture\":\"k-1\",\"packets\":1,\"lost\":2}}");
	cr_expect(timers_next(&fakes.env.timers) == UINT64_MAX);
}

Test(captures, a_slow_client_leaves)
{
	json_decref(start("{\"call\":\"c-one\"}"));
	notify_result = -ENOBUFS;
	api_call_gone(fakes.api, 1);
	api_client_gone(fakes.api, 7);
	cr_expect(timers_next(&fakes.env.timers) == UINT64_MAX);
}

Test(captures, exactly_as_many_as_may_be_and_one_more)
{
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		cr_expect(fakes_error(start(i % 2 ? "{\"all\":true}" : "{\"call\":\"c-two\"}"), NULL) == 0);
	cr_expect(fakes_error(start("{\"all\":true}"), "8 captures") == XF_RPC_REFUSED);
	pass(2, 0, true, "x");
	cr_expect(note_count == CAPTURES_MAX);
	json_decref(stop("k-3"));
	cr_expect(fakes_error(start("{\"all\":true}"), NULL) == 0);
	api_client_gone(fakes.api, 8);
	pass(2, 0, true, "x");
	cr_expect(note_count == 2 * CAPTURES_MAX);
	api_client_gone(fakes.api, 7);
	pass(2, 0, true, "x");
	cr_expect(note_count == 2 * CAPTURES_MAX);
}

Test(captures, another_clients_is_not_ended)
{
	static const char line[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"capture.start\",\"params\":{\"all\":true}}";
	api_request(fakes.api, 8, line, strlen(line));
	cr_expect(fakes_error(stop("k-1"), "this client") == XF_RPC_REFUSED);
	pass(0, 0, true, "x");
	cr_assert(note_count == 1);
	cr_expect(note_clients[0] == 8);
}

Test(captures, refused)
{
	cr_expect(fakes_error(start("{}"), "either") == XF_RPC_INVALID_PARAMS);
	cr_expect(fakes_error(start("{\"all\":false}"), "either") == XF_RPC_INVALID_PARAMS);
	cr_expect(fakes_error(start("{\"all\":true,\"call\":\"c-one\"}"), "either") == XF_RPC_INVALID_PARAMS);
	cr_expect(fakes_error(start("{\"call\":\"c-three\"}"), "no such call") == XF_RPC_REFUSED);
	pass(1, 0, true, "x");
	cr_expect(note_count == 0);
}
