/* When an input of the script is to enter.
 *
 * What answers a message of the gateway waits for it, and keeps its recorded delay after it. Other messages of a dialog
 * keep their distance to what the gateway last said in it before them; if what it said directly before them (within
 * 1 s) is missing, they give it 5 s. What opens a dialog enters at its recorded time. Order within a leg is kept.
 */
#pragma once

#include "recording.h"

#define DUE_CLOSE_NS 1000000000ull
#define DUE_GRACE_NS 5000000000ull
#define DUE_NEVER    UINT64_MAX

struct due {
	uint64_t ns;	/* live; DUE_NEVER: nothing can go at present */
	uint32_t entry; /* RECORDING_NONE */
	bool late;	/* it goes without the output that came directly before it */
};

/* shift_ns: live = recorded + shift. What stands in the capture outside legs is not due here. */
struct due due_of_leg(struct recording *rec, uint32_t leg, uint64_t shift_ns);

/* What a leg's media is shifted by at a recorded time: the live time of what the gateway last said before it. */
int64_t due_shift(const struct recording *rec, uint32_t leg, uint64_t recorded_ns, uint64_t shift_ns);

/* Says why an input that is still open has not been sent. */
void due_give_up(struct recording *rec, uint32_t entry);
