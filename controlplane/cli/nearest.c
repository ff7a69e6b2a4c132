#include "nearest.h"

#include <limits.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned row[NEAREST_WORD_MAX + 1][NEAREST_WORD_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);
	if (a_len > NEAREST_WORD_MAX || b_len > NEAREST_WORD_MAX)
		return UINT_MAX;
	for (size_t i = 0; i <= a_len; i++)
		row[i][0] = (unsigned)i;
	for (size_t k = 0; k <= b_len; k++)
		row[0][k] = (unsigned)k;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t k = 1; k <= b_len; k++) {
			unsigned replaced = row[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
			row[i][k] = least(replaced, least(row[i - 1][k], row[i][k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				row[i][k] = least(row[i][k], row[i - 2][k - 2] + 1);
		}
	}
	return row[a_len][b_len];
}

const char *nearest_find(const char *word, const char *const *words, size_t count)
{
	const char *found = NULL;
	unsigned best = UINT_MAX;
	for (size_t i = 0; i < count; i++) {
		unsigned distance = nearest_distance(word, words[i]), limit = (unsigned)strlen(words[i]) / 3;
		if (distance < best && distance <= (limit ? limit : 1)) {
			best = distance;
			found = words[i];
		}
	}
	return found;
}
