/* Which ringback tone goes with which country. */
#include <criterion/criterion.h>
#include "policy/ringback.h"

Test(ringback, by_country)
{
	static const struct {
		const char *country;
		enum xf_prompt prompt;
	} cases[] = {
	    {"US", XF_PROMPT_RINGBACK_US}, {"CA", XF_PROMPT_RINGBACK_US}, {"GB", XF_PROMPT_RINGBACK_GB},
	    {"DE", XF_PROMPT_RINGBACK_EU}, {"JP", XF_PROMPT_RINGBACK_EU}, {"001", XF_PROMPT_RINGBACK_EU},
	    {"", XF_PROMPT_RINGBACK_EU},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(ringback_prompt(cases[i].country), cases[i].prompt, "%s", cases[i].country);
}
