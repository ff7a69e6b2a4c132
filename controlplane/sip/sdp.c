#include "sip/sdp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "sip/lex.h"
#include "sip/sdp_codec.h"

/* Reading goes over the lines once. What stands before the first m-line holds for all, and is copied into each section.
 */
struct section {
	struct xf_addr addr; /* family 0: no c= */
	bool has_addr;
	int direction; /* -1: not said */
};

struct reading {
	struct sdp *sdp;
	char *why;
	size_t why_size;
	struct section session, audio;
	bool in_media; /* behind the first m-line */
	bool in_audio; /* in the section of the audio line that we take */
	bool has_audio;
	uint8_t order[128]; /* payload types in the order of the m-line */
	unsigned order_count;
	uint8_t codec[128]; /* by payload type; XF_CODEC_COUNT: not known */
	char fmtp[128][sizeof(((struct sdp_codec *)0)->fmtp)];
	uint16_t rtcp_port;
	struct xf_addr rtcp_addr;
};

__attribute__((format(printf, 3, 4))) static int fail(struct reading *r, int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (r->why_size)
		vsnprintf(r->why, r->why_size, format, args);
	va_end(args);
	return code;
}

/* The next word of a line; len 0: none left. One or more spaces between. */
static struct lex_span word(const char **p, const char *end)
{
	while (*p < end && **p == ' ')
		(*p)++;
	const char *begin = *p;
	while (*p < end && **p != ' ')
		(*p)++;
	return (struct lex_span){begin, (size_t)(*p - begin)};
}

static bool copy_word(char *buf, size_t size, struct lex_span from, const char *also)
{
	if (from.len == 0 || from.len >= size)
		return false;
	for (size_t i = 0; i < from.len; i++)
		if (!lex_is_token_char((unsigned char)from.text[i]) && !(from.text[i] && strchr(also, from.text[i])))
			return false;
	memcpy(buf, from.text, from.len);
	buf[from.len] = 0;
	return true;
}

static bool is_multicast(const struct xf_addr *addr)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};
	if (addr->family == 6)
		return addr->bytes[0] == 0xff;
	return (addr->bytes[0] & 0xf0) == 0xe0 || memcmp(addr->bytes, broadcast, 4) == 0;
}

static bool is_unspecified(const struct xf_addr *addr)
{
	static const uint8_t zero[16];
	return memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

/* "IN IP4 192.0.2.1", in c= and in a=rtcp. */
static int read_addr(struct reading *r, struct xf_addr *addr, const char *p, const char *end)
{
	struct lex_span net = word(&p, end), type = word(&p, end), text = word(&p, end);
	char buf[XF_ADDR_STRLEN], raw[16];
	bool v6 = lex_span_is(type, "IP6");
	if (!lex_span_is(net, "IN") || (!v6 && !lex_span_is(type, "IP4")) || text.len == 0)
		return fail(r, -EBADMSG, "an address is not \"IN IP4 address\" or \"IN IP6 address\"");
	const char *slash = memchr(text.text, '/', text.len);
	size_t len = slash ? (size_t)(slash - text.text) : text.len;
	if (len >= sizeof(buf))
		return fail(r, -EBADMSG, "an address is too long");
	memcpy(buf, text.text, len);
	buf[len] = 0;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, buf, raw) != 1)
		return fail(r, -EBADMSG, "an address is no %s address", v6 ? "IPv6" : "IPv4");
	*addr = v6 ? xf_addr_v6(raw) : xf_addr_v4(raw);
	if (is_multicast(addr) || slash)
		return fail(r, -ENOTSUP, "multicast and broadcast are not supported");
	return 0;
}

static int read_connection(struct reading *r, const char *p, const char *end)
{
	if (r->in_media && !r->in_audio)
		return 0;
	struct section *section = r->in_audio ? &r->audio : &r->session;
	section->has_addr = true;
	return read_addr(r, &section->addr, p, end);
}

static int read_formats(struct reading *r, const char *p, const char *end)
{
	bool seen[128] = {false};
	unsigned long pt;
	for (struct lex_span format = word(&p, end); format.len; format = word(&p, end)) {
		if (!lex_number(format.text, format.len, 127, &pt))
			return fail(r, -EBADMSG, "a payload type is no number from 0 to 127");
		if (seen[pt])
			continue;
		seen[pt] = true;
		r->order[r->order_count++] = (uint8_t)pt;
	}
	return 0;
}

