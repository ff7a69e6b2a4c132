/* SDP: what is accepted is within its limits; written as our own and read again it means the same; and an answer to it
 * answers it (RFC 3264 section 6). */
#include <errno.h>
#include "fuzz.h"
#include "sip/sdp.h"
#include "sip/sdp_codec.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

static void plain(const char *text, size_t size)
{
	fuzz_check(strnlen(text, size) < size);
	for (const char *p = text; *p; p++)
		fuzz_check((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f, "byte %02x", (unsigned char)*p);
}

static void no_codec_twice(const struct sdp_codec *codecs, unsigned count)
{
	bool audio = false, seen[128] = {false};
	fuzz_check(count > 0 && count <= SDP_CODEC_MAX);
	for (unsigned i = 0; i < count; i++) {
		fuzz_check(codecs[i].pt < 128 && codecs[i].codec < XF_CODEC_COUNT);
		fuzz_check(!seen[codecs[i].pt], "payload type %u twice", codecs[i].pt);
		seen[codecs[i].pt] = true;
		plain(codecs[i].fmtp, sizeof(codecs[i].fmtp));
		audio = audio || sdp_codec_is_audio(codecs[i].codec);
	}
	fuzz_check(audio, "nothing to talk with");
}

static void within_limits(const struct sdp *sdp)
{
	fuzz_check(sdp->line_count > 0 && sdp->line_count <= SDP_MEDIA_MAX && sdp->audio < sdp->line_count);
	fuzz_check(sdp->rtp.port > 0 && (sdp->rtp.addr.family == 4 || sdp->rtp.addr.family == 6));
	fuzz_check(sdp->direction <= SDP_SENDRECV && sdp->ptime_ms <= 1000);
	fuzz_check(sdp->rtp.addr.family != 4 || (sdp->rtp.addr.bytes[0] & 0xf0) != 0xe0, "multicast");
	fuzz_check(sdp->rtcp.addr.family == 4 || sdp->rtcp.addr.family == 6);
	no_codec_twice(sdp->codecs, sdp->codec_count);
	for (unsigned i = 0; i < sdp->line_count; i++) {
		plain(sdp->lines[i].media, sizeof(sdp->lines[i].media));
		plain(sdp->lines[i].proto, sizeof(sdp->lines[i].proto));
		plain(sdp->lines[i].format, sizeof(sdp->lines[i].format));
	}
}

static bool is_event(const struct sdp_codec *codec)
{
	return codec->codec == XF_CODEC_EVENT || codec->codec == XF_CODEC_EVENT48;
}

static void same_codecs(const struct sdp_codec *wrote, unsigned wrote_count, const struct sdp *read)
{
	fuzz_check(wrote_count == read->codec_count, "%u codecs became %u", wrote_count, read->codec_count);
	for (unsigned i = 0; i < wrote_count; i++) {
		const struct sdp_codec *a = &wrote[i], *b = &read->codecs[i];
		const char *fmtp = !a->fmtp[0] && is_event(a) ? "0-16" : a->fmtp;
		fuzz_check(a->pt == b->pt && a->codec == b->codec, "codec %u", i);
		fuzz_check(strcmp(fmtp, b->fmtp) == 0, "'%s' became '%s'", fmtp, b->fmtp);
	}
}

/* Written as if it were ours; with an offer: as the answer to it. */
static void written(const struct sdp_local *local, const struct sdp *offer, struct sdp *out)
{
	char text[SDP_MAX], why[128];
	int n = sdp_format(text, sizeof(text), local, offer);
	fuzz_check(n > 0 && strlen(text) == (size_t)n, "%d", n);
	int rc = sdp_parse(out, text, (size_t)n, why, sizeof(why));
	fuzz_check(rc == 0, "%s\n%s", why, text);
	within_limits(out);
	fuzz_check(xf_sockaddr_eq(&out->rtp, &local->rtp) && out->direction == local->direction &&
		   out->ptime_ms == local->ptime_ms);
	same_codecs(local->codecs, local->codec_count, out);
	/* Exactly what could be read of it is written again. */
	char twice[SDP_MAX];
	struct sdp_local again = *local;
	memcpy(again.codecs, out->codecs, sizeof(again.codecs));
	again.codec_count = out->codec_count;
	fuzz_check(sdp_format(twice, sizeof(twice), &again, offer) == n && strcmp(text, twice) == 0);
}

static void offered(const struct sdp *theirs)
{
	struct sdp_local local = {.session_id = 1,
				  .version = 2,
				  .rtp = theirs->rtp,
				  .direction = theirs->direction,
				  .codec_count = theirs->codec_count,
				  .ptime_ms = theirs->ptime_ms};
	struct sdp again;
	memcpy(local.codecs, theirs->codecs, sizeof(local.codecs));
	/* 0.0.0.0 is read as a hold, whatever direction stands beside it. */
	static const uint8_t none[16];
	if (memcmp(local.rtp.addr.bytes, none, sizeof(none)) == 0)
		local.rtp.addr.bytes[0] = 127;
	written(&local, NULL, &again);
	fuzz_check(again.line_count == 1);
}

static void answered(const struct sdp *offer)
{
	static const struct sdp_codec ours[] = {
	    {.pt = 0, .codec = XF_CODEC_PCMU},	  {.pt = 8, .codec = XF_CODEC_PCMA},
	    {.pt = 9, .codec = XF_CODEC_G722},	  {.pt = 96, .codec = XF_CODEC_OPUS, .fmtp = "useinbandfec=1"},
	    {.pt = 101, .codec = XF_CODEC_EVENT},
	};
	struct sdp_local local = {.session_id = 1, .version = 2, .direction = offer->direction};
	struct sdp answer;
	static const uint8_t us[4] = {192, 0, 2, 1};
	local.rtp = (struct xf_sockaddr){.addr = xf_addr_v4(us), .port = 16384};
	local.codec_count =
	    sdp_intersect(local.codecs, offer->codecs, offer->codec_count, ours, sizeof(ours) / sizeof(ours[0]));
	if (local.codec_count == 0)
		return;
	no_codec_twice(local.codecs, local.codec_count);
	for (unsigned i = 0; i < local.codec_count; i++) {
		bool offered_so = false;
		for (unsigned k = 0; k < offer->codec_count; k++)
			offered_so = offered_so || (offer->codecs[k].pt == local.codecs[i].pt &&
						    offer->codecs[k].codec == local.codecs[i].codec);
		fuzz_check(offered_so, "payload type %u was not offered as that", local.codecs[i].pt);
	}
	written(&local, offer, &answer);
	fuzz_check(answer.line_count == offer->line_count, "as many m-lines as the offer");
	fuzz_check(answer.audio == offer->audio);
	for (unsigned i = 0; i < answer.line_count; i++)
		fuzz_check(strcmp(answer.lines[i].media, offer->lines[i].media) == 0 || i == offer->audio, "m-line %u",
			   i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sdp sdp;
	char why[128];
	int rc = sdp_parse(&sdp, (const char *)data, len, why, sizeof(why));
	fuzz_check((rc < 0) == (why[0] != 0), "a reason, and only on failure");
	fuzz_check(rc == 0 || rc == -EBADMSG || rc == -ENOTSUP || rc == -E2BIG, "%d", rc);
	if (rc < 0)
		return 0;
	within_limits(&sdp);
	offered(&sdp);
	answered(&sdp);
	return 0;
}
