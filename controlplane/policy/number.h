/* Reading a telephone number as whoever wrote it meant it. */
#pragma once

#include "policy/verdict.h"
#include "xfergate/config.h"
#include "xfergate/e164.h"

struct number {
	struct e164 e164;
	char warning[160]; /* "" or why it may be wrong although it is let through */
};

/* National spelling is read in the first region that is neither NULL nor ""; for a number to dial these are the plan's,
 * the agent's, and that of the number that the caller dialled. Not possible: refused with 400. Possible but not valid:
 * a warning, or refused with 403 if `validity` is CONFIG_VALIDITY_STRICT. */
bool number_read(struct number *number, const char *text, char *const *regions, unsigned region_count,
		 unsigned validity, struct verdict *verdict);

/* A number that a provider sent: in its region, and without '+' from one whose number-format is plain. */
bool number_read_inbound(struct number *number, const char *text, const struct config_provider *provider,
			 unsigned validity, struct verdict *verdict);

/* As this provider wants it in a SIP URI: "+12025550143" or "12025550143"; a part of `e164_text`. */
const char *number_format(const char *e164_text, const struct config_provider *provider);
