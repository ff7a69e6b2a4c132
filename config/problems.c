#include "problems.h"

#include <stdlib.h>
#include <string.h>

void problems_add(struct problems *p, bool warning, unsigned line, const char *key, const char *format, va_list args)
{
	if (!warning)
		p->errors++;
	if (p->count == PROBLEMS_MAX) {
		p->dropped++;
		return;
	}
	struct problem *e = &p->list[p->count];
	*e = (struct problem){.line = line, .order = p->count, .warning = warning, .key = strdup(key)};
	if (vasprintf(&e->text, format, args) < 0)
		e->text = NULL;
	p->count++;
}

static int problem_compare(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void problems_tell(struct problems *p, const char *file, config_tell *tell, void *arg)
{
	char more[32];

	qsort(p->list, p->count, sizeof(p->list[0]), problem_compare);
	for (unsigned i = 0; i < p->count; i++) {
		const struct problem *e = &p->list[i];
		bool whole = e->key && e->text;
		const struct config_problem told = {.file = file,
						    .line = e->line,
						    .warning = e->warning,
						    .key = whole ? e->key : "",
						    .text = whole ? e->text : "out of memory"};
		tell(arg, &told);
	}
	snprintf(more, sizeof(more), "and %u more", p->dropped);
	if (p->dropped)
		tell(arg, &(struct config_problem){.file = file, .key = "", .text = more});
}

void problems_fini(struct problems *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		free(p->list[i].key);
		free(p->list[i].text);
	}
	memset(p, 0, sizeof(*p));
}
