/* What only the dataplane knows: endpoints, ports, counters; and what is said when it is not there. */
#include <criterion/criterion.h>
#include "api/ask.h"
#include "fakes.h"

static struct call calls[] = {{.id = 1, .text_id = "c-one"}};
static struct leg legs[] = {{.id = 11, .call = 1}};
static struct xf_endpoint_state mine, orphan;

static void setup(void)
{
	fakes_init();
	fakes.calls = calls;
	fakes.call_count = 1;
	fakes.legs = legs;
	fakes.leg_count = 1;
	mine = (struct xf_endpoint_state){.id = {70, 11},
					  .source = {71, 13},
					  .armed = {XF_ENDPOINT_NONE, 0},
					  .local = {.port = 16524},
					  .remote = {.port = 40000},
					  .worker = 1,
					  .neighbour_resolved = 1,
					  .ssrc_out = 0xdeadbeef,
					  .ssrc_in = 1,
					  .rx_packets = 500,
					  .rx_bytes = 86000,
					  .rx_wrong_source = 4,
					  .rx_digits = 7,
					  .tx_packets = 499,
					  .gap_longest_ns = 23 * NS_PER_MS,
					  .rx_expected = 510,
					  .rx_reordered = 3,
					  .rx_duplicate = 2,
					  .jitter_us = 1250,
					  .rtt_us = 20500};
	xf_addr_parse(&mine.local.addr, "192.0.2.1");
	xf_addr_parse(&mine.remote.addr, "2001:db8::9");
	orphan = (struct xf_endpoint_state){
	    .id = {80, 12}, .source = {XF_ENDPOINT_NONE, 0}, .armed = {70, 11}, .local = mine.local, .paused = 1};
}

TestSuite(dataplane, .init = setup, .fini = fakes_fini);

static json_t *ask(const char *method)
{
	char line[128];
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}", method);
	return fakes_ask(line);
}

static json_t *last_result(void)
{
	cr_assert(fakes.reply_count > 0);
	json_t *reply = json_loads(fakes.replies[fakes.reply_count - 1], 0, NULL);
	json_t *result = json_incref(json_object_get(reply, "result"));
	cr_assert(result, "%s", fakes.replies[fakes.reply_count - 1]);
	json_decref(reply);
	return result;
}

static void expect_equal(const json_t *value, const char *text)
{
	json_t *wanted = json_loads(text, JSON_DECODE_ANY, NULL);
	char *found = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	cr_assert(wanted, "%s", text);
	cr_expect(json_equal(value, wanted), "%s instead of %s", found, text);
	free(found);
	json_decref(wanted);
}

Test(dataplane, endpoints_and_orphans)
{
	const struct fake_row rows[] = {{XF_LINK_ENDPOINT, &mine}, {XF_LINK_ENDPOINT, &orphan}};
	fakes.rows = rows;
	fakes.row_count = 2;
	cr_assert(!ask("show.endpoints"));
	fakes_answer(0);
	json_t *result = last_result();
	expect_equal(
	    result,
	    "[{\"index\":70,\"generation\":11,\"local\":\"192.0.2.1:16524\",\"remote\":\"[2001:db8::9]:40000\","
	    "\"locked\":null,\"source\":71,\"while_silent\":null,\"prompt_ended\":false,\"armed\":null,\"paused\":"
	    "false,\"neighbour_resolved\":true,"
	    "\"rx_packets\":500,\"rx_bytes\":86000,\"rx_rtcp\":0,\"rx_dropped\":0,\"rx_wrong_source\":4,"
	    "\"rx_digits\":7,\"tx_packets\":499,\"tx_bytes\":0,\"tx_rtcp\":0,\"gap_longest_s\":0.023,\"ssrc_in\":1,"
	    "\"ssrc_out\":3735928559,\"rx_expected\":510,\"rx_lost\":12,\"rx_reordered\":3,"
	    "\"rx_duplicate\":2,\"jitter_ms\":1.25,\"rtt_ms\":20.5,\"mos\":null,\"worker\":1,\"call\":\"c-one\","
	    "\"orphan\":false},"
	    "{\"index\":80,\"generation\":12,\"local\":\"192.0.2.1:16524\",\"remote\":null,\"locked\":null,"
	    "\"source\":null,\"while_silent\":null,\"prompt_ended\":false,\"armed\":70,\"paused\":true,\"neighbour_"
	    "resolved\":false,\"rx_packets\":0,"
	    "\"rx_bytes\":0,\"rx_rtcp\":0,\"rx_dropped\":0,\"rx_wrong_source\":0,\"rx_digits\":0,\"tx_packets\":0,\"tx_"
	    "bytes\":0,"
	    "\"tx_rtcp\":0,\"gap_longest_s\":0.0,\"ssrc_in\":null,\"ssrc_out\":null,"
	    "\"rx_expected\":0,\"rx_lost\":0,\"rx_reordered\":0,\"rx_duplicate\":0,\"jitter_ms\":0.0,"
	    "\"rtt_ms\":null,\"mos\":null,\"worker\":0,\"call\":null,"
	    "\"orphan\":true}]");
	json_decref(result);
}

