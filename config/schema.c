#include "schema.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "wanted.h"

#define SCHEMA_PATH_MAX 160

struct schema_walk {
	struct document *doc;
	struct problems *problems;
	char path[SCHEMA_PATH_MAX];
};

__attribute__((format(printf, 4, 5))) static void schema_reject(struct schema_walk *w, int number, unsigned line,
								const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problems_add(w->problems, false, line, w->path, format, args);
	va_end(args);
	if (number)
		w->doc->bad[number - 1] = true;
}

/* Lengthens the path; returns its old length for schema_leave. A key of the file may be long: it is cut. */
__attribute__((format(printf, 2, 3))) static size_t schema_enter(struct schema_walk *w, const char *format, ...)
{
	size_t len = strlen(w->path);
	va_list args;

	va_start(args, format);
	vsnprintf(w->path + len, sizeof(w->path) - len, format, args);
	va_end(args);
	return len;
}

static void schema_leave(struct schema_walk *w, size_t len)
{
	w->path[len] = 0;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Levenshtein distance of two short words; those beyond 32 bytes are far. */
static unsigned schema_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[34];

	if (la > 32 || lb > 32)
		return 99;
	for (unsigned j = 0; j <= lb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= la; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= lb; j++) {
			unsigned above = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, diagonal + (tolower(a[i - 1]) != tolower(b[j - 1])));
			diagonal = above;
		}
	}
	return row[lb];
}

static const char *schema_nearest(const struct cyaml_schema_field *fields, const char *key)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(key) / 3 + 2;

	for (const struct cyaml_schema_field *f = fields; f->key; f++) {
		unsigned d = schema_distance(key, f->key);
		if (d < least) {
			least = d;
			best = f->key;
		}
	}
	return best;
}

/* The names of a mapping's keys or an enumeration's values, for a message. */
static char *schema_names(const struct cyaml_schema_value *schema)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (schema->type == CYAML_ENUM)
		for (uint32_t i = 0; i < schema->enumeration.count; i++)
			fprintf(out, "%s%s", i ? ", " : "", schema->enumeration.strings[i].str);
	else
		for (const struct cyaml_schema_field *f = schema->mapping.fields; f->key; f++)
			if (strcmp(f->key, "password") != 0)
				fprintf(out, "%s%s", f == schema->mapping.fields ? "" : ", ", f->key);
	fclose(out);
	return text;
}

static const char *schema_kind(const struct cyaml_schema_value *schema)
{
	switch (schema->type) {
	case CYAML_MAPPING:
		return "keys and values";
	case CYAML_SEQUENCE:
		return "a list, [] or lines that begin with -";
	case CYAML_UINT:
		return "a whole number";
	case CYAML_FLOAT:
		return "a number";
	case CYAML_BOOL:
		return "true or false";
	default:
		return "one value";
	}
}

/* What the key at the present path has to be. */
static const char *schema_wanted(const struct schema_walk *w, const char *otherwise)
{
	const char *text = wanted_value(w->path);

	return text ? text : otherwise;
}

/* As libcyaml will read it, but without its octal and hexadecimal. */
static bool schema_is_uint(const char *text, uint32_t size)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || text[len] || len > 18 || (text[0] == '0' && len > 1))
		return false;
	return size >= 8 || strtoull(text, NULL, 10) <= (1ull << (8 * size)) - 1;
}

static bool schema_is_float(const char *text)
{
	size_t len = strspn(text, "0123456789.");
	char *end;

	return len && len < 32 && !text[len] && isfinite(strtod(text, &end)) && !*end;
}

static bool schema_is_enum(const struct cyaml_schema_value *schema, const char *text)
{
	for (uint32_t i = 0; i < schema->enumeration.count; i++)
		if (strcmp(schema->enumeration.strings[i].str, text) == 0)
			return true;
	return false;
}

static void schema_check_scalar(struct schema_walk *w, int number, unsigned line,
				const struct cyaml_schema_value *schema)
{
	const char *text = document_scalar(document_node(w->doc, number));
	char *names;

	switch (schema->type) {
	case CYAML_UINT:
		if (!schema_is_uint(text, schema->data_size))
			schema_reject(w, number, line, "'%.80s' is no number; a whole number without sign or leading 0",
				      text);
		break;
	case CYAML_FLOAT:
		if (!schema_is_float(text))
			schema_reject(w, number, line, "'%.80s' is no number; digits with a decimal point, 0 or more",
				      text);
		break;
	case CYAML_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			schema_reject(w, number, line, "'%.80s' is not known; true or false", text);
		break;
	case CYAML_ENUM:
		if (schema_is_enum(schema, text))
			break;
		names = schema_names(schema);
		schema_reject(w, number, line, "'%.80s' is not known; one of: %s", text, names ? names : "");
		free(names);
		break;
	default:
		if (strlen(text) < schema->string.min)
			schema_reject(w, number, line, "is empty; %s", schema_wanted(w, "a value"));
		else if (strlen(text) > schema->string.max)
			schema_reject(w, number, line, "has %zu bytes; at most %u", strlen(text), schema->string.max);
	}
}

