/* What the dataplane's benchmarks put into both programs that they compare (LD_PRELOAD), so that the programs stay as
 * they are: a thread that answers questions, asleep otherwise, and callbacks on the port (refresh.h, watch.h) if asked
 * for.
 *
 * Environment: XFG_PROBE_FD: a stream socket to the benchmark. XFG_PROBE_FRAMES: of the capture of each
 * receive queue; packets are refreshed. XFG_PROBE_FLOWS: streams in all captures. XFG_PROBE_JOURNAL: a file for the
 * journal (journal.h). XFG_PROBE_BUSY: what packets cost can be asked (busy.h). Without the first nothing is done at
 * all. */
#pragma once

#include <stdint.h>

enum probe_question {
	PROBE_SAMPLE = 1, /* processor time of the threads together, and the port's counters */
	PROBE_POOL,	  /* of packet buffers */
	PROBE_WATCH,	  /* from now on look at each packet that is sent */
	PROBE_UNWATCH,	  /* and no more; what was seen */
	PROBE_SHUT,	  /* receive nothing any more, and for good */
	PROBE_BUSY,	  /* from now on count what packets cost */
	PROBE_UNBUSY,	  /* and no more; what was seen */
};

#define PROBE_THREADS 15

struct probe_ask {
	uint32_t question;
	uint32_t threads[PROBE_THREADS]; /* 0: none */
};

#define PROBE_ANSWERS 16

/* SAMPLE: ns, received, sent. POOL: buffers, cache, bytes of a buffer, 1 if in hugepages. UNWATCH: struct watch_seen.
 * UNBUSY: struct busy_seen. */
struct probe_answer {
	uint64_t value[PROBE_ANSWERS];
};
