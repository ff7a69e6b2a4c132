/* Parts of header values and URIs. */
#include "sip_text.h"

#include <string.h>
#include <strings.h>

/* First byte of `stops` outside quotes and <>; the end if there is none. */
static const char *find_outside(const char *p, const char *end, const char *stops)
{
	bool quoted = false, bracket = false;
	for (; p < end; p++) {
		if (quoted) {
			if (*p == '\\' && p + 1 < end)
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"') {
			quoted = true;
		} else if (bracket) {
			bracket = *p != '>';
		} else if (*p && strchr(stops, *p)) {
			return p;
		} else {
			bracket = *p == '<';
		}
	}
	return end;
}

struct sip_text_span sip_text_first(struct sip_text_span value)
{
	if (!value.at)
		return value;
	const char *end = value.at + value.len, *comma = find_outside(value.at, end, ",");
	return sip_text_trim((struct sip_text_span){value.at, (size_t)(comma - value.at)});
}

struct sip_text_span sip_text_param(struct sip_text_span value, const char *name)
{
	if (!value.at)
		return value;
	const char *end = value.at + value.len, *p = find_outside(value.at, end, ";,");
	while (p < end && *p == ';') {
		const char *stop = find_outside(p + 1, end, ";,");
		const char *equals = memchr(p + 1, '=', (size_t)(stop - p - 1));
		struct sip_text_span key =
		    sip_text_trim((struct sip_text_span){p + 1, (size_t)((equals ? equals : stop) - p - 1)});
		if (sip_text_span_like(key, name)) {
			struct sip_text_span found = {stop, 0};
			if (equals)
				found = sip_text_trim((struct sip_text_span){equals + 1, (size_t)(stop - equals - 1)});
			if (found.len >= 2 && found.at[0] == '"' && found.at[found.len - 1] == '"')
				found = (struct sip_text_span){found.at + 1, found.len - 2};
			return found;
		}
		p = stop;
	}
	return (struct sip_text_span){NULL, 0};
}

struct sip_text_span sip_text_uri(struct sip_text_span value)
{
	if (!value.at)
		return value;
	const char *end = value.at + value.len, *open = find_outside(value.at, end, ";,");
	/* find_outside jumps over <…>, so the bracket is before `open` if there is one */
	bool quoted = false;
	for (const char *p = value.at; p < open; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p == '\\' && quoted)
			p++;
		else if (*p == '<' && !quoted) {
			const char *close = memchr(p, '>', (size_t)(end - p));
			return (struct sip_text_span){p + 1, (size_t)((close ? close : end) - p - 1)};
		}
	}
	return sip_text_trim((struct sip_text_span){value.at, (size_t)(open - value.at)});
}

/* What stands between "sip:" and the parameters. */
static struct sip_text_span uri_middle(struct sip_text_span uri)
{
	const struct sip_text_span none = {NULL, 0};
	if (!uri.at)
		return none;
	size_t skip = uri.len > 4 && strncasecmp(uri.at, "sip:", 4) == 0    ? 4
		      : uri.len > 5 && strncasecmp(uri.at, "sips:", 5) == 0 ? 5
									    : 0;
	if (!skip)
		return none;
	uri.at += skip;
	uri.len -= skip;
	/* a user part may hold ";" and "?", so the "@" comes first */
	const char *at = memchr(uri.at, '@', uri.len), *p = at ? at : uri.at;
	while (p < uri.at + uri.len && *p != ';' && *p != '?' && *p != '>')
		p++;
	uri.len = (size_t)(p - uri.at);
	return uri;
}

struct sip_text_span sip_text_uri_user(struct sip_text_span uri)
{
	if (uri.at && uri.len > 4 && strncasecmp(uri.at, "tel:", 4) == 0) {
		const char *p = memchr(uri.at, ';', uri.len);
		return (struct sip_text_span){uri.at + 4, (size_t)((p ? p : uri.at + uri.len) - uri.at - 4)};
	}
	struct sip_text_span middle = uri_middle(uri);
	const char *at = middle.at ? memchr(middle.at, '@', middle.len) : NULL;
	if (!at)
		return (struct sip_text_span){NULL, 0};
	const char *stop = middle.at;
	while (stop < at && *stop != ';' && *stop != ':')
		stop++;
	return (struct sip_text_span){middle.at, (size_t)(stop - middle.at)};
}

struct sip_text_span sip_text_uri_hostport(struct sip_text_span uri)
{
	struct sip_text_span middle = uri_middle(uri);
	const char *at = middle.at ? memchr(middle.at, '@', middle.len) : NULL;
	if (at) {
		middle.len -= (size_t)(at + 1 - middle.at);
		middle.at = at + 1;
	}
	return middle;
}

struct sip_text_span sip_text_uri_host(struct sip_text_span uri)
{
	struct sip_text_span host = sip_text_uri_hostport(uri);
	if (!host.at)
		return host;
	const char *stop = host.at[0] == '[' ? memchr(host.at, ']', host.len) : NULL;
	if (stop)
		host.len = (size_t)(stop + 1 - host.at);
	else if ((stop = memchr(host.at, ':', host.len)))
		host.len = (size_t)(stop - host.at);
	return host;
}
