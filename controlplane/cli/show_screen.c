#include "show_screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "table.h"
#include "xfergate/drop.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define OFFENDERS_MAX 10
#define STRANGERS_MAX 10

static const struct table_column peer_columns[] = {
    {"PEER", "peer", table_text},	 {"ROLE", "role", table_text},
    {"PASSED", "passed", table_count},	 {"PER-SECOND", "passed_per_s", table_count},
    {"DROPPED", "dropped", table_count}, {"PER-SECOND", "dropped_per_s", table_count},
};

static const struct table_column offender_columns[] = {
    {"TOP OFFENDERS", "peer", table_text},
    {"ROLE", "role", table_text},
    {"DROP", "name", table_text},
    {"PACKETS", "count", table_count},
};

static const struct table_column stranger_columns[] = {
    {"STRANGER", "address", table_text},
    {"DROPPED", "drops", table_count},
    {"PER-SECOND", "dropped_per_s", table_count},
    {"TOO-MANY-BY", "error", table_count},
};

static const struct table_column rule_columns[] = {
    {"RULE", "id", table_text},	   {"ACTION", "action", table_text}, {"PLACES", "places", table_list},
    {"LINE", "line", table_count}, {"HITS", "hits", table_count},    {"PER-SECOND", "hits_per_s", table_count},
};

static const struct table_column scanned_columns[] = {
    {"SCANNED", "name", table_text},
    {"PACKETS", "count", table_count},
};

static int print_rows(const struct view *view, const struct table_column *columns, size_t count, const json_t *rows,
		      const char *none)
{
	if (json_array_size(rows) > 0)
		return table_print(view->out, columns, count, rows, view->width);
	fprintf(view->out, "%s\n", none);
	return 0;
}

static int by_dropped(const void *a_, const void *b_)
{
	json_int_t a = json_integer_value(json_object_get(*(json_t *const *)a_, "dropped"));
	json_int_t b = json_integer_value(json_object_get(*(json_t *const *)b_, "dropped"));
	return (a < b) - (a > b);
}

/* A row for each of its drops. */
static void add_offender(json_t *rows, const json_t *peer)
{
	const char *name;
	json_t *count;
	json_object_foreach(json_object_get(peer, "drops"), name, count)
	{
		if (json_integer_value(count) > 0)
			json_array_append_new(
			    rows, json_pack("{s:O,s:O,s:s,s:O}", "peer", json_object_get(peer, "peer"), "role",
					    json_object_get(peer, "role"), "name", name, "count", count));
	}
}

/* Those that most was dropped of, and why. */
static int print_offenders(const struct view *view, const json_t *peers)
{
	size_t n = json_array_size(peers), shown = 0;
	json_t **sorted = calloc(n + 1, sizeof(*sorted)), *rows = json_array();
	int r = sorted && rows ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++)
		sorted[i] = json_array_get(peers, i);
	if (r == 0)
		qsort(sorted, n, sizeof(*sorted), by_dropped);
	for (size_t i = 0; i < n && shown < OFFENDERS_MAX && r == 0; i++, shown++)
		add_offender(rows, sorted[i]);
	if (r == 0)
		r = print_rows(view, offender_columns, COUNT(offender_columns), rows, "nothing of a peer was dropped");
	json_decref(rows);
	free(sorted);
	return r;
}

/* They come with the worst first. */
static int print_strangers(const struct view *view, const json_t *strangers)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < json_array_size(strangers) && i < STRANGERS_MAX; i++)
		json_array_append(rows, json_array_get(strangers, i));
	int r = print_rows(view, stranger_columns, COUNT(stranger_columns), rows, "no stranger was refused");
	json_decref(rows);
	return r;
}

/* Rules that hit something; a file has hundreds. */
static int print_rules(const struct view *view, const json_t *rules)
{
	json_t *rows = json_array(), *rule;
	size_t i;
	json_array_foreach((json_t *)rules, i, rule)
	{
		if (json_integer_value(json_object_get(rule, "hits")) > 0)
			json_array_append(rows, rule);
	}
	fprintf(view->out, "%zu rules\n", json_array_size(rules));
	int r = print_rows(view, rule_columns, COUNT(rule_columns), rows, "no rule was hit");
	json_decref(rows);
	return r;
}

static int print_scanned(const struct view *view, json_t *scanned)
{
	json_t *rows = json_array(), *count;
	const char *name;
	json_object_foreach(scanned, name, count)
	{
		if (json_integer_value(count) > 0)
			json_array_append_new(rows, json_pack("{s:s,s:O}", "name", name, "count", count));
	}
	int r = print_rows(view, scanned_columns, COUNT(scanned_columns), rows, "no SIP was scanned");
	json_decref(rows);
	return r;
}

int show_screen_print(const struct view *view, const json_t *screen)
{
	const json_t *peers = json_object_get(screen, "peers"), *rules = json_object_get(screen, "rules");
	const json_t *strangers = json_object_get(screen, "strangers");
	json_t *scanned = json_object_get(screen, "scanned");
	if (!json_is_array(peers) || !json_is_array(rules) || !json_is_array(strangers) || !json_is_object(scanned))
		return -EBADMSG;
	int r = print_rows(view, peer_columns, COUNT(peer_columns), peers, "no peer has sent anything");
	fputc('\n', view->out);
	if (r == 0)
		r = print_offenders(view, peers);
	fputc('\n', view->out);
	if (r == 0)
		r = print_strangers(view, strangers);
	fputc('\n', view->out);
	if (r == 0)
		r = print_scanned(view, scanned);
	fputc('\n', view->out);
	return r == 0 ? print_rules(view, rules) : r;
}
