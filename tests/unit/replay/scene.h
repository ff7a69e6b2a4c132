/* Captures that a test writes message by message, and the configuration of the gateway that they are of.
 *
 * Networks: carrier 192.0.2.1, agents 198.51.100.1, pbx 203.0.113.1; provider "carrier" 192.0.2.0/25, agent "bot"
 * 198.51.100.10.
 */
#pragma once

#include "capture/capture.h"
#include "xfergate/config.h"

#define SCENE_EPOCH_NS 1700000000000000000ull

extern const char scene_configuration[];

struct scene_packet;
struct scene {
	char dir[64], capture[96], config[96], out[96], report[96], expect[96];
	struct scene_packet *packets; /* put in order of time when it is done */
	unsigned count;
};

/* A folder of its own with the configuration in it; sets the environment variable of its password. */
void scene_open(struct scene *scene);
/* The capture is whole. */
void scene_done(struct scene *scene);
void scene_remove(struct scene *scene);

/* A message; "\n" stands for CRLF, and "%SDP ADDRESS PORT\n" at its end for a body, with Content-Length. */
void scene_sip(struct scene *scene, double s, const char *from, const char *to, const char *text);
void scene_udp(struct scene *scene, double s, const char *from, const char *to, const void *data, size_t len);
/* packets of PCMU, 20 ms each. */
void scene_rtp(struct scene *scene, double s, const char *from, const char *to, unsigned packets, uint32_t ssrc);

/* A call through the gateway, as it recorded it: answered by the agent after 1 s, 5 s of talk both ways, ended by the
 * caller at 6.1 s. gateway_late: the recorded gateway was so much slower (s) in everything. */
void scene_call(struct scene *scene, double gateway_late);
/* The same call straight between two phones: 10.0.0.5 calls 10.0.0.9. */
void scene_direct_call(struct scene *scene);
