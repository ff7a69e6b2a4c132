/* What the ring test's traffic leaves behind, and its judge. */
#pragma once

#include "wires.h"

#define RINGS_CALLS	 6    /* call c belongs to worker c % workers */
#define RINGS_PACKETS	 4000 /* of each flow */
#define RINGS_STATES	 (3 * RINGS_PACKETS / RINGS_MOVE_AFTER + 2)
#define RINGS_MOVE_AFTER 50 /* packets of a call, at least, from one move to the next */

/* A call: the caller is outside, agent and target are inside; one of these two is connected, nobody hears the other. */
enum { RINGS_CALLER, RINGS_AGENT, RINGS_TARGET, RINGS_ROLES };
#define RINGS_FLOWS  (RINGS_CALLS * RINGS_ROLES)
#define RINGS_NOBODY RINGS_FLOWS

/* What became of a packet. Its owner took it up in a turn whose `before` is `low` at least and `high` at most. */
struct rings_fate {
	uint64_t low, high; /* low: the worker that received it writes */
	uint64_t out;	    /* `before` of the turn in which the owner sent it */
	uint8_t worker;	    /* that received it */
	uint8_t sender;	    /* worker that sent it */
	bool heard;	    /* by anybody: main thread writes */
};

struct rings_heard {
	uint16_t flow, number, seq;
	bool marker;
	uint32_t timestamp, ssrc;
};

/* A state of a call: who is connected, from the end of the turn that began at `since` on. */
struct rings_state {
	uint64_t since;
	struct {
		bool any;
		uint16_t number;
		uint64_t out;
	} first[RINGS_ROLES]; /* that the party's receiver heard of it */
};

struct rings {
	struct wires wires;
	struct xf_endpoint_id id[RINGS_FLOWS];
	struct rings_fate fates[RINGS_FLOWS][RINGS_PACKETS];
	unsigned fed[RINGS_FLOWS], all_taken[RINGS_FLOWS];	  /* so many were, when none was under way last */
	struct rings_heard heard[RINGS_FLOWS][2 * RINGS_PACKETS]; /* by the flow of who hears */
	unsigned heard_count[RINGS_FLOWS];
	struct rings_state states[RINGS_CALLS][RINGS_STATES];
	unsigned moves[RINGS_CALLS]; /* done; the latest state */
	unsigned fed_at_move[RINGS_CALLS], move_after[RINGS_CALLS];
	uint32_t move_sequence[RINGS_CALLS]; /* of the one that is not acknowledged; 0: none */
	uint32_t failed;		     /* commands */
	uint64_t frames, arps, forged, lost_way;
	uint64_t reports; /* RTCP, of the dataplane's own */
	/* Worker's own: what it received in this order, and what of it is another's. */
	struct {
		struct {
			uint16_t flow, number;
		} list[RINGS_FLOWS * RINGS_PACKETS];
		unsigned count;
		uint64_t others;
	} received[WIRES_WORKERS];
};

/* The owner of the flow's endpoint. */
static inline unsigned rings_owner(const struct rings *t, unsigned flow)
{
	return flow / RINGS_ROLES % t->wires.workers;
}

/* Whom the flow feeds in the call's n-th state: a flow or RINGS_NOBODY. */
static inline unsigned rings_fed_by(unsigned flow, unsigned n)
{
	unsigned call = flow / RINGS_ROLES, connected = n % 2 ? RINGS_TARGET : RINGS_AGENT, role = flow % RINGS_ROLES;

	if (role == RINGS_CALLER)
		return call * RINGS_ROLES + connected;
	return role == connected ? call * RINGS_ROLES + RINGS_CALLER : RINGS_NOBODY;
}

/* Of every packet: that it has gone where the patch says that was in force, or is missing for a reason that the
 * counters have. The workers have stopped. */
void rings_judge(struct rings *t);
