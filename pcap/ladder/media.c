/* Packets between one message and the next, counted per lane. */
#include <errno.h>
#include <stdlib.h>
#include "ladder/entries.h"

struct count {
	uint64_t said, heard;
};

static int by_time(const void *a, const void *b)
{
	uint64_t one = ((const struct packet *)a)->ns, other = ((const struct packet *)b)->ns;
	return one < other ? -1 : one > other;
}

static void sort_packets(struct ladder *ladder)
{
	bool sorted = ladder->packets_sorted;
	size_t i = 1;
	while (!sorted && i < ladder->packet_count && ladder->packets[i - 1].ns <= ladder->packets[i].ns)
		i++;
	if (!sorted && i < ladder->packet_count)
		qsort(ladder->packets, ladder->packet_count, sizeof(*ladder->packets), by_time);
	ladder->packets_sorted = true;
}

static int put_counts(const struct ladder *ladder, char **media, struct count *counts, int hub)
{
	size_t len = 0;
	bool any = false;
	FILE *out = open_memstream(media, &len);
	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < ladder->lane_count; i++) {
		if ((hub < 0 || i != (size_t)hub) && (counts[i].said || counts[i].heard)) {
			fprintf(out, "%s%s %llu/%llu", any ? ", " : "", ladder->lanes[i],
				(unsigned long long)counts[i].said, (unsigned long long)counts[i].heard);
			any = true;
		}
		counts[i] = (struct count){0};
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	if (!any) {
		free(*media);
		*media = NULL;
	}
	return 0;
}

int media_count(struct ladder *ladder, struct entry *const *order, int hub)
{
	struct count *counts = calloc(ladder->lane_count + 1, sizeof(*counts));
	size_t at = 0;
	int r = counts ? 0 : -ENOMEM;
	sort_packets(ladder);
	for (size_t i = 0; r == 0 && at < ladder->packet_count && i < ladder->entry_count;) {
		size_t next = i + 1, before = at;
		while (next < ladder->entry_count && order[next]->kind != ENTRY_MESSAGE)
			next++;
		for (; at < ladder->packet_count; at++) {
			const struct packet *packet = &ladder->packets[at];
			if (next < ladder->entry_count && packet->ns >= order[next]->ns)
				break;
			counts[packet->from].said++;
			counts[packet->to].heard++;
		}
		if (at > before)
			r = put_counts(ladder, &order[i]->media, counts, hub);
		i = next;
	}
	free(counts);
	return r;
}
