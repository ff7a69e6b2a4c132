/* What the dataplane counts, as commands of DPDK's telemetry: `dpdk-telemetry.py -f xfergate`, then /xfergate/....
 *
 * The commands run in DPDK's threads, one at a time, and read only what any thread may read. */
#pragma once

#include "host.h"

/* Main thread, when all that `host` has is built. DPDK keeps its commands for good; until telemetry_stop they answer.
 * What cannot be registered is logged. */
void telemetry_start(struct host *host);
/* Before anything is taken down: from its return on nobody reads `host`. */
void telemetry_stop(void);
