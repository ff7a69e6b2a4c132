#include "spans.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void put(struct spans *spans, enum signature_place place, const char *at, const char *end)
{
	while (at < end && isspace((unsigned char)*at))
		at++;
	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	if (spans->len[place])
		return;
	spans->at[place] = at;
	spans->len[place] = (size_t)(end - at);
}

static void put_user(struct spans *spans, enum signature_place place, const char *at, const char *end)
{
	const char *colon = memmem(at, (size_t)(end - at), "sip", 3);
	colon = colon ? memchr(colon, ':', (size_t)(end - colon)) : NULL;
	const char *close = colon ? memchr(colon, '>', (size_t)(end - colon)) : NULL;
	const char *sign = colon ? memchr(colon, '@', (size_t)((close ? close : end) - colon)) : NULL;
	if (sign)
		put(spans, place, colon + 1, sign);
}

static void put_display(struct spans *spans, const char *at, const char *end)
{
	const char *open = memchr(at, '<', (size_t)(end - at));
	if (!open)
		return;
	while (open > at && isspace((unsigned char)open[-1]))
		open--;
	if (open - at > 1 && *at == '"' && open[-1] == '"') {
		at++;
		open--;
	}
	put(spans, SIGNATURE_PLACE_FROM_DISPLAY, at, open);
}

static bool named(const char *line, size_t len, const char *name, const char *compact)
{
	return (len == strlen(name) && strncasecmp(line, name, len) == 0) ||
	       (len == strlen(compact) && strncasecmp(line, compact, len) == 0);
}

static void header(struct spans *spans, const char *line, const char *end)
{
	const char *value = memchr(line, ':', (size_t)(end - line));
	if (!value)
		return;
	size_t len = (size_t)(value++ - line);
	while (len && line[len - 1] == ' ')
		len--;
	if (named(line, len, "From", "f")) {
		put_user(spans, SIGNATURE_PLACE_FROM_USER, value, end);
		put_display(spans, value + strspn(value, " "), end);
	} else if (named(line, len, "To", "t")) {
		put_user(spans, SIGNATURE_PLACE_TO_USER, value, end);
	} else if (named(line, len, "Contact", "m")) {
		put_user(spans, SIGNATURE_PLACE_CONTACT_USER, value, end);
	} else if (named(line, len, "User-Agent", "") || named(line, len, "Server", "")) {
		put(spans, SIGNATURE_PLACE_USER_AGENT, value, end);
	} else if (named(line, len, "Call-ID", "i")) {
		put(spans, SIGNATURE_PLACE_CALL_ID, value, end);
	} else if (named(line, len, "Via", "v")) {
		put(spans, SIGNATURE_PLACE_VIA, value, end);
	} else if (named(line, len, "Subject", "s")) {
		put(spans, SIGNATURE_PLACE_SUBJECT, value, end);
	}
}

void spans_cut(struct spans *spans, const char *message, size_t len)
{
	const char *end = message + len, *line = message;
	*spans = (struct spans){.at[SIGNATURE_PLACE_ANYWHERE] = message, .len[SIGNATURE_PLACE_ANYWHERE] = len};
	for (const char *next; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (!next)
			next = end;
		const char *stop = next > line && next[-1] == '\r' ? next - 1 : next;
		if (stop == line)
			return;
		if (line == message) {
			put(spans, SIGNATURE_PLACE_START_LINE, line, stop);
			if (stop - line < 4 || memcmp(line, "SIP/", 4) != 0)
				put_user(spans, SIGNATURE_PLACE_REQUEST_USER, line, stop);
		} else {
			header(spans, line, stop);
		}
	}
}

struct signatures_verdict spans_scan(const struct signatures *signatures, struct signatures_scratch *scratch,
				     const struct spans *spans)
{
	struct signatures_hits hits;
	signatures_hits_clear(&hits);
	for (unsigned place = 0; place < SIGNATURE_PLACE_COUNT; place++)
		if (signatures_scan(signatures, scratch, place, spans->at[place], spans->len[place], &hits) < 0)
			abort();
	signatures_tally(scratch, &hits);
	return signatures_verdict(&hits);
}
