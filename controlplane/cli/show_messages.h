/* The recent messages of a call as a ladder. */
#pragma once

#include "show.h"

/* `messages` and `messages_lost` of show.call; draws nothing if the answer has none. 0 or -ENOMEM. */
int show_messages(const struct view *view, const json_t *call);
