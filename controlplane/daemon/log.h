/* The daemon's log: one line an event on stderr, "2026-11-22T13:39:00.123Z info event=… key=value". */
#pragma once

#include "core/env.h"

void log_line(enum log_level level, const char *line);
__attribute__((format(printf, 2, 3))) void log_format(enum log_level level, const char *format, ...);

#define log_error(...)	 log_format(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_format(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_format(LOG_LEVEL_INFO, __VA_ARGS__)
