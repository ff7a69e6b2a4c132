/* Words of two runs that stand for the same thing: "{tag 3}" there may be "{tag 4}" here, but always the same one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "judge/strmap.h"

struct rename_pair {
	char expected[24], got[24];
};

struct rename {
	struct rename_pair *pairs;
	uint32_t count, room;
	uint32_t learnt; /* pairs before it are in the maps */
	struct strmap of_expected, of_got;
};

/* Are the lines the same but for consistent renaming? Learns the pairs of equal lines. */
bool rename_equal(struct rename *names, const char *expected, const char *got);
void rename_fini(struct rename *names);
