#include "reader.h"

#include <stdlib.h>
#include <string.h>

const char *reader_at(struct reader *r, const char *format, ...)
{
	char path[READER_PATH_MAX];
	va_list args;

	/* The arguments may themselves be r->path. */
	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return strcpy(r->path, path);
}

static void reader_add(struct reader *r, bool warning, const char *path, const char *format, va_list args)
{
	bool bad;
	unsigned line = document_find(&r->doc, path, NULL, &bad);

	if (!bad)
		problems_add(&r->problems, warning, line, path, format, args);
}

void reader_reject(struct reader *r, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reader_add(r, false, path, format, args);
	va_end(args);
}

void reader_warn(struct reader *r, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reader_add(r, true, path, format, args);
	va_end(args);
}

bool reader_has(struct reader *r, const char *path)
{
	bool present;

	document_find(&r->doc, path, &present, NULL);
	return present;
}

char *reader_copy(struct reader *r, const char *text)
{
	if (!text)
		return NULL;
	char *copy = strdup(text);
	if (!copy)
		r->out_of_memory = true;
	return copy;
}

void *reader_alloc(struct reader *r, size_t count, size_t size)
{
	void *p = count ? calloc(count, size) : NULL;

	if (count && !p)
		r->out_of_memory = true;
	return p;
}

const char *reader_owner_words(char out[static READER_OWNER_MAX], const char *owner)
{
	if (*owner)
		snprintf(out, READER_OWNER_MAX, "owner '%.64s'", owner);
	else
		snprintf(out, READER_OWNER_MAX, "no owner");
	return out;
}

char *reader_path(struct reader *r, const char *text)
{
	const char *slash = strrchr(r->config->file, '/');

	if (!text || text[0] == '/' || !slash)
		return reader_copy(r, text);
	size_t folder = (size_t)(slash - r->config->file) + 1, len = strlen(text);
	char *path = reader_alloc(r, folder + len + 1, 1);
	if (!path)
		return NULL;
	memcpy(path, r->config->file, folder);
	memcpy(path + folder, text, len);
	return path;
}
