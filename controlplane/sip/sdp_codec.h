/* Inside the library: how SDP names the codecs that we know. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "xfergate/endpoint.h"

struct sdp_codec_name {
	const char *name;
	uint32_t rate;	      /* Hz */
	uint8_t pt;	      /* static payload type, or 255 */
	const char *channels; /* "" or "/2" */
};

extern const struct sdp_codec_name sdp_codec_names[XF_CODEC_COUNT];

/* Something to talk with: not events, not comfort noise. */
static inline bool sdp_codec_is_audio(uint8_t codec)
{
	return codec != XF_CODEC_EVENT && codec != XF_CODEC_EVENT48 && codec != XF_CODEC_CN;
}