static int read_media(struct reading *r, const char *p, const char *end)
{
	struct sdp *sdp = r->sdp;
	struct lex_span media = word(&p, end), port = word(&p, end), proto = word(&p, end);
	const char *formats = p;
	struct lex_span format = word(&p, end);
	r->in_media = true;
	r->in_audio = false;
	if (sdp->line_count == SDP_MEDIA_MAX)
		return fail(r, -E2BIG, "more than %d m-lines", SDP_MEDIA_MAX);
	struct sdp_line *line = &sdp->lines[sdp->line_count++];
	if (!copy_word(line->media, sizeof(line->media), media, "") ||
	    !copy_word(line->proto, sizeof(line->proto), proto, "/") ||
	    !copy_word(line->format, sizeof(line->format), format, "/:"))
		return fail(r, -EBADMSG, "m-line %u is malformed", sdp->line_count);
	const char *slash = memchr(port.text, '/', port.len);
	size_t port_len = slash ? (size_t)(slash - port.text) : port.len;
	unsigned long number, pairs;
	if (!lex_number(port.text, port_len, 65535, &number) ||
	    (slash && !lex_number(slash + 1, port.len - port_len - 1, 65535, &pairs)))
		return fail(r, -EBADMSG, "the port of m-line %u is no number from 0 to 65535", sdp->line_count);
	if (r->has_audio || number == 0 || strcasecmp(line->media, "audio") != 0 ||
	    strcasecmp(line->proto, "RTP/AVP") != 0)
		return 0;
	r->has_audio = r->in_audio = true;
	sdp->audio = sdp->line_count - 1;
	sdp->rtp.port = (uint16_t)number;
	return read_formats(r, formats, end);
}

static uint8_t codec_of(struct lex_span name, unsigned long rate, struct lex_span channels)
{
	for (unsigned i = 0; i < XF_CODEC_COUNT; i++) {
		const char *want = sdp_codec_names[i].channels[0] ? sdp_codec_names[i].channels + 1 : "";
		bool mono = !want[0] && (channels.len == 0 || lex_span_is(channels, "1"));
		if (lex_span_is(name, sdp_codec_names[i].name) && rate == sdp_codec_names[i].rate &&
		    (mono || (want[0] && lex_span_is(channels, want))))
			return (uint8_t)i;
	}
	return XF_CODEC_COUNT;
}

/* "96 opus/48000/2". Malformed ones name no codec that we know, and that is all. */
static void read_rtpmap(struct reading *r, const char *p, const char *end)
{
	struct lex_span number = word(&p, end), encoding = word(&p, end), channels = {"", 0};
	unsigned long pt, rate;
	if (!lex_number(number.text, number.len, 127, &pt))
		return;
	r->codec[pt] = XF_CODEC_COUNT;
	const char *stop = encoding.text + encoding.len;
	const char *slash = memchr(encoding.text, '/', encoding.len);
	if (!slash)
		return;
	const char *second = memchr(slash + 1, '/', (size_t)(stop - slash - 1));
	if (second)
		channels = (struct lex_span){second + 1, (size_t)(stop - second - 1)};
	if (!lex_number(slash + 1, (size_t)((second ? second : stop) - slash - 1), 1000000, &rate))
		return;
	r->codec[pt] = codec_of((struct lex_span){encoding.text, (size_t)(slash - encoding.text)}, rate, channels);
}

static void read_fmtp(struct reading *r, const char *p, const char *end)
{
	struct lex_span number = word(&p, end), params = lex_trim(p, end);
	unsigned long pt;
	if (!lex_number(number.text, number.len, 127, &pt) || params.len >= sizeof(r->fmtp[0]))
		return;
	for (size_t i = 0; i < params.len; i++)
		if ((unsigned char)params.text[i] < 0x20 || (unsigned char)params.text[i] >= 0x7f)
			return;
	memcpy(r->fmtp[pt], params.text, params.len);
	r->fmtp[pt][params.len] = 0;
}

static int read_rtcp(struct reading *r, const char *p, const char *end)
{
	struct lex_span port = word(&p, end);
	unsigned long number;
	if (!lex_number(port.text, port.len, 65535, &number) || number == 0)
		return fail(r, -EBADMSG, "a=rtcp has no port from 1 to 65535");
	r->rtcp_port = (uint16_t)number;
	return lex_trim(p, end).len ? read_addr(r, &r->rtcp_addr, p, end) : 0;
}

static int direction_of(struct lex_span name)
{
	static const char *const names[] = {
	    [SDP_INACTIVE] = "inactive",
	    [SDP_SENDONLY] = "sendonly",
	    [SDP_RECVONLY] = "recvonly",
	    [SDP_SENDRECV] = "sendrecv",
	};
	for (int i = 0; i < 4; i++)
		if (lex_span_is(name, names[i]))
			return i;
	return -1;
}

static int read_attribute(struct reading *r, const char *p, const char *end)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	struct lex_span name = lex_trim(p, colon ? colon : end);
	const char *value = colon ? colon + 1 : end;
	int direction = direction_of(name);
	unsigned long number;
	if (r->in_media && !r->in_audio)
		return 0;
	if (direction >= 0 && !colon) {
		(r->in_audio ? &r->audio : &r->session)->direction = direction;
	} else if (!r->in_audio) {
		return 0;
	} else if (lex_span_is(name, "rtpmap")) {
		read_rtpmap(r, value, end);
	} else if (lex_span_is(name, "fmtp")) {
		read_fmtp(r, value, end);
	} else if (lex_span_is(name, "rtcp")) {
		return read_rtcp(r, value, end);
	} else if (lex_span_is(name, "rtcp-mux")) {
		r->sdp->rtcp_mux = true;
	} else if (lex_span_is(name, "ptime")) {
		struct lex_span text = lex_trim(value, end);
		if (lex_number(text.text, text.len, 1000, &number))
			r->sdp->ptime_ms = (uint16_t)number;
	}
	return 0;
}

