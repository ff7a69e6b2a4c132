/* G.711's two laws into one another, octet by octet: ITU-T G.711 tables 3 and 4. A packet keeps its length. */
#pragma once

#include <stdint.h>
#include "xfergate/endpoint.h"

/* By octet of the other law. Read-only, any core. */
extern const uint8_t law_mu_to_a[256], law_a_to_mu[256];

/* A codec that can be had from `codec` by a table, or -1. */
static inline int law_other(int codec)
{
	return codec == XF_CODEC_PCMU ? XF_CODEC_PCMA : codec == XF_CODEC_PCMA ? XF_CODEC_PCMU : -1;
}

/* `from`: XF_CODEC_PCMU or XF_CODEC_PCMA. */
static inline const uint8_t *law_table(int from)
{
	return from == XF_CODEC_PCMU ? law_mu_to_a : law_a_to_mu;
}

/* Converts len octets where they lie. */
static inline void law_convert(uint8_t *octets, unsigned len, const uint8_t *table)
{
	for (unsigned i = 0; i < len; i++)
		octets[i] = table[octets[i]];
}
