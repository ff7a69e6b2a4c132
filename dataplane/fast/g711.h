/* G.711: one sample to one octet. For set-up; nothing in the loop transcodes. */
#pragma once

#include <stdint.h>

/* sample: linear, 16 bits; what lies beyond the law's range is cut to it. */
uint8_t g711_mu(int16_t sample);
uint8_t g711_a(int16_t sample);
