/* Hints of the workers to the control plane. Main thread. */
#pragma once

#include "dplane.h"

/* Takes a bounded number from each worker's ring; without a control plane they are forgotten. How many. */
unsigned events_drain(struct dplane *dplane);
/* Whether there are any. */
bool events_pending(const struct dplane *dplane);
