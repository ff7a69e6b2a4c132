/* Streams of RTP through a relay and back, from one thread: sends at a given rate, receives what comes back, and looks
 * whether each stream's packets come to its partner (media_plan.h) and in order. */
#pragma once

#include <stdint.h>
#include "media_plan.h"

#define RELAY_FLOWS_MAX 1000

struct relay_traffic;

struct relay_seen {
	uint64_t sent;
	uint64_t received;  /* of them, by whom they were for */
	uint64_t astray;    /* by another */
	uint64_t disorder;  /* not after the last one of its stream */
	uint64_t behind_us; /* how much longer it took to send than it should have */
};

/* interface: where the frames go and come back. capture: a file of media-capture with one frame of each of flows.
 * ports: to which each is to be sent, by its number. 0 or -errno. */
int relay_traffic_create(struct relay_traffic **out, const char *interface, const char *capture, uint32_t flows,
			 const uint16_t *ports);
void relay_traffic_destroy(struct relay_traffic *traffic);

/* So many packets a second, shared by all streams, for so long; then waits for those that are under way. 0 or -errno.
 */
int relay_traffic_run(struct relay_traffic *traffic, uint32_t rate, uint32_t ms, struct relay_seen *seen);
