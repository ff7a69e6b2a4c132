/* Caller, agent and provider's edge: many calls at once, each party doing the next thing of its script as soon as it
 * hears what it waits for. The number of a call is in every Call-ID and tag that a party makes, and in the caller's
 * number, which the gateway passes on to the agent and which names the call there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "xfergate/addr.h"

#define PARTY_CALLER "192.0.2.20"
#define PARTY_AGENT  "198.51.100.10"
#define PARTY_EDGE   "192.0.2.10"

#define PARTIES_CALLS_MAX 512

/* A party's dialog with the gateway. */
struct dialog {
	char call_id[128], us[256], them[256], target[256]; /* From and To with tags, as this side writes them */
	unsigned cseq;
	bool open;
};

struct call_script {
	struct dialog caller, agent, edge;
	bool transferred; /* the target's leg has been ended by us */
};

struct parties {
	void (*say)(void *arg, const char *from, const char *text, size_t len);
	void *arg;
	unsigned first, calls; /* numbers of this round's calls */
	bool transfer;
	unsigned branch;
	struct call_script script[PARTIES_CALLS_MAX];
};

void parties_init(struct parties *parties, void (*say)(void *, const char *, const char *, size_t), void *arg);
/* Each caller of `calls` (at most PARTIES_CALLS_MAX) sends its INVITE. */
void parties_begin(struct parties *parties, unsigned calls, bool transfer);
/* What the gateway sent to one of them. */
void parties_hear(struct parties *parties, const struct xf_sockaddr *to, const char *text, size_t len);
/* Fails the benchmark if a call did not go as its script says. */
void parties_end(struct parties *parties);
