/* What a listener would say of a stream (ITU-T G.107, the E-model), from what is known where it passes the gateway:
 * loss and jitter up to here. An estimate of this half of the way; what happens behind us is not in it. */
#pragma once

#include "xfergate/endpoint.h"

/* Mean opinion score, 1.0 to 4.5 (G.107 annex B). 0: not known: no codec with figures in G.113 (G.711 and G.729 have
 * them), or fewer than 50 packets expected. lost: of `expected`. */
double quality_mos(enum xf_codec codec, uint64_t expected, uint64_t lost, uint32_t jitter_us);
/* Packets that were sent to us and did not come, by the sequences (RFC 3550 A.3); what came twice makes up for none. */
uint64_t quality_lost(const struct xf_endpoint_state *state);