Test(dataplane, too_many_endpoints)
{
	struct fake_row *rows = calloc(ENDPOINTS_ROWS_MAX + 1, sizeof(*rows));
	for (size_t i = 0; i <= ENDPOINTS_ROWS_MAX; i++)
		rows[i] = (struct fake_row){XF_LINK_ENDPOINT, &mine};
	fakes.rows = rows;
	fakes.row_count = ENDPOINTS_ROWS_MAX;
	cr_assert(!ask("show.endpoints"));
	fakes_answer(0);
	json_t *result = last_result();
	cr_expect(json_array_size(result) == ENDPOINTS_ROWS_MAX);
	json_decref(result);
	fakes.row_count = ENDPOINTS_ROWS_MAX + 1;
	cr_assert(!ask("show.endpoints"));
	fakes_answer(0);
	json_t *reply = json_loads(fakes.replies[fakes.reply_count - 1], 0, NULL);
	expect_equal(json_object_get(json_object_get(json_object_get(reply, "error"), "data"), "code"), "413");
	json_decref(reply);
	free(rows);
}

Test(dataplane, endpoint_that_hears_a_prompt)
{
	const struct fake_row rows[] = {{XF_LINK_ENDPOINT, &mine}};
	mine.source = xf_prompt_id(7);
	mine.prompt_ended = 1;
	fakes.rows = rows;
	fakes.row_count = 1;
	cr_assert(!ask("show.endpoints"));
	fakes_answer(0);
	json_t *result = last_result();
	expect_equal(json_object_get(json_array_get(result, 0), "source"), "\"sorry\"");
	expect_equal(json_object_get(json_array_get(result, 0), "while_silent"), "null");
	expect_equal(json_object_get(json_array_get(result, 0), "prompt_ended"), "true");
	json_decref(result);
}

Test(dataplane, ports)
{
	struct xf_link_port port = {.driver = "net_af_xdp",
				    .tap = "xfg-outside",
				    .mac = {2, 0, 0, 0, 0xab, 1},
				    .link_up = 1,
				    .rx_packets = 5,
				    .tap_out = UINT64_MAX};
	memset(port.name, 'n', sizeof(port.name)); /* without its NUL: read no further */
	const struct fake_row rows[] = {{XF_LINK_PORT, &port}};
	fakes.rows = rows;
	fakes.row_count = 1;
	cr_assert(!ask("show.ports"));
	fakes_answer(0);
	json_t *result = last_result(), *row = json_array_get(result, 0);
	cr_assert(json_array_size(result) == 1);
	expect_equal(json_object_get(row, "name"), "\"nnnnnnnnnnnnnnnn\"");
	expect_equal(json_object_get(row, "mac"), "\"02:00:00:00:ab:01\"");
	expect_equal(json_object_get(row, "link_up"), "true");
	expect_equal(json_object_get(row, "rx_packets"), "5");
	expect_equal(json_object_get(row, "tap_out"), "9223372036854775807");
	json_decref(result);
}