static void schema_check_value(struct schema_walk *w, int number, unsigned line,
			       const struct cyaml_schema_value *schema);

static void schema_check_key(struct schema_walk *w, const yaml_node_t *mapping, const yaml_node_pair_t *pair,
			     const struct cyaml_schema_value *schema)
{
	const yaml_node_t *key_node = document_node(w->doc, pair->key);
	const char *key = document_scalar(key_node);
	const struct cyaml_schema_field *f = schema->mapping.fields;
	unsigned line = document_line(key_node);

	if (!key || !*key) {
		schema_reject(w, pair->key, line, "a key that is no word; a name and a colon");
		return;
	}
	size_t len = schema_enter(w, "%s%.40s", w->path[0] ? "." : "", key);
	while (f->key && strcmp(f->key, key) != 0)
		f++;
	int first = document_get(w->doc, mapping, key);
	if (!f->key) {
		const char *nearest = schema_nearest(schema->mapping.fields, key);
		char *names = nearest ? NULL : schema_names(schema);
		schema_reject(w, pair->key, line, "unknown key; %s%s%s", nearest ? "did you mean " : "known here: ",
			      nearest ? nearest
			      : names ? names
				      : "",
			      nearest ? "?" : "");
		free(names);
	} else if (first != pair->value) {
		schema_reject(w, pair->key, line, "a second time in one place, first in line %u; once",
			      document_line(document_node(w->doc, first)));
	} else {
		schema_check_value(w, pair->value, line, &f->value);
	}
	schema_leave(w, len);
}

static void schema_check_mapping(struct schema_walk *w, int number, unsigned line,
				 const struct cyaml_schema_value *schema)
{
	const yaml_node_t *node = document_node(w->doc, number);

	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		if (w->problems->count == PROBLEMS_MAX)
			return;
		schema_check_key(w, node, p, schema);
	}
	for (const struct cyaml_schema_field *f = schema->mapping.fields; f->key; f++) {
		if ((f->value.flags & SCHEMA_REQUIRED) != SCHEMA_REQUIRED || document_get(w->doc, node, f->key))
			continue;
		size_t len = schema_enter(w, "%s%s", w->path[0] ? "." : "", f->key);
		schema_reject(w, 0, line, "is missing; %s", schema_wanted(w, schema_kind(&f->value)));
		schema_leave(w, len);
	}
}

static void schema_check_sequence(struct schema_walk *w, int number, unsigned line,
				  const struct cyaml_schema_value *schema)
{
	const yaml_node_t *node = document_node(w->doc, number);
	const struct cyaml_schema_value *entry = schema->sequence.entry;
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);

	if (count < schema->sequence.min || count > schema->sequence.max) {
		schema_reject(w, number, line, "has %zu entries; %u to %u", count, schema->sequence.min,
			      schema->sequence.max);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		int item = node->data.sequence.items.start[i];
		const yaml_node_t *item_node = document_node(w->doc, item);
		size_t len = schema_enter(w, "[%zu]", i);

		schema_check_value(w, item, document_line(item_node), entry);
		/* libcyaml could not read a list with an entry of another kind, so it does not get to see it. */
		bool mapping = item_node->type == YAML_MAPPING_NODE;
		if (mapping != (entry->type == CYAML_MAPPING) || item_node->type == YAML_SEQUENCE_NODE)
			w->doc->bad[number - 1] = true;
		schema_leave(w, len);
	}
}

/* `line`: of the key or list entry. */
static void schema_check_value(struct schema_walk *w, int number, unsigned line,
			       const struct cyaml_schema_value *schema)
{
	const yaml_node_t *node = document_node(w->doc, number);
	bool fits = schema->type == CYAML_MAPPING    ? node->type == YAML_MAPPING_NODE
		    : schema->type == CYAML_SEQUENCE ? node->type == YAML_SEQUENCE_NODE
						     : node->type == YAML_SCALAR_NODE;
	if (!fits) {
		const char *text = document_scalar(node);
		const char *is = node->type == YAML_SEQUENCE_NODE  ? "is a list"
				 : node->type == YAML_MAPPING_NODE ? "has keys of its own"
				 : *text			   ? "is one value"
								   : "is empty";
		schema_reject(w, number, line, "%s; %s", is, schema_wanted(w, schema_kind(schema)));
	} else if (schema->type == CYAML_MAPPING) {
		schema_check_mapping(w, number, line, schema);
	} else if (schema->type == CYAML_SEQUENCE) {
		schema_check_sequence(w, number, line, schema);
	} else {
		schema_check_scalar(w, number, line, schema);
	}
}

void schema_check(struct document *doc, const struct cyaml_schema_value *schema, struct problems *problems)
{
	struct schema_walk w = {.doc = doc, .problems = problems};

	schema_check_value(&w, 1, document_line(document_node(doc, 1)), schema);
}
