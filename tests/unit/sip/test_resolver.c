/* From a URI to addresses, with the answers in the test's hands. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include "sip/resolver.h"

struct world {
	struct env env;
	struct seam seam;
	struct resolver *resolver;
	uint64_t query; /* the last that was asked */
	char name[SIP_HOST_MAX];
	unsigned asked, told;
	uint64_t owner;
	struct xf_sockaddr addrs[RESOLVER_ADDRS_MAX];
	unsigned count;
	char why[128];
	const char *at_once; /* the seam answers with this before it returns */
};

static struct world world;

static void on_resolve(void *arg, uint64_t query, const char *name)
{
	world.asked++;
	world.query = query;
	snprintf(world.name, sizeof(world.name), "%s", name);
	if (world.at_once) {
		struct xf_addr addr;
		xf_addr_parse(&addr, world.at_once);
		resolver_answered(world.resolver, query, &addr, 1, NULL);
		cr_assert_eq(world.told, 0, "not inside resolver_ask");
	}
}

static void on_done(void *arg, uint64_t owner, const struct xf_sockaddr *addrs, unsigned count, const char *why)
{
	world.told++;
	world.owner = owner;
	world.count = count;
	if (count)
		memcpy(world.addrs, addrs, count * sizeof(*addrs));
	snprintf(world.why, sizeof(world.why), "%s", why);
}

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	world.seam = (struct seam){.arg = &world, .resolve = on_resolve};
	world.env.seam = &world.seam;
	timers_init(&world.env.timers);
	cr_assert_eq(resolver_create(&world.resolver, &world.env, on_done, &world), 0);
}

static void end(void)
{
	cr_assert_eq(resolver_pending(world.resolver), 0);
	cr_assert_eq(timers_next(&world.env.timers), UINT64_MAX);
	resolver_destroy(world.resolver);
	timers_fini(&world.env.timers);
}

static void run(uint64_t now_ns)
{
	world.env.now_ns = now_ns;
	timers_run(&world.env.timers, now_ns);
}

static int ask(const char *text, uint64_t owner)
{
	struct sip_uri uri;
	cr_assert_eq(sip_uri_parse(&uri, text, strlen(text)), 0);
	return resolver_ask(world.resolver, owner, &uri);
}

static void assert_addr(unsigned i, const char *want)
{
	char text[XF_SOCKADDR_STRLEN];
	cr_assert_str_eq(xf_sockaddr_format(&world.addrs[i], text), want);
}