static int read_line(struct reading *r, const char *p, const char *end, bool first)
{
	if (end - p < 2 || p[1] != '=' || p[0] < 'a' || p[0] > 'z')
		return fail(r, -EBADMSG, "a line is not \"letter=value\"");
	if (first != (p[0] == 'v') || (first && !lex_span_is(lex_trim(p + 2, end), "0")))
		return fail(r, -EBADMSG, "\"v=0\" is not the first line, and only that");
	switch (p[0]) {
	case 'm':
		return read_media(r, p + 2, end);
	case 'c':
		return read_connection(r, p + 2, end);
	case 'a':
		return read_attribute(r, p + 2, end);
	default:
		return 0;
	}
}

static int read_lines(struct reading *r, const char *body, size_t len)
{
	const char *p = body;
	bool first = true;
	for (size_t left = len; left > 0;) {
		const char *newline = memchr(p, '\n', left);
		size_t whole = newline ? (size_t)(newline - p) + 1 : left, text = newline ? whole - 1 : left;
		if (text > 0 && p[text - 1] == '\r')
			text--;
		if (memchr(p, 0, text) || memchr(p, '\r', text))
			return fail(r, -EBADMSG, "a line holds CR or NUL");
		/* An empty line at the end is what some senders add. */
		if (text > 0 || first) {
			int rc = read_line(r, p, p + text, first);
			if (rc < 0)
				return rc;
			first = false;
		}
		p += whole;
		left -= whole;
	}
	return first ? fail(r, -EBADMSG, "no SDP") : 0;
}

static int finish_codecs(struct reading *r)
{
	struct sdp *sdp = r->sdp;
	bool audio = false;
	for (unsigned i = 0; i < r->order_count && sdp->codec_count < SDP_CODEC_MAX; i++) {
		uint8_t pt = r->order[i];
		if (r->codec[pt] == XF_CODEC_COUNT)
			continue;
		struct sdp_codec *codec = &sdp->codecs[sdp->codec_count++];
		codec->pt = pt;
		codec->codec = r->codec[pt];
		memcpy(codec->fmtp, r->fmtp[pt], sizeof(codec->fmtp));
		audio = audio || sdp_codec_is_audio(codec->codec);
	}
	return audio ? 0 : fail(r, -ENOTSUP, "no codec that we know");
}

static int finish_addresses(struct reading *r)
{
	struct sdp *sdp = r->sdp;
	const struct section *from = r->audio.has_addr ? &r->audio : &r->session;
	int direction = r->audio.direction >= 0 ? r->audio.direction : r->session.direction;
	if (!from->has_addr)
		return fail(r, -EBADMSG, "no c= line for the audio");
	sdp->rtp.addr = from->addr;
	sdp->direction = (uint8_t)(direction >= 0 ? direction : SDP_SENDRECV);
	if (is_unspecified(&sdp->rtp.addr)) /* hold of RFC 2543: nothing is to be sent there */
		sdp->direction &= SDP_SENDONLY;
	sdp->rtcp_apart = sdp->rtp;
	if (r->rtcp_port)
		sdp->rtcp_apart.port = r->rtcp_port;
	else
		sdp->rtcp_apart.port = sdp->rtp.port < 65535 ? sdp->rtp.port + 1 : 0;
	if (r->rtcp_addr.family)
		sdp->rtcp_apart.addr = r->rtcp_addr;
	sdp->rtcp = sdp->rtcp_mux ? sdp->rtp : sdp->rtcp_apart;
	return 0;
}

void sdp_unmux(struct sdp *sdp)
{
	sdp->rtcp_mux = false;
	sdp->rtcp = sdp->rtcp_apart;
}

int sdp_parse(struct sdp *sdp, const char *body, size_t len, char *why, size_t why_size)
{
	struct reading r = {.sdp = sdp, .why = why, .why_size = why_size};
	*sdp = (struct sdp){0};
	r.session.direction = r.audio.direction = -1;
	memset(r.codec, XF_CODEC_COUNT, sizeof(r.codec));
	for (unsigned i = 0; i < XF_CODEC_COUNT; i++)
		if (sdp_codec_names[i].pt < 128)
			r.codec[sdp_codec_names[i].pt] = (uint8_t)i;
	if (why_size)
		why[0] = 0;
	if (len > SDP_MAX)
		return fail(&r, -E2BIG, "longer than %d bytes", SDP_MAX);
	int rc = read_lines(&r, body, len);
	if (rc == 0 && !r.has_audio)
		rc = fail(&r, -ENOTSUP, "no audio line over RTP/AVP with a port");
	if (rc == 0)
		rc = finish_addresses(&r);
	if (rc == 0)
		rc = finish_codecs(&r);
	return rc;
}
