/* The screen as the main thread keeps it: the buckets' plans, the signatures in use with their counts, what each second
 * brought. Main thread. */
#pragma once

#include "command_queue.h"
#include "dplane.h"

/* Of a rule of the signatures in use. */
struct screening_rule {
	uint64_t kept; /* hits under this id before these signatures */
	uint64_t seen; /* hits when the last second ended */
	uint64_t per_s;
};

struct screening_peer {
	uint64_t passed, dropped;	      /* when the last second ended */
	uint64_t passed_per_s, dropped_per_s; /* others read */
};

struct screening {
	const struct dplane_seam *seam; /* for the log */
	struct command_queue *commands;
	unsigned workers;
	struct buckets_plan *plans[WORKER_MAX]; /* NULL: nobody has limits */
	struct buckets *buckets[WORKER_MAX];	/* each is its worker's */
	/* What all workers have taken up; NULL: none. */
	struct signatures *signatures;
	struct signatures_scratch *scratch[WORKER_MAX]; /* each is its worker's */
	struct screening_rule *rules;			/* as many as the signatures have */
	uint32_t rule_count, reloads;			/* others read */
	bool malformed_drop;
	struct screening_peer peers[XF_PEER_ROWS];
	uint64_t second_ns; /* when the last second ended */
};

/* Before the workers, whose rules they are. Reads the configuration's file of signatures: its errors are logged, as
 * "file:line: what". 0 or -errno, logged, nothing left. */
int screening_init(struct screening *screening, const struct config *config, const struct dplane_seam *seam);
/* When no worker is left. */
void screening_fini(struct screening *screening);
struct screen_rules screening_rules(const struct screening *screening, unsigned worker);

/* As dplane_signatures. */
int screening_replace(struct screening *screening, struct signatures *signatures);
/* Messages that a rule of the signatures in use hit, all workers together, former sets included. */
uint64_t screening_hits(const struct screening *screening, unsigned rule);
/* What the workers counted of a peer. Any thread. */
void screening_count(const struct screening *screening, unsigned peer, struct xf_link_peer *row);
/* Once a second: rates, and a line in the log for each rule that says alert and hit something. */
void screening_second(struct screening *screening, uint64_t now_ns);