Test(dataplane, stats)
{
	struct xf_link_drops drops = {{0}};
	const struct xf_link_worker workers[] = {
	    {.worker = 0, .lcore = 2, .forwarded = 77, .events_lost = 5, .keys_untold = 6}, {.worker = 1, .lcore = 3}};
	drops.count[XF_DROP_WRONG_SOURCE] = 9;
	const struct fake_row rows[] = {
	    {XF_LINK_DROPS, &drops}, {XF_LINK_WORKER, &workers[0]}, {XF_LINK_WORKER, &workers[1]}};
	fakes.rows = rows;
	fakes.row_count = 3;
	cr_assert(!ask("show.stats"));
	fakes_answer(0);
	json_t *result = last_result(), *named = json_object_get(result, "drops");
	cr_expect(json_object_size(named) == XF_DROP_COUNT, "every drop has its row");
	for (unsigned drop = 0; drop < XF_DROP_COUNT; drop++)
		expect_equal(json_object_get(named, xf_drop_name(drop)), drop == XF_DROP_WRONG_SOURCE ? "9" : "0");
	cr_expect(json_array_size(json_object_get(result, "workers")) == 2);
	expect_equal(json_object_get(json_array_get(json_object_get(result, "workers"), 0), "forwarded"), "77");
	expect_equal(json_object_get(json_array_get(json_object_get(result, "workers"), 0), "events_lost"), "5");
	expect_equal(json_object_get(json_array_get(json_object_get(result, "workers"), 0), "keys_untold"), "6");
	expect_equal(json_object_get(json_object_get(result, "calls"), "transfers_refused"), "11");
	expect_equal(json_object_get(json_object_get(result, "sip"), "received"), "40");
	expect_equal(json_object_get(json_object_get(result, "media"), "ports_free"), "8190");
	json_decref(result);
}

Test(dataplane, dataplane)
{
	struct xf_link_drops drops = {{0}};
	struct xf_link_port port = {.name = "outside", .link_up = 1};
	struct xf_link_worker measured = {.worker = 0, .lcore = 2, .cycle_hz = 2000000000}, other = {.worker = 1};
	drops.count[XF_DROP_TX_FULL] = 3;
	measured.stages[XF_STAGE_EXPRESS] = (struct xf_stage_count){4000, 32};
	const struct fake_row rows[] = {
	    {XF_LINK_PORT, &port}, {XF_LINK_WORKER, &measured}, {XF_LINK_WORKER, &other}, {XF_LINK_DROPS, &drops}};
	fakes.rows = rows;
	fakes.row_count = 4;
	cr_assert(!ask("show.dataplane"));
	fakes_answer(0);
	json_t *result = last_result(), *workers = json_object_get(result, "workers");
	json_t *first = json_array_get(workers, 0), *stages = json_object_get(first, "stages");
	cr_expect(json_array_size(workers) == 2);
	expect_equal(json_object_get(first, "lcore"), "2");
	expect_equal(json_object_get(first, "cycle_hz"), "2000000000");
	cr_expect(json_object_size(stages) == XF_STAGE_COUNT, "every stage has its row");
	expect_equal(json_object_get(stages, "express"), "{\"cycles\":4000,\"items\":32}");
	expect_equal(json_object_get(json_array_get(workers, 1), "stages"), "null");
	expect_equal(json_object_get(json_array_get(workers, 1), "cycle_hz"), "null");
	expect_equal(json_object_get(json_array_get(json_object_get(result, "ports"), 0), "name"), "\"outside\"");
	expect_equal(json_object_get(json_object_get(result, "drops"), "tx-full"), "3");
	json_decref(result);
}

