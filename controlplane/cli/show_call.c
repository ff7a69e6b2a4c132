#include "show_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "table.h"
#include "show_messages.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void put_text(FILE *out, const json_t *value)
{
	char *text = table_text(value);
	fputs(text ? text : "-", out);
	free(text);
}

/* "<first> <second>" of each item, with commas between. */
static char *pairs(const json_t *items, const char *first, const char *second, const char *instead)
{
	char *text = NULL;
	size_t len = 0, i;
	const json_t *item;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	json_array_foreach((json_t *)items, i, item)
	{
		const json_t *named = json_object_get(item, first);
		fputs(i ? ", " : "", out);
		put_text(out, named && !json_is_null(named) ? named : json_object_get(item, instead));
		fputc(' ', out);
		put_text(out, json_object_get(item, second));
	}
	if (json_array_size(items) == 0)
		fputc('-', out);
	return fclose(out) == 0 ? text : NULL;
}

char *show_call_legs_cell(const json_t *legs)
{
	return pairs(legs, "kind", "state", "kind");
}

char *show_call_attempts_cell(const json_t *attempts)
{
	return pairs(attempts, "destination", "status", "type");
}

void show_call_attempts(FILE *out, const json_t *attempts)
{
	size_t i;
	const json_t *attempt;
	json_array_foreach((json_t *)attempts, i, attempt)
	{
		const json_t *destination = json_object_get(attempt, "destination"),
			     *reason = json_object_get(attempt, "reason"), *status = json_object_get(attempt, "status"),
			     *duration = json_object_get(attempt, "duration_s");
		fprintf(out, "  %zu. ", i + 1);
		put_text(out, json_object_get(attempt, "type"));
		if (json_is_string(destination)) {
			fputc(' ', out);
			put_text(out, destination);
		}
		fputs(": ", out);
		if (json_is_integer(status))
			put_text(out, status);
		else
			fputs(json_is_string(reason) ? "" : json_is_number(duration) ? "under way" : "not tried", out);
		if (json_is_string(reason)) {
			fputs(json_is_integer(status) ? " " : "", out);
			put_text(out, reason);
		}
		if (json_is_number(duration)) {
			char *time = table_seconds(duration);
			fprintf(out, " (%s)", time ? time : "-");
			free(time);
		}
		fputc('\n', out);
	}
}

static const struct table_column call_fields[] = {
    {"call", "id", table_text},
    {"state", "state", table_text},
    {"caller", "caller", table_text},
    {"dialled", "dialled", table_text},
    {"owner", "owner", table_text},
    {"provider", "provider", table_text},
    {"agent", "agent", table_text},
    {"since", "duration_s", table_seconds},
    {"answered", "answered_s", table_seconds},
    {"transfer", "transfer", table_text},
    {"reason", "reason", table_text},
};

static const struct table_column leg_fields[] = {
    {"state", "state", table_text},
    {"Call-ID", "call_id", table_text},
    {"we called", "ours", table_text},
    {"network", "network", table_text},
    {"provider", "provider", table_text},
    {"agent", "agent", table_text},
    {"SIP to", "remote", table_text},
    {"our side", "local_party", table_text},
    {"their side", "remote_party", table_text},
    {"contact", "remote_target", table_text},
    {"codec", "codec", table_text},
    {"their codecs", "remote_codecs", table_list},
    {"offer and answer", "agreed", table_text},
    {"our media", "media_local", table_text},
    {"their media", "media_remote", table_text},
    {"we said", "local_direction", table_text},
    {"they said", "remote_direction", table_text},
    {"endpoint", "endpoint", table_text},
    {"hears", "fed_from", table_text},
    {"if that is silent", "while_silent", table_text},
    {"on hold", "paused", table_yes},
    {"keys pressed", "keys_pressed", table_text},
    {"last keys", "keys", table_text},
    {"since", "duration_s", table_seconds},
    {"answered", "answered_s", table_seconds},
    {"status", "status", table_text},
    {"reason", "reason", table_text},
};

static const struct table_column transfer_fields[] = {
    {"origin", "origin", table_text},	   {"plan", "plan", table_text},     {"state", "state", table_text},
    {"result", "result", table_text},	   {"status", "status", table_text}, {"reason", "reason", table_text},
    {"time", "duration_s", table_seconds},
};

static int print_part(const struct view *view, const char *title, const json_t *name, const struct table_column *fields,
		      size_t count, const json_t *object)
{
	fprintf(view->out, "\n%s ", title);
	put_text(view->out, name);
	fputc('\n', view->out);
	return table_fields(view->out, fields, count, object, 2);
}

int show_call_print(const struct view *view, const json_t *call)
{
	size_t i;
	const json_t *part;
	if (!json_is_object(call))
		return -EBADMSG;
	int r = table_fields(view->out, call_fields, COUNT(call_fields), call, 0);
	json_array_foreach(json_object_get(call, "legs"), i, part)
	{
		if (r == 0)
			r = print_part(view, "leg", json_object_get(part, "kind"), leg_fields, COUNT(leg_fields), part);
	}
	json_array_foreach(json_object_get(call, "transfers"), i, part)
	{
		if (r == 0)
			r = print_part(view, "transfer", json_object_get(part, "id"), transfer_fields,
				       COUNT(transfer_fields), part);
		show_call_attempts(view->out, json_object_get(part, "attempts"));
	}
	return r == 0 ? show_messages(view, call) : r;
}
