/* Which codecs a leg is offered and which of those in common are used. The dataplane turns one law of G.711 into the
 * other and nothing else, so where one of them is known both can be had. */
#include "call/shard.h"
#include "sip/sdp_codec.h"

static bool has(const struct sdp_codec *codecs, unsigned count, uint8_t codec)
{
	for (unsigned i = 0; i < count; i++)
		if (codecs[i].codec == codec)
			return true;
	return false;
}

static bool has_number(const struct sdp_codec *codecs, unsigned count, uint8_t pt)
{
	for (unsigned i = 0; i < count; i++)
		if (codecs[i].pt == pt)
			return true;
	return false;
}

static bool is_law(uint8_t codec)
{
	return codec == XF_CODEC_PCMU || codec == XF_CODEC_PCMA;
}

unsigned codecs_with_both_laws(struct sdp_codec *codecs, unsigned count)
{
	bool mu = has(codecs, count, XF_CODEC_PCMU), a = has(codecs, count, XF_CODEC_PCMA);
	uint8_t codec = mu ? XF_CODEC_PCMA : XF_CODEC_PCMU, pt = sdp_codec_names[codec].pt;
	/* A number that stands for something else in this list cannot be had. */
	if (mu == a || count == SDP_CODEC_MAX || has_number(codecs, count, pt))
		return count;
	unsigned at = count;
	while (at > 0 && !sdp_codec_is_audio(codecs[at - 1].codec))
		at--;
	memmove(&codecs[at + 1], &codecs[at], (count - at) * sizeof(*codecs));
	codecs[at] = (struct sdp_codec){.pt = pt, .codec = codec};
	return count + 1;
}

unsigned codecs_one_audio(struct sdp_codec *codecs, unsigned count, bool both_laws)
{
	unsigned kept = 0, law = XF_CODEC_COUNT;
	bool audio = false;
	for (unsigned i = 0; i < count; i++) {
		uint8_t codec = codecs[i].codec;
		if (sdp_codec_is_audio(codec)) {
			if (audio && !(both_laws && law != XF_CODEC_COUNT && is_law(codec) && codec != law))
				continue;
			if (!audio && is_law(codec))
				law = codec;
			audio = true;
		}
		codecs[kept++] = codecs[i];
	}
	return kept;
}

unsigned codecs_own(struct sdp_codec *codecs, const struct sdp_codec *offered, unsigned count)
{
	unsigned own = leg_default_codecs(codecs);
	if (has(offered, count, XF_CODEC_PCMU) || has(offered, count, XF_CODEC_PCMA) ||
	    !has(offered, count, XF_CODEC_G722))
		return own;
	codecs[0] = (struct sdp_codec){.pt = sdp_codec_names[XF_CODEC_G722].pt, .codec = XF_CODEC_G722};
	codecs[1] = codecs[own - 1];
	return 2;
}
