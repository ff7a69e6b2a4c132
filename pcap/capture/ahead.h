/* A reader that is ahead: a thread of its own reads, puts in order and reassembles while the caller is busy with what
 * came before. The same units in the same order as capture_reader_next gives, with the same end; only the time is
 * another. */
#pragma once

#include "capture.h"

struct capture_ahead;

/* The reader is its own from now on, also on failure. Where no thread is to be had it reads as it is asked. 0 or
 * -ENOMEM. */
int capture_ahead_start(struct capture_ahead **out, struct capture_reader *reader);
/* As capture_reader_next. */
int capture_ahead_next(struct capture_ahead *ahead, struct capture_unit *unit);
/* At any time. NULL is fine. */
void capture_ahead_stop(struct capture_ahead *ahead);
