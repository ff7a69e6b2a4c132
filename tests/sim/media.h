/* Media of a party: it talks in short windows, 50 packets a second, and every now and then a packet between them. Each
 * packet says whose it is, so that whoever sees it come out of the gateway can tell. */
#pragma once

#include "sim.h"

#define MEDIA_MAGIC  0x58465349u
#define MEDIA_KEY_PT 101
#define MEDIA_EVIL   255 /* call of a stranger's packets */

struct media_mark {
	uint32_t magic;
	uint8_t call, party;
	uint8_t pt;	   /* that it was sent with */
	uint8_t converted; /* not sent: found by media_read */
	uint32_t number;
};

struct media {
	struct xf_sockaddr said;   /* in its SDP */
	struct xf_sockaddr source; /* where its packets come from */
	struct xf_sockaddr remote; /* the gateway's, from its SDP; family 0: none */
	uint32_t ssrc, timestamp, number;
	uint16_t seq;
	uint64_t until_ns, last_ns;
	bool ticking, silent, moved; /* moved: its SDP named another address meanwhile */
	bool heard;		     /* a packet of it has reached the gateway */
	uint8_t pt;
	uint32_t lost;		       /* what it says that it has lost */
	bool hears_keys, without_keys; /* the gateway's SDP has telephone-event; its own once had not */
	unsigned key_left;	       /* packets of the key that it presses; the last three are ends */
	uint32_t key_timestamp;
	unsigned keys; /* pressed so far */
};

struct message;

void media_init(struct party *party);
/* SDP that offers or answers; direction: "sendrecv", … */
const char *media_sdp(struct party *party, const char *direction);
/* From now on it is reached at another port. */
void media_move(struct party *party);
void media_take(struct party *party, const struct message *message);
/* ---- media_report.c: a report in RTCP */
void media_report(struct party *party);
void media_talk(struct party *party, unsigned ms);
/* All parties of the call. */
void media_talk_all(struct sim *sim, const struct sim_call *call, unsigned ms);
/* The party that has said this address in its SDP or sends from there; NULL: nobody. */
struct party *media_party(struct sim *sim, const struct xf_sockaddr *addr);
/* Writes an RTP packet of 172 bytes. */
size_t media_packet(uint8_t buf[static 172], uint8_t pt, uint16_t seq, uint32_t timestamp, uint32_t ssrc,
		    const struct media_mark *mark);
/* Reads what media_packet wrote, in either law of G.711; false: something else. */
bool media_read(struct media_mark *mark, const uint8_t *payload, size_t len);
