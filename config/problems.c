#include "problems.h"

#include <stdlib.h>
#include <string.h>

void problems_add(struct problems *p, bool warning, unsigned line, const char *key, const char *format, va_list args)
{
	char *what = NULL, *text = NULL;

	if (!warning)
		p->errors++;
	if (p->count == PROBLEMS_MAX) {
		p->dropped++;
		return;
	}
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	if (what && asprintf(&text, "%s%s%s", key, *key ? ": " : "", what) < 0)
		text = NULL;
	free(what);
	p->list[p->count] = (struct problem){.line = line, .order = p->count, .warning = warning, .text = text};
	p->count++;
}

static int problem_compare(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void problems_write(struct problems *p, const char *file, FILE *out)
{
	qsort(p->list, p->count, sizeof(p->list[0]), problem_compare);
	for (unsigned i = 0; i < p->count; i++) {
		const struct problem *e = &p->list[i];
		const char *text = e->text ? e->text : "out of memory";
		const char *kind = e->warning ? "warning: " : "";

		if (e->line)
			fprintf(out, "%s:%u: %s%s\n", file, e->line, kind, text);
		else
			fprintf(out, "%s: %s%s\n", file, kind, text);
	}
	if (p->dropped)
		fprintf(out, "%s: and %u more\n", file, p->dropped);
}

void problems_fini(struct problems *p)
{
	for (unsigned i = 0; i < p->count; i++)
		free(p->list[i].text);
	memset(p, 0, sizeof(*p));
}
