/* Which agent takes a call that comes in. */
#pragma once

#include "xfergate/config.h"

/* Index of the route for a number (E.164 with '+') that this provider sent, or XF_NONE. The number itself beats "*",
 * and among equals a route that names the provider beats one that does not. Provider and agent meet only within one
 * owner. */
uint32_t route_find(const struct config *config, uint32_t provider, const char *e164_text);
