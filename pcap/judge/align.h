/* Two lists of texts, such as the messages of two runs, set side by side. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "judge/strmap.h"

#define ALIGN_NONE UINT32_MAX

/* Texts of both lists as numbers: the same number for the same text. */
struct align_list {
	uint32_t *kinds;
	uint32_t count, room;
};

/* Appends a text; `known` is shared by the lists that are compared. False: no memory. */
bool align_add(struct align_list *list, struct strmap *known, const char *text);
void align_fini(struct align_list *list);
/* pair[i], of expected->count: the partner of expected item i, or ALIGN_NONE. As many pairs as can be, in order, unless
 * the lists differ in so much that this is not worth its time. False: no memory. */
bool align(const struct align_list *expected, const struct align_list *got, uint32_t *pair);
