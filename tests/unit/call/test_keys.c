/* Keys that people press: counted, and shown to nobody who has not asked for them. */
#include "net.h"

#include <criterion/criterion.h>

static struct net *net;
static struct phone caller, agent;
static char logged[65536];
static void (*log_before)(void *arg, enum log_level level, const char *line);

static void log_kept(void *arg, enum log_level level, const char *line)
{
	size_t len = strlen(logged);
	snprintf(logged + len, sizeof(logged) - len, "%d %s\n", level, line);
	log_before(arg, level, line);
}

static void setup(void)
{
	net = net_create();
	log_before = net->seam.log;
	net->seam.log = log_kept;
	phone_init(&caller, net, "192.0.2.20");
	phone_init(&agent, net, "198.51.100.10");
}

static void teardown(void)
{
	net_destroy(net);
}

TestSuite(keys, .init = setup, .fini = teardown);

static const char *show(void)
{
	return net_rpc(
	    net, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"show.call\",\"params\":{\"call\":\"+12025550177\"}}");
}

/* The caller presses 4 7 1 1 #, and so on for as many as there are. */
static void press(unsigned count)
{
	static const uint8_t codes[] = {4, 7, 1, 1, 11};
	for (unsigned i = 0; i < count; i++)
		fake_digit(&net->dp, net_endpoint(net, agent.invite), codes[i % 5], 120);
	net_pass(net, 10);
}

static void hang_up(void)
{
	phone_request(&caller, "BYE", NULL, NULL);
	phone_ok(&agent, "BYE");
	net_expect_nothing_left(net);
}

Test(keys, are_counted)
{
	net_connect(net, &caller, &agent, "+12025550100");
	press(5);
	const char *reply = show();
	cr_expect_not_null(strstr(reply, "\"keys_pressed\":5"), "%s", reply);
	cr_expect_not_null(strstr(reply, "\"keys\":null"), "%s", reply);
	cr_expect_null(strstr(reply, "4711"), "%s", reply);
	char line[64];
	snprintf(line, sizeof(line), "event=key number=5 key=- duration_ms=120");
	char *at = strstr(logged, line);
	cr_assert_not_null(at, "%s", logged);
	while (at > logged && at[-1] != '\n')
		at--;
	cr_expect_eq(*at, '0' + LOG_LEVEL_DEBUG);
	cr_expect_null(strstr(logged, "key=4"));
	cr_expect_null(strstr(logged, "key=#"));
	hang_up();
}

Test(keys, are_shown_where_that_is_wanted)
{
	net->config->keys_shown = true;
	net_connect(net, &caller, &agent, "+12025550100");
	press(5);
	const char *reply = show();
	cr_expect_not_null(strstr(reply, "\"keys\":\"4711#\""), "%s", reply);
	cr_expect_not_null(strstr(logged, "event=key number=5 key=# duration_ms=120"), "%s", logged);
	press(40);
	reply = show();
	cr_expect_not_null(strstr(reply, "\"keys_pressed\":45"), "%s", reply);
	cr_expect_not_null(strstr(reply, "\"keys\":\"1#4711#4711#4711#4711#4711#4711#\""), "%s", reply);
	hang_up();
}
