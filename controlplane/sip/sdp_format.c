#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "sip/sdp.h"
#include "sip/sdp_codec.h"

const struct sdp_codec_name sdp_codec_names[XF_CODEC_COUNT] = {
#define X(symbol, text, clock, number, ch)                                                                             \
	[XF_CODEC_##symbol] = {.name = text, .rate = clock, .pt = number, .channels = ch},
    XF_CODECS(X)
#undef X
};

unsigned sdp_intersect(struct sdp_codec *out, const struct sdp_codec *theirs, unsigned their_count,
		       const struct sdp_codec *ours, unsigned our_count)
{
	unsigned count = 0;
	bool audio = false;
	for (unsigned i = 0; i < their_count && count < SDP_CODEC_MAX; i++) {
		unsigned j = 0;
		while (j < our_count && ours[j].codec != theirs[i].codec)
			j++;
		if (j == our_count)
			continue;
		out[count] = ours[j];
		out[count++].pt = theirs[i].pt;
		audio = audio || sdp_codec_is_audio(theirs[i].codec);
	}
	return audio ? count : 0;
}

struct writer {
	char *buf;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = w->len < w->size ? vsnprintf(w->buf + w->len, w->size - w->len, format, args) : 0;
	va_end(args);
	w->len += n > 0 ? (size_t)n : 0;
}

static void put_audio(struct writer *w, const struct sdp_local *local, bool rtcp_mux)
{
	static const char *const directions[] = {"inactive", "sendonly", "recvonly", "sendrecv"};
	put(w, "m=audio %u RTP/AVP", local->rtp.port);
	for (unsigned i = 0; i < local->codec_count; i++)
		put(w, " %u", local->codecs[i].pt);
	put(w, "\r\n");
	for (unsigned i = 0; i < local->codec_count; i++) {
		const struct sdp_codec *codec = &local->codecs[i];
		const struct sdp_codec_name *name = &sdp_codec_names[codec->codec];
		bool event = codec->codec == XF_CODEC_EVENT || codec->codec == XF_CODEC_EVENT48;
		put(w, "a=rtpmap:%u %s/%u%s\r\n", codec->pt, name->name, name->rate, name->channels);
		if (codec->fmtp[0] || event)
			put(w, "a=fmtp:%u %s\r\n", codec->pt, codec->fmtp[0] ? codec->fmtp : "0-16");
	}
	if (local->ptime_ms)
		put(w, "a=ptime:%u\r\n", local->ptime_ms);
	if (rtcp_mux)
		put(w, "a=rtcp-mux\r\n");
	put(w, "a=%s\r\n", directions[local->direction & 3]);
}

int sdp_format(char *buf, size_t size, const struct sdp_local *local, const struct sdp *offer)
{
	struct writer w = {.buf = buf, .size = size};
	char addr[XF_ADDR_STRLEN];
	const char *type = local->rtp.addr.family == 6 ? "IP6" : "IP4";
	if (local->rtp.addr.family == 0 || local->codec_count == 0 || local->codec_count > SDP_CODEC_MAX)
		return -EINVAL;
	xf_addr_format(&local->rtp.addr, addr);
	put(&w, "v=0\r\no=- %llu %llu IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n",
	    (unsigned long long)local->session_id, (unsigned long long)local->version, type, addr, type, addr);
	for (unsigned i = 0; offer && i < offer->line_count; i++) {
		const struct sdp_line *line = &offer->lines[i];
		if (i == offer->audio)
			put_audio(&w, local, offer->rtcp_mux);
		else
			put(&w, "m=%s 0 %s %s\r\n", line->media, line->proto, line->format);
	}
	if (!offer)
		put_audio(&w, local, false);
	return w.len < size ? (int)w.len : -E2BIG;
}
