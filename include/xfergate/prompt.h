/* Prompts: sounds that a worker itself plays into an endpoint's send stream. On the link a prompt is named like an
 * endpoint that feeds another: index XF_ENDPOINT_PROMPT, and its number as the generation.
 *
 * Ringback tones as their countries have them (ITU-T E.180 Supplement 2).
 */
#pragma once

#include "xfergate/endpoint.h"

/* X(symbol, number, "name", Hz, Hz or 0, cadence in ms: on, off, on, off). Each frequency passes a whole number of
 * waves and of 20 ms frames in each part, so that no part begins or ends with a click. */
#define XF_PROMPTS(X)                                                                                                  \
	X(RINGBACK_US, 1, "ringback-us", 440, 480, 2000, 4000, 0, 0)                                                   \
	X(RINGBACK_EU, 2, "ringback-eu", 425, 0, 1000, 4000, 0, 0)                                                     \
	X(RINGBACK_GB, 3, "ringback-gb", 400, 450, 400, 200, 400, 2000)

enum xf_prompt {
	XF_PROMPT_NONE = 0,
#define X(symbol, number, name, ...) XF_PROMPT_##symbol = number,
	XF_PROMPTS(X)
#undef X
	    XF_PROMPT_END /* one more than the highest */
};

/* As a source. */
static inline struct xf_endpoint_id xf_prompt_id(enum xf_prompt prompt)
{
	return (struct xf_endpoint_id){.index = XF_ENDPOINT_PROMPT, .generation = prompt};
}

/* The prompt that a source names. XF_PROMPT_NONE: it names none that there is. */
static inline enum xf_prompt xf_prompt_of(struct xf_endpoint_id source)
{
	if (source.index != XF_ENDPOINT_PROMPT || source.generation >= XF_PROMPT_END)
		return XF_PROMPT_NONE;
	return (enum xf_prompt)source.generation;
}

static inline const char *xf_prompt_name(unsigned prompt)
{
	switch (prompt) {
#define X(symbol, number, name, ...)                                                                                   \
	case number:                                                                                                   \
		return name;
		XF_PROMPTS(X)
#undef X
	}
	return "unknown";
}
