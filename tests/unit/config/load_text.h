/* Loads configuration text as a file, and gives back what was said about it. */
#pragma once

#include <stdbool.h>
#include "xfergate/config.h"

/* *said is for free(); the file is called "f" in it. Result as config_load's. */
int load_text(struct config **config, const char *text, size_t len, bool secrets, char **said);

/* Reads a whole file, NUL behind; for free(). Fails the test if it cannot. */
char *load_file(const char *path, size_t *len);

/* A copy of text with its line `number` (from 1) replaced; `line` may be several lines, NULL: without that one. */
char *load_edit(const char *text, unsigned number, const char *line);

/* A small valid file; its lines are numbered in load_text.c. */
extern const char load_base[];
