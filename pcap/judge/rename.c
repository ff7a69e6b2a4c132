#include "judge/rename.h"

#include <stdlib.h>
#include <string.h>

/* Length of a "{word n}" at text; 0: there is none. */
static size_t word_len(const char *text)
{
	size_t n = *text == '{' ? strcspn(text, "}\r\n") : 0;
	return n && n < sizeof(((struct rename_pair *)0)->expected) - 1 && text[n] == '}' ? n + 1 : 0;
}

static bool same_kind(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");
	return strncmp(a, b, n + 1) == 0;
}

/* Known pairs must stay pairs; a new one is taken for good if neither of its words is in another. */
static bool rename_pair(struct rename *names, const char *expected, const char *got)
{
	uint32_t known_e = strmap_get(&names->of_expected, expected, strlen(expected)),
		 known_g = strmap_get(&names->of_got, got, strlen(got));
	if (known_e != STRMAP_NONE || known_g != STRMAP_NONE)
		return known_e == known_g;
	for (uint32_t i = names->learnt; i < names->count; i++) { /* those of this line */
		bool e = strcmp(names->pairs[i].expected, expected) == 0, g = strcmp(names->pairs[i].got, got) == 0;
		if (e || g)
			return e && g;
	}
	if (names->count == names->room) {
		uint32_t room = names->room ? names->room * 2 : 64;
		struct rename_pair *grown = reallocarray(names->pairs, room, sizeof(*grown));
		if (!grown)
			return false;
		names->pairs = grown;
		names->room = room;
	}
	struct rename_pair *pair = &names->pairs[names->count++];
	strcpy(pair->expected, expected);
	strcpy(pair->got, got);
	return true;
}

/* The pairs of a line that was equal are known from now on. */
static bool rename_learn(struct rename *names)
{
	for (; names->learnt < names->count; names->learnt++) {
		const struct rename_pair *pair = &names->pairs[names->learnt];
		if (strmap_set(&names->of_expected, pair->expected, strlen(pair->expected), names->learnt) < 0 ||
		    strmap_set(&names->of_got, pair->got, strlen(pair->got), names->learnt) < 0)
			return false;
	}
	return true;
}

bool rename_equal(struct rename *names, const char *expected, const char *got)
{
	uint32_t before = names->count;
	while (*expected || *got) {
		size_t e = word_len(expected), g = word_len(got);
		if (e && g && same_kind(expected, got)) {
			char want[24], have[24];
			memcpy(want, expected, e);
			memcpy(have, got, g);
			want[e] = have[g] = 0;
			if (!rename_pair(names, want, have))
				break;
			expected += e;
			got += g;
			continue;
		}
		if (*expected != *got)
			break;
		expected++;
		got++;
	}
	if (!*expected && !*got)
		return rename_learn(names);
	names->count = before; /* nothing is learned from lines that differ */
	return false;
}

void rename_fini(struct rename *names)
{
	free(names->pairs);
	strmap_fini(&names->of_expected);
	strmap_fini(&names->of_got);
	*names = (struct rename){0};
}
