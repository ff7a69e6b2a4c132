/* A send callback: looks at each packet that is sent. Is it whole, are its checksums right, does it come from the
 * sender whom its receiver is to hear, and is it the next of its stream? */
#pragma once

#include <stdint.h>

/* In this order in the probe's answer. */
struct watch_seen {
	uint64_t packets;   /* media */
	uint64_t others;    /* not UDP over IPv4: the kernel's */
	uint64_t receivers; /* who got at least one */
	uint64_t malformed; /* length, addresses, ports, RTP header, TTL */
	uint64_t checksums; /* wrong */
	uint64_t misdelivered;
	uint64_t lost;	     /* sequence numbers that are missing */
	uint64_t repeated;   /* sequence numbers that are not after the last */
	uint64_t timestamps; /* not one packet after the last */
	uint64_t ssrcs;	     /* changes */
};

/* flows: receivers. Begins with what each gets next. 0 or -errno. */
int watch_start(uint16_t port, uint32_t flows);
/* Waits until nobody is in it. */
void watch_stop(uint16_t port, struct watch_seen *seen);
