#pragma once

#include "capture.h"

/* Fragments that are held, and those of which whole datagrams were made, since the start. */
struct capture_fragments {
	uint64_t held, used;
};
void capture_reassembly_count(const struct capture_reassembly *r, struct capture_fragments *count);
