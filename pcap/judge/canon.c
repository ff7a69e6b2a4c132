#include "judge/canon.h"

#include <ctype.h>
#include <stdlib.h>

#define CANON_HEADERS 128

enum word {
	WORD_CALL_ID,
	WORD_TAG,
	WORD_BRANCH,
	WORD_NONCE,
	WORD_RESPONSE,
	WORD_SESSION,
	WORD_PORT,
	WORD_VERSION,
	WORD_CSEQ,
	WORD_CALL,
};

static const char *const words[] = {"call-id", "tag",  "branch",  "nonce", "response",
				    "session", "port", "version", "cseq",  "call"};

/* A growing text. failed: no memory. */
struct text {
	char *bytes;
	size_t len, room;
	bool failed;
};

static void text_add(struct text *t, const char *bytes, size_t len)
{
	if (t->len + len + 1 > t->room) {
		size_t room = (t->len + len + 1) * 2;
		char *grown = realloc(t->bytes, room);
		if (!grown) {
			t->failed = true;
			return;
		}
		t->bytes = grown;
		t->room = room;
	}
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
	t->bytes[t->len] = 0;
}

static const char *canon_find(const struct canon *canon, const char *text, size_t len)
{
	uint32_t token = strmap_get(&canon->token_of, text, len);
	return token == STRMAP_NONE ? NULL : canon->tokens[token].word;
}

/* The word that stands for it from now on. NULL: no memory, or there is nothing to replace. */
static const char *canon_token(struct canon *canon, enum word kind, const char *text, size_t len)
{
	const char *known = len ? canon_find(canon, text, len) : NULL;
	if (known || !len)
		return known;
	if (canon->token_count == canon->token_room) {
		uint32_t room = canon->token_room ? canon->token_room * 2 : 64;
		struct canon_token *grown = reallocarray(canon->tokens, room, sizeof(*grown));
		if (!grown)
			return NULL;
		canon->tokens = grown;
		canon->token_room = room;
	}
	struct canon_token *token = &canon->tokens[canon->token_count];
	if (strmap_set(&canon->token_of, text, len, canon->token_count) < 0)
		return NULL;
	canon->token_count++;
	snprintf(token->word, sizeof(token->word), "{%s %u}", words[kind], ++canon->numbers[kind]);
	return token->word;
}

/* A word for what is short and may be the same as something of another kind: `within` keeps them apart. */
static const char *canon_apart(struct canon *canon, enum word kind, const char *within, size_t within_len,
			       const char *text, size_t len)
{
	char key[320];
	int n = snprintf(key, sizeof(key), "%s %.*s %.*s", words[kind], (int)within_len, within, (int)len, text);
	return canon_token(canon, kind, key, n > 0 && (size_t)n < sizeof(key) ? (size_t)n : sizeof(key) - 1);
}

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || strchr("-.!%*_+`'~@", c);
}

/* The kind of a parameter's value that is chosen at random. */
static int parameter_kind(const char *name, size_t len)
{
	static const struct {
		const char *name;
		enum word kind;
	} kinds[] = {{"tag", WORD_TAG},	      {"branch", WORD_BRANCH}, {"nonce", WORD_NONCE},
		     {"cnonce", WORD_NONCE},  {"opaque", WORD_NONCE},  {"response", WORD_RESPONSE},
		     {"to-tag", WORD_TAG},    {"from-tag", WORD_TAG},  {"local-tag", WORD_TAG},
		     {"remote-tag", WORD_TAG}};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i].name) == len && strncasecmp(kinds[i].name, name, len) == 0)
			return (int)kinds[i].kind;
	return -1;
}

/* Copies a header value; values of such parameters, and all words that are known already, are replaced. */
static void canon_value(struct canon *canon, struct text *out, const char *value, size_t len)
{
	int kind = -1;
	for (size_t at = 0; at < len;) {
		size_t n = 0;
		while (at + n < len && is_token_char(value[at + n]))
			n++;
		if (n == 0) {
			if (value[at] != '=' && value[at] != '"')
				kind = -1;
			text_add(out, value + at++, 1);
			continue;
		}
		const char *word = kind >= 0 ? canon_token(canon, (enum word)kind, value + at, n)
				   : n >= 6  ? canon_find(canon, value + at, n)
					     : NULL;
		text_add(out, word ? word : value + at, word ? strlen(word) : n);
		at += n;
		kind = at < len && value[at] == '=' ? parameter_kind(value + at - n, n) : -1;
	}
}

