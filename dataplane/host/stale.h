/* What a configuration that is read anew says otherwise than the one that runs, and what needs a restart. */
#pragma once

#include "xfergate/config.h"

/* Warns of each peer, by its name, whose limits are others now, or that came or went, and of the screen's own. How many
 * warnings. */
unsigned stale_limits(const struct config *running, const struct config *read);
