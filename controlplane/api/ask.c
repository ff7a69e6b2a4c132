#include "ask.h"

#include <stdarg.h>
#include "row.h"

struct ask_line {
	struct ask_line *next;
	uint64_t client;
	bool batch;
	bool gone;     /* nobody waits any more */
	unsigned open; /* asks without an answer, and one while the line is read */
	json_t *answers;
};

struct ask_line *ask_line_open(struct api *api, uint64_t client, bool batch)
{
	struct ask_line *line = calloc(1, sizeof(*line));
	if (!line)
		return NULL;
	line->answers = json_array();
	if (!line->answers) {
		free(line);
		return NULL;
	}
	line->client = client;
	line->batch = batch;
	line->open = 1;
	line->next = api->lines;
	api->lines = line;
	return line;
}

/* Unlinked and freed before the reply goes out, for the seam may say at once that the client is gone. */
static void line_send(struct api *api, struct ask_line *line)
{
	struct ask_line **place = &api->lines;
	while (*place != line)
		place = &(*place)->next;
	*place = line->next;

	json_t *out = line->batch ? line->answers : json_array_get(line->answers, 0);
	char *text = NULL;
	if (!line->gone && json_array_size(line->answers) > 0)
		text = json_dumps(out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
	uint64_t client = line->client;
	json_decref(line->answers);
	free(line);
	if (text)
		api->env->seam->reply(api->env->seam->arg, client, text, strlen(text));
	free(text);
}

void ask_line_close(struct api *api, struct ask_line *line)
{
	if (--line->open == 0)
		line_send(api, line);
}

static json_t *envelope(json_t *id, const char *key, json_t *value)
{
	struct row row;
	row_init(&row);
	row_text(&row, "jsonrpc", "2.0");
	row_set(&row, key, value);
	row_set(&row, "id", id ? json_incref(id) : json_null());
	return row_take(&row);
}

static json_t *error_object(int code, int sip_code, const char *message)
{
	struct row row, data;
	row_init(&row);
	row_set(&row, "code", json_integer(code));
	row_text(&row, "message", message);
	if (sip_code) {
		row_init(&data);
		row_set(&data, "code", json_integer(sip_code));
		row_set(&row, "data", row_take(&data));
	}
	return row_take(&row);
}

void ask_line_error(struct ask_line *line, json_t *id, int code, const char *message)
{
	json_t *answer = envelope(id, "error", error_object(code, 0, message));
	if (answer)
		json_array_append_new(line->answers, answer);
}

uint64_t ask_client(const struct ask *ask)
{
	return ask->line->client;
}

unsigned ask_client_count(const struct api *api, uint64_t client)
{
	unsigned count = 0;
	for (const struct ask *ask = api->asks; ask; ask = ask->next)
		count += ask->line->client == client && !ask->line->gone;
	return count;
}

struct ask *ask_open(struct api *api, struct ask_line *line, json_t *id)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	if (!ask)
		return NULL;
	ask->line = line;
	ask->id = json_incref(id);
	ask->cookie = ++api->cookies;
	ask->next = api->asks;
	api->asks = ask;
	api->ask_count++;
	line->open++;
	return ask;
}

struct ask *ask_find(struct api *api, uint64_t cookie)
{
	struct ask *ask = api->asks;
	while (ask && ask->cookie != cookie)
		ask = ask->next;
	return ask;
}

/* The line goes on without it. */
static void ask_close(struct api *api, struct ask *ask)
{
	struct ask **place = &api->asks;
	while (*place != ask)
		place = &(*place)->next;
	*place = ask->next;
	api->ask_count--;

	struct ask_line *line = ask->line;
	json_decref(ask->id);
	json_decref(ask->rows);
	free(ask);
	ask_line_close(api, line);
}

void ask_answer(struct api *api, struct ask *ask, json_t *result)
{
	if (!result) {
		ask_fail(api, ask, XF_RPC_INTERNAL, 500, "out of memory in the control plane");
		return;
	}
	if (ask->id) {
		json_t *answer = envelope(ask->id, "result", result);
		if (answer)
			json_array_append_new(ask->line->answers, answer);
	} else {
		json_decref(result);
	}
	ask_close(api, ask);
}

void ask_fail(struct api *api, struct ask *ask, int code, int sip_code, const char *format, ...)
{
	char message[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (ask->id) {
		json_t *answer = envelope(ask->id, "error", error_object(code, sip_code, message));
		if (answer)
			json_array_append_new(ask->line->answers, answer);
	}
	ask_close(api, ask);
}

/* Ends the asks whose lines nobody waits for. Each end may end a line, so the walk starts anew. */
static void ask_drop_gone(struct api *api)
{
	struct ask *ask = api->asks;
	while (ask) {
		if (ask->line->gone) {
			ask_close(api, ask);
			ask = api->asks;
		} else {
			ask = ask->next;
		}
	}
}

void ask_client_gone(struct api *api, uint64_t client)
{
	for (struct ask_line *line = api->lines; line; line = line->next)
		if (line->client == client)
			line->gone = true;
	ask_drop_gone(api);
}

void ask_all_gone(struct api *api)
{
	for (struct ask_line *line = api->lines; line; line = line->next)
		line->gone = true;
	ask_drop_gone(api);
}
