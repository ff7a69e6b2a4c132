#include "corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *corpus_read(const char *path, size_t *len)
{
	char name[512];
	snprintf(name, sizeof(name), "%s/%s", CORPORA, path);
	FILE *file = fopen(name, "rb");
	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	char *data = size >= 0 ? malloc((size_t)size + 1) : NULL;
	if (data) {
		*len = fread(data, 1, (size_t)size, file);
		data[*len] = 0;
	}
	fclose(file);
	return data;
}

int corpus_row(char **line, char *fields[], int max)
{
	int count = 0;
	if (!**line)
		return 0;
	char *end = *line + strcspn(*line, "\n");
	char *next = *end ? end + 1 : end;
	*end = 0;
	for (char *field = *line; field && count < max;) {
		char *tab = strchr(field, '\t');
		if (tab)
			*tab = 0;
		fields[count++] = field;
		field = tab ? tab + 1 : NULL;
	}
	*line = next;
	return count;
}
