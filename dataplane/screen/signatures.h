/* Signatures: the operator's rules for what a SIP message must not hold, one line a rule (docs/screen.md).
 *
 * A set is read and compiled whole by signatures_load, never changes, may serve all workers at once, and is swapped
 * whole: the owner hands each worker the new set and its scratch and gets the old ones back. A rule is a literal or a
 * regex, or a literal and a regex that must both be there, in one or several places. Each place has Hyperscan databases
 * of its own, scanned in block mode over that span only; every rule matches at most once a scan, and no start of match
 * is kept.
 *
 * What a message hit is a bitmap, as large as there can be rules: it never fills up, and the verdict and the counts are
 * the same in whatever order the matches are told of. DROP beats ALERT beats COUNT, and among rules of one action the
 * one whose id comes first (byte order) is named. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "xfergate/signature.h"

#define SIGNATURES_MAX		  4096		/* rules in a set */
#define SIGNATURES_MAX_FILE	  (4096 * 1024) /* bytes */
#define SIGNATURES_MAX_LINE	  1024		/* bytes, without the line end */
#define SIGNATURES_MAX_LITERAL	  256		/* bytes */
#define SIGNATURES_MAX_REGEX	  512		/* bytes between the slashes */
#define SIGNATURES_MAX_ID	  (XF_SIGNATURE_ID_SIZE - 1)
#define SIGNATURES_ANYWHERE_LEAST 4   /* bytes of the literal of a rule for `anywhere` */
#define SIGNATURES_ERRORS_MAX	  500 /* told of one file; the rest is counted */

/* A rule as the operator wrote it. */
struct signature {
	char id[SIGNATURES_MAX_ID + 1];
	const char *pattern; /* NUL-terminated; lives as long as the set */
	uint16_t line;	     /* in the file, from 1 on; UINT16_MAX: that or later */
	uint16_t places;     /* bit 1 << enum signature_place */
	uint8_t action;	     /* enum signature_action; never SIGNATURE_NONE */
};
_Static_assert(SIGNATURE_PLACE_COUNT <= 16, "signature.places is a bit each");

struct signatures;
struct signatures_scratch;

/* What one message hit so far: indexes of rules of one set. Begins with signatures_hits_clear. */
struct signatures_hits {
	uint64_t used; /* bit per word below that counts; the others hold what was */
	uint64_t words[SIGNATURES_MAX / 64];
	uint32_t best; /* rank of the rule that decides; the least wins */
};
_Static_assert(SIGNATURES_MAX / 64 <= 64, "signatures_hits.used is a bit a word");

#define SIGNATURES_BEST_NONE UINT32_MAX

struct signatures_verdict {
	uint8_t action; /* enum signature_action */
	uint16_t rule;	/* index of the rule that is named; 0 if none */
};

/* Any thread but a worker; compiling some thousand rules takes seconds. Reads and checks the whole file, tells all that
 * is wrong with it as "file:line: what; what is allowed" (errors may be NULL), and gives a set only if nothing is. 0;
 * -EINVAL: told; -ENOMEM; -ENOTSUP: a processor that Hyperscan does not run on; what opening and reading gave (told).
 */
int signatures_load(struct signatures **out, const char *file, FILE *errors);
/* The same for text that is in memory already; `name` stands for the file. */
int signatures_read(struct signatures **out, const char *text, size_t len, const char *name, FILE *errors);
/* Any thread, when no worker has the set any more and its scratches are destroyed or unused. NULL is fine. */
void signatures_destroy(struct signatures *signatures);

/* Any core. 0 for NULL. */
unsigned signatures_count(const struct signatures *signatures);
/* Any core. Rules are in the order of their ids; NULL: index out of range. */
const struct signature *signatures_rule(const struct signatures *signatures, unsigned index);

/* Any thread but a worker: what one worker needs to scan with this set, and its counters. 0, -ENOMEM or -EINVAL (no
 * set). */
int signatures_scratch_create(struct signatures_scratch **out, const struct signatures *signatures);
/* Any thread, when its worker has given it back. NULL is fine. */
void signatures_scratch_destroy(struct signatures_scratch *scratch);
/* Any core: messages that the rule hit, each counted once; the scratch's worker writes it. 0: index out of range. */
uint64_t signatures_scratch_hits(const struct signatures_scratch *scratch, unsigned index);

/* The functions below are a worker's: they read no clock and neither allocate, lock, log nor wait. */

static inline void signatures_hits_clear(struct signatures_hits *hits)
{
	hits->used = 0;
	hits->best = SIGNATURES_BEST_NONE;
}

/* Adds to hits what the rules for `place` find in the span. Nothing if there is no set, no span or no such rule. 0 or
 * -EINVAL: a place out of range, a scratch that is in use or of another set, a span over 4 GB; then nothing was found.
 */
int signatures_scan(const struct signatures *signatures, struct signatures_scratch *scratch, enum signature_place place,
		    const void *data, size_t len, struct signatures_hits *hits);

/* What is to be done with the message by all that it hit. */
struct signatures_verdict signatures_verdict(const struct signatures_hits *hits);

/* Adds one to each rule that was hit. Once a message. */
void signatures_tally(struct signatures_scratch *scratch, const struct signatures_hits *hits);
