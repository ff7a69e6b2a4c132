/* Which ringback tone a caller knows. */
#pragma once

#include "xfergate/prompt.h"

/* country: ISO 3166 alpha-2 of the number that the caller dialled, or "". */
enum xf_prompt ringback_prompt(const char *country);
