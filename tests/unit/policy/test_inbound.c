/* Whom an address belongs to, and which agent takes a call. */
#include <string.h>
#include "policy/route.h"
#include "policy/source.h"
#include "policy_config.h"

static const struct source_case {
	const char *addr;
	int role; /* -1: nobody's */
	uint32_t index;
} source_cases[] = {
    {"54.172.60.0", XF_ROLE_PROVIDER, TWILIO}, /* /30 beats /16 */
    {"54.172.60.1", XF_ROLE_AGENT, BOT},       /* /32 beats /30, across roles */
    {"54.172.60.3", XF_ROLE_PROVIDER, TWILIO},
    {"54.172.60.4", XF_ROLE_PROVIDER, TWILIO},	 /* of the /16 */
    {"54.172.60.128", XF_ROLE_PROVIDER, TELNYX}, /* /25 beats /16 */
    {"54.172.61.9", XF_ROLE_PROVIDER, RIVAL},
    {"54.172.62.9", XF_ROLE_PROVIDER, TWILIO},
    {"54.173.0.0", -1, 0},
    {"54.171.255.255", -1, 0},
    {"198.51.100.10", XF_ROLE_AGENT, BOT},
    {"198.51.100.11", XF_ROLE_AGENT, FOE},
    {"198.51.100.12", XF_ROLE_AGENT, MUTE},
    {"::ffff:198.51.100.12", XF_ROLE_AGENT, MUTE}, /* IPv4 in other clothes */
    {"::ffff:54.173.0.0", -1, 0},
    {"2001:db8:7:ffff::1", XF_ROLE_PROVIDER, TELNYX},
    {"2001:db8:8::1", -1, 0},
    {"3654:ac3c::", -1, 0}, /* the bytes of an IPv4 source */
};

Test(source, longest_prefix_wins)
{
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(source_cases) / sizeof(source_cases[0]); i++) {
		const struct source_case *k = &source_cases[i];
		struct xf_addr addr = policy_addr(k->addr);
		struct source_match match;
		bool found = source_find(c, &addr, &match);
		cr_expect_eq(found, k->role >= 0, "%s", k->addr);
		if (!found)
			continue;
		cr_expect_eq(match.role, k->role, "%s: role %u", k->addr, match.role);
		cr_expect_eq(match.index, k->index, "%s: index %u", k->addr, match.index);
		cr_expect(source_is(c, &addr, match.role, match.index));
		cr_expect(!source_is(c, &addr, match.role, match.index + 1));
	}
	config_destroy(c);
}

Test(route, exact_beats_any_and_named_beats_unnamed)
{
	static const struct {
		uint32_t provider;
		const char *number;
		uint32_t route;
	} cases[] = {
	    {TWILIO, "+12025550100", 3}, {TELNYX, "+12025550100", 2}, {TWILIO, "+12025550199", 0},
	    {TELNYX, "+12025550199", 1}, {RIVAL, "+12025550103", 4},  {RIVAL, "+12025550100", XF_NONE},
	    {RIVAL, "+1999", XF_NONE},	 {TWILIO, "+12025550103", 0}, {99, "+12025550100", XF_NONE},
	};
	struct config *c = policy_config();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t route = route_find(c, cases[i].provider, cases[i].number);
		cr_expect_eq(route, cases[i].route, "%u %s: %u", cases[i].provider, cases[i].number, route);
	}
	config_destroy(c);
}
