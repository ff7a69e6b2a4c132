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
static inline enum sip_scan_verdict controls_check(struct text t, size_t from, size_t end, bool value)
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
SCAN_FN struct block block_last(struct text t, size_t at)
{
	if (t.len >= 64) {
		struct block b = block_load(t.d + t.len - 64);
		unsigned seen = (unsigned)(64 - (t.len - at));
		return (struct block){b.cr >> seen, b.lf >> seen, b.controls >> seen};
	}
	uint8_t copy[64];
	memset(copy, ' ', sizeof(copy));
	memcpy(copy, t.d + at, t.len - at);
	return block_load(copy);
}

/* Finds the lines up to the empty one. */
SCAN_FN enum sip_scan_verdict lines_find(struct lines *lines, struct text t, size_t from)
{
	/* What the block before leaves: a CR as its last byte, line ends in its last two. */
	uint64_t last_cr = 0, last_ends = 0, wrong = 0;
	unsigned n = 0;
	for (size_t at = from; at < t.len; at += 64) {
		struct block b = t.len - at >= 64 ? block_load(t.d + at) : block_last(t, at);
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
			lines->lf[n++] = (uint16_t)(at + (unsigned)__builtin_ctzll(ends));
		if (n > SIP_LINES_MAX)
			return SIP_SCAN_LINES;
		if (empty) {
			lines->count = n;
			lines->wrong = wrong != 0;
			return SIP_SCAN_MESSAGE;
		}
	}
	enum sip_scan_verdict verdict = wrong ? controls_check(t, from, t.len, true) : SIP_SCAN_MESSAGE;
	return verdict == SIP_SCAN_MESSAGE ? SIP_SCAN_UNFINISHED : verdict;
}

/* The name of the line that begins at `start`; its first line ends at `end`. *behind: where the colon is. */
SCAN_FN enum sip_scan_verdict name_read(struct sip_scan_header *header, struct text t, size_t start, size_t end,
					bool wrong, size_t *behind)
{
	size_t colon = find3(t, start, end, ':', ':', ':'), stop = colon;
	if (colon == end)
		return SIP_SCAN_NO_COLON;
	while (stop > start && is_blank(t.d[stop - 1]))
		stop--;
	size_t len = stop - start;
	if (len > SIP_NAME_MAX)
		return SIP_SCAN_NAME_LONG;
	unsigned id = SIP_HEADER_OTHER;
	if (wrong || len < 2) {
		if (!names_is_token(t.d + start, len))
			return SIP_SCAN_NAME;
		id = sip_header_find((const char *)t.d + start, len);
	} else if (len < NAMES_WIDTH) {
		id = names_candidate(t.d + start, len);
		if (names_len[id] != len || !name_is(t, start, len, id))
			id = SIP_HEADER_OTHER;
	}
	if (id == SIP_HEADER_OTHER && !names_is_token(t.d + start, len))
		return SIP_SCAN_NAME;
	header->id = (uint8_t)id;
	header->name = span_of(start, stop);
	*behind = colon;
	return SIP_SCAN_MESSAGE;
}

SCAN_FN enum sip_scan_verdict header_read(struct sip_scan *scan, struct text t, size_t start, size_t first_end,
					  size_t end, bool wrong)
{
	struct sip_scan_header *header = &scan->headers[scan->header_count];
	size_t colon;
	if (end - start > SIP_LINE_MAX)
		return SIP_SCAN_LINE_LONG;
	if (scan->header_count == SIP_HEADERS_MAX)
		return SIP_SCAN_HEADERS;
	enum sip_scan_verdict verdict = name_read(header, t, start, first_end, wrong, &colon);
	if (verdict != SIP_SCAN_MESSAGE)
		return verdict;
	if (wrong) {
		verdict = controls_check(t, colon + 1, end, true);
		if (verdict != SIP_SCAN_MESSAGE)
			return verdict;
	}
	header->value = span_trim(t, colon + 1, end);
	header->folded = false;
	if (first_end != end) {
		size_t stop = header->value.off + (size_t)header->value.len;
		header->folded = find3(t, header->value.off, stop, '\n', '\n', '\n') < stop;
	}
	scan->header_count++;
	if (!scan->first[header->id])
		scan->first[header->id] = scan->header_count;
	else if (names_once[header->id])
		return SIP_SCAN_REPEATED;
	return SIP_SCAN_MESSAGE;
}

SCAN_FN enum sip_scan_verdict headers_read(struct sip_scan *scan, struct text t, const struct lines *lines)
{
	unsigned last = lines->count - 1;
	memset(scan->first, 0, sizeof(scan->first));
	scan->header_count = 0;
	for (unsigned i = 1; i < last;) {
		size_t start = (size_t)lines->lf[i - 1] + 1;
		size_t first_end = (size_t)lines->lf[i] - 1, end = first_end;
		if (is_blank(t.d[start]))
			return SIP_SCAN_FIRST_FOLDED;
		/* Line i + 1 is there, if only the empty one. */
		while (is_blank(t.d[lines->lf[i++] + 1]))
			end = (size_t)lines->lf[i] - 1;
		enum sip_scan_verdict verdict = header_read(scan, t, start, first_end, end, lines->wrong);
		if (verdict != SIP_SCAN_MESSAGE)
			return verdict;
	}
	return SIP_SCAN_MESSAGE;
}
