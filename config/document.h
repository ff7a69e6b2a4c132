/* One YAML file as a tree that knows its lines.
 *
 * libcyaml stops at the first error and keeps no lines, so the file is read into libyaml's document first, judged there
 * against libcyaml's own tables (schema.h), and what is sound goes on to libcyaml. The file may hold no anchors,
 * aliases or tags, and one document only: a tree then is no bigger than its text and has no circles.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>
#include "problems.h"

#define DOCUMENT_BYTES_MAX (1024 * 1024)
#define DOCUMENT_DEPTH_MAX 12
/* Bytes of the longest scalar. */
#define DOCUMENT_SCALAR_MAX 1024

struct document {
	char *text; /* the file; wiped when freed */
	size_t text_len;
	yaml_document_t yaml;
	bool loaded;
	bool *bad; /* by node number - 1: already complained about */
	int node_count;
};

/* 0; -errno if the file cannot be read; -EFBIG; or -EINVAL after adding to `problems`. */
int document_open(struct document *doc, const char *file, struct problems *problems);
void document_close(struct document *doc);

/* NULL for none. Node 1 is the root. */
yaml_node_t *document_node(struct document *doc, int number);
int document_number(const struct document *doc, const yaml_node_t *node);
unsigned document_line(const yaml_node_t *node);
/* Text of a scalar; NULL for other kinds. */
const char *document_scalar(const yaml_node_t *node);
/* Value of a key, 0: none. */
int document_get(struct document *doc, const yaml_node_t *mapping, const char *key);

/* Finds "providers[1].trunk". Returns the line of the deepest part that exists. *bad: it or what holds it has been
 * complained about; *present: it exists itself. Either may be NULL. */
unsigned document_find(struct document *doc, const char *path, bool *present, bool *bad);

/* The tree as YAML text for libcyaml, without the bad keys; a bad entry of a list becomes an empty one so that the
 * others keep their index. For free() after wiping; NULL: out of memory. */
char *document_print(struct document *doc, size_t *len);