Test(dataplane, screen)
{
	struct xf_link_peer peer = {.peer = 0, .passed = 7, .dropped = 5, .passed_per_s = 3, .dropped_per_s = 2};
	struct xf_link_peer targets = {.peer = XF_PEER_TARGETS, .passed = 1};
	struct xf_link_screen screen = {.rules = 1, .reloads = 4};
	struct xf_link_signature rule = {
	    .line = 9, .action = SIGNATURE_ALERT, .places = 1 << SIGNATURE_PLACE_VIA | 1, .hits = 11, .hits_per_s = 6};
	struct xf_link_stranger v4 = {.drops = 90, .error = 4, .drops_per_s = 30}, v6 = {.drops = 8};
	cr_assert_eq(xf_prefix_parse(&v4.block, "203.0.113.9"), 0);
	cr_assert_eq(xf_prefix_parse(&v6.block, "2001:db8:bad:1::/64"), 0);
	memset(rule.id, 'r', sizeof(rule.id)); /* without its NUL: read no further */
	static struct config_provider provider = {.name = "twilio"};
	fakes.config.providers = &provider;
	fakes.config.provider_count = 1;
	peer.drops[XF_DROP_SIP_SIGNATURE - XF_DROP_SCREEN_FIRST] = 5;
	screen.scanned[SIP_SCAN_PONG] = 8;
	const struct fake_row rows[] = {{XF_LINK_PEER, &peer},	    {XF_LINK_PEER, &targets}, {XF_LINK_SCREEN, &screen},
					{XF_LINK_SIGNATURE, &rule}, {XF_LINK_STRANGER, &v4},  {XF_LINK_STRANGER, &v6}};
	fakes.rows = rows;
	fakes.row_count = 6;
	cr_assert(!ask("show.screen"));
	fakes_answer(0);
	json_t *result = last_result(), *peers = json_object_get(result, "peers"), *first = json_array_get(peers, 0);
	cr_expect(json_array_size(peers) == 2);
	expect_equal(json_object_get(first, "role"), "\"provider\"");
	expect_equal(json_object_get(first, "peer"), "\"twilio\"");
	expect_equal(json_object_get(first, "passed"), "7");
	expect_equal(json_object_get(first, "dropped_per_s"), "2");
	cr_expect(json_object_size(json_object_get(first, "drops")) == XF_SCREEN_DROP_COUNT);
	expect_equal(json_object_get(json_object_get(first, "drops"), "sip-signature"), "5");
	expect_equal(json_object_get(json_array_get(peers, 1), "peer"), "null");
	expect_equal(json_object_get(json_array_get(peers, 1), "role"), "\"target\"");
	json_t *said = json_array_get(json_object_get(result, "rules"), 0);
	expect_equal(json_object_get(said, "id"), "\"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\"");
	expect_equal(json_object_get(said, "action"), "\"alert\"");
	expect_equal(json_object_get(said, "places"), "[\"anywhere\",\"via\"]");
	expect_equal(json_object_get(said, "hits"), "11");
	expect_equal(json_object_get(said, "line"), "9");
	expect_equal(json_object_get(json_object_get(result, "scanned"), "crlf"), "8");
	cr_expect(json_object_size(json_object_get(result, "scanned")) == SIP_SCAN_VERDICT_COUNT);
	expect_equal(json_object_get(result, "reloads"), "4");
	expect_equal(json_object_get(result, "strangers"),
		     "[{\"address\":\"203.0.113.9\",\"drops\":90,\"dropped_per_s\":30,\"error\":4},"
		     "{\"address\":\"2001:db8:bad:1::/64\",\"drops\":8,\"dropped_per_s\":0,\"error\":0}]");
	json_decref(result);
}

Test(dataplane, not_connected)
{
	static const char *const methods[] = {"show.dataplane", "show.endpoints", "show.ports", "show.screen",
					      "show.stats"};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		fakes.link_result = -ENOTCONN;
		cr_expect(fakes_error(ask(methods[i]), "dataplane not connected") == -32000);
		/* lost while it was asked */
		fakes.link_result = 0;
		cr_assert(!ask(methods[i]));
		fakes_answer(-ENOTCONN);
		json_t *reply = json_loads(fakes.replies[fakes.reply_count - 1], 0, NULL);
		json_t *data = json_object_get(json_object_get(reply, "error"), "data");
		cr_expect(json_integer_value(json_object_get(data, "code")) == 503);
		cr_expect(fakes_error(reply, "dataplane not connected") == -32000);
	}
}

Test(dataplane, version)
{
	json_t *reply = ask("show.version"), *version = json_object_get(reply, "result");
	expect_equal(json_object_get(version, "numbering_data_time"), "1667260800");
	expect_equal(json_object_get(version, "uptime_s"), "0.0");
	expect_equal(json_object_get(version, "dataplane_connected"), "true");
	cr_expect_str_eq(json_string_value(json_object_get(version, "xfergate")), XF_VERSION);
	cr_expect(json_string_length(json_object_get(version, "libosip2")) > 0);
	cr_expect(strstr(json_string_value(json_object_get(version, "openssl")), "OpenSSL"));
	json_decref(reply);
}
