/* From bytes to lines to headers; compiled once for each way of scanning (text.h). */
#pragma once

struct lines {
	unsigned count; /* the empty one is the last */
	bool wrong;	/* control characters stand beside the line ends */
	/* Where each line's LF is. A block of 64 bytes has at most 32 of them. */
	uint16_t lf[SIP_LINES_MAX + 32];
};

/* Which control character is it that is wrong in [from, end)? SIP_SCAN_MESSAGE: none. In a value they may be quoted
 * pairs of quoted strings, but not CR and LF. */
static __attribute__((noinline, cold)) enum sip_scan_verdict controls_check(struct text t, size_t from, size_t end,
									    bool value)
{
	bool quoted = false;
	for (size_t i = from; i < end; i++) {
		uint8_t c = t.d[i];
		bool pair = value && quoted && c == '\\' && i + 1 < end;
		if (pair)
			c = t.d[++i];
		/* As the last byte of all a CR is half a line end. */
		if (c == '\r' && (i + 1 == t.len || t.d[i + 1] == '\n'))
			i++;
		else if (c == '\r')
			return SIP_SCAN_BARE_CR;
		else if (c == '\n')
			return SIP_SCAN_BARE_LF;
		else if (!pair && ((c < 0x20 && c != '\t') || c == 0x7f))
			return SIP_SCAN_CONTROL;
		else if (!pair && c == '"')
			quoted = !quoted;
	}
	return SIP_SCAN_MESSAGE;
}

/* The last, shorter block. Behind the message stands nothing that is marked. */
SCAN_RARE struct block block_last(const struct needles *n, struct text t, size_t at)
{
	if (t.len >= 64) {
		struct block b = block_load(n, t.d + t.len - 64);
		unsigned seen = (unsigned)(64 - (t.len - at));
		return (struct block){b.cr >> seen, b.lf >> seen, b.controls >> seen};
	}
	uint8_t copy[64];
	memset(copy, ' ', sizeof(copy));
	memcpy(copy, t.d + at, t.len - at);
	return block_load(n, copy);
}

/* Finds the lines up to the empty one. */
SCAN_FN enum sip_scan_verdict lines_find(struct lines *lines, struct text t, size_t from)
{
	/* What the block before leaves: a CR as its last byte, line ends in its last two. */
	uint64_t last_cr = 0, last_ends = 0, wrong = 0;
	const struct needles needles = needles_make();
	uint16_t *lf = lines->lf;
	for (size_t at = from; at < t.len; at += 64) {
		struct block b = t.len - at >= 64 ? block_load(&needles, t.d + at) : block_last(&needles, t, at);
		uint64_t after_cr = b.cr << 1 | last_cr;
		uint64_t ends = b.lf & after_cr;
		uint64_t odd = (b.lf ^ after_cr) | (b.controls & ~(b.cr | b.lf));
		uint64_t empty = ends & (ends << 2 | last_ends);
		last_cr = b.cr >> 63;
		last_ends = ends >> 62;
		if (empty) {
			uint64_t head = empty ^ (empty - 1);
			ends &= head;
			odd &= head;
		}
		wrong |= odd;
		for (; ends; ends &= ends - 1)
			*lf++ = (uint16_t)(at + (size_t)__builtin_ctzll(ends));
		if (lf > lines->lf + SIP_LINES_MAX)
			return SIP_SCAN_LINES;
		if (empty) {
			lines->count = (unsigned)(lf - lines->lf);
			lines->wrong = wrong != 0;
			return SIP_SCAN_MESSAGE;
		}
	}
	enum sip_scan_verdict verdict = wrong ? controls_check(t, from, t.len, true) : SIP_SCAN_MESSAGE;
	return verdict == SIP_SCAN_MESSAGE ? SIP_SCAN_UNFINISHED : verdict;
}

/* The name of the line that begins at `start`; its first line ends at `end`. *behind: where the colon is. */
SCAN_FN enum sip_scan_verdict name_read(struct sip_scan_header *header, struct text t, size_t start, size_t end,
					size_t *behind)
{
	size_t colon = find3(t, start, end, ':', ':', ':'), stop = colon;
	if (colon == end)
		return SIP_SCAN_NO_COLON;
	while (stop > start && is_blank(t.d[stop - 1]))
		stop--;
	if (stop - start > SIP_NAME_MAX)
		return SIP_SCAN_NAME_LONG;
	header->id = (uint8_t)sip_header_find((const char *)t.d + start, stop - start);
	/* Of a name of the list this is known. */
	if (header->id == SIP_HEADER_OTHER && !names_is_token(t.d + start, stop - start))
		return SIP_SCAN_NAME;
	header->name = span_of(start, stop);
	*behind = colon;
	return SIP_SCAN_MESSAGE;
}

/* Any header, from `start` to `end`; its first line ends at `first_end`. */
SCAN_RARE enum sip_scan_verdict header_read(struct sip_scan_header *header, struct text t, size_t start,
					    size_t first_end, size_t end, bool wrong)
{
	size_t colon;
	enum sip_scan_verdict verdict = name_read(header, t, start, first_end, &colon);
	if (verdict == SIP_SCAN_MESSAGE && wrong)
		verdict = controls_check(t, colon + 1, end, true);
	if (verdict != SIP_SCAN_MESSAGE)
		return verdict;
	header->value = span_trim(t, colon + 1, end);
	header->folded = false;
	if (first_end != end) {
		size_t stop = header->value.off + (size_t)header->value.len;
		header->folded = find3(t, header->value.off, stop, '\n', '\n', '\n') < stop;
	}
	return SIP_SCAN_MESSAGE;
}

SCAN_FN enum sip_scan_verdict headers_read(struct sip_scan *scan, struct text t, const struct lines *lines)
{
	const struct needles needles = needles_make();
	unsigned count = 0, last = lines->count - 1;
	/* From where on header_plain may not be asked. */
	size_t plain_end = !lines->wrong && t.len >= NAMES_WIDTH ? t.len - NAMES_WIDTH + 1 : 0;
	size_t start = (size_t)lines->lf[0] + 1, next;
	clear(scan->first);
	if (last > 1 && is_blank(t.d[start]))
		return SIP_SCAN_FIRST_FOLDED;
	for (const uint16_t *lf = lines->lf + 1, *empty = lines->lf + last; lf < empty; start = next) {
		struct sip_scan_header *header = &scan->headers[count];
		size_t first = next = (size_t)*lf++ + 1;
		/* Behind a header is another line, if only the empty one. */
		while (is_blank(t.d[next]))
			next = (size_t)*lf++ + 1;
		if (next - start > SIP_LINE_MAX + 2)
			return SIP_SCAN_LINE_LONG;
		if (count == SIP_HEADERS_MAX)
			return SIP_SCAN_HEADERS;
		unsigned id = SIP_HEADER_OTHER;
		if (start < plain_end && next == first)
			id = header_plain(header, &needles, t, start, next - 2);
		if (id == SIP_HEADER_OTHER) {
			enum sip_scan_verdict verdict =
			    header_read(header, t, start, first - 2, next - 2, lines->wrong);
			if (verdict != SIP_SCAN_MESSAGE)
				return verdict;
			id = header->id;
		}
		count++;
		if (!scan->first[id])
			scan->first[id] = (uint16_t)count;
		else if (names_once[id])
			return SIP_SCAN_REPEATED;
	}
	scan->header_count = (uint16_t)count;
	return SIP_SCAN_MESSAGE;
}
