/* The rows that STATS answers with. Main thread. */
#pragma once

#include "dplane.h"

/* PORT, WORKER, DROPS, PEER, SCREEN, SIGNATURE and STRANGER rows to the present connection; the ACK is the caller's. */
void link_stats_send(struct dplane *dplane, uint32_t sequence);
