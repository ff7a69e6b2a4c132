#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int document_read(struct document *doc, const char *file)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	doc->text = err ? NULL : malloc(DOCUMENT_BYTES_MAX + 1);
	if (!err && !doc->text)
		err = -ENOMEM;
	while (!err && doc->text_len <= DOCUMENT_BYTES_MAX) {
		ssize_t n = read(fd, doc->text + doc->text_len, DOCUMENT_BYTES_MAX + 1 - doc->text_len);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			err = -errno;
		else if (n > 0)
			doc->text_len += (size_t)n;
	}
	close(fd);
	return err ? err : doc->text_len > DOCUMENT_BYTES_MAX ? -EFBIG : 0;
}

__attribute__((format(printf, 3, 4))) static int document_reject(struct problems *problems, unsigned line,
								 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problems_add(problems, false, line, "", format, args);
	va_end(args);
	return -EINVAL;
}

/* libyaml counts no lines of what it cannot decode. */
static unsigned document_line_of(const struct document *doc, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && i < doc->text_len; i++)
		line += doc->text[i] == '\n';
	return line;
}

static int document_reject_syntax(const struct document *doc, struct problems *problems, const yaml_parser_t *parser)
{
	unsigned line = (unsigned)parser->problem_mark.line + 1;
	const char *problem = parser->problem ? parser->problem : "cannot be read";

	if (parser->error == YAML_MEMORY_ERROR)
		return document_reject(problems, 0, "out of memory");
	if (parser->error == YAML_READER_ERROR)
		return document_reject(problems, document_line_of(doc, parser->problem_offset),
				       "no UTF-8 text at byte %zu: %s", parser->problem_offset, problem);
	return document_reject(problems, line, "no valid YAML: %s%s%s", problem, parser->context ? ", " : "",
			       parser->context ? parser->context : "");
}

/* Text that could break a line of a log or of a SIP message has no business here. */
static bool document_clean(const unsigned char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i] < 0x20 || value[i] == 0x7f)
			return false;
	return true;
}

/* Judges one event before any tree is built. */
static int document_judge(struct problems *problems, const yaml_event_t *e, int *depth, int *documents)
{
	unsigned line = (unsigned)e->start_mark.line + 1;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++*documents > 1)
			return document_reject(problems, line, "a second YAML document; one to a file");
		return 0;
	case YAML_ALIAS_EVENT:
		return document_reject(problems, line, "an alias (*name); write the value out");
	case YAML_SCALAR_EVENT:
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
		if (e->data.scalar.length > DOCUMENT_SCALAR_MAX)
			return document_reject(problems, line, "a value of %zu bytes; at most %d",
					       e->data.scalar.length, DOCUMENT_SCALAR_MAX);
		if (!document_clean(e->data.scalar.value, e->data.scalar.length))
			return document_reject(problems, line,
					       "a value with control characters or line breaks; plain text");
		break;
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		anchor =
		    e->type == YAML_MAPPING_START_EVENT ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
		tag = e->type == YAML_MAPPING_START_EVENT ? e->data.mapping_start.tag : e->data.sequence_start.tag;
		if (++*depth > DOCUMENT_DEPTH_MAX)
			return document_reject(problems, line, "nested too deeply; at most %d levels",
					       DOCUMENT_DEPTH_MAX);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		--*depth;
		return 0;
	default:
		return 0;
	}
	if (anchor)
		return document_reject(problems, line, "an anchor (&name); write the value out where it is needed");
	if (tag)
		return document_reject(problems, line, "a tag (!%s); tags are not used", "name");
	return 0;
}

static int document_scan(struct document *doc, struct problems *problems)
{
	yaml_parser_t parser;
	int err = 0, depth = 0, documents = 0;
	bool end = false;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)doc->text, doc->text_len);
	while (!err && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			err = document_reject_syntax(doc, problems, &parser);
			break;
		}
		err = document_judge(problems, &event, &depth, &documents);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (!err && documents == 0)
		err = document_reject(problems, 1, "the file is empty; at least ports and networks are needed");
	return err;
}

static int document_load(struct document *doc, struct problems *problems)
{
	yaml_parser_t parser;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)doc->text, doc->text_len);
	if (!yaml_parser_load(&parser, &doc->yaml))
		err = document_reject_syntax(doc, problems, &parser);
	yaml_parser_delete(&parser);
	if (err)
		return err;
	doc->loaded = true;
	doc->node_count = (int)(doc->yaml.nodes.top - doc->yaml.nodes.start);
	doc->bad = calloc((size_t)doc->node_count + 1, sizeof(*doc->bad));
	return doc->bad ? 0 : -ENOMEM;
}

