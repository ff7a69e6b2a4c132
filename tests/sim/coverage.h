/* Which cells of the tables of call and transfer (state by event) the histories have visited. */
#pragma once

#include "sim.h"

/* Adds what the control plane has counted; before it dies, and at the end. */
void coverage_collect(struct sim *sim);
/* One line a cell: "cell TABLE STATE EVENT possible|impossible VISITS". */
void coverage_print(FILE *out);
