/* What a listener would say of a stream (the E-model of ITU-T G.107), from what is known where it passes the gateway:
 * loss and jitter up to here, and half the round trip to who sends it. An estimate of this half of the way; what
 * happens behind us is not in it.
 *
 * G.711 and G.729: G.107, with the figures of G.113 appendix I. G.722: the wideband model, G.107.1, with G.113 appendix
 * IV's figure for 64 kbit/s. Opus: the fullband model, G.107.2; ITU-T has no figures for it, these are what rtpengine
 * takes. Each model has a scale of its own, whose best is its best: scores of two codecs do not compare to the
 * hundredth. */
#pragma once

#include "xfergate/endpoint.h"

/* What is known of a stream up to the gateway. */
struct quality {
	uint64_t expected, lost; /* packets; lost: of `expected` */
	uint32_t jitter_us;
	uint32_t rtt_us; /* to its sender and back; 0: not known, taken as none */
};

/* Mean opinion score, 1.0 to 4.5. 0: not known: no audio, or fewer than 50 packets expected. */
double quality_mos(enum xf_codec codec, const struct quality *quality);
/* Packets that were sent to us and did not come, by the sequences (RFC 3550 A.3); what came twice makes up for none. */
uint64_t quality_lost(const struct xf_endpoint_state *state);
