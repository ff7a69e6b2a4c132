/* A world with a caller, an agent and a provider's edge around it, for the tests of the world. */
#pragma once

#include "../../bench/parties.h"
#include "capture/capture.h"
#include "world/world.h"

#define STAGE_SIP_MAX 256
#define STAGE_START   1000000000000ull

struct stage_sip {
	uint64_t at_ns;
	struct xf_sockaddr to;
	char *text;
	size_t len;
};

struct stage {
	struct config *config;
	struct world *world;
	struct parties parties;
	struct capture_reassembly *reassembly;
	struct stage_sip sip[STAGE_SIP_MAX]; /* what the gateway sent and nobody has heard yet */
	unsigned sip_count, sip_heard;
	unsigned media_port[2]; /* ours, as our SDP named it: toward the caller, toward the agent */
	unsigned said;		/* packets of each party */
	uint64_t rtp_out[2];	/* packets sent from each port of the gateway */
	uint32_t ssrc_out[2];
	uint16_t sequence_out[2];
	uint64_t digest; /* of every frame that was sent, with its time */
	unsigned wrong;	 /* frames that are no whole IP packet with right checksums */
	char reply[65536];
	uint64_t rpc_replies;
};

void stage_create(struct stage *stage, uint64_t seed);
void stage_destroy(struct stage *stage);
/* Lets parties hear what was sent, and time pass, until nothing is said any more. */
void stage_talk(struct stage *stage);
/* Both parties send RTP for so many packets of 20 ms. */
void stage_media(struct stage *stage, unsigned packets);
