/* `xfergate show screen` for people. */
#pragma once

#include "show.h"

/* 0, -ENOMEM, or -EBADMSG if it is not of the shape that it should be. */
int show_screen_print(const struct view *view, const json_t *screen);
