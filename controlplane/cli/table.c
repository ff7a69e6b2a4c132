#include "table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "ladder/text.h"

#define GAP	     2 /* spaces between columns */
#define CUT_TO_LEAST 8

static char *copy(const char *text)
{
	return strdup(text);
}

char *table_text(const json_t *value)
{
	char buf[64];
	if (json_is_string(value))
		return text_escape(json_string_value(value));
	if (json_is_integer(value))
		snprintf(buf, sizeof(buf), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buf, sizeof(buf), "%g", json_real_value(value));
	else
		snprintf(buf, sizeof(buf), "%s", json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-");
	return copy(buf);
}

char *table_count(const json_t *value)
{
	return table_text(value);
}

char *table_seconds(const json_t *value)
{
	char buf[64];
	double seconds = json_number_value(value);
	if (!json_is_number(value) || !(seconds >= 0 && seconds < 1e15))
		return copy("-");
	unsigned long long whole = (unsigned long long)seconds;
	if (seconds < 60)
		snprintf(buf, sizeof(buf), "%.1f s", seconds);
	else if (whole < 3600)
		snprintf(buf, sizeof(buf), "%llu:%02llu", whole / 60, whole % 60);
	else
		snprintf(buf, sizeof(buf), "%llu:%02llu:%02llu", whole / 3600, whole / 60 % 60, whole % 60);
	return copy(buf);
}

char *table_real(const json_t *value)
{
	char buf[64];
	double number = json_number_value(value);
	if (!json_is_number(value) || !(number > -1e15 && number < 1e15))
		return copy("-");
	snprintf(buf, sizeof(buf), "%.2f", number);
	return copy(buf);
}

char *table_yes(const json_t *value)
{
	return copy(json_is_true(value) ? "yes" : "-");
}

char *table_ssrc(const json_t *value)
{
	char buf[24];
	if (!json_is_integer(value))
		return copy("-");
	snprintf(buf, sizeof(buf), "0x%08llx", (unsigned long long)json_integer_value(value));
	return copy(buf);
}

char *table_list(const json_t *value)
{
	size_t index, len = 0;
	const json_t *item;
	char *out = NULL;
	FILE *text = json_array_size(value) ? open_memstream(&out, &len) : NULL;
	if (!text)
		return json_array_size(value) ? NULL : copy("-");
	json_array_foreach((json_t *)value, index, item)
	{
		char *one = table_text(item);
		fprintf(text, "%s%s", index ? ", " : "", one ? one : "-");
		free(one);
	}
	return fclose(text) == 0 ? out : NULL;
}

static bool to_the_right(const struct table_column *column)
{
	return column->cell == table_count || column->cell == table_seconds || column->cell == table_real;
}

static char *make_cell(const struct table_column *column, const json_t *row)
{
	char *text = column->cell(json_object_get(row, column->key));
	/* room for the mark of a cut */
	char *wide = text ? realloc(text, strlen(text) + 4) : NULL;
	if (!wide)
		free(text);
	return wide;
}

static void print_cell(FILE *out, const struct table_column *column, const char *text, size_t width, bool last)
{
	size_t have = text_width(text), pad = width > have ? width - have : 0;
	if (to_the_right(column))
		fprintf(out, "%*s%s", (int)pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : (int)pad, "");
	fprintf(out, last ? "\n" : "%*s", GAP, "");
}

/* Takes from the widest column until all fit, but leaves each a readable rest. */
static void fit_widths(size_t *widths, size_t count, size_t limit)
{
	for (;;) {
		size_t total = GAP * (count - 1), widest = 0;
		for (size_t i = 0; i < count; i++) {
			total += widths[i];
			if (widths[i] > widths[widest])
				widest = i;
		}
		if (total <= limit || widths[widest] <= CUT_TO_LEAST)
			return;
		widths[widest]--;
	}
}

int table_print(FILE *out, const struct table_column *columns, size_t count, const json_t *rows, size_t width)
{
	size_t row_count = json_array_size(rows), widths[64];
	char **cells = calloc(row_count * count + 1, sizeof(*cells));
	int r = -ENOMEM;
	if (!cells || count == 0 || count > sizeof(widths) / sizeof(widths[0]))
		goto err;
	for (size_t i = 0; i < count; i++)
		widths[i] = text_width(columns[i].head);
	for (size_t at = 0; at < row_count * count; at++) {
		cells[at] = make_cell(&columns[at % count], json_array_get(rows, at / count));
		if (!cells[at])
			goto err;
		size_t have = text_width(cells[at]);
		if (have > widths[at % count])
			widths[at % count] = have;
	}
	if (width > 0)
		fit_widths(widths, count, width);
	for (size_t i = 0; i < count; i++)
		print_cell(out, &columns[i], columns[i].head, widths[i], i + 1 == count);
	for (size_t at = 0; at < row_count * count; at++) {
		if (width > 0)
			text_cut(cells[at], widths[at % count]);
		print_cell(out, &columns[at % count], cells[at], widths[at % count], at % count + 1 == count);
	}
	r = 0;
err:
	for (size_t at = 0; cells && at < row_count * count; at++)
		free(cells[at]);
	free(cells);
	return r;
}

int table_fields(FILE *out, const struct table_column *columns, size_t count, const json_t *object, unsigned indent)
{
	size_t width = 0;
	for (size_t i = 0; i < count; i++)
		if (text_width(columns[i].head) > width)
			width = text_width(columns[i].head);
	for (size_t i = 0; i < count; i++) {
		char *text = columns[i].cell(json_object_get(object, columns[i].key));
		if (!text)
			return -ENOMEM;
		fprintf(out, "%*s%s%*s%s\n", (int)indent, "", columns[i].head,
			(int)(width - text_width(columns[i].head) + GAP), "", text);
		free(text);
	}
	return 0;
}
