/* What a packet costs the thread that polls a port: the cycles of the turns of its loop that received something. A turn
 * begins when a burst has been received and ends with the next look for packets. One queue, one thread. */
#pragma once

#include <stdint.h>

struct busy_seen {
	uint64_t cycles;      /* of the turns that received something, and were not interrupted */
	uint64_t packets;     /* received in them */
	uint64_t interrupted; /* turns in which the core was taken away for more than BUSY_TURN_MAX_US */
	uint64_t cycles_all;  /* since busy_start */
	uint64_t cycles_hz;
};

#define BUSY_TURN_MAX_US 200 /* no turn of 32 packets takes so long by itself */

/* Before the port has traffic. 0 or -errno. */
int busy_add(uint16_t port);
/* Any thread; busy_stop at least a turn after busy_start. */
void busy_start(void);
void busy_stop(struct busy_seen *seen);
