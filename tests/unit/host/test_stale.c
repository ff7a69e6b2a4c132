/* Limits that a configuration read anew says otherwise. */
#include <criterion/criterion.h>
#include "stale.h"

static struct config_provider providers[2][2];
static struct config_agent agents[2][1];
static struct config configs[2]; /* running, read */

static void setup(void)
{
	for (unsigned i = 0; i < 2; i++) {
		providers[i][0] = (struct config_provider){.name = "carrier", .limits = {.packets = {100, 50}}};
		providers[i][1] = (struct config_provider){.name = "same", .limits = {.invites = {7, 8}}};
		agents[i][0] = (struct config_agent){.name = "same", .limits = {.responses = {9, 10}}};
		configs[i] = (struct config){.providers = providers[i],
					     .provider_count = 2,
					     .agents = agents[i],
					     .agent_count = 1,
					     .screen = {.ceiling = {1000, 100}}};
	}
}

TestSuite(stale, .init = setup);

static unsigned stale(void)
{
	return stale_limits(&configs[0], &configs[1]);
}

Test(stale, nothing)
{
	cr_expect_eq(stale(), 0);
}

Test(stale, another_order_is_no_change)
{
	struct config_provider first = providers[1][0];
	providers[1][0] = providers[1][1];
	providers[1][1] = first;
	cr_expect_eq(stale(), 0);
}

Test(stale, each_rate)
{
	struct config_limits *limits = &providers[1][0].limits;
	struct config_rate *rates[] = {&limits->packets, &limits->invites, &limits->requests, &limits->dialogs,
				       &limits->responses};
	for (unsigned i = 0; i < 5; i++) {
		struct config_rate was = *rates[i];
		rates[i]->per_second++;
		cr_expect_eq(stale(), 1, "rate %u", i);
		*rates[i] = was;
		rates[i]->burst++;
		cr_expect_eq(stale(), 1, "burst %u", i);
		*rates[i] = was;
	}
}

Test(stale, agents_and_the_screen)
{
	agents[1][0].limits.responses.burst = 11;
	cr_expect_eq(stale(), 1);
	configs[1].screen.targets.packets.per_second = 5;
	cr_expect_eq(stale(), 2);
	configs[1].screen.ceiling.burst = 200;
	cr_expect_eq(stale(), 3);
}

/* The dataplane does not know who came, and still knows who went. */
Test(stale, who_comes_and_goes)
{
	providers[1][0].name = "newcomer";
	cr_expect_eq(stale(), 2);
	configs[1].agent_count = 0;
	cr_expect_eq(stale(), 3);
}
