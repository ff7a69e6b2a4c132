/* The control plane's side of the dataplane: endpoints and patches of calls, kept as a shadow of what the dataplane
 * was told, so that all of it can be told again to a dataplane that was restarted.
 *
 * Commands go out in order; answers come through `media_user`. While the link is down, opening fails with -ENOTCONN
 * and everything else changes the shadow, which is brought over at the next connection. One thread.
 */
#pragma once

#include "core/env.h"
#include "xfergate/config.h"
#include "xfergate/link.h"

struct media;

/* A packet of a captured endpoint. */
struct media_copy {
	uint64_t ns; /* env's clock */
	uint32_t network;
	struct xf_sockaddr from, to;
	bool sent;
	uint32_t lost; /* copies of the same endpoint's packets that were lost since the one before */
	const void *data;
	size_t len;
};

struct media_user {
	void *arg;
	/* A patch was applied (result 0) or refused (-errno). `cookie` is what media_patch was given. -ENOTCONN: the
	 * link went down before the answer; the patch is in the shadow and is brought over. */
	void (*patched)(void *arg, uint64_t cookie, int result, uint64_t dataplane_ns);
	/* Events of endpoints that belong to `owner` (as given to media_open). */
	void (*event)(void *arg, uint64_t owner, const struct xf_link_event *event);
	/* The address may now answer us (or: could not be admitted, result < 0). */
	void (*admitted)(void *arg, uint64_t waiter, int result);
	/* An endpoint could not be opened or set: the dataplane refused. -ENOENT: it was found gone at a reconnect. It
	 * stays in the shadow until media_close. */
	void (*refused)(void *arg, uint64_t owner, struct xf_endpoint_id id, int result);
	void (*link_changed)(void *arg, bool up);
	/* NULL: nobody captures. */
	void (*copied)(void *arg, uint64_t owner, const struct media_copy *copy);
};

int media_create(struct media **out, struct env *env, const struct config *config, const struct media_user *user);
void media_destroy(struct media *media);

/* From the seam. */
void media_link_up(struct media *media); /* connected: says HELLO, brings sources, admitted addresses and shadow over */
void media_link_down(struct media *media);
void media_link_receive(struct media *media, const void *packet, size_t len);
bool media_ready(const struct media *media); /* connected, greeted, and all was brought over */
/* What seam.route answers may have changed. Within 50 ms it is asked again for every endpoint that has a remote, some
 * of them a millisecond; those whose next hop is another one by now are told to the dataplane. An endpoint without a
 * route keeps the next hop that it had, and the log says so. */
void media_routes_changed(struct media *media);
/* Sends the commands gathered so far. Without it they go out by a timer that is due at once: so the end of each entry
 * point either calls this or runs the timers. */
void media_flush(struct media *media);

/* Takes an even port of one of the network's media addresses (round robin, after quarantine) and opens an endpoint.
 * Owner worker: group % workers; give every endpoint of a call the same group. owner: for events.
 * 0, -ENOTCONN, -ENOSPC (ports used up or in quarantine). */
int media_open(struct media *media, uint32_t network, uint64_t group, uint64_t owner, struct xf_endpoint_id *id);
/* What its peer's SDP says. Next hop by seam.route; -ENETUNREACH. learn: enum xf_learn. relearn when the address in the
 * SDP changed. codecs: struct xf_pt list. */
struct media_remote {
	struct xf_sockaddr rtp, rtcp;
	uint8_t learn;
	bool relearn;
	unsigned pt_count;
	struct xf_pt pts[XF_ENDPOINT_PTS];
};
int media_set_remote(struct media *media, struct xf_endpoint_id id, const struct media_remote *remote);
/* Silence of the endpoint's peer is told: `event` with XF_EVENT_MEDIA_TIMEOUT once so long has passed since its last
 * packet, or since this was set and had been 0. 0: never, as when opened. Unknown ids are ignored. */
void media_watch(struct media *media, struct xf_endpoint_id id, uint32_t limit_ms);
/* As advertised: the network's `advertise` address with the endpoint's port. */
struct xf_sockaddr media_advertised(const struct media *media, struct xf_endpoint_id id);
/* Releases; the port rests for the quarantine. Unknown ids are ignored. */
void media_close(struct media *media, struct xf_endpoint_id id);
/* One batch, all or none; from endpoints, from nothing, or from prompts as media_prompt names them
 * (-ENOENT: it has that one no more). cookie 0: no callback. -ENOTCONN: kept in the
 * shadow for later. */
int media_patch(struct media *media, const struct xf_link_move *moves, unsigned count, uint64_t cookie);

/* What the dataplane can play. */
struct media_prompt {
	struct xf_endpoint_id source; /* for media_patch, in this process */
	uint32_t length_ms;	      /* of one playing */
	uint32_t times;		      /* that it is played; 0: over and over */
};
/* 0; -ENOENT: it has no prompt of that name, or we have never been connected to one. */
int media_prompt(const struct media *media, const char *name, struct media_prompt *prompt);
/* By the number that a row of the dataplane gives; NULL: unknown. */
const char *media_prompt_name(const struct media *media, uint32_t number);
/* By the number that media_prompt gave, in its source's generation; NULL: unknown. */
const char *media_own_prompt_name(const struct media *media, uint32_t number);

/* Whether what the endpoint receives and sends is told by `copied`. Unknown ids are ignored. */
void media_capture(struct media *media, struct xf_endpoint_id id, bool on);

/* Counted by address. 0: known already (source table or admitted), go on; -EINPROGRESS: `admitted` will be called with
 * the waiter; -ENOTCONN, -ENOSPC. Every 0 or -EINPROGRESS needs one media_release_address, which withdraws the address
 * 64·T1 after the last one. */
int media_admit_address(struct media *media, const struct xf_addr *addr, uint64_t waiter);
void media_release_address(struct media *media, const struct xf_addr *addr);
/* Whether the address may talk SIP to us now: it is in the source table, held, or lingering. */
bool media_admits(const struct media *media, const struct xf_addr *addr);

/* Questions to the dataplane for `xfergate show …`: rows are handed over one by one, then done (result < 0: link lost).
 * row_type: XF_LINK_ENDPOINT for a dump; XF_LINK_PORT, _DROPS, _WORKER, _PEER for stats. */
struct media_query {
	void *arg;
	void (*row)(void *arg, uint64_t cookie, enum xf_link_type row_type, const void *row);
	void (*done)(void *arg, uint64_t cookie, int result, uint64_t dataplane_ns);
};
int media_dump(struct media *media, const struct media_query *query, uint64_t cookie);
int media_stats(struct media *media, const struct media_query *query, uint64_t cookie);

/* Is this endpoint ours? If not it is an orphan: open in the dataplane, of a control plane that is gone.
 * *owner (may be NULL) as given to media_open. */
bool media_knows(const struct media *media, struct xf_endpoint_id id, uint64_t *owner);

struct media_counts {
	uint32_t endpoints; /* in the shadow */
	uint32_t ports_free, ports_resting, ports_used;
	uint32_t admitted; /* addresses held or lingering */
	uint32_t commands_pending;
	uint32_t orphans; /* open in the dataplane, of a control plane before us, when it was last asked */
};
void media_counts(const struct media *media, struct media_counts *counts);
