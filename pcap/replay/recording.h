/* The signalling of a capture as a script: who said what to whom, in order, cut into legs; and what of it has come true
 * in this run.
 *
 * An entry is one message as it was captured: "in" if the gateway is to receive it, "out" if the gateway (or whoever
 * was in its place) sent it. A leg is what one party and the gateway said under one Call-ID. Entries and legs are
 * numbers; RECORDING_NONE: none.
 */
#pragma once

#include "capture/capture.h"
#include "facts.h"
#include "names.h"
#include "parties.h"
#include "judge/strmap.h"

#define RECORDING_NONE	   UINT32_MAX
#define RECORDING_SPEAKERS 8

enum entry_state {
	ENTRY_OPEN,  /* in: not sent yet; out: the gateway has not sent its like yet */
	ENTRY_DONE,  /* in: sent; out: matched; at live_ns */
	ENTRY_NEVER, /* in: cannot be sent: why */
};

struct entry {
	uint64_t number, ns; /* of its packet, as captured */
	struct xf_sockaddr from, to;
	char *data;
	size_t len;
	struct facts facts; /* spans into data */
	uint32_t leg;
	uint32_t repeats; /* the entry of which this is a retransmission; RECORDING_NONE */
	/* in response: the out request; out response: the in request; in ACK: the final out response; in PRACK: the
	 * reliable out response. RECORDING_NONE: none in the capture, or no such kind of message. */
	uint32_t answers;
	uint32_t first_answer, last_answer, next_answer; /* what answers this one, in order */
	uint32_t cancelled_by; /* in 487: the out CANCEL before it, for which it waits; RECORDING_NONE */
	bool out, tcp, cut;

	/* ---- of this run */
	uint8_t state;	      /* enum entry_state */
	bool late;	      /* in: went without the output before it */
	bool cancelled;	      /* out request: a stand-in has answered it finally */
	uint16_t live_status; /* in request: what the gateway answered finally; 0: nothing yet */
	uint64_t live_ns;
	char *live; /* out request that is matched: what the gateway sent */
	size_t live_len;
	struct xf_sockaddr live_to; /* where to */
	char *why;		    /* never */
};

/* One party's dialog with the gateway, as far as a Call-ID tells. */
struct script_leg {
	uint32_t party;	   /* of parties; PARTY_NONE without --as */
	bool by_party;	   /* the party's request opened it */
	uint32_t opening;  /* its first entry */
	uint32_t *entries; /* in order */
	uint32_t count, room;
	uint32_t next_in; /* place in entries: all inputs before it are done or never */

	/* ---- of this run */
	char *call_id;		  /* live; NULL: not known yet */
	char *tag;		  /* the gateway's, live; NULL: none yet */
	char *contact;		  /* the gateway's, live */
	struct xf_sockaddr media; /* the gateway's, live; port 0: none */
	uint64_t last_in_ns;	  /* when the last input was sent; 0: none */
	/* Its BYE, recorded and live: media from before the one does not come after the other. 0: there was none. */
	uint64_t bye_recorded_ns, bye_live_ns;
	bool over; /* the gateway ended it, which it did not in the capture */
	uint32_t network;
	char call_text[24]; /* the gateway's id of the call that it opened; "": none */
	uint32_t call;	    /* number of the call it belongs to, from 1, of its opening INVITE; 0: none */
};

/* One address and port that the gateway's side named in SDP, from a time on. */
struct sink {
	struct xf_sockaddr at;
	uint64_t ns;
	uint32_t leg;
	uint32_t next; /* of the same address and port, later; RECORDING_NONE */
};

struct recording_counts {
	uint64_t sip_in, sip_out;
};

/* The network of an own address, looked up before. */
struct own_address {
	struct xf_addr addr;
	uint32_t network; /* XF_NONE: not the gateway's */
};

struct recording {
	const struct config *config;
	const struct parties *parties;
	struct names names;
	struct entry *entries;
	uint32_t entry_count, entry_room;
	struct script_leg *legs;
	uint32_t leg_count, leg_room;
	uint32_t calls; /* opening INVITEs of parties */
	struct sink *sinks;
	uint32_t sink_count, sink_room;
	struct strmap leg_by_id;    /* party and recorded Call-ID */
	struct strmap leg_by_live;  /* live Call-ID */
	struct strmap requests;	    /* leg, direction, CSeq, method, branch */
	struct strmap seen;	    /* bytes of messages, for retransmissions */
	struct strmap sink_by_at;   /* first sink of an address and port */
	struct strmap source_by_at; /* leg of the party's own address and port in its SDP */
	struct strmap network_of;   /* remote address → network */
	bool begun;
	uint64_t first_ns, last_ns; /* of all packets */
	uint64_t gateway_packets;   /* to or from the gateway, or a party */
	struct recording_counts counts;
	struct own_address own[256];		     /* by a hash */
	struct xf_addr learnt[256];		     /* remotes whose network is known, by a hash */
	struct xf_sockaddr talker[2];		     /* the first two that speak SIP, for messages to people */
	struct xf_addr speakers[RECORDING_SPEAKERS]; /* who speaks SIP, likewise, in order of appearance */
	uint32_t speaker_count;
	bool speakers_more;
	bool party_seen[PARTIES_MAX]; /* a packet is from or to it */
	bool out_of_memory;
};

/* config and parties outlive it. 0 or -ENOMEM. */
int recording_create(struct recording **out, const struct config *config, const struct parties *parties);
void recording_destroy(struct recording *recording);

/* A unit of the capture, in order. 0 or -ENOMEM. */
int recording_add(struct recording *recording, const struct capture_unit *unit);
/* Does the unit go to the gateway? For the media of the second reading too. */
bool recording_is_input(struct recording *recording, const struct capture_unit *unit);
bool recording_is_output(struct recording *recording, const struct capture_unit *unit);

/* An address of the gateway counts as one place, under whatever name it stands in the SDP. */
struct xf_sockaddr recording_canonical(const struct recording *recording, const struct xf_sockaddr *at);
/* Leg whose media such a packet of a party is, RTCP included, and until when that holds. RECORDING_NONE: nobody named
 * such a port. *rtcp: it goes to the port behind. */
uint32_t recording_media_leg(const struct recording *recording, const struct xf_sockaddr *from,
			     const struct xf_sockaddr *to, uint64_t ns, bool *rtcp, uint64_t *until_ns);
/* Leg of a live Call-ID; RECORDING_NONE. */
uint32_t recording_live_leg(const struct recording *recording, struct sip_text_span call_id);
/* The entry of a request in the leg; RECORDING_NONE. Method and CSeq of the facts. */
uint32_t recording_request(const struct recording *recording, uint32_t leg, bool out, const struct facts *facts);
/* An entry is done: if it is a BYE, its leg ends. */
void recording_bye(struct recording *recording, const struct entry *entry);
/* Remembers an entry's fate. */
__attribute__((format(printf, 3, 4))) void recording_never(struct recording *recording, uint32_t entry,
							   const char *format, ...);
/* The network of the gateway that an address talks to; XF_NONE. */
uint32_t recording_network(const struct recording *recording, const struct xf_addr *remote);
/* What the capture's message was sent from and to, as the gateway is to see it. */
struct xf_addr recording_shown(const struct recording *recording, const struct xf_addr *recorded);
