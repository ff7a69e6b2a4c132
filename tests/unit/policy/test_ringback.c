/* Which tones go with which country. */
#include <criterion/criterion.h>
#include "policy/ringback.h"

Test(ringback, by_country)
{
	static const struct {
		const char *country, *prompt;
	} cases[] = {
	    {"US", "ringback-us"}, {"CA", "ringback-ca"},  {"GB", "ringback-gb"}, {"DE", "ringback-de"},
	    {"JP", "ringback-jp"}, {"001", "ringback-eu"}, {"XK", "ringback-eu"}, {"", "ringback-eu"},
	};
	char name[XF_PROMPT_NAME_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ringback_name(name, XF_TONE_RINGBACK, cases[i].country);
		cr_expect_str_eq(name, cases[i].prompt);
	}
}

Test(ringback, sounds_of_plans)
{
	static const struct {
		const char *sound, *region, *prompt;
	} cases[] = {
	    {"busy", "US", "busy-us"},	     {"congestion", "FR", "congestion-fr"},
	    {"ringback", "", "ringback-eu"}, {"busy-jp", "US", "busy-jp"},
	    {"sorry", "US", "sorry"},	     {"silence", "DE", "silence"},
	};
	char name[XF_PROMPT_NAME_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ringback_sound(name, cases[i].sound, cases[i].region);
		cr_expect_str_eq(name, cases[i].prompt);
	}
}
