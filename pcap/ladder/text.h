/* Text from outside, made fit for a terminal. How wide a character is says the program's locale (LC_CTYPE); in the C
 * locale all that is not ASCII takes one column. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A malloc'd copy in which nothing can steer a terminal: control characters, bytes that are no UTF-8 and characters
 * that turn the direction of writing stand as \xNN or \u{NNNN}. NULL: no memory. */
char *text_escape(const char *text);
/* Columns that UTF-8 text takes on a terminal. */
size_t text_width(const char *text);
/* Bytes of the longest beginning that takes at most `columns`. */
size_t text_fit(const char *text, size_t columns);
/* Cuts to at most `columns` (at least 1) in place, with "…" where something was cut; the buffer must have room for
 * strlen(text) + 4 bytes. */
void text_cut(char *text, size_t columns);
