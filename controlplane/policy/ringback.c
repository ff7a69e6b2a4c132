#include "policy/ringback.h"

#include <string.h>

enum xf_prompt ringback_prompt(const char *country)
{
	static const struct {
		const char *country;
		enum xf_prompt prompt;
	} known[] = {
	    {"US", XF_PROMPT_RINGBACK_US},
	    {"CA", XF_PROMPT_RINGBACK_US},
	    {"GB", XF_PROMPT_RINGBACK_GB},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].country, country) == 0)
			return known[i].prompt;
	return XF_PROMPT_RINGBACK_EU;
}
