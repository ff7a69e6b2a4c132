/* What the stages of the dataplane's workers cost, for people: a part of `xfergate show dataplane`. */
#pragma once

#include "show.h"

/* workers: array of the answer. 0, -ENOMEM, or -EBADMSG if it is not of the shape that it should be. */
int show_stages_print(const struct view *view, const json_t *workers);
