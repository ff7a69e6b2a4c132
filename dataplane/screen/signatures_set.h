/* The inside of a set of signatures, for the files that build it and the one that scans. */
#pragma once

#include <hs/hs.h>
#include "screen/signatures.h"

/* One place. A NULL database has no rules; one may be several places'. A rule stands under the level of a byte that
 * each of its matches holds, and is scanned only if the span holds one of that level or above: a number costs the rules
 * for numbers only. */
struct signatures_place {
	hs_database_t *levels[SIGNATURE_LEVELS];
	uint8_t first[SIGNATURE_LEVELS][32]; /* bit a byte: with another one first, nothing matches */
	hs_database_t *confirm; /* regexes of rules that are a literal and a regex, once a literal was found */
	uint8_t memory;		/* enum signatures_memory */
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

/* Whether a place's spans are looked up among those that were found clean just now. */
enum signatures_memory {
	SIGNATURES_FORGET,
	SIGNATURES_REMEMBER,	     /* a sender says the same in each message */
	SIGNATURES_REMEMBER_NUMBERS, /* a place before has the same rules for numbers, and often the same number */
};

#define SIGNATURES_CLEAN_BYTES 54

/* A span in which nothing was found, compared in full: what matches depends on nothing else. */
struct signatures_clean {
	const void *by; /* the place, or its database of numbers; NULL: nothing here */
	uint16_t len;
	uint8_t bytes[SIGNATURES_CLEAN_BYTES];
};
_Static_assert(sizeof(struct signatures_clean) == 64, "one cache line");

#define SIGNATURES_CLEAN 256

/* Written by its worker only, but before and after that worker has it. */
struct signatures_scratch {
	hs_scratch_t *hs;
	struct signatures_hits waiting; /* rules whose literal was found in the span under way */
	struct signatures_clean clean[SIGNATURES_CLEAN];
	unsigned count;
	uint64_t hits[]; /* a rule; read relaxed by others */
};

/* Of a rank, as kept in signatures.rank. */
#define SIGNATURES_RANK(action, index) ((uint32_t)(action)*SIGNATURES_MAX + (uint32_t)(index))

/* signatures.c: enum signature_level of each byte. */
extern const uint8_t signature_levels[256];
