/* What a capture holds beside SIP: RTP, RTCP and other datagrams, from one address and port to another. They are read a
 * second time, a little ahead of the clock, sent to the ports that this run's gateway names, and shifted with their
 * leg.
 *
 * Nothing is allocated for a packet but while the number of those that wait grows.
 */
#pragma once

#include "capture/ahead.h"
#include "due.h"
#include "clock.h"
#include "heap.h"

#define TRACK_WAIT_NS  10000000000ull /* so long media waits for the SDP that names its port */
#define TRACK_AHEAD_NS 20000000ull    /* read ahead of the clock */
#define TRACK_NONE     UINT32_MAX

struct track_slot {
	struct track_slot *next;
	uint64_t ns, number; /* recorded */
	uint32_t len, size;
	uint8_t bytes[];
};

struct track {
	struct xf_sockaddr from, to; /* recorded */
	uint32_t leg;		     /* RECORDING_NONE: goes in where it went */
	uint32_t next_of_leg;
	uint32_t follower; /* whose packet came after one of its own the last time: mostly it will again */
	bool rtcp, placed;
	uint64_t until_ns; /* recorded: then the port belongs to another leg */
	int64_t shift;
	unsigned port;
	struct xf_sockaddr live_from, live_to;
	struct track_slot *first, **last;
	uint64_t sent, lost, left_out; /* left out: the gateway had ended its dialog */
	uint64_t lost_number;	       /* the first of those that could not be sent */
};

/* Hands a datagram over. */
typedef void (*track_send)(void *arg, const struct track *track, const struct track_slot *slot);

struct tracks {
	struct recording *rec;
	uint64_t shift_ns;
	struct capture_ahead *reader; /* NULL: read to its end */
	uint64_t read_ns;	      /* recorded; UINT64_MAX: all is read */
	struct clock clock;	      /* of the reader */
	uint64_t lead_ns;	      /* how far legs run ahead of the capture */
	struct track *items;
	uint32_t count, room;
	uint32_t *buckets; /* track + 1 */
	uint32_t bucket_count;
	uint32_t latest;  /* track of the packet read last; TRACK_NONE */
	uint32_t *of_leg; /* first track of each leg */
	struct heap due;
	struct track_slot *small, *large; /* free ones */
	void **chunks;
	unsigned chunk_count;
	uint64_t sent, lost, left_out, other;
	uint64_t unnamed; /* of a party of --as, to a port that no SDP names */
	bool out_of_memory;
};

/* The reader is the tracks' from now on. 0 or -ENOMEM. */
int tracks_init(struct tracks *tracks, struct recording *rec, struct capture_ahead *reader, uint64_t shift_ns);
void tracks_fini(struct tracks *tracks);
/* Live time of the next datagram or reading; UINT64_MAX: nothing comes any more. */
uint64_t tracks_next(const struct tracks *tracks);
/* Sends what is due. 0 or -ENOMEM. */
int tracks_run(struct tracks *tracks, uint64_t now_ns, track_send send, void *arg);
/* The leg's gateway has named a port, or spoken: media that waited may go. lead_ns: how much earlier than recorded. */
void tracks_wake(struct tracks *tracks, uint32_t leg, uint64_t lead_ns);
