#include <stdlib.h>
#include "judge/inside.h"

/* Reads a file of records. 0, -errno; -EBADMSG: a line before the first record. */
static int records_read(const char *dir, const char *name, struct expectations *list, char why[static JUDGE_WHY])
{
	char path[1024], *line = NULL;
	size_t room = 0;
	ssize_t n;
	unsigned number = 0;
	int r = 0;
	struct expectation *item = NULL;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "r");
	if (!file) {
		r = -errno;
		snprintf(why, JUDGE_WHY, "%.400s cannot be read: %s; --accept stores what comes out now", path,
			 strerror(-r));
		return r;
	}
	while (r == 0 && (n = getline(&line, &room, file)) >= 0) {
		number++;
		if (n && line[n - 1] == '\n')
			line[--n] = 0;
		if (!item && (n == 0 || *line == '#'))
			continue;
		if (strncmp(line, "=== ", 4) == 0)
			r = (item = expectations_add(list, line + 4)) ? 0 : -ENOMEM;
		else
			r = item ? expectation_add_line(item, line, (size_t)n) : -EBADMSG;
	}
	free(line);
	fclose(file);
	if (r < 0)
		snprintf(why, JUDGE_WHY, "%.400s:%u: %s", path, number,
			 r == -EBADMSG ? "expected a line that begins with ===" : "out of memory");
	return r;
}

int judge_expect(const struct judge *judge, const char *dir, FILE *out, char why[static JUDGE_WHY])
{
	static const struct {
		const char *name;
		int (*records)(const struct judge *judge, struct expectations *out);
		unsigned (*differ)(const struct expectations *expected, const struct expectations *got, FILE *out);
	} parts[] = {
	    {"sip.txt", judge_sip_records, differ_sip},
	    {"rtp.txt", judge_rtp_records, differ_rtp},
	    {"outcome.txt", judge_outcome_records, differ_outcome},
	};
	unsigned differences = 0;
	if (judge->failed || !judge->keep) {
		snprintf(why, JUDGE_WHY, "out of memory: what was kept is not whole");
		return -ENOMEM;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct expectations expected = {0}, got = {0};
		int r = records_read(dir, parts[i].name, &expected, why);
		if (r == 0 && (r = parts[i].records(judge, &got)) < 0)
			snprintf(why, JUDGE_WHY, "out of memory");
		if (r == 0)
			differences += parts[i].differ(&expected, &got, out);
		expectations_fini(&expected);
		expectations_fini(&got);
		if (r < 0)
			return r;
	}
	return differences > 0;
}
