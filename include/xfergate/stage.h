/* What a worker's cycles go to. One list: it gives the enum, the counters, the rows of `xfergate show dataplane` and of
 * DPDK's telemetry. */
#pragma once

#include <stdint.h>

/* X(symbol, "name", "what its items are, and what it does with them") */
#define XF_STAGES(X)                                                                                                   \
	X(RECEIVE, "receive", "packets, taken from ports and from other workers")                                      \
	X(EXPRESS, "express", "packets, looked at for the short way, and forwarded on it")                             \
	X(CLASSIFY, "classify", "packets that take the long way, sorted")                                              \
	X(MEDIA, "media", "RTP and RTCP packets of the long way, checked and forwarded")                               \
	X(SCREEN, "screen", "SIP packets, screened")                                                                   \
	X(COMMANDS, "commands", "commands, time-outs and armed patches")                                               \
	X(PROMPTS, "prompts", "packets of prompts")                                                                    \
	X(TRANSMIT, "transmit", "packets, given to ports, kernel interfaces and other workers")

enum xf_stage {
#define X(symbol, name, text) XF_STAGE_##symbol,
	XF_STAGES(X)
#undef X
	    XF_STAGE_COUNT
};

/* Of the turns that were measured: some of those that received something. */
struct xf_stage_count {
	uint64_t cycles; /* of the worker's counter */
	uint64_t items;
};

static inline const char *xf_stage_name(unsigned stage)
{
	static const char *const names[] = {
#define X(symbol, name, text) name,
	    XF_STAGES(X)
#undef X
	};
	return stage < XF_STAGE_COUNT ? names[stage] : "unknown";
}
