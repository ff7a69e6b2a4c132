/* Copies of captured packets, on their way from the workers to the control plane. Main thread. */
#pragma once

#include <stdbool.h>

struct dplane;

/* Sends what has come, a bounded share of each worker's. What the control plane does not keep up with is lost: commands
 * and their answers come first. How many were taken. */
unsigned copies_drain(struct dplane *dplane);
bool copies_pending(const struct dplane *dplane);