Test(resolver, numeric_hosts_at_once_but_not_inside)
{
	static const struct {
		const char *uri, *want;
	} cases[] = {
	    {"sip:a@192.0.2.9", "192.0.2.9:5060"},
	    {"sip:192.0.2.9:5070;transport=udp", "192.0.2.9:5070"},
	    {"sip:a@[2001:db8::9]:5071", "[2001:db8::9]:5071"},
	    {"sip:a@[::ffff:192.0.2.9]", "192.0.2.9:5060"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin();
		cr_assert_eq(ask(cases[i].uri, 7), 0);
		cr_assert_eq(world.told, 0);
		cr_assert_eq(resolver_pending(world.resolver), 1);
		run(0);
		cr_assert_eq(world.told, 1);
		cr_assert_eq(world.owner, 7);
		cr_assert_eq(world.count, 1);
		assert_addr(0, cases[i].want);
		cr_assert_eq(world.asked, 0);
		end();
	}
}

Test(resolver, refused)
{
	struct sip_uri none = {.scheme = SIP_SCHEME_SIP};
	begin();
	cr_assert_eq(ask("sips:example.com", 1), -ENOTSUP);
	cr_assert_eq(ask("tel:+1", 1), -ENOTSUP);
	cr_assert_eq(ask("sip:example.com;transport=tcp", 1), -ENOTSUP);
	cr_assert_eq(resolver_ask(world.resolver, 1, &none), -EINVAL);
	cr_assert_eq(world.told, 0);
	end();
}

Test(resolver, ipv4_first_each_once)
{
	struct xf_addr addrs[12];
	begin();
	cr_assert_eq(ask("sip:a@Example.COM:5080", 3), 0);
	cr_assert_str_eq(world.name, "example.com");
	xf_addr_parse(&addrs[0], "2001:db8::1");
	xf_addr_parse(&addrs[1], "192.0.2.1");
	addrs[2] = addrs[1];
	for (unsigned i = 3; i < 12; i++) {
		char text[32];
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		xf_addr_parse(&addrs[i], text);
	}
	resolver_answered(world.resolver, world.query, addrs, 3, NULL);
	cr_assert_eq(world.count, 2);
	assert_addr(0, "192.0.2.1:5080");
	assert_addr(1, "[2001:db8::1]:5080");
	resolver_answered(world.resolver, world.query, addrs, 3, NULL);
	cr_assert_eq(world.told, 1, "exactly once");
	cr_assert_eq(ask("sip:a@example.com", 3), 0);
	resolver_answered(world.resolver, world.query, addrs, 12, NULL);
	cr_assert_eq(world.count, RESOLVER_ADDRS_MAX, "no more than there is room");
	cr_assert_eq(ask("sip:a@example.com", 3), 0);
	resolver_answered(world.resolver, world.query, addrs, 1, NULL);
	cr_assert_eq(world.count, 1);
	assert_addr(0, "[2001:db8::1]:5060");
	end();
}

Test(resolver, an_answer_at_once_waits_for_the_timer)
{
	begin();
	world.at_once = "192.0.2.5";
	cr_assert_eq(ask("sip:a@example.com", 3), 0);
	cr_assert_eq(world.told, 0);
	run(0);
	cr_assert_eq(world.told, 1);
	assert_addr(0, "192.0.2.5:5060");
	run(10 * NS_PER_S);
	cr_assert_eq(world.told, 1);
	end();
}

Test(resolver, failure_and_time_out)
{
	begin();
	cr_assert_eq(ask("sip:a@example.com", 3), 0);
	resolver_answered(world.resolver, world.query, NULL, 0, "no such name");
	cr_assert_eq(world.count, 0);
	cr_assert_str_eq(world.why, "no such name");
	cr_assert_eq(ask("sip:a@example.com", 4), 0);
	run(5 * NS_PER_S - 1);
	cr_assert_eq(world.told, 1);
	run(5 * NS_PER_S);
	cr_assert_eq(world.told, 2);
	cr_assert_eq(world.owner, 4);
	cr_assert_eq(world.count, 0);
	cr_assert_neq(world.why[0], 0);
	resolver_answered(world.resolver, world.query, NULL, 0, NULL);
	cr_assert_eq(world.told, 2);
	end();
}

Test(resolver, forgotten_owners_hear_nothing)
{
	struct xf_addr addr;
	begin();
	xf_addr_parse(&addr, "192.0.2.1");
	cr_assert_eq(ask("sip:a@example.com", 3), 0);
	uint64_t first = world.query;
	cr_assert_eq(ask("sip:a@192.0.2.1", 3), 0);
	cr_assert_eq(ask("sip:a@example.org", 4), 0);
	resolver_forget(world.resolver, 3);
	cr_assert_eq(resolver_pending(world.resolver), 1);
	run(1);
	resolver_answered(world.resolver, first, &addr, 1, NULL);
	cr_assert_eq(world.told, 0);
	resolver_answered(world.resolver, world.query, &addr, 1, NULL);
	cr_assert_eq(world.told, 1);
	cr_assert_eq(world.owner, 4);
	end();
}

Test(resolver, bounded)
{
	begin();
	for (unsigned i = 0; i < RESOLVER_QUERIES_MAX; i++)
		cr_assert_eq(ask("sip:a@example.com", i), 0);
	cr_assert_eq(ask("sip:a@example.com", 9999), -EBUSY);
	cr_assert_eq(ask("sip:a@192.0.2.1", 9999), -EBUSY);
	run(5 * NS_PER_S);
	cr_assert_eq(world.told, RESOLVER_QUERIES_MAX);
	cr_assert_eq(ask("sip:a@192.0.2.1", 9999), 0);
	run(5 * NS_PER_S);
	end();
}
