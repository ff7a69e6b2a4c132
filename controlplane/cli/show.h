/* What people see of an answer. */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct view {
	FILE *out;
	size_t width;  /* columns of the terminal; 0: none */
	int64_t now_s; /* seconds since 1970: for the age of data */
};

/* Prints the result of a `show` command. 0, -ENOMEM, or -EBADMSG if it is not of the shape that it should be. */
int show_print(const struct view *view, unsigned command, const json_t *result);
