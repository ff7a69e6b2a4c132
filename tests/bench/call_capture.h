/* Makes the capture that the replay benchmark plays: calls through a gateway as tcpdump would have seen them there. */
#pragma once

#include <stdint.h>

#define CALL_CAPTURE_CONFIG                                                                                            \
	"ports:\n"                                                                                                     \
	"  - {name: one, device: net_null0, tap: t0, addresses: [192.0.2.1/24]}\n"                                     \
	"  - {name: two, device: net_null1, tap: t1, addresses: [198.51.100.1/24]}\n"                                  \
	"networks:\n"                                                                                                  \
	"  - {name: carrier, port: one, sip: 192.0.2.1, media: [192.0.2.1]}\n"                                         \
	"  - {name: agents, port: two, sip: 198.51.100.1, media: [198.51.100.1]}\n"                                    \
	"media: {timeout: 60s, quarantine: 1s}\n"                                                                      \
	"providers:\n"                                                                                                 \
	"  - {name: carrier, network: carrier, region: US, trunk: \"sip:edge.carrier.lab\", sources: "                 \
	"[192.0.2.0/25]}\n"                                                                                            \
	"numbers:\n"                                                                                                   \
	"  - {number: \"+12025550100\", verified: operator, active: true, providers: [carrier]}\n"                     \
	"agents:\n"                                                                                                    \
	"  - {name: bot, network: agents, uri: \"sip:bot@agent.lab\", sources: [198.51.100.10], caller-id: dialled}\n" \
	"routes:\n"                                                                                                    \
	"  - {number: \"+12025550100\", provider: carrier, agent: bot}\n"

struct call_capture {
	unsigned calls, seconds; /* of audio both ways in each */
	unsigned per_second;	 /* that start */
	uint64_t packets, rtp;	 /* toward the gateway: filled in */
	double span_s;		 /* from the first packet to the last: filled in */
};

/* Fails the benchmark if it cannot. */
void call_capture_write(struct call_capture *capture, const char *path);
