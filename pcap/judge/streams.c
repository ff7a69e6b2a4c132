#include "judge/streams.h"

#include <ctype.h>
#include <stdlib.h>

#define STREAMS_BUCKETS 4096u

int streams_init(struct streams *s)
{
	*s = (struct streams){.buckets = calloc(STREAMS_BUCKETS, sizeof(*s->buckets))};
	return s->buckets ? 0 : -ENOMEM;
}

void streams_fini(struct streams *s)
{
	free(s->stream);
	free(s->order_next);
	free(s->buckets);
	*s = (struct streams){0};
}

static uint32_t streams_bucket(const struct xf_sockaddr *from, const struct xf_sockaddr *to, uint32_t ssrc)
{
	const uint8_t *parts[] = {(const uint8_t *)from, (const uint8_t *)to};
	uint32_t hash = 2166136261u ^ ssrc;
	for (unsigned p = 0; p < 2; p++)
		for (size_t i = 0; i < sizeof(*from); i++)
			hash = (hash ^ parts[p][i]) * 16777619u;
	return hash % STREAMS_BUCKETS;
}

static bool stream_is(const struct stream *s, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
		      uint32_t ssrc)
{
	return s->ssrc == ssrc && xf_sockaddr_eq(&s->from, from) && xf_sockaddr_eq(&s->to, to);
}

static bool streams_grow(struct streams *s)
{
	uint32_t room = s->room ? s->room * 2 : 64;
	struct stream *stream = reallocarray(s->stream, room, sizeof(*stream));
	if (stream)
		s->stream = stream;
	uint32_t *next = reallocarray(s->order_next, room, sizeof(*next));
	if (next)
		s->order_next = next;
	if (!stream || !next)
		return false;
	s->room = room;
	return true;
}

struct stream *streams_add(struct streams *s, uint64_t ns, const struct xf_sockaddr *from, const struct xf_sockaddr *to,
			   const struct rtp_packet *packet)
{
	if (s->last < s->count && stream_is(&s->stream[s->last], from, to, packet->ssrc)) {
		stream_add(&s->stream[s->last], packet, ns);
		return &s->stream[s->last];
	}
	uint32_t bucket = streams_bucket(from, to, packet->ssrc);
	for (uint32_t at = s->buckets[bucket]; at; at = s->order_next[at - 1]) {
		if (!stream_is(&s->stream[at - 1], from, to, packet->ssrc))
			continue;
		s->last = at - 1;
		stream_add(&s->stream[at - 1], packet, ns);
		return &s->stream[at - 1];
	}
	if (s->count == s->room && !streams_grow(s))
		return NULL;
	s->last = s->count;
	s->order_next[s->count] = s->buckets[bucket];
	s->buckets[bucket] = ++s->count;
	stream_begin(&s->stream[s->last], from, to, packet, ns);
	return &s->stream[s->last];
}

static json_t *stream_json(const struct stream *s)
{
	char from[XF_SOCKADDR_STRLEN], to[XF_SOCKADDR_STRLEN], ssrc[16];
	const char *codec = stream_codec(s->payload_type);
	snprintf(ssrc, sizeof(ssrc), "0x%08x", s->ssrc);
	return json_pack("{s:s, s:s, s:s, s:i, s:s?, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "from",
			 xf_sockaddr_format(&s->from, from), "to", xf_sockaddr_format(&s->to, to), "ssrc", ssrc,
			 "payload_type", (int)s->payload_type, "codec", codec, "packets", (json_int_t)s->packets,
			 "expected", (json_int_t)stream_expected(s), "lost", (json_int_t)stream_lost(s), "duplicates",
			 (json_int_t)s->duplicates, "reordered", (json_int_t)s->reordered, "jitter_ms",
			 stream_jitter_ms(s), "longest_gap_ms", (double)s->longest_gap_ns / 1e6, "first_s",
			 (double)s->first_ns / 1e9, "last_s", (double)s->last_ns / 1e9);
}

json_t *streams_json(const struct streams *s)
{
	json_t *array = json_array();
	for (uint32_t i = 0; array && i < s->count; i++)
		if (json_array_append_new(array, stream_json(&s->stream[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static void media_names_add(struct media_names *names, const struct xf_sockaddr *address)
{
	if (address->port && !media_names_has(names, address))
		names->failed |= strmap_set(&names->known, address, sizeof(*address), 1) < 0;
}

/* "c=IN IP4 192.0.2.1": the address; a TTL behind '/' is of multicast, which nobody calls. */
static bool sdp_address(struct xf_addr *addr, const char *line, size_t len)
{
	char text[XF_ADDR_STRLEN];
	if (len < 10 || len - 9 >= sizeof(text))
		return false;
	memcpy(text, line + 9, len - 9);
	text[len - 9] = 0;
	text[strcspn(text, " \t/")] = 0;
	return xf_addr_parse(addr, text) == 0;
}

/* A medium's own address stands behind its m= line and wins over the session's. */
void media_names_learn(struct media_names *names, const void *message, size_t len)
{
	/* Behind the headers of SIP or MGCP, whose lines may end with LF alone. */
	const char *at = memmem(message, len, "\nv=0", 4), *end = (const char *)message + len;
	struct xf_addr session = {0}, own = {0};
	unsigned port = 0;
	for (at = at ? at + 1 : end; at < end;) {
		const char *line = at, *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - line);
		at = stop ? stop + 1 : end;
		while (n && isspace((unsigned char)line[n - 1]))
			n--;
		if (n > 2 && memcmp(line, "c=", 2) == 0)
			sdp_address(port ? &own : &session, line, n);
		if (n < 8 || memcmp(line, "m=", 2) != 0)
			continue;
		media_names_add(names, &(struct xf_sockaddr){own.family ? own : session, (uint16_t)port, 0});
		own = (struct xf_addr){0};
		char digits[8] = "";
		const char *space = memchr(line, ' ', n);
		if (space)
			snprintf(digits, sizeof(digits), "%.*s", (int)(n - (size_t)(space + 1 - line)), space + 1);
		port = (unsigned)strtoul(digits, NULL, 10) & 0xffff;
	}
	if (port)
		media_names_add(names, &(struct xf_sockaddr){own.family ? own : session, (uint16_t)port, 0});
}

bool media_names_has(const struct media_names *names, const struct xf_sockaddr *address)
{
	return strmap_get(&names->known, address, sizeof(*address)) != STRMAP_NONE;
}

void media_names_fini(struct media_names *names)
{
	strmap_fini(&names->known);
}
