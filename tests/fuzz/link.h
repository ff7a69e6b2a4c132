/* The two ends of the link, each against an input's packets. */
#pragma once

#include "fuzz.h"

void link_dplane_init(void);
/* Commands into the dataplane. */
void link_dplane_run(struct fuzz_bytes *in);
/* Answers and events into the control plane's media library. */
void link_media_run(struct fuzz_bytes *in);
