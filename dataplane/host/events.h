/* Hints of the workers to the control plane. Main thread. */
#pragma once

#include "host.h"

/* Takes a bounded number from each worker's ring; without a control plane they are forgotten. How many. */
unsigned events_drain(struct host *host);
