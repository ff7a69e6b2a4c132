#include "row.h"
#include "xfergate/endpoint.h"

void row_init(struct row *row)
{
	row->json = json_object();
	row->failed = !row->json;
}

json_t *row_take(struct row *row)
{
	json_t *json = row->json;
	row->json = NULL;
	if (!row->failed)
		return json;
	json_decref(json);
	return NULL;
}

void row_set(struct row *row, const char *key, json_t *value)
{
	if (json_object_set_new(row->json, key, value) < 0)
		row->failed = true;
}

void row_null(struct row *row, const char *key)
{
	row_set(row, key, json_null());
}

void row_bool(struct row *row, const char *key, bool value)
{
	row_set(row, key, json_boolean(value));
}

void row_count(struct row *row, const char *key, uint64_t value)
{
	row_set(row, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

/* jansson refuses what is not UTF-8; of such text only the ASCII is kept. */
json_t *row_string(const char *text)
{
	json_t *value = json_string(text);
	if (value)
		return value;
	char *copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

void row_text(struct row *row, const char *key, const char *text)
{
	row_set(row, key, row_string(text));
}

void row_text_or_null(struct row *row, const char *key, const char *text)
{
	if (text && *text)
		row_text(row, key, text);
	else
		row_null(row, key);
}

void row_uri(struct row *row, const char *key, const char *uri)
{
	const char *at = uri ? strchr(uri, '@') : NULL;
	const char *scheme = at ? strchr(uri, ':') : NULL;
	const char *password = scheme && scheme < at ? memchr(scheme + 1, ':', (size_t)(at - scheme - 1)) : NULL;
	char *copy = NULL;
	if (!password) {
		row_text_or_null(row, key, uri);
		return;
	}
	if (asprintf(&copy, "%.*s%s", (int)(password - uri), uri, at) < 0) {
		row->failed = true;
		return;
	}
	row_text(row, key, copy);
	free(copy);
}

void row_seconds(struct row *row, const char *key, uint64_t start_ns, uint64_t end_ns)
{
	row_milliseconds(row, key, end_ns > start_ns ? (end_ns - start_ns) / 1000000u : 0);
}

void row_milliseconds(struct row *row, const char *key, uint64_t ms)
{
	row_set(row, key, json_real((double)ms / 1000.0));
}

void row_addr(struct row *row, const char *key, const struct xf_addr *addr)
{
	char buf[XF_ADDR_STRLEN];
	row_text_or_null(row, key, addr->family ? xf_addr_format(addr, buf) : NULL);
}

void row_sockaddr(struct row *row, const char *key, const struct xf_sockaddr *addr)
{
	char buf[XF_SOCKADDR_STRLEN];
	row_text_or_null(row, key, addr->addr.family ? xf_sockaddr_format(addr, buf) : NULL);
}

void row_endpoint(struct row *row, const char *key, struct xf_endpoint_id id)
{
	if (id.index == XF_ENDPOINT_NONE)
		row_null(row, key);
	else
		row_count(row, key, id.index);
}

json_t *rows_add(json_t *rows, json_t *row)
{
	if (rows && row && json_array_append_new(rows, row) == 0)
		return rows;
	if (!rows)
		json_decref(row);
	json_decref(rows);
	return NULL;
}