struct line {
	const char *at;
	size_t len, name_len;
	const char *name;
};

static const char *long_name(const char *name, size_t *len)
{
	static const struct {
		char letter;
		const char *name;
	} compact[] = {{'i', "Call-ID"},
		       {'m', "Contact"},
		       {'e', "Content-Encoding"},
		       {'l', "Content-Length"},
		       {'c', "Content-Type"},
		       {'f', "From"},
		       {'s', "Subject"},
		       {'k', "Supported"},
		       {'t', "To"},
		       {'v', "Via"},
		       {'o', "Event"},
		       {'r', "Refer-To"},
		       {'b', "Referred-By"}};
	for (size_t i = 0; *len == 1 && i < sizeof(compact) / sizeof(*compact); i++)
		if (tolower((unsigned char)*name) == compact[i].letter) {
			*len = strlen(compact[i].name);
			return compact[i].name;
		}
	return name;
}

static int by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int order = strncasecmp(x->name, y->name, n);
	if (order)
		return order;
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static bool says_nothing(const struct line *line)
{
	static const char *const names[] = {"User-Agent", "Server", "Date", "Timestamp", "Content-Length"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == line->name_len && strncasecmp(names[i], line->name, line->name_len) == 0)
			return true;
	return false;
}

static bool is_named(const struct line *line, const char *name)
{
	return line->name_len == strlen(name) && strncasecmp(line->name, name, line->name_len) == 0;
}

/* A request's number is chosen by the gateway, a response repeats that of the other side. */
static size_t canon_cseq(struct canon *canon, struct text *out, const char *value, size_t len, const char *call_id,
			 size_t call_id_len)
{
	size_t digits = 0;
	while (digits < len && isdigit((unsigned char)value[digits]))
		digits++;
	const char *word = digits ? canon_apart(canon, WORD_CSEQ, call_id, call_id_len, value, digits) : NULL;
	if (!word)
		return 0;
	text_add(out, word, strlen(word));
	return digits;
}

/* call_id: of a request; NULL: it is a response. */
static void canon_header(struct canon *canon, struct text *out, const struct line *line, const struct line *call_id)
{
	const char *value = memchr(line->at, ':', line->len);
	size_t len = line->len - (size_t)(value - line->at) - 1;
	for (value++; len && isspace((unsigned char)*value); value++)
		len--;
	while (len && isspace((unsigned char)value[len - 1]))
		len--;
	text_add(out, line->name, line->name_len);
	text_add(out, ": ", 2);
	if (is_named(line, "Call-ID")) {
		const char *word = canon_token(canon, WORD_CALL_ID, value, len);
		text_add(out, word ? word : value, word ? strlen(word) : len);
	} else if (is_named(line, "X-Xfergate-Call")) {
		const char *word = canon_apart(canon, WORD_CALL, "", 0, value, len);
		text_add(out, word ? word : value, word ? strlen(word) : len);
	} else {
		size_t done = call_id && is_named(line, "CSeq")
				  ? canon_cseq(canon, out, value, len, call_id->at, call_id->len)
				  : 0;
		canon_value(canon, out, value + done, len - done);
	}
	text_add(out, "\n", 1);
}

