/* What came out as records of lines: the form in which it is stored and compared. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "judge/inside.h"

#define PACKETS_A_LINE 16

/* Room for one more of `count`, which have room up to the next power of two. */
static void *room_for(void *items, uint32_t count, size_t size)
{
	return count & (count - 1) ? items : reallocarray(items, count ? count * 2 : 1, size);
}

struct expectation *expectations_add(struct expectations *list, const char *head)
{
	struct expectation *grown = room_for(list->items, list->count, sizeof(*grown));
	if (!grown)
		return NULL;
	list->items = grown;
	grown[list->count] = (struct expectation){.head = strdup(head)};
	return grown[list->count].head ? &grown[list->count++] : NULL;
}

int expectation_add_line(struct expectation *item, const char *line, size_t len)
{
	char **grown = room_for(item->lines, item->line_count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	item->lines = grown;
	if (!(grown[item->line_count] = strndup(line, len)))
		return -ENOMEM;
	item->line_count++;
	return 0;
}

void expectations_fini(struct expectations *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		for (uint32_t n = 0; n < list->items[i].line_count; n++)
			free(list->items[i].lines[n]);
		free(list->items[i].lines);
		free(list->items[i].head);
	}
	free(list->items);
	*list = (struct expectations){0};
}

int judge_sip_records(const struct judge *judge, struct expectations *out)
{
	for (uint32_t i = 0; i < judge->canon.count; i++) {
		const struct canon_message *m = &judge->canon.messages[i];
		char head[192], from[XF_SOCKADDR_STRLEN], to[XF_SOCKADDR_STRLEN];
		snprintf(head, sizeof(head), "%.3f %s -> %s", (double)m->ns / 1e9, xf_sockaddr_format(&m->from, from),
			 xf_sockaddr_format(&m->to, to));
		struct expectation *item = expectations_add(out, head);
		if (!item)
			return -ENOMEM;
		for (const char *at = m->text; *at;) {
			size_t n = strcspn(at, "\n");
			if (expectation_add_line(item, at, n) < 0)
				return -ENOMEM;
			at += n + (at[n] == '\n');
		}
	}
	return 0;
}

/* "M" a marker, "p8" another payload type, "s+3" a step of the sequence that is not 1, "t+320" one of the timestamp
 * that is not that before; then the payload's hash. */
static int packet_text(char *text, size_t size, const struct sent_packet *p, const struct sent_packet *before)
{
	int n = snprintf(text, size, "%s", p->marker ? "M," : "");
	if (!before || p->payload_type != before->payload_type)
		n += snprintf(text + n, size - (size_t)n, "p%u,", p->payload_type);
	if (p->sequence_step != 1)
		n += snprintf(text + n, size - (size_t)n, "s%+d,", p->sequence_step);
	if (before && p->timestamp_step != before->timestamp_step)
		n += snprintf(text + n, size - (size_t)n, "t%+d,", (int32_t)p->timestamp_step);
	return n + snprintf(text + n, size - (size_t)n, "%08x", p->payload_hash);
}

static int stream_lines(struct expectation *item, const struct sent_stream *s)
{
	char line[PACKETS_A_LINE * 48 + 32];
	for (uint32_t i = 0; i < s->count;) {
		int n =
		    snprintf(line, sizeof(line), "%u.%03u:", s->packets[i].at_ms / 1000, s->packets[i].at_ms % 1000);
		for (unsigned k = 0; k < PACKETS_A_LINE && i < s->count; k++, i++) {
			line[n++] = ' ';
			n += packet_text(line + n, sizeof(line) - (size_t)n, &s->packets[i],
					 i ? &s->packets[i - 1] : NULL);
		}
		if (expectation_add_line(item, line, (size_t)n) < 0)
			return -ENOMEM;
	}
	return 0;
}

int judge_rtp_records(const struct judge *judge, struct expectations *out)
{
	for (uint32_t i = 0; i < judge->stream_count; i++) {
		const struct sent_stream *s = &judge->streams[i];
		char head[192], from[XF_ADDR_STRLEN], to[XF_SOCKADDR_STRLEN];
		snprintf(head, sizeof(head), "%s -> %s %u packets", xf_addr_format(&s->from, from),
			 xf_sockaddr_format(&s->to, to), s->count);
		struct expectation *item = expectations_add(out, head);
		if (!item || stream_lines(item, s) < 0)
			return -ENOMEM;
	}
	return 0;
}

int judge_outcome_records(const struct judge *judge, struct expectations *out)
{
	struct expectation *item = expectations_add(out, "outcome");
	for (uint32_t i = 0; item && i < judge->outcome_count; i++)
		if (expectation_add_line(item, judge->outcomes[i], strlen(judge->outcomes[i])) < 0)
			return -ENOMEM;
	return item ? 0 : -ENOMEM;
}

static int records_write(const char *dir, const char *name, const struct expectations *list, const char *what,
			 char why[static JUDGE_WHY])
{
	char path[1024], part[1040];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(part, sizeof(part), "%s.part", path);
	FILE *file = fopen(part, "w");
	if (!file) {
		int r = -errno;
		snprintf(why, JUDGE_WHY, "%.400s cannot be written: %s", path, strerror(-r));
		return r;
	}
	fprintf(file, "# %s. Written by `xfergate replay --accept`.\n", what);
	for (uint32_t i = 0; i < list->count; i++) {
		fprintf(file, "=== %s\n", list->items[i].head);
		for (uint32_t n = 0; n < list->items[i].line_count; n++)
			fprintf(file, "%s\n", list->items[i].lines[n]);
	}
	bool good = !ferror(file);
	if (fclose(file) != 0 || !good || rename(part, path) != 0) {
		int r = errno ? -errno : -EIO;
		unlink(part);
		snprintf(why, JUDGE_WHY, "%.400s cannot be written: %s", path, strerror(-r));
		return r;
	}
	return 0;
}

int judge_accept(const struct judge *judge, const char *dir, char why[static JUDGE_WHY])
{
	static const struct {
		const char *name, *what;
		int (*records)(const struct judge *judge, struct expectations *out);
	} files[] = {
	    {"sip.txt", "SIP that the gateway sends, volatile identifiers as words", judge_sip_records},
	    {"rtp.txt", "RTP that the gateway sends: marker, payload type, steps, hash of the payload",
	     judge_rtp_records},
	    {"outcome.txt", "What became of calls and packets", judge_outcome_records},
	};
	if (judge->failed || !judge->keep) {
		snprintf(why, JUDGE_WHY, "out of memory: what was kept is not whole");
		return -ENOMEM;
	}
	if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
		int r = -errno;
		snprintf(why, JUDGE_WHY, "%.400s cannot be made: %s", dir, strerror(-r));
		return r;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct expectations list = {0};
		int r = files[i].records(judge, &list);
		if (r == 0)
			r = records_write(dir, files[i].name, &list, files[i].what, why);
		else
			snprintf(why, JUDGE_WHY, "out of memory");
		expectations_fini(&list);
		if (r < 0)
			return r;
	}
	return 0;
}
