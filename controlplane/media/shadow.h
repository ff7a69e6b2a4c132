/* What the dataplane should hold for us: endpoints with their settings and what feeds them.
 *
 * Each feed is kept twice: as last commanded, and as last acknowledged. A refused patch falls back to the latter,
 * unless a later one has overtaken it. Only data: nothing is sent from here. One thread.
 */
#pragma once

#include <sys/queue.h>
#include "xfergate/link.h"

/* What feeds an endpoint's send stream. */
struct shadow_feed {
	struct xf_endpoint_id source; /* index XF_ENDPOINT_NONE: nothing; XF_ENDPOINT_PROMPT: a prompt */
	struct xf_endpoint_id armed;  /* takes over at its first packet or at the limit */
	uint64_t armed_limit_ns;
	uint32_t while_silent; /* prompt that is heard while `source` is silent, or XF_PROMPT_NONE */
	bool paused;
};

struct shadow_endpoint {
	TAILQ_ENTRY(shadow_endpoint) all; /* in order of opening */
	struct xf_endpoint_id id;
	uint64_t owner, group;
	uint8_t worker; /* as last opened */
	bool open_told; /* acknowledged, in the life of the dataplane that we know */
	bool open_refused;
	bool captured;			      /* wanted */
	uint32_t copies_lost;		      /* since it was opened, as its last copy said */
	struct xf_endpoint_settings settings; /* relearn: owed, not acknowledged yet */
	bool settings_told;		      /* acknowledged */
	bool watch_anew;		      /* its time-out was switched on, and that is not acknowledged yet */
	bool unrouted;			      /* its route was gone when it was last looked for */
	uint32_t settings_sequence;	      /* of the command that last told them */
	struct shadow_feed commanded, acknowledged;
	uint32_t patch_sequence; /* of the last patch that names it; 0: answered */
	/* By the dataplane's clock, of the life that we know: when it took up the last patch and the last settings that
	 * it has acknowledged, and when the media time-out was that the owner has heard of. 0: never. */
	uint64_t patched_ns, settled_ns, silent_ns;
};

struct shadow {
	struct shadow_endpoint **by_index;
	uint32_t room; /* of by_index */
	uint32_t count;
	TAILQ_HEAD(, shadow_endpoint) all;
	struct shadow_endpoint *cursor; /* of a walk over some of `all` at a time: the next, or NULL; written by
					   routes.c and, when that one goes, by shadow_del */
};

/* addr_count: media addresses. 0 or -ENOMEM. */
int shadow_init(struct shadow *shadow, uint32_t addr_count);
void shadow_fini(struct shadow *shadow);

/* NULL: out of memory, or the index is taken or beyond. */
struct shadow_endpoint *shadow_add(struct shadow *shadow, struct xf_endpoint_id id);
struct shadow_endpoint *shadow_find(const struct shadow *shadow, struct xf_endpoint_id id);
void shadow_del(struct shadow *shadow, struct shadow_endpoint *endpoint);

/* 0; -EINVAL (count, no such prompt, or an armed move from nothing or a prompt), -ENOENT (endpoint not ours), -EXDEV
 * (of several workers). */
int shadow_check_moves(const struct shadow *shadow, const struct xf_link_move *moves, unsigned count);
/* What the feed becomes by the move. */
void shadow_move(struct shadow_feed *feed, const struct xf_link_move *move);
/* The feed as the dataplane has it by now: a source that was closed took its patches along. */
struct shadow_feed shadow_feed_living(const struct shadow *shadow, const struct shadow_feed *feed);
/* The armed source has taken over. */
void shadow_armed_fired(struct shadow_endpoint *endpoint);

static inline bool xf_endpoint_id_eq(struct xf_endpoint_id a, struct xf_endpoint_id b)
{
	return a.index == b.index && (a.generation == b.generation || a.index == XF_ENDPOINT_NONE);
}
