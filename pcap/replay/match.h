/* Which recorded message a message of this run's gateway is the like of, and what is learned from the pair. */
#pragma once

#include "ids.h"
#include "recording.h"

/* A SIP message that the gateway sent. */
struct output {
	uint64_t ns;
	struct xf_sockaddr from, to;
	uint32_t network;
	const char *data;
	size_t len;
	struct sip_text text;
	struct facts facts;
};

struct matcher {
	struct recording *rec;
	struct ids ids;
	struct strmap seen;  /* messages that came out, for repeats: → entry or RECORDING_NONE - 1 */
	uint32_t open_first; /* entries before it are no openings that wait */
};

struct match {
	uint32_t leg;	/* RECORDING_NONE: of no recorded leg */
	uint32_t entry; /* recorded out entry; RECORDING_NONE: new */
	uint32_t asked; /* a response: the in entry that it answers; else RECORDING_NONE */
	bool repeated;	/* the gateway has sent it before */
};

void matcher_init(struct matcher *matcher, struct recording *rec);
void matcher_fini(struct matcher *matcher);

/* Parses data into output. 0 or -EBADMSG. */
int output_parse(struct output *output, const char *data, size_t len);

/* Marks the recorded entry as done and learns. Data is copied where it is kept. 0 or -ENOMEM. */
int match_output(struct matcher *matcher, const struct output *output, struct match *match);
