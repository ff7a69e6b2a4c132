/* The main thread's book of endpoints: which are open or about to be, who owns them, and by which next hop they send.
 *
 * An entry is made when OPEN is posted and goes when CLOSE has come back; so it says what is true once all posted
 * commands are done, and commands are checked against it. Main thread.
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
#include "limbo.h"
#include "next_hop.h"

#define ENDPOINTS_ORPHAN_GRACE_NS 10000000000ull /* after HELLO, to claim what is to live */
#define ENDPOINTS_ORPHAN_NS	  60000000000ull /* time-out of an orphan whose settings have none */

struct endpoint_entry {
	struct xf_endpoint_id id;
	uint8_t worker;
	bool closing; /* CLOSE is posted */
	bool dirty;   /* in the list of those whose egress header must be sent to the owner */
	uint16_t port;
	uint64_t instance; /* life of the control plane that claims it */
	uint64_t timeout_ns;
	bool captured;	      /* as last posted */
	uint32_t copies_lost; /* of its captured packets, on this thread */
	struct endpoint *endpoint;
	struct next_hop *next_hop; /* NULL: none given */
	LIST_ENTRY(endpoint_entry) next_hop_link;
	TAILQ_ENTRY(endpoint_entry) dirty_link;
	LIST_ENTRY(endpoint_entry) open_link;
};

struct endpoints_slot {
	struct endpoint_entry *entry;
	uint32_t generation_last;
};

struct endpoints {
	struct endpoints_slot *slots; /* slot_count, by index */
	uint32_t slot_count;
	uint32_t open_count;	  /* others read, and worker_count */
	uint32_t captured_count;  /* since nobody took copies any more, at least as many as are captured */
	uint32_t generation_last; /* of all */
	uint32_t worker_count[WORKER_MAX];
	LIST_HEAD(, endpoint_entry) open;
	TAILQ_HEAD(, endpoint_entry) dirty;
	struct flow_table *flows;
	struct command_queue *commands;
	struct next_hop_book *next_hops;
	struct limbo *limbo;
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
/* When no worker runs any more: frees all. */
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

/* Whether its packets are copied. */
int endpoints_capture(struct endpoints *endpoints, const struct xf_link_capture *capture,
		      const struct endpoints_answer *answer);
/* Nobody takes copies any more. */
void endpoints_capture_none(struct endpoints *endpoints);
/* Where to count copies of an endpoint's packets that were lost; NULL: it is gone. */
uint32_t *endpoints_copies_lost(struct endpoints *endpoints, const struct xf_endpoint_id *id);

/* A next hop got, changed or lost its MAC: for next_hop_init. arg: struct endpoints. */
void endpoints_next_hop_changed(struct next_hop *next_hop, void *arg);
/* Posts header changes, a bounded number. How many. */
unsigned endpoints_poll(struct endpoints *endpoints);
/* Whether it would post one. */
bool endpoints_pending(const struct endpoints *endpoints);
/* Closes orphans that have timed out. Once a second or so. How many. */
unsigned endpoints_sweep(struct endpoints *endpoints, uint64_t now_ns);
