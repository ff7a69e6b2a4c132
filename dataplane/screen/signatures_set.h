/* The inside of a set of signatures, for the files that build it and the one that scans. */
#pragma once

#include <hs/hs.h>
#include "screen/signatures.h"

/* One place. A NULL database has no rules; one may be several places'. A rule stands under the level of a byte that
 * each of its matches holds, and is scanned only if the span holds one of that level or above: a number costs the rules
 * for numbers only. */
struct signatures_place {
	hs_database_t *levels[SIGNATURE_LEVELS];
	hs_database_t *confirm; /* regexes of rules that are a literal and a regex, once a literal was found */
};

struct signatures {
	unsigned count;
	struct signature *rules; /* sorted by id */
	char *text;		 /* of the patterns */
	struct signatures_place places[SIGNATURE_PLACE_COUNT];
	/* Of a rule: its literal alone is no hit in any of its places. */
	uint64_t conditional[SIGNATURES_MAX / 64];
	uint32_t rank[SIGNATURES_MAX]; /* action, then index: what signatures_hits.best is */
};

/* Written by its worker only, but before and after that worker has it. */
struct signatures_scratch {
	hs_scratch_t *hs;
	struct signatures_hits waiting; /* rules whose literal was found in the span under way */
	unsigned count;
	uint64_t hits[]; /* a rule; read relaxed by others */
};

/* Of a rank, as kept in signatures.rank. */
#define SIGNATURES_RANK(action, index) ((uint32_t)(action)*SIGNATURES_MAX + (uint32_t)(index))

/* signatures.c: enum signature_level of each byte. */
extern const uint8_t signature_levels[256];
