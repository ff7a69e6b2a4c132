#include "ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IDS_ANYBODY   (UINT32_MAX - 1)
#define IDS_KEY_MAX   1024
#define IDS_PIECE_MAX 2048

void ids_fini(struct ids *ids)
{
	for (uint32_t i = 0; i < ids->count; i++)
		free(ids->live[i]);
	free(ids->live);
	strmap_fini(&ids->map);
	*ids = (struct ids){0};
}

static size_t key_of(char key[static IDS_KEY_MAX], enum id_kind kind, uint32_t party, struct sip_text_span recorded)
{
	size_t len = recorded.len < IDS_KEY_MAX - 8 ? recorded.len : IDS_KEY_MAX - 8;
	uint32_t head[2] = {kind, party};
	memcpy(key, head, sizeof(head));
	memcpy(key + sizeof(head), recorded.at, len);
	return sizeof(head) + len;
}

static int learn(struct ids *ids, const char *key, size_t len, struct sip_text_span live)
{
	uint32_t at = strmap_get(&ids->map, key, len);
	if (at != STRMAP_NONE && strlen(ids->live[at]) == live.len && memcmp(ids->live[at], live.at, live.len) == 0)
		return 0;
	if (ids->count == ids->room) {
		uint32_t room = ids->room ? ids->room * 2 : 64;
		char **bigger = realloc(ids->live, room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		ids->live = bigger;
		ids->room = room;
	}
	ids->live[ids->count] = strndup(live.at, live.len);
	if (!ids->live[ids->count])
		return -ENOMEM;
	return strmap_set(&ids->map, key, len, ids->count++);
}

int ids_learn(struct ids *ids, enum id_kind kind, uint32_t party, struct sip_text_span recorded,
	      struct sip_text_span live)
{
	char key[IDS_KEY_MAX];
	if (!recorded.at || !live.at || recorded.len == 0)
		return 0;
	int r = learn(ids, key, key_of(key, kind, party, recorded), live);
	return r < 0 ? r : learn(ids, key, key_of(key, kind, IDS_ANYBODY, recorded), live);
}

const char *ids_find(const struct ids *ids, enum id_kind kind, uint32_t party, struct sip_text_span recorded)
{
	char key[IDS_KEY_MAX];
	if (!recorded.at || recorded.len == 0)
		return NULL;
	uint32_t at = strmap_get(&ids->map, key, key_of(key, kind, party, recorded));
	if (at == STRMAP_NONE)
		at = strmap_get(&ids->map, key, key_of(key, kind, IDS_ANYBODY, recorded));
	return at == STRMAP_NONE ? NULL : ids->live[at];
}

/* ---- values */

struct writer {
	const struct ids *ids;
	uint32_t party;
	char *buf;
	size_t size, len;
	bool changed, full;
};

static void put(struct writer *w, const char *text, size_t len)
{
	if (len > w->size - w->len) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->buf + w->len, text, len);
	w->len += len;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static size_t unescape(char *out, struct sip_text_span piece)
{
	size_t n = 0;
	for (size_t i = 0; i < piece.len; i++) {
		if (piece.at[i] == '%' && i + 2 < piece.len && hex(piece.at[i + 1]) >= 0 && hex(piece.at[i + 2]) >= 0) {
			out[n++] = (char)(hex(piece.at[i + 1]) << 4 | hex(piece.at[i + 2]));
			i += 2;
		} else {
			out[n++] = piece.at[i];
		}
	}
	return n;
}

static void put_escaped(struct writer *w, const char *text, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain =
		    (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr("-_.!~*'()", c));
		char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};
		put(w, plain ? text + i : escaped, plain ? 1 : 3);
	}
}

static void rewrite(struct writer *w, struct sip_text_span value, unsigned depth);

static void put_piece(struct writer *w, struct sip_text_span piece, struct sip_text_span name, unsigned depth)
{
	const char *live = NULL;
	if (name.len >= 3 && strncasecmp(name.at + name.len - 3, "tag", 3) == 0)
		live = ids_find(w->ids, ID_TAG, w->party, piece);
	else if (sip_text_span_like(name, "nonce"))
		live = ids_find(w->ids, ID_NONCE, w->party, piece);
	else if (!(live = ids_find(w->ids, ID_URI, w->party, piece)))
		live = ids_find(w->ids, ID_CALL, w->party, piece);
	if (live) {
		w->changed = true;
		put(w, live, strlen(live));
		return;
	}
	if (depth == 0 && memchr(piece.at, '%', piece.len) && piece.len < IDS_PIECE_MAX) {
		char plain[IDS_PIECE_MAX], inner[2 * IDS_PIECE_MAX];
		struct writer sub = {.ids = w->ids, .party = w->party, .buf = inner, .size = sizeof(inner)};
		rewrite(&sub, (struct sip_text_span){plain, unescape(plain, piece)}, depth + 1);
		if (sub.changed && !sub.full) {
			w->changed = true;
			put_escaped(w, inner, sub.len);
			return;
		}
	}
	put(w, piece.at, piece.len);
}

static void rewrite(struct writer *w, struct sip_text_span value, unsigned depth)
{
	static const char delimiters[] = " \t,;=<>\"?&";
	const char *p = value.at, *end = p + value.len;
	/* a Call-ID may hold delimiters, but for the one behind it */
	const char *stop = memchr(p, ';', value.len);
	struct sip_text_span first = sip_text_trim((struct sip_text_span){p, (size_t)((stop ? stop : end) - p)});
	const char *live = ids_find(w->ids, ID_CALL, w->party, first);
	if (live) {
		w->changed = true;
		put(w, live, strlen(live));
		p = first.at + first.len;
	}
	struct sip_text_span name = {"", 0};
	while (p < end) {
		const char *piece = p;
		while (p < end && !(*p && strchr(delimiters, *p)))
			p++;
		struct sip_text_span found = {piece, (size_t)(p - piece)};
		if (found.len)
			put_piece(w, found, name, depth);
		if (p == end)
			break;
		/* a name stays one through "=" and a quote */
		if (*p == '=')
			name = found;
		else if (*p != '"')
			name = (struct sip_text_span){"", 0};
		put(w, p++, 1);
	}
}

long ids_rewrite(const struct ids *ids, uint32_t party, struct sip_text_span value, char *buf, size_t size)
{
	struct writer w = {.ids = ids, .party = party, .buf = buf, .size = size};
	rewrite(&w, value, 0);
	return w.full ? -E2BIG : w.changed ? (long)w.len : 0;
}
