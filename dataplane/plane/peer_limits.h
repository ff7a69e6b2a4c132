/* The configuration's limits as the plans of the workers' token buckets. Main thread. */
#pragma once

#include "screen/buckets.h"
#include "xfergate/config.h"

/* The plan of one worker. *out is NULL if nobody has a limit and there is no ceiling. 0 or -errno. */
int peer_limits_plan(struct buckets_plan **out, const struct config *config, unsigned worker, unsigned workers);
