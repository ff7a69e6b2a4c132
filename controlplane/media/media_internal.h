/* What the files of this folder share behind media.h. */
#pragma once

#include "media/admission.h"
#include "media/link_client.h"
#include "media/media.h"
#include "media/orphans.h"
#include "media/ports.h"
#include "media/prompts.h"
#include "media/shadow.h"
#include "media/source_blocks.h"

#define ORPHAN_LOOK_NS (5 * NS_PER_S)

/* One answer to "what have you open?" or "how are you?", over as many packets as it takes. */
struct query_run {
	enum query_purpose {
		QUERY_USER,    /* for media_dump and media_stats */
		QUERY_COMPARE, /* at connect */
		QUERY_ORPHANS, /* are they gone? */
	} purpose;
	struct media_query user;
	uint64_t cookie;
	uint32_t index_first; /* of the page that is under way */
	uint32_t index_next;  /* the least index that the next row may have */
};

/* What the comparison at connect needs of a row. */
struct compare_row {
	struct xf_endpoint_id id;
	struct shadow_feed feed;
	bool prompt_ended, timed_out;
	uint16_t heard_ms;
	uint64_t last_rx_ns;
	struct xf_sockaddr remote;
};

/* The kernel's routes have changed: all endpoints are looked at again, in a walk of several turns. */
struct routes {
	struct timer timer; /* the next walk, or the next turn of this one */
	bool due;	    /* they have changed since the last walk began */
	bool walking;
	uint32_t changed, lost;	  /* endpoints, in this walk */
	struct xf_addr lost_peer; /* of the first that was lost */
};

struct media {
	struct env *env;
	const struct config *config;
	struct media_user user;
	struct link_client client;
	struct shadow shadow; /* prompts in it have our numbers */
	struct prompt_names prompts;
	struct ports *ports;
	struct orphans orphans;
	struct admission *admission;
	struct source_blocks sources;
	struct xf_addr addr[XF_MAX_MEDIA_ADDRS]; /* of the configuration, by local address index */
	uint32_t addr_count;

	bool ready;	   /* greeted, compared, brought over */
	bool silent;	   /* being destroyed: call nobody */
	uint64_t instance; /* of the dataplane that the shadow was last brought to; valid if known */
	bool known;
	uint64_t greeted_instance; /* of the one that answered HELLO */
	uint32_t workers;
	uint32_t generation_first, generation_last; /* those that we gave; 0: none yet */
	struct timer orphan_timer;
	bool orphan_look;
	struct routes routes;

	/* from the dataplane's clock to ours, when a copy came last */
	bool clock_known;
	int64_t clock_distance;
	uint64_t clock_ns;

	struct compare_row *rows;
	uint32_t row_count, row_room;
};

/* endpoints.c: commands about endpoints, from media.h or from the comparison. */
int endpoint_tell_open(struct media *media, struct shadow_endpoint *endpoint);
int endpoint_tell_settings(struct media *media, struct shadow_endpoint *endpoint, bool relearn);
int endpoint_tell_close(struct media *media, struct xf_endpoint_id id);
int endpoint_tell_moves(struct media *media, const struct xf_link_move *moves, unsigned count, uint64_t cookie);
void endpoint_answered(struct media *media, const struct link_command *command, uint32_t sequence,
		       const struct xf_link_ack *ack);
void endpoint_event(struct media *media, const struct xf_link_event *event);
void endpoint_refused(struct media *media, struct shadow_endpoint *endpoint, const char *what, int result);

/* routes.c */
void routes_init(struct media *media);
void routes_fini(struct media *media);
/* The next hop to settings->remote for the endpoint of that index. 0; -ENETUNREACH: no way there by its port. */
int routes_settings(const struct media *media, uint32_t index, struct xf_endpoint_settings *settings);

/* copies.c */
void copies_resync(struct media *media); /* all is brought over: the dataplane copies nothing yet */
void copies_answered(struct media *media, const struct link_command *command, int result);
void copies_row(struct media *media, const struct xf_link_captured *row);

/* queries.c */
int query_start(struct media *media, uint16_t type, enum query_purpose purpose, const struct media_query *user,
		uint64_t cookie);
void query_row(struct media *media, const struct link_command *command, enum xf_link_type type, const void *row);
void query_answered(struct media *media, const struct link_command *command, const struct xf_link_ack *ack);

/* resync.c: what happens at connect, and to orphans. */
void resync_greeted(struct media *media, const struct xf_link_hello_ok *hello);
void resync_row(struct media *media, const struct xf_endpoint_state *row);
void resync_done(struct media *media, int result, uint64_t dataplane_ns);
void resync_forget(struct media *media); /* the link went down */
void resync_orphan_expired(void *arg, struct timer *timer);
void resync_orphan_row(struct media *media, const struct xf_endpoint_state *row);
void resync_orphan_done(struct media *media, int result);