int document_open(struct document *doc, const char *file, struct problems *problems)
{
	*doc = (struct document){0};
	int err = document_read(doc, file);
	if (!err)
		err = document_scan(doc, problems);
	if (!err)
		err = document_load(doc, problems);
	return err;
}

/* A password that someone wrote into the file after all does not stay in memory. */
void document_close(struct document *doc)
{
	if (doc->loaded) {
		for (int i = 1; i <= doc->node_count; i++) {
			yaml_node_t *node = document_node(doc, i);
			if (node->type == YAML_SCALAR_NODE)
				explicit_bzero(node->data.scalar.value, node->data.scalar.length);
		}
		yaml_document_delete(&doc->yaml);
	}
	if (doc->text)
		explicit_bzero(doc->text, doc->text_len);
	free(doc->text);
	free(doc->bad);
	*doc = (struct document){0};
}

yaml_node_t *document_node(struct document *doc, int number)
{
	return number > 0 ? yaml_document_get_node(&doc->yaml, number) : NULL;
}

int document_number(const struct document *doc, const yaml_node_t *node)
{
	return (int)(node - doc->yaml.nodes.start) + 1;
}

unsigned document_line(const yaml_node_t *node)
{
	return (unsigned)node->start_mark.line + 1;
}

const char *document_scalar(const yaml_node_t *node)
{
	return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static yaml_node_pair_t *document_pair(struct document *doc, const yaml_node_t *mapping, const char *key, size_t len)
{
	if (!mapping || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top; p++) {
		const char *k = document_scalar(document_node(doc, p->key));
		if (k && strlen(k) == len && memcmp(k, key, len) == 0)
			return p;
	}
	return NULL;
}

int document_get(struct document *doc, const yaml_node_t *mapping, const char *key)
{
	const yaml_node_pair_t *p = document_pair(doc, mapping, key, strlen(key));
	return p ? p->value : 0;
}

/* Takes one step of a path; leaves *path behind it. 0: not there. */
static int document_step(struct document *doc, const yaml_node_t *node, const char **path, unsigned *line)
{
	const char *c = *path;
	int next = 0;

	if (*c == '[') {
		char *end;
		unsigned long i = strtoul(c + 1, &end, 10);
		if (node->type == YAML_SEQUENCE_NODE &&
		    i < (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
			next = node->data.sequence.items.start[i];
		*path = *end == ']' ? end + 1 : end;
		if (next)
			*line = document_line(document_node(doc, next));
		return next;
	}
	if (*c == '.')
		c++;
	size_t len = strcspn(c, ".[");
	const yaml_node_pair_t *p = document_pair(doc, node, c, len);
	*path = c + len;
	if (p)
		*line = document_line(document_node(doc, p->key));
	return p ? p->value : 0;
}

unsigned document_find(struct document *doc, const char *path, bool *present, bool *bad)
{
	unsigned line = 1;
	int number = doc->loaded && doc->node_count ? 1 : 0;
	bool is_bad = number && doc->bad[0];

	while (number && *path) {
		number = document_step(doc, document_node(doc, number), &path, &line);
		is_bad |= number && doc->bad[number - 1];
	}
	if (present)
		*present = number != 0;
	if (bad)
		*bad = is_bad;
	return line;
}

static void document_print_scalar(FILE *out, const char *text)
{
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		fputc(*c, out);
	}
	fputc('"', out);
}

static void document_print_node(struct document *doc, int number, FILE *out)
{
	const yaml_node_t *node = document_node(doc, number);
	bool bad = doc->bad[number - 1];

	if (node->type == YAML_SCALAR_NODE) {
		document_print_scalar(out, bad ? "" : document_scalar(node));
	} else if (node->type == YAML_SEQUENCE_NODE) {
		fputc('[', out);
		for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
			document_print_node(doc, *i, out);
			fputs(", ", out);
		}
		fputc(']', out);
	} else {
		fputc('{', out);
		for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
			if (doc->bad[p->key - 1] || doc->bad[p->value - 1])
				continue;
			document_print_node(doc, p->key, out);
			fputs(": ", out);
			document_print_node(doc, p->value, out);
			fputs(", ", out);
		}
		fputc('}', out);
	}
}

char *document_print(struct document *doc, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	document_print_node(doc, 1, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
