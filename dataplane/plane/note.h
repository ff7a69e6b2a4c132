/* What the plane has to say, through the seam's log. Main thread. */
#pragma once

#include "dplane.h"

/* event: lower-case words with hyphens. format: the key=value part. */
void note(const struct dplane_seam *seam, enum dplane_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define note_error(seam, event, ...)   note(seam, DPLANE_LOG_ERROR, event, __VA_ARGS__)
#define note_warning(seam, event, ...) note(seam, DPLANE_LOG_WARNING, event, __VA_ARGS__)
#define note_info(seam, event, ...)    note(seam, DPLANE_LOG_INFO, event, __VA_ARGS__)
