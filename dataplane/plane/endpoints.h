/* The main thread's book of endpoints: which are open or about to be, who owns them, and by which next hop they send.
 *
 * An entry is taken when OPEN is posted and free again when CLOSE has come back; so it says what is true once all
 * posted commands are done, and commands are checked against it. Main thread.
 *
 * When the control plane goes, endpoints go on forwarding. A new life of it (another `instance`) claims an endpoint by
 * naming it in OPEN, UPDATE or PATCH. One that it has not claimed is an orphan; an orphan without media for its
 * time-out is closed here, with the event CLOSED_ORPHAN.
 */
#pragma once

#include <sys/queue.h>
#include "command_queue.h"
#include "fast/endpoint.h"
#include "fast/flow.h"
#include "next_hop.h"

#define ENDPOINTS_ORPHAN_GRACE_NS 10000000000ull /* after HELLO, to claim what is to live */
#define ENDPOINTS_ORPHAN_NS	  60000000000ull /* time-out of an orphan whose settings have none */

/* Its place in the book is the endpoint's index. */
struct endpoint_entry {
	uint32_t generation;	 /* if open; else of its last life; 0: none */
	uint32_t next, previous; /* who sends by the same next hop: indices, or XF_ENDPOINT_NONE */
	uint16_t next_hop;	 /* its number; 0: none given */
	uint8_t worker;
	uint8_t open : 1;     /* OPEN is posted; the rest means nothing otherwise */
	uint8_t opened : 1;   /* and done */
	uint8_t closing : 1;  /* CLOSE is posted */
	uint8_t claimed : 1;  /* by the present life of the control plane */
	uint8_t captured : 1; /* has an endpoints_copied */
};

static_assert(sizeof(struct endpoint_entry) == 16, "memory of an endpoint: see fast/endpoint.h");

/* One that is or was captured in its present life. */
struct endpoints_copied {
	LIST_ENTRY(endpoints_copied) link;
	uint32_t index;
	bool on;       /* as last posted */
	uint32_t lost; /* of its copies, on this thread */
};

struct endpoints {
	struct endpoint_entry *entries; /* slot_count, by index */
	uint32_t slot_count;
	uint32_t open_count;	  /* others read, and worker_count */
	uint32_t orphan_count;	  /* of the open ones, not claimed */
	uint32_t generation_last; /* of all */
	uint32_t worker_count[WORKER_MAX];
	LIST_HEAD(, endpoints_copied) copied;
	struct next_hop_queue changed; /* next hops whose endpoints are not all told of it */
	struct flow_table *flows;
	struct command_queue *commands;
	struct next_hop_book *next_hops;
	const struct dplane_port *ports;
	const struct dplane_seam *seam; /* for what is random */
	unsigned port_count;
	uint64_t instance; /* present life of the control plane; 0: none has come yet */
	uint64_t hello_ns;
	void (*orphan_closed)(const struct xf_endpoint_id *id, void *arg);
	void *arg;
};

/* What posted commands tell when they are done. */
struct endpoints_answer {
	void (*done)(struct command_item *item, void *arg);
	void *arg;
	uint32_t sequence;
	uint64_t connection;
};

/* The pointers must have been set. 0 or -ENOMEM. */
int endpoints_init(struct endpoints *endpoints);
/* When no worker runs any more. */
void endpoints_fini(struct endpoints *endpoints);

/* A control plane has said HELLO. */
void endpoints_hello(struct endpoints *endpoints, uint64_t instance, uint64_t now_ns);

/* Each checks, changes the book and posts one command, whose end is told to `answer`. 0; or -errno as link.h says, and
 * nothing has happened. */
int endpoints_open(struct endpoints *endpoints, const struct xf_link_open *open, const struct endpoints_answer *answer);
int endpoints_update(struct endpoints *endpoints, const struct xf_link_update *update,
		     const struct endpoints_answer *answer);
int endpoints_close(struct endpoints *endpoints, const struct xf_endpoint_id *id,
		    const struct endpoints_answer *answer);
/* *bad: on error, number of the first bad move. */
int endpoints_patch(struct endpoints *endpoints, const struct xf_link_patch *patch,
		    const struct endpoints_answer *answer, uint32_t *bad);

/* The state of the one in this place, if it is open or about to be: false if not. */
bool endpoints_state(const struct endpoints *endpoints, uint32_t index, struct xf_endpoint_state *state);

/* endpoints_capture.c: whether its packets are copied. */
int endpoints_capture(struct endpoints *endpoints, const struct xf_link_capture *capture,
		      const struct endpoints_answer *answer);
/* Nobody takes copies any more. */
void endpoints_capture_none(struct endpoints *endpoints);
/* Where to count copies of an endpoint's packets that were lost; NULL: it is gone. */
uint32_t *endpoints_copies_lost(struct endpoints *endpoints, const struct xf_endpoint_id *id);

/* endpoints_header.c: a next hop got, changed or lost its MAC: for next_hop_init. arg: struct endpoints. */
void endpoints_next_hop_changed(struct next_hop *next_hop, void *arg);
/* Posts header changes, a bounded number. How many. */
unsigned endpoints_poll(struct endpoints *endpoints);
/* Whether it would post one. */
bool endpoints_pending(const struct endpoints *endpoints);
/* endpoints_orphan.c: closes orphans that have timed out. Once a second or so. How many. */
unsigned endpoints_sweep(struct endpoints *endpoints, uint64_t now_ns);

/* For the files of the book. */

/* The open entry of this name. 0, -ENOENT, or -ESTALE: another life of the slot. */
int endpoints_find(const struct endpoints *endpoints, const struct xf_endpoint_id *id, struct endpoint_entry **out);
/* The present life of the control plane has named it. */
void endpoints_claim(struct endpoints *endpoints, struct endpoint_entry *entry);
/* NULL: no memory. */
struct command_item *endpoints_item(enum command_type type, unsigned moves, const struct endpoints_answer *answer);
/* Posts a CLOSE. 0 or -ENOMEM. */
int endpoints_close_entry(struct endpoints *endpoints, struct endpoint_entry *entry,
			  const struct endpoints_answer *answer);
/* What it sends by: next_hop NULL: by none. */
void endpoints_set_next_hop(struct endpoints *endpoints, struct endpoint_entry *entry, struct next_hop *next_hop);
/* The Ethernet part by the entry's next hop, on this port. */
void endpoints_egress(const struct endpoints *endpoints, const struct endpoint_entry *entry, unsigned port,
		      struct egress *egress);
/* It is closed: no copies any more. */
void endpoints_capture_forget(struct endpoints *endpoints, struct endpoint_entry *entry);
