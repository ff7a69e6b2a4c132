/* The ladder of a replay: a lane for each party, the gateway beside the caller. */
#pragma once

#include <stdio.h>
#include "ladder/ladder.h"
#include "recording.h"

struct lanes {
	struct ladder *ladder;
	const struct recording *rec;
	struct xf_addr *addrs; /* of lane n, in the order of their appearance; the gateway's is lane `hub` */
	int *lanes;
	unsigned count;
	int hub;
	bool failed;
};

/* 0 or -ENOMEM. */
int lanes_init(struct lanes *lanes, const struct recording *rec);
void lanes_fini(struct lanes *lanes);
/* Between the gateway and a remote address, as the gateway sees it. out: the gateway sent it. */
void lanes_sip(struct lanes *lanes, uint64_t ns, const struct xf_addr *remote, bool out, const void *data, size_t len,
	       bool repeated);
void lanes_rtp(struct lanes *lanes, uint64_t ns, const struct xf_addr *remote, bool out, const void *data, size_t len);
__attribute__((format(printf, 3, 4))) void lanes_note(struct lanes *lanes, uint64_t ns, const char *format, ...);
void lanes_print(struct lanes *lanes, FILE *out, unsigned width);