/* Of an SDP the session's id and version and our port are chosen as it comes; the rest of a body stays as it is. */
static void canon_body_line(struct canon *canon, struct text *out, const char *line, size_t len, bool sdp)
{
	const char *start = NULL, *stop = NULL;
	enum word kind = WORD_SESSION;
	if (sdp && len > 2 && memcmp(line, "o=", 2) == 0 && (start = memchr(line, ' ', len)))
		stop = memchr(start + 1, ' ', len - (size_t)(start + 1 - line));
	if (sdp && len > 8 && memcmp(line, "m=audio ", 8) == 0) {
		start = line + 7;
		stop = memchr(start + 1, ' ', len - 8);
		kind = WORD_PORT;
	}
	bool refused = kind == WORD_PORT && stop && stop - start == 2 && start[1] == '0';
	if (!start || !stop || refused) {
		text_add(out, line, len);
	} else {
		const char *word = canon_token(canon, kind, start + 1, (size_t)(stop - start - 1));
		text_add(out, line, (size_t)(start + 1 - line));
		text_add(out, word ? word : "?", word ? strlen(word) : 1);
		const char *version = stop + 1, *behind = kind == WORD_SESSION && stop < line + len
							      ? memchr(version, ' ', (size_t)(line + len - version))
							      : NULL;
		if (behind) {
			word = canon_apart(canon, WORD_VERSION, start + 1, (size_t)(stop - start - 1), version,
					   (size_t)(behind - version));
			text_add(out, " ", 1);
			text_add(out, word ? word : "?", word ? strlen(word) : 1);
			stop = behind;
		}
		text_add(out, stop, len - (size_t)(stop - line));
	}
	text_add(out, "\n", 1);
}

/* The next line of [at, end), without its end. NULL: no more. */
static const char *next_line(const char **at, const char *end, size_t *len)
{
	const char *line = *at;
	if (line >= end)
		return NULL;
	const char *stop = memchr(line, '\n', (size_t)(end - line));
	*len = (size_t)((stop ? stop : end) - line);
	*at = stop ? stop + 1 : end;
	if (*len && line[*len - 1] == '\r')
		--*len;
	return line;
}

static void canon_text(struct canon *canon, struct text *out, const char *data, size_t len)
{
	struct line lines[CANON_HEADERS];
	const char *at = data, *end = data + len, *line;
	unsigned count = 0;
	size_t n;
	bool sdp = false;
	if ((line = next_line(&at, end, &n))) {
		canon_value(canon, out, line, n);
		text_add(out, "\n", 1);
	}
	while ((line = next_line(&at, end, &n)) && n) {
		const char *colon = memchr(line, ':', n);
		if (!colon || count == CANON_HEADERS)
			continue;
		struct line *l = &lines[count++];
		*l = (struct line){.at = line, .len = n, .name_len = (size_t)(colon - line)};
		while (l->name_len && isspace((unsigned char)line[l->name_len - 1]))
			l->name_len--;
		l->name = long_name(line, &l->name_len);
		if (is_named(l, "Content-Type") && memmem(line, n, "application/sdp", 15))
			sdp = true;
	}
	qsort(lines, count, sizeof(*lines), by_name);
	const struct line *call_id = NULL;
	for (unsigned i = 0; i < count && !(len >= 4 && memcmp(data, "SIP/", 4) == 0) && !call_id; i++)
		if (is_named(&lines[i], "Call-ID"))
			call_id = &lines[i];
	for (unsigned i = 0; i < count; i++)
		if (!says_nothing(&lines[i]))
			canon_header(canon, out, &lines[i], call_id);
	text_add(out, "\n", 1);
	while ((line = next_line(&at, end, &n)))
		canon_body_line(canon, out, line, n, sdp);
}

int canon_add(struct canon *canon, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
	      const void *data, size_t len)
{
	struct text text = {0};
	if (canon->count == canon->room) {
		uint32_t room = canon->room ? canon->room * 2 : 64;
		struct canon_message *grown = reallocarray(canon->messages, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		canon->messages = grown;
		canon->room = room;
	}
	canon_text(canon, &text, data, len);
	if (text.failed) {
		free(text.bytes);
		return -ENOMEM;
	}
	canon->messages[canon->count++] = (struct canon_message){ns, *from, *to, text.bytes};
	return 0;
}

void canon_fini(struct canon *canon)
{
	for (uint32_t i = 0; i < canon->count; i++)
		free(canon->messages[i].text);
	strmap_fini(&canon->token_of);
	free(canon->messages);
	free(canon->tokens);
	*canon = (struct canon){0};
}
