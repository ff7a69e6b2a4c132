/* Two calls of the same settings, of which one is captured and so takes the long way: what goes into both is to come
 * out of both the same. */
#pragma once

#include "pair.h"

#define WAYS	 2 /* [0] takes the express way where it can, [1] never */
#define ENDS_MAX 3
#define PAYLOAD	 320
#define RTP_MAX	 (12 + 8 + PAYLOAD + 1)

/* One party, as it sends to both calls. */
struct party {
	const char *address, *local;
	unsigned media; /* of the local address */
	uint16_t port, vlan;
	uint8_t pt, event_pt;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	unsigned size; /* of a payload */
};

struct two_ways {
	struct rig rig;
	unsigned ends;
	struct party parties[ENDS_MAX];
	struct xf_endpoint_id ids[WAYS][ENDS_MAX];
};

/* What to make calls of. */
extern const struct party party_v4, party_other_v4, party_v6, party_tagged;

/* The same numbers again after the same seed. */
void dice_seed(uint64_t seed);
unsigned dice(unsigned sides);

/* The first two are patched both ways; third: NULL, or one whose endpoints are open. */
void two_ways_init(struct two_ways *t, const struct party *first, const struct party *second,
		   const struct party *third);
void two_ways_open(struct two_ways *t, unsigned way, unsigned end);
/* Both directions between the first two; the second's hears nothing while paused. */
int two_ways_patch(struct two_ways *t, unsigned way, bool paused);
uint16_t two_ways_port(unsigned way, unsigned end);
struct xf_endpoint_settings party_settings(const struct party *party);

/* An RTP packet of the party, a little spoilt at times. Its length. */
uint16_t speak(struct party *p, uint8_t *rtp);
/* To worker 0; spoil: 1 to 5 are the ways to spoil what is around the payload. */
void receive(struct rig *rig, const struct party *p, uint16_t port, const uint8_t *payload, uint16_t len,
	     unsigned spoil);
/* The packet to both ways, all they send for it and all they have become by it. */
void expect_same(struct two_ways *t, unsigned end, const uint8_t *rtp, uint16_t len, unsigned spoil);
