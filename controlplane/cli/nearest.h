/* "did you mean": the word of a list that is nearest to what was typed. */
#pragma once

#include <stddef.h>

#define NEAREST_WORD_MAX 64

/* How many characters must be added, removed, replaced or swapped with their neighbour to make b of a. Words longer
 * than NEAREST_WORD_MAX count as far from everything. */
unsigned nearest_distance(const char *a, const char *b);
/* NULL if none is near: at most a third of its length, at least 1, away. */
const char *nearest_find(const char *word, const char *const *words, size_t count);
