/* What the configuration says, as the API shows it: never a secret. */
#include <criterion/criterion.h>
#include "fakes.h"

static struct config_network networks[] = {{.name = "outside"}};
static uint32_t both[] = {0, 1};
static struct xf_prefix blocks[2], agent_blocks[1];
static struct config_provider providers[] = {
    {.name = "twilio",
     .owner = "acme",
     .network = 0,
     .region = "US",
     .trunk = {.text = "sip:user:hunter2@pstn.example"},
     .sources = blocks,
     .source_count = 2,
     .credentials = {.username = "acme", .password = "hunter2", .realm = "sip.example"},
     .cost_per_minute = 0.5,
     .currency = "USD"},
    {.name = "other",
     .owner = "",
     .network = 0,
     .region = "DE",
     .trunk = {.text = "sip:192.0.2.9"},
     .number_format = CONFIG_NUMBER_PLAIN,
     .validity = CONFIG_VALIDITY_STRICT,
     .strict_source = true,
     .currency = ""},
};
static struct config_agent agents[] = {{.name = "bot", .owner = "acme", .sources = agent_blocks, .source_count = 1}};
static struct config_number numbers[] = {
    {.number = "+12025550100",
     .owner = "acme",
     .verified = true,
     .active = true,
     .providers = both,
     .provider_count = 2},
    {.number = "+12025550101", .owner = ""},
};
static struct config_plan plans[1];

static void setup(void)
{
	fakes_init();
	xf_prefix_parse(&blocks[0], "192.0.2.0/24");
	xf_prefix_parse(&blocks[1], "2001:db8::/32");
	xf_prefix_parse(&agent_blocks[0], "198.51.100.7");
	plans[0] = (struct config_plan){.name = "sales", .owner = "acme", .target_count = 3};
	plans[0].targets[0] = (struct config_target){.type = CONFIG_TARGET_NUMBER,
						     .destination = "(202) 555-0143",
						     .caller_id = "dialled",
						     .ring_ms = 15500,
						     .network = XF_NONE,
						     .provider = 0,
						     .region = "US"};
	plans[0].targets[1] = (struct config_target){.type = CONFIG_TARGET_SIP,
						     .destination = "sip:r@pbx.lab",
						     .ring_ms = 10000,
						     .network = 0,
						     .provider = XF_NONE};
	plans[0].targets[2] = (struct config_target){.type = CONFIG_TARGET_HANGUP};
	fakes.config = (struct config){.networks = networks,
				       .network_count = 1,
				       .providers = providers,
				       .provider_count = 2,
				       .agents = agents,
				       .agent_count = 1,
				       .numbers = numbers,
				       .number_count = 2,
				       .plans = plans,
				       .plan_count = 1};
}

TestSuite(config, .init = setup, .fini = fakes_fini);

static void expect_result(const char *method, const char *text)
{
	char line[128];
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}", method);
	json_t *reply = fakes_ask(line), *wanted = json_loads(text, 0, NULL);
	cr_assert(wanted && reply, "%s", text);
	cr_expect(json_equal(json_object_get(reply, "result"), wanted), "%s instead of %s",
		  fakes.replies[fakes.reply_count - 1], text);
	cr_expect(!strstr(fakes.replies[fakes.reply_count - 1], "hunter2"));
	json_decref(wanted);
	json_decref(reply);
}

Test(config, providers)
{
	expect_result(
	    "show.providers",
	    "[{\"name\":\"twilio\",\"owner\":\"acme\",\"network\":\"outside\",\"region\":\"US\","
	    "\"trunk\":\"sip:user@pstn.example\",\"sources\":[\"192.0.2.0/24\",\"2001:db8::/32\"],"
	    "\"credentials\":\"set\",\"realm\":\"sip.example\",\"number_format\":\"plus\","
	    "\"validity\":\"possible\",\"media_source\":\"learn\",\"cost_per_minute\":0.5,\"currency\":\"USD\"},"
	    "{\"name\":\"other\",\"owner\":null,\"network\":\"outside\",\"region\":\"DE\","
	    "\"trunk\":\"sip:192.0.2.9\",\"sources\":[],\"credentials\":\"none\",\"realm\":null,"
	    "\"number_format\":\"plain\",\"validity\":\"strict\",\"media_source\":\"strict\","
	    "\"cost_per_minute\":null,\"currency\":null}]");
}

Test(config, numbers)
{
	expect_result(
	    "show.numbers",
	    "[{\"number\":\"+12025550100\",\"owner\":\"acme\",\"verified\":\"operator\",\"active\":true,"
	    "\"providers\":[\"twilio\",\"other\"]},"
	    "{\"number\":\"+12025550101\",\"owner\":null,\"verified\":null,\"active\":false,\"providers\":[]}]");
}

Test(config, plans)
{
	expect_result(
	    "show.plans",
	    "[{\"name\":\"sales\",\"owner\":\"acme\",\"targets\":["
	    "{\"type\":\"number\",\"destination\":\"(202) 555-0143\",\"caller_id\":\"dialled\","
	    "\"provider\":\"twilio\",\"network\":null,\"region\":\"US\",\"ring_s\":15.5},"
	    "{\"type\":\"sip\",\"destination\":\"sip:r@pbx.lab\",\"caller_id\":null,\"provider\":null,"
	    "\"network\":\"outside\",\"region\":null,\"ring_s\":10.0},"
	    "{\"type\":\"hang-up\",\"destination\":null,\"caller_id\":null,\"provider\":null,\"network\":null,"
	    "\"region\":null,\"ring_s\":null}]}]");
}

/* Peers are numbered providers first, then agents. */
Test(config, sources_with_their_counts)
{
	static const struct xf_link_peer twilio = {.peer = 0, .passed = 100, .dropped = 3};
	static const struct xf_link_peer bot = {.peer = 2, .passed = 7};
	static const struct xf_link_drops drops = {{0}};
	static const struct fake_row rows[] = {{XF_LINK_DROPS, &drops}, {XF_LINK_PEER, &twilio}, {XF_LINK_PEER, &bot}};
	fakes.rows = rows;
	fakes.row_count = 3;
	fakes.answers_inside = true;
	expect_result("show.sources",
		      "[{\"block\":\"192.0.2.0/24\",\"role\":\"provider\",\"peer\":\"twilio\",\"owner\":\"acme\","
		      "\"passed\":100,\"dropped\":3},"
		      "{\"block\":\"2001:db8::/32\",\"role\":\"provider\",\"peer\":\"twilio\",\"owner\":\"acme\","
		      "\"passed\":100,\"dropped\":3},"
		      "{\"block\":\"198.51.100.7/32\",\"role\":\"agent\",\"peer\":\"bot\",\"owner\":\"acme\","
		      "\"passed\":7,\"dropped\":0}]");
}

/* The blocks are known without the dataplane, their counts are not. */
Test(config, sources_without_dataplane)
{
	fakes.link_result = -ENOTCONN;
	fakes.config.provider_count = 0;
	expect_result("show.sources", "[{\"block\":\"198.51.100.7/32\",\"role\":\"agent\",\"peer\":\"bot\","
				      "\"owner\":\"acme\",\"passed\":null,\"dropped\":null}]");
}
