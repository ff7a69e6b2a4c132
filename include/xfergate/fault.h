/* Deliberate faults: each breaks one promise, so that the simulation can be seen to notice. They exist only where a
 * test builds the planes with XF_FAULTS; everywhere else XF_FAULT is the constant 0 and nothing of them is built. */
#pragma once

#ifdef XF_FAULTS
#include <string.h>

extern const char *xf_fault; /* the fault that is on; NULL: none. Set before the planes run. */
#define XF_FAULT(name) (xf_fault && strcmp(xf_fault, name) == 0)
#else
#define XF_FAULT(name) 0
#endif
