/* Which number a target sees as the caller's, and whether we may show it. */
#pragma once

#include "policy/verdict.h"
#include "xfergate/config.h"
#include "xfergate/e164.h"

/* For a telephone number: the plan's (target may be NULL: there is no plan), else the agent's; "dialled" becomes the
 * number that the caller dialled (E.164). Nothing further: NULL if neither says one. */
const char *caller_id_choose(const struct config *config, const struct config_target *target, uint32_t agent,
			     const char *dialled);

/* For a SIP target: what the plan says, else the caller's own number. */
const char *caller_id_choose_sip(const struct config_target *target, const char *dialled, const char *caller);

/* Whether `owner` may show `e164_text` (NULL or "": none) at this provider (XF_NONE: at none, a SIP target). Refusals
 * have 403. Whether a number is someone else's is not told: it is just not one of the owner's. */
bool caller_id_check(const struct config *config, const char *e164_text, uint32_t provider, const char *owner,
		     struct verdict *verdict);
