/* What the probe writes down for the benchmark of moved patches, in memory that both share: when each burst was
 * received, when each packet of the link was read, and at which packet each receiver began to hear another source. From
 * the three and the link's acknowledgements follows for every packet whether it went where it had to.
 *
 * A packet's number counts all that was received on the port; the refresh writes it into the payload. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_BURSTS	(1u << 22) /* a ring */
#define JOURNAL_CHANGES (1u << 20)
#define JOURNAL_PAUSES	(1u << 20)
#define JOURNAL_READS	(1u << 20)

struct journal_burst {
	uint64_t ns;  /* dataplane clock, when the receive callback ran */
	uint64_t end; /* number of the first packet after it */
};

struct journal_change {
	uint64_t last, first; /* numbers: the last packet from `before`, the first from `after` */
	uint32_t to, before, after, zero;
};

struct journal_read {
	uint64_t ns;
	uint64_t sequence; /* of the first command in the packet */
};

/* Between two bursts the kernel ran somebody else on the worker's core. */
struct journal_pause {
	uint64_t begin, end; /* dataplane clock */
};

struct journal {
	/* Written by the worker. Counts go on rising; those of arrays say how much of them is valid. */
	uint64_t bursts, changes, packets;
	uint64_t lost;	   /* packets that a source sent to a receiver that heard it before and after */
	uint64_t repeated; /* packets whose sequence number is not after the last one's */
	uint64_t skipped;  /* sequence numbers that are missing */
	uint64_t malformed;
	/* Written by the main thread. */
	uint64_t reads;
	/* By the worker again. */
	uint64_t pauses;
	struct journal_burst burst[JOURNAL_BURSTS];
	struct journal_change change[JOURNAL_CHANGES];
	struct journal_read read[JOURNAL_READS];
	struct journal_pause pause[JOURNAL_PAUSES];
};

/* Maps the file (of the benchmark) and begins. flows: receivers. 0 or -errno. */
int journal_start(int fd, uint16_t port, uint32_t flows);
/* Whether it has begun: what is received gets its number. */
bool journal_on(void);
/* Worker: a burst has been received, and this is the number of the packet after it. */
void journal_burst(uint64_t end);
