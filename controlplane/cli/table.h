/* Tables and lists of fields for people, out of JSON rows. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Makes the malloc'd, escaped text of a field; NULL: no memory. `value` is NULL if the row has no such field. */
typedef char *(*table_cell)(const json_t *value);

struct table_column {
	const char *head;
	const char *key;
	table_cell cell;
};

char *table_text(const json_t *value);	  /* any scalar; null: "-" */
char *table_count(const json_t *value);	  /* integer; written to the right */
char *table_seconds(const json_t *value); /* 3.2 s, 4:05, 1:02:03; written to the right */
char *table_real(const json_t *value);	  /* two digits behind the point; written to the right */
char *table_yes(const json_t *value);	  /* true: "yes", else "-" */
char *table_ssrc(const json_t *value);	  /* 0x0123abcd */
char *table_list(const json_t *value);	  /* array of scalars: "a, b" */

/* width: columns of the terminal, 0: none, nothing is cut. `rows` is an array of objects. 0 or -ENOMEM. */
int table_print(FILE *out, const struct table_column *columns, size_t count, const json_t *rows, size_t width);
/* "head  value" lines of one object, indented by `indent` spaces. 0 or -ENOMEM. */
int table_fields(FILE *out, const struct table_column *columns, size_t count, const json_t *object, unsigned indent);
