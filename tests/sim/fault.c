#include "parts.h"
#include "xfergate/fault.h"

#ifdef XF_FAULTS
const char *xf_fault;
const bool fault_built_in = true;

void fault_set(const char *name)
{
	xf_fault = name;
}
#else
const bool fault_built_in = false;

void fault_set(const char *name)
{
}
#endif
