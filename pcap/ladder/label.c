/* A message in a few words: what tells it from its neighbours. */
#include "ladder/ladder.h"

#include <string.h>
#include "ladder/bytes.h"

static struct bytes of(const char *text)
{
	return (struct bytes){text, text ? strlen(text) : 0};
}

/* Appends, on one line; what does not fit ends with "…" at a character's border. */
static void put(char *buf, struct bytes text)
{
	static const char cut[] = "…";
	size_t used = strlen(buf);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (used + 1 >= LADDER_LABEL) {
			used = LADDER_LABEL - sizeof(cut);
			while (used > 0 && ((unsigned char)buf[used] & 0xc0) == 0x80)
				used--;
			memcpy(buf + used, cut, sizeof(cut));
			return;
		}
		/* a folded line; a NUL, which must not hide what follows it; what a terminal would obey */
		buf[used++] = (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c;
		buf[used] = 0;
	}
}

static struct bytes word(struct bytes *rest)
{
	struct bytes text = bytes_trim(*rest);
	size_t len = 0;
	while (len < text.len && text.ptr[len] != ' ' && text.ptr[len] != '\t')
		len++;
	*rest = (struct bytes){text.ptr ? text.ptr + len : NULL, text.len - len};
	return (struct bytes){text.ptr, len};
}

static bool is(struct bytes text, const char *wanted)
{
	return text.len == strlen(wanted) && memcmp(text.ptr, wanted, text.len) == 0;
}

/* The URI of a Refer-To, without name and parameters of the header. */
static struct bytes uri_of(struct bytes value)
{
	const char *start = value.len ? memchr(value.ptr, '<', value.len) : NULL;
	const char *end = NULL;
	if (start) {
		start++;
		value = (struct bytes){start, value.len - (size_t)(start - value.ptr)};
		end = value.len ? memchr(value.ptr, '>', value.len) : NULL;
	} else if (value.len) {
		end = memchr(value.ptr, ';', value.len);
	}
	if (end)
		value.len = (size_t)(end - value.ptr);
	return bytes_trim(value);
}

struct parts {
	struct bytes start, cseq, sipfrag, refer_to;
	bool in_dialog;
};

static const char *label(char *buf, struct parts parts)
{
	struct bytes rest = parts.start, first = word(&rest);
	buf[0] = 0;
	if (bytes_begin(first, "SIP/")) {
		put(buf, word(&rest));
		word(&parts.cseq);
		struct bytes method = word(&parts.cseq);
		if (method.len > 0) {
			put(buf, of(" ("));
			put(buf, method);
			put(buf, of(")"));
		}
	} else {
		put(buf, parts.in_dialog && is(first, "INVITE") ? of("re-INVITE") : first);
		struct bytes more = {NULL, 0};
		if (is(first, "NOTIFY")) {
			more = bytes_trim(parts.sipfrag);
			if (bytes_begin(more, "SIP/"))
				word(&more);
			more = bytes_trim(more);
		} else if (is(first, "REFER")) {
			more = uri_of(parts.refer_to);
		}
		if (more.len > 0) {
			put(buf, of(" "));
			put(buf, more);
		}
	}
	if (!buf[0])
		put(buf, of("?"));
	return buf;
}

const char *ladder_label(char buf[static LADDER_LABEL], const struct ladder_message *message)
{
	return label(buf, (struct parts){of(message->start_line), of(message->cseq), of(message->sipfrag),
					 of(message->refer_to), message->in_dialog});
}

const char *ladder_label_bytes(char buf[static LADDER_LABEL], const void *data, size_t len)
{
	struct parts parts = {
	    .start = bytes_start_line(data, len),
	    .cseq = bytes_header(data, len, "CSeq", 0),
	    .refer_to = bytes_header(data, len, "Refer-To", 'r'),
	    .in_dialog = bytes_have_tag(bytes_header(data, len, "To", 't')),
	};
	if (bytes_begin(bytes_header(data, len, "Content-Type", 'c'), "message/sipfrag")) {
		struct bytes body = bytes_body(data, len);
		bytes_line(&body, &parts.sipfrag);
	}
	return label(buf, parts);
}
