/* A history of the control plane that a seed decides: peers that say anything at any time, a link that comes and goes,
 * and a judge who reads everything that leaves. */
#pragma once

#include "net.h"

#define WALK_DIALOGS 64
#define WALK_SAID    128

/* One dialog as its peer sees it. */
struct walk_dialog {
	const char *peer; /* its address */
	char call_id[128], local_tag[32], remote_tag[128];
	char from[SIP_URI_MAX], to[SIP_URI_MAX], target[SIP_URI_MAX];
	unsigned cseq, invite_cseq, branch;
	bool ack_due, offered; /* a 2xx came that it has not acknowledged; it holds an offer of ours */
};

struct walk {
	struct net *net;
	uint64_t random;
	struct walk_dialog dialogs[WALK_DIALOGS];
	unsigned dialog_count;
	char *said[WALK_SAID]; /* what peers sent, to be sent again */
	const char *said_by[WALK_SAID];
	unsigned said_count;
	unsigned serial;
	unsigned seen; /* of net->sent: what was judged */
	/* what was promised and kept */
	unsigned referred, reported;
	char wrong[512]; /* the first thing that the judge did not like; "" if none */
};

void walk_init(struct walk *walk, uint64_t seed);
void walk_fini(struct walk *walk);
unsigned walk_random(struct walk *walk, unsigned below);
/* One thing happens. */
void walk_step(struct walk *walk);
/* Everything works again, all calls are hung up, nobody answers any more, and time passes. */
void walk_end(struct walk *walk);
/* Reads what left since the last time. */
void walk_judge(struct walk *walk);
/* What must hold when nothing is left. */
void walk_judge_end(struct walk *walk);
__attribute__((format(printf, 2, 3))) void walk_wrong(struct walk *walk, const char *format, ...);
