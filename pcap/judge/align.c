#include "judge/align.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN_CELLS_MAX (1u << 24) /* of the table of the longest common subsequence */
#define ALIGN_AHEAD	500u	   /* where there is no table: items that are looked at to find the place again */

bool align_add(struct align_list *list, struct strmap *known, const char *text)
{
	size_t len = strlen(text);
	if (list->count == list->room) {
		uint32_t room = list->room ? list->room * 2 : 64;
		uint32_t *grown = reallocarray(list->kinds, room, sizeof(*grown));
		if (!grown)
			return false;
		list->kinds = grown;
		list->room = room;
	}
	uint32_t kind = strmap_get(known, text, len);
	if (kind == STRMAP_NONE) {
		kind = known->used;
		if (strmap_set(known, text, len, kind) < 0)
			return false;
	}
	list->kinds[list->count++] = kind;
	return true;
}

void align_fini(struct align_list *list)
{
	free(list->kinds);
	*list = (struct align_list){0};
}

/* What is still to be paired: n and m items; g begins at the place first_g of its list. */
struct span {
	const uint32_t *e, *g;
	uint32_t n, m;
	uint32_t *pair;
	uint32_t first_g;
};

static void align_greedily(const struct span *s)
{
	for (uint32_t i = 0, k = 0; i < s->n && k < s->m;) {
		uint32_t ahead = 1;
		if (s->e[i] == s->g[k]) {
			s->pair[i++] = s->first_g + k++;
			continue;
		}
		for (; ahead < ALIGN_AHEAD; ahead++) {
			if (i + ahead < s->n && s->e[i + ahead] == s->g[k]) {
				i += ahead;
				break;
			}
			if (k + ahead < s->m && s->e[i] == s->g[k + ahead]) {
				k += ahead;
				break;
			}
		}
		if (ahead == ALIGN_AHEAD) {
			i++;
			k++;
		}
	}
}

/* Longest common subsequence. */
static bool align_best(const struct span *s)
{
	uint32_t width = s->m + 1;
	uint16_t *best = calloc((size_t)(s->n + 1) * width, sizeof(*best));
	if (!best)
		return false;
	for (uint32_t i = s->n; i-- > 0;)
		for (uint32_t k = s->m; k-- > 0;) {
			uint16_t skip_i = best[(i + 1) * width + k], skip_k = best[i * width + k + 1];
			best[i * width + k] = s->e[i] == s->g[k] ? (uint16_t)(best[(i + 1) * width + k + 1] + 1)
					      : skip_i > skip_k	 ? skip_i
								 : skip_k;
		}
	for (uint32_t i = 0, k = 0; i < s->n && k < s->m;) {
		if (s->e[i] == s->g[k])
			s->pair[i++] = s->first_g + k++;
		else if (best[(i + 1) * width + k] >= best[i * width + k + 1])
			i++;
		else
			k++;
	}
	free(best);
	return true;
}

bool align(const struct align_list *expected, const struct align_list *got, uint32_t *pair)
{
	struct span s = {expected->kinds, got->kinds, expected->count, got->count, pair, 0};
	for (uint32_t i = 0; i < s.n; i++)
		pair[i] = ALIGN_NONE;
	/* most runs are as they were, but for little */
	for (; s.n && s.m && *s.e == *s.g; s.e++, s.g++, s.n--, s.m--)
		*s.pair++ = s.first_g++;
	for (; s.n && s.m && s.e[s.n - 1] == s.g[s.m - 1]; s.n--, s.m--)
		s.pair[s.n - 1] = s.first_g + s.m - 1;
	if ((uint64_t)(s.n + 1) * (s.m + 1) <= ALIGN_CELLS_MAX)
		return align_best(&s);
	align_greedily(&s);
	return true;
}
