/* Telephone-events (RFC 4733) on their way: each key that an endpoint's peer presses is told to the control plane once,
 * and each event that a receiver has heard the beginning of is ended for it.
 *
 * An event belongs to who hears its beginning. When its source is moved away, jumps, is closed, or says nothing of the
 * event for DTMF_SILENT_NS, when the receiver is put on hold, or when another event begins, the receiver gets the end
 * three times (RFC 4733 2.5.1.4): the next numbers of its stream, the event's timestamp, the longest duration that it
 * was told. The rest of that event is dropped as "event-over", also for whoever is patched to the source meanwhile: a
 * key is heard by one, whole.
 *
 * Whoever makes events faster than keys can be pressed is not told of for each: he would fill the ring to the main
 * thread and the link. They are counted, at the endpoint as keys and at the worker as untold.
 *
 * Few endpoints are in an event at once, so what is known of one stands in a slot of the worker. Without a free slot
 * events pass as they are, and are not told (counted as lost events). Owner worker only. */
#pragma once

#include <sys/queue.h>
#include "rtp.h"
#include "xfergate/endpoint.h"

#define DTMF_SLOTS     8192
#define DTMF_SILENT_NS 300000000ull  /* an event of which nothing was heard for so long is over */
#define DTMF_LINGER_NS 1000000000ull /* for so long its repeated ends are known */
#define DTMF_KEY_NS    40000000ull   /* no key is pressed for less, nor let go (ITU-T Q.24) */
#define DTMF_KEYS      8	     /* that a network may hold back and deliver at once */

struct endpoint;
struct worker;

/* What a packet says (RFC 4733 2.3). */
struct dtmf_event {
	uint8_t code;
	uint8_t volume; /* with the reserved bit */
	uint16_t duration;
	bool end;
};

enum dtmf_state {
	DTMF_NONE,
	DTMF_ON,
	DTMF_ENDED, /* by its source: the end may be repeated */
	DTMF_CUT,   /* by us, or not begun: nothing more of it passes */
};

/* The event that is known in one direction: the latest. */
struct dtmf_side {
	uint64_t last_ns;	     /* of its last packet */
	uint32_t ssrc, timestamp;    /* of its source */
	uint32_t out_timestamp;	     /* sending: as the receiver has it */
	uint32_t before;	     /* in timestamp units: of its earlier segments (RFC 4733 2.5.1.3) */
	uint16_t duration;	     /* longest told, of the present segment */
	uint8_t code, volume, codec; /* codec: enum xf_codec */
	uint8_t state;		     /* enum dtmf_state */
};

struct dtmf_slot {
	struct endpoint *endpoint;
	struct dtmf_side in, out;
	uint64_t keys_ns;	     /* when as many keys could have been pressed as were told */
	TAILQ_ENTRY(dtmf_slot) link; /* free, or in use */
};

TAILQ_HEAD(dtmf_slots, dtmf_slot);

struct dtmf {
	struct dtmf_slots used, free;
	unsigned count; /* of those in use */
	struct dtmf_slot slots[DTMF_SLOTS];
};

void dtmf_init(struct dtmf *dtmf);

/* Reads a payload; false: too short for an event. */
bool dtmf_parse(struct dtmf_event *event, const uint8_t *payload, uint16_t len);

/* An event's packet came from the endpoint's peer. Behind dtmf_pass and dtmf_sent of its receivers. */
void dtmf_received(struct worker *worker, struct endpoint *endpoint, const struct rtp *rtp,
		   const struct dtmf_event *event, int codec, uint64_t now_ns);

/* Before a packet is mapped into the stream of an endpoint that has a slot; event: NULL if it is none. Ends what the
 * packet ends. False: it must not be sent. */
bool dtmf_pass(struct worker *worker, struct endpoint *to, const struct rtp *rtp, const struct dtmf_event *event,
	       uint64_t now_ns);
/* A packet of an event is sent with that timestamp. */
void dtmf_sent(struct worker *worker, struct endpoint *to, const struct rtp *rtp, const struct dtmf_event *event,
	       int codec, uint32_t out_timestamp, uint64_t now_ns);

/* Ends what `to` hears: before its source changes or it is put on hold. */
void dtmf_end(struct worker *worker, struct endpoint *to);
/* `to` has another source, or its own again: an event that is under way there is not for it. */
void dtmf_refuse(struct worker *worker, struct endpoint *to, uint64_t now_ns);
/* The endpoint is closed. */
void dtmf_forget(struct worker *worker, struct endpoint *endpoint);

/* What has been silent for too long, a bounded share; how many were ended. */
unsigned dtmf_run(struct worker *worker, uint64_t now_ns);
