/* Published test data outside the project, if it is there. */
#pragma once

#include <stddef.h>

/* The whole file, NUL-terminated, to be freed; NULL if it is not there. path: below the folder of the data. */
char *corpus_read(const char *path, size_t *len);
/* Cuts the line at *line into its tab-separated fields, at most max, and moves *line behind it. Returns how many; 0:
 * the end. */
int corpus_row(char **line, char *fields[], int max);
