/* The E-model against figures that follow from G.107 and G.113 by hand. */
#include <criterion/criterion.h>

#include "media/quality.h"

Test(quality, scores)
{
	static const struct {
		const char *what;
		enum xf_codec codec;
		struct quality of;
		double mos;
	} rows[] = {
	    {"G.711 without loss: R 92.2", XF_CODEC_PCMU, {1000, 0, 0, 0}, 4.39},
	    {"G.711, 1 %: R 88.6", XF_CODEC_PCMA, {1000, 10, 0, 0}, 4.30},
	    {"G.711, 5 %: R 76.5", XF_CODEC_PCMU, {1000, 50, 0, 0}, 3.88},
	    {"G.711, 20 %: R 50.1", XF_CODEC_PCMU, {1000, 200, 0, 0}, 2.58},
	    {"G.729 without loss: R 81.2", XF_CODEC_G729, {1000, 0, 0, 0}, 4.07},
	    {"G.729, 2 %: R 73.2", XF_CODEC_G729, {1000, 20, 0, 0}, 3.74},
	    {"G.711, 100 ms of jitter: R 83.2", XF_CODEC_PCMU, {1000, 0, 100000, 0}, 4.14},
	    {"G.711, round trip of 200 ms: R 89.8", XF_CODEC_PCMU, {1000, 0, 0, 200000}, 4.33},
	    {"G.711, round trip of 400 ms: R 80.5", XF_CODEC_PCMU, {1000, 0, 0, 400000}, 4.04},
	    {"G.722 without loss: R 116 of 129", XF_CODEC_G722, {1000, 0, 0, 0}, 4.34},
	    {"G.722, 2 %: R 90.0 of 129", XF_CODEC_G722, {1000, 20, 0, 0}, 3.59},
	    {"G.722, round trip of 720 ms, delay 400: R 91.9 of 129", XF_CODEC_G722, {1000, 0, 0, 720000}, 3.66},
	    {"Opus without loss: R 137.8 of 148", XF_CODEC_OPUS, {1000, 0, 0, 0}, 4.41},
	    {"Opus, 4.3 %: R 76.9 of 148", XF_CODEC_OPUS, {1000, 43, 0, 0}, 2.68},
	    {"Opus, round trip of 120 ms: no worse", XF_CODEC_OPUS, {1000, 0, 0, 120000}, 4.41},
	    {"all lost", XF_CODEC_G729, {1000, 1000, 1000000, 0}, 1},
	    {"more than all", XF_CODEC_PCMU, {1000, 5000, UINT32_MAX, UINT32_MAX}, 1},
	    {"more than all, Opus", XF_CODEC_OPUS, {1000, 5000, UINT32_MAX, UINT32_MAX}, 1},
	    {"too few", XF_CODEC_PCMU, {49, 0, 0, 0}, 0},
	    {"just enough", XF_CODEC_PCMU, {50, 0, 0, 0}, 4.39},
	    {"no audio", XF_CODEC_EVENT, {1000, 0, 0, 0}, 0},
	    {"no codec", XF_CODEC_COUNT, {1000, 0, 0, 0}, 0},
	};
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double mos = quality_mos(rows[i].codec, &rows[i].of);
		cr_expect_float_eq(mos, rows[i].mos, 0.01, "%s: %.3f", rows[i].what, mos);
	}
}

Test(quality, lost)
{
	struct xf_endpoint_state state = {.rx_expected = 100, .rx_packets = 98};
	cr_expect_eq(quality_lost(&state), 2u);
	state.rx_duplicate = 3;
	cr_expect_eq(quality_lost(&state), 5u, "what came twice makes up for none");
	state.rx_packets = 110;
	cr_expect_eq(quality_lost(&state), 0u);
	cr_expect_eq(quality_lost(&(struct xf_endpoint_state){0}), 0u);
}
