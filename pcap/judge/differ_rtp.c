/* How two lists of RTP streams differ, packet by packet, in words. */
#include <ctype.h>
#include <stdlib.h>
#include "judge/inside.h"

#define AHEAD 500 /* packets in which the place is searched where both streams agree again */

/* One packet as rtp.txt says it. */
struct heard {
	char text[64];	     /* all of it */
	const char *payload; /* inside text */
	double at_s;	     /* of the line that it stands in */
};

struct heard_stream {
	struct heard *heard;
	uint32_t count;
};

static bool heard_read(struct heard_stream *s, const struct expectation *item)
{
	uint32_t room = 0;
	for (uint32_t i = 0; i < item->line_count; i++) {
		const char *at = item->lines[i];
		double at_s = strtod(at, NULL);
		for (at += strcspn(at, " "); *at;) {
			at += strspn(at, " ");
			size_t n = strcspn(at, " ");
			if (!n)
				break;
			if (s->count == room) {
				room = room ? room * 2 : 256;
				struct heard *grown = reallocarray(s->heard, room, sizeof(*grown));
				if (!grown)
					return false;
				s->heard = grown;
			}
			struct heard *h = &s->heard[s->count++];
			h->at_s = at_s;
			snprintf(h->text, sizeof(h->text), "%.*s", (int)n, at);
			at += n;
		}
	}
	/* Where the array lies is certain only now. */
	for (uint32_t i = 0; i < s->count; i++) {
		const char *comma = strrchr(s->heard[i].text, ',');
		s->heard[i].payload = comma ? comma + 1 : s->heard[i].text;
	}
	return true;
}

static void say_step(FILE *out, const char *flags)
{
	char *end;
	for (const char *at = flags; *at && !isxdigit((unsigned char)*at); at = *end == ',' ? end + 1 : end) {
		long value = strtol(at + (*at == 'p' || *at == 's' || *at == 't'), &end, 10);
		if (*at == 'M')
			fprintf(out, " a marker,");
		else if (*at == 'p')
			fprintf(out, " payload type %ld,", value);
		else if (*at == 's')
			fprintf(out, " sequence %+ld,", value);
		else if (*at == 't')
			fprintf(out, " timestamp %+ld,", value);
		else
			break;
		if (*at == 'M')
			end = (char *)at + 1;
	}
}

static void say_packet(FILE *out, const struct heard *h)
{
	char flags[64];
	snprintf(flags, sizeof(flags), "%.*s", (int)(h->payload - h->text), h->text);
	if (!*flags)
		fprintf(out, " the next one in line,");
	say_step(out, flags);
	fprintf(out, " payload %s", h->payload);
}

static bool run_agrees(const struct heard_stream *e, uint32_t i, const struct heard_stream *g, uint32_t k)
{
	unsigned n = 0;
	for (; n < 3 && i + n < e->count && k + n < g->count; n++)
		if (strcmp(e->heard[i + n].payload, g->heard[k + n].payload) != 0)
			return false;
	return n > 0;
}

/* Steps over what one side alone has. */
static void resynchronise(const struct heard_stream *e, uint32_t *i, const struct heard_stream *g, uint32_t *k)
{
	for (uint32_t ahead = 1; ahead < AHEAD; ahead++) {
		if (run_agrees(e, *i + ahead, g, *k)) {
			*i += ahead;
			return;
		}
		if (run_agrees(e, *i, g, *k + ahead)) {
			*k += ahead;
			return;
		}
	}
	(*i)++;
	(*k)++;
}

static unsigned differ_stream(const struct heard_stream *e, const struct heard_stream *g, const char *name, FILE *out)
{
	unsigned differences = 0;
	uint32_t i = 0, k = 0;
	while (i < e->count && k < g->count && differences < 10) {
		if (strcmp(e->heard[i].text, g->heard[k].text) == 0) {
			i++;
			k++;
			continue;
		}
		differences++;
		if (strcmp(e->heard[i].payload, g->heard[k].payload) == 0) {
			fprintf(out, "%s: packet %u: expected", name, k + 1);
			say_packet(out, &e->heard[i++]);
			fprintf(out, "; got");
			say_packet(out, &g->heard[k++]);
			fputc('\n', out);
			continue;
		}
		uint32_t was_i = i, was_k = k;
		resynchronise(e, &i, g, &k);
		if (i > was_i && k > was_k)
			fprintf(out, "%s: packet %u has another payload\n", name, was_k + 1);
		else if (i > was_i)
			fprintf(out, "%s: %u packets are missing before packet %u (about %.2f s)\n", name, i - was_i,
				was_k + 1, e->heard[was_i].at_s);
		else
			fprintf(out, "%s: packets %u to %u were not expected\n", name, was_k + 1, k);
	}
	if (differences < 10 && i < e->count && ++differences)
		fprintf(out, "%s: ends after %u packets; %u more were expected\n", name, g->count, e->count - i);
	else if (differences < 10 && k < g->count && ++differences)
		fprintf(out, "%s: %u packets more than expected at the end\n", name, g->count - k);
	else if (differences == 10)
		fprintf(out, "%s: and so on\n", name);
	return differences;
}

/* "192.0.2.1 -> 192.0.2.20:20000", the length of what names a stream. */
static size_t name_len(const char *head)
{
	const char *last = strrchr(head, ' ');
	while (last && last > head && *--last != ' ')
		;
	return last ? (size_t)(last - head) : strlen(head);
}

static const struct expectation *find_stream(const struct expectations *list, const char *head, unsigned nth)
{
	size_t n = name_len(head);
	for (uint32_t i = 0; i < list->count; i++)
		if (name_len(list->items[i].head) == n && strncmp(list->items[i].head, head, n) == 0 && nth-- == 0)
			return &list->items[i];
	return NULL;
}

static unsigned nth_of(const struct expectations *list, uint32_t index)
{
	size_t n = name_len(list->items[index].head);
	unsigned nth = 0;
	for (uint32_t i = 0; i < index; i++)
		nth +=
		    name_len(list->items[i].head) == n && strncmp(list->items[i].head, list->items[index].head, n) == 0;
	return nth;
}

static unsigned differ_pair(const struct expectation *expected, const struct expectation *got, FILE *out)
{
	struct heard_stream e = {0}, g = {0};
	char name[128];
	unsigned differences = 1;
	snprintf(name, sizeof(name), "stream %.*s", (int)name_len(got->head), got->head);
	if (heard_read(&e, expected) && heard_read(&g, got))
		differences = differ_stream(&e, &g, name, out);
	else
		fprintf(out, "%s: out of memory: not compared\n", name);
	free(e.heard);
	free(g.heard);
	return differences;
}

unsigned differ_rtp(const struct expectations *expected, const struct expectations *got, FILE *out)
{
	unsigned differences = 0;
	for (uint32_t i = 0; i < expected->count; i++) {
		const char *head = expected->items[i].head;
		const struct expectation *other = find_stream(got, head, nth_of(expected, i));
		if (other) {
			differences += differ_pair(&expected->items[i], other, out);
			continue;
		}
		differences++;
		fprintf(out, "missing: stream %s\n", head);
	}
	for (uint32_t i = 0; i < got->count; i++)
		if (!find_stream(expected, got->items[i].head, nth_of(got, i))) {
			differences++;
			fprintf(out, "not expected: stream %s\n", got->items[i].head);
		}
	return differences;
}
