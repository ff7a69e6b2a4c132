/* A receive callback: what an endless capture repeats becomes streams that go on. With each pass through the file a
 * flow's sequence number rises by 1 and its timestamp by the length of a packet; the UDP checksum follows. The file has
 * one packet of each flow. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

/* Adds it to all queues of a port that has been started and is not polled yet. frames: of the file. 0 or -errno. */
int refresh_add(uint16_t port, uint64_t frames);
/* Any thread: from the next burst on nothing is received. */
void refresh_shut(void);
