/* Puts a ladder on paper: lanes of equal width, one row an entry. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ladder/entries.h"
#include "ladder/text.h"

#define LANE_USUAL 17 /* columns: room for "200 (INVITE)" */
#define LANE_LEAST 8
#define ROOM_LEAST 20 /* of text that is broken into lines */
#define GAP	   2  /* between the lanes and what stands beside them */
#define MEDIA_HEAD "media until the next message"

struct page {
	FILE *out;
	const struct ladder *ladder;
	uint64_t start_ns;
	size_t time;  /* columns of the time and the space behind it */
	size_t lane;  /* columns of a lane */
	size_t width; /* of all; 0: no limit */
	bool beside;  /* media stands beside the lanes */
};

static void put(FILE *out, size_t count, char c)
{
	while (count--)
		fputc(c, out);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The bar stands in the middle of its lane. */
static size_t left_of_bar(const struct page *page)
{
	return page->lane / 2;
}

static size_t right_of_bar(const struct page *page)
{
	return page->lane - page->lane / 2 - 1;
}

/* ---- how wide */

/* Columns of a lane in which this entry is whole. */
static size_t lane_for(const struct ladder *ladder, const struct entry *entry)
{
	size_t lanes = entry->from < entry->to ? entry->to - entry->from : entry->from - entry->to;
	if (entry->kind == ENTRY_NOTE)
		return 0;
	if (lanes == 0)
		return ladder->lane_count == 1 ? 2 * (entry->width + 5) : entry->width + 5;
	return (entry->width + 5 + lanes - 1) / lanes;
}

static size_t digits(uint64_t value)
{
	size_t count = 1;
	for (; value >= 10; value /= 10)
		count++;
	return count;
}

static void lay_out(struct page *page, struct entry *const *order, unsigned width)
{
	const struct ladder *ladder = page->ladder;
	size_t lanes = larger(ladder->lane_count, 1), whole = LANE_USUAL, media = 0;
	for (size_t i = 0; i < ladder->lane_count; i++)
		whole = larger(whole, text_width(ladder->lanes[i]) + 2);
	for (size_t i = 0; i < ladder->entry_count; i++) {
		whole = larger(whole, lane_for(ladder, order[i]));
		if (order[i]->media)
			media = larger(media, larger(text_width(order[i]->media), sizeof(MEDIA_HEAD) - 1));
	}
	uint64_t seconds = (order[ladder->entry_count - 1]->ns - order[0]->ns) / 1000000000;
	page->start_ns = order[0]->ns;
	page->time = larger(digits(seconds) + 4, 8) + 1;
	page->lane = whole;
	page->width = width;
	page->beside = media > 0 && ladder->lane_count > 1;
	if (width == 0)
		return;
	size_t used = page->time + (page->beside ? GAP + media : 0), room = width > used ? (width - used) / lanes : 0;
	if (room < LANE_USUAL && page->beside) {
		page->beside = false;
		room = width > page->time ? (width - page->time) / lanes : 0;
	}
	page->lane = larger(room < whole ? room : whole, LANE_LEAST);
}

/* ---- rows */

static void put_time(const struct page *page, uint64_t ns)
{
	unsigned long long ms = (ns - page->start_ns + 500000) / 1000000;
	fprintf(page->out, "%*llu.%03llu ", (int)(page->time - 5), ms / 1000, ms % 1000);
}

/* Names that are wider than a lane go on in the next line. */
static void put_head(const struct page *page)
{
	const struct ladder *ladder = page->ladder;
	const size_t room = page->lane - 1;
	bool more = true;
	for (size_t line = 0; more; line++) {
		size_t blank = page->time;
		more = false;
		for (size_t i = 0; i < ladder->lane_count; i++) {
			const char *name = ladder->lanes[i];
			for (size_t skip = 0; skip < line; skip++)
				name += text_fit(name, room);
			size_t len = text_fit(name, room), columns = room;
			while (text_fit(name, columns - 1) == len && columns > 1)
				columns--;
			columns = len ? columns : 0;
			size_t left = columns / 2 < left_of_bar(page) ? left_of_bar(page) - columns / 2 : 0;
			more |= name[len] != 0;
			blank += left;
			if (len) {
				put(page->out, blank, ' ');
				fwrite(name, 1, len, page->out);
				blank = 0;
			}
			blank += page->lane - left - columns;
		}
		if (line == 0 && page->beside) {
			put(page->out, blank + GAP, ' ');
			fputs(MEDIA_HEAD, page->out);
		}
		fputc('\n', page->out);
	}
}

/* What an entry is called where `columns` are, of which something else takes `taken`, or `more` if there is room. */
static char *name_of(const struct entry *entry, size_t columns, size_t taken, size_t more)
{
	static const char again[] = " (again)";
	char *text = malloc(strlen(entry->text) + sizeof(again) + 4);
	if (!text)
		return NULL;
	strcpy(text, entry->text);
	if (entry->repeated && entry->width + sizeof(again) - 1 + more <= columns)
		strcat(text, again);
	text_cut(text, columns - taken);
	return text;
}

/* "- INVITE ------>" in that many columns; "~" for what is sent again, "." for media. Where it is narrow the spaces go
 * first, then the shaft, then the end of the label. */
static void put_arrow(FILE *out, const struct entry *entry, size_t columns)
{
	const char shaft = entry->kind == ENTRY_RTP ? '.' : entry->repeated ? '~' : '-';
	bool forward = entry->from < entry->to;
	char *text = name_of(entry, columns, entry->repeated ? 2 : 1, 4);
	const char *shown = text ? text : "";
	size_t line = columns - text_width(shown), space = line >= 4 ? 1 : 0;
	line -= 2 * space;
	size_t left = space ? line / 2 : forward ? line - 1 : 1, right = line - left;
	if (!forward)
		fputc('<', out);
	put(out, left - !forward, shaft);
	fprintf(out, "%.*s%s%.*s", (int)space, " ", shown, (int)space, " ");
	put(out, right - forward, shaft);
	if (forward)
		fputc('>', out);
	free(text);
}

/* "<> OPTIONS" right of its bar, or "OPTIONS <>" left of it, padded to the columns unless it ends the row. */
enum self { SELF_RIGHT, SELF_LEFT, SELF_END };

static void put_self(FILE *out, const struct entry *entry, size_t columns, enum self where)
{
	const char *sign = entry->kind == ENTRY_RTP ? ".." : entry->repeated ? "<~" : "<>";
	char *text = name_of(entry, columns, 4, 4);
	const char *shown = text ? text : "";
	size_t pad = columns - 3 - text_width(shown);
	if (where == SELF_LEFT) {
		put(out, pad, ' ');
		fprintf(out, "%s %s", shown, sign);
	} else {
		fprintf(out, "%s %s", sign, shown);
		put(out, where == SELF_RIGHT ? pad : 0, ' ');
	}
	free(text);
}

static void put_rung(const struct page *page, const struct entry *entry)
{
	FILE *out = page->out;
	const size_t lanes = page->ladder->lane_count, gap = page->lane - 1;
	size_t first = entry->from < entry->to ? entry->from : entry->to,
	       last = entry->from < entry->to ? entry->to : entry->from;
	bool self = first == last, leftward = self && last + 1 == lanes && lanes > 1;
	if (leftward)
		first--;
	put_time(page, entry->ns);
	put(out, left_of_bar(page), ' ');
	for (size_t i = 0; i < lanes; i++) {
		fputc('|', out);
		if (i + 1 == lanes) {
			/* in the only lane there is room on the right */
			if (self && lanes == 1)
				put_self(out, entry, larger(right_of_bar(page), 6), SELF_END);
		} else if (i != first) {
			put(out, gap, ' ');
		} else if (self) {
			put_self(out, entry, gap, leftward ? SELF_LEFT : SELF_RIGHT);
		} else {
			put_arrow(out, entry, (last - first) * page->lane - 1);
			i = last - 1;
		}
	}
	if (page->beside && entry->media) {
		put(out, GAP + right_of_bar(page), ' ');
		fputs(entry->media, out);
	}
	fputc('\n', out);
}

/* Bytes of `text` that go into this line: to the last space (or, in a list, comma and space) that fits. */
static size_t line_of(const char *text, size_t room, bool list)
{
	size_t fit = text_fit(text, room), at = fit;
	if (!text[fit])
		return fit;
	while (at > 0 && !(text[at] == ' ' && (!list || text[at - 1] == ',')))
		at--;
	if (at > 0)
		return at;
	return fit > 0 ? fit : text_fit(text, 2);
}

static void put_text(const struct page *page, const char *lead, const char *text, bool list)
{
	size_t indent = page->time + strlen(lead),
	       room = page->width > indent + ROOM_LEAST ? page->width - indent : ROOM_LEAST;
	for (bool more = false;; more = true) {
		size_t len = page->width ? line_of(text, room, list) : strlen(text);
		if (more)
			put(page->out, indent, ' ');
		else
			fputs(lead, page->out);
		fwrite(text, 1, len, page->out);
		fputc('\n', page->out);
		for (text += len; *text == ' ';)
			text++;
		if (!*text)
			return;
	}
}

static void put_entries(const struct page *page, struct entry *const *order)
{
	const char *media = NULL; /* to be written before the next message */
	for (size_t i = 0; i <= page->ladder->entry_count; i++) {
		const struct entry *entry = i < page->ladder->entry_count ? order[i] : NULL;
		if (media && (!entry || entry->kind == ENTRY_MESSAGE)) {
			put(page->out, page->time, ' ');
			put_text(page, "media: ", media, true);
			media = NULL;
		}
		if (!entry)
			return;
		if (entry->media && (!page->beside || entry->kind == ENTRY_NOTE))
			media = entry->media;
		if (entry->kind == ENTRY_NOTE) {
			put_time(page, entry->ns);
			put_text(page, "* ", entry->text, false);
		} else {
			put_rung(page, entry);
		}
	}
}

static int by_time(const void *a, const void *b)
{
	const struct entry *one = *(struct entry *const *)a, *other = *(struct entry *const *)b;
	if (one->ns != other->ns)
		return one->ns < other->ns ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

void ladder_print(struct ladder *ladder, FILE *out, int hub, unsigned width)
{
	struct page page = {.out = out, .ladder = ladder};
	if (ladder->entry_count == 0)
		return;
	struct entry **order = calloc(ladder->entry_count, sizeof(*order));
	for (size_t i = 0; order && i < ladder->entry_count; i++)
		order[i] = &ladder->entries[i];
	if (order)
		qsort(order, ladder->entry_count, sizeof(*order), by_time);
	if (order && media_count(ladder, order, hub) == 0) {
		lay_out(&page, order, width);
		if (ladder->lane_count > 0)
			put_head(&page);
		put_entries(&page, order);
	} else {
		fputs("out of memory: the ladder is not drawn\n", out);
	}
	for (size_t i = 0; i < ladder->entry_count; i++) {
		free(ladder->entries[i].media);
		ladder->entries[i].media = NULL;
	}
	free(order);
}
