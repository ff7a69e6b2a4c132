/* A SIP message cut into the places of signatures, for tests and benchmarks: by headers' names alone, of well-formed
 * messages. */
#pragma once

#include "screen/signatures.h"

struct spans {
	const char *at[SIGNATURE_PLACE_COUNT];
	size_t len[SIGNATURE_PLACE_COUNT]; /* 0: not there */
};

void spans_cut(struct spans *spans, const char *message, size_t len);

/* All places of a message, scanned, counted and judged. Aborts if the scan fails. */
struct signatures_verdict spans_scan(const struct signatures *signatures, struct signatures_scratch *scratch,
				     const struct spans *spans);
